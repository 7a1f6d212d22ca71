/* written.h - dates, times of day and numbers as people write them into sheets: "5-Mar-26", "民國115年3月5日",
 * "ngày 5 tháng 3 năm 2026", "1.234,5", "1.5万".  Width, case, accents and script of the characters do not matter.
 *
 * What may be two things is refused, with a reason that says what to do; the tables that decide stand at the top of
 * written_date.c and written_number.c, the reasons for them in share/doc/import.md. */
#ifndef BERTH_TEXT_WRITTEN_H
#define BERTH_TEXT_WRITTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct written { /* what is known of who wrote it */
    const char *country;  /* of the company, ISO 3166 alpha-2; or "" */
    const char *language; /* of who reads it: "vi"; or "" */
    int year;             /* that it is now: centuries of two digits go by it */
};

static inline bool written_in(const struct written *how, const char *countries) /* "US PH" */
{
    return strlen(how->country) == 2 && strstr(countries, how->country) != NULL;
}

struct written_day {
    int64_t days;
    int second;      /* of the day; -1: no time of day stands there */
    int64_t or_days; /* where it may be two days: the other one */
};

/* NULL: it was read; else the key of what to tell, "err.date" where nothing is known but that it is none.  Behind
 * "err.date_order" days and or_days are the two that it may be, behind "err.date_swap" and "err.date_serial" days is what
 * was probably meant.  Dates with a zone of their own are for when_time_parse(). */
const char *written_date(const struct written *how, const char *s, size_t n, struct written_day *out);

enum written_kind { WRITTEN_WHOLE, WRITTEN_REAL, WRITTEN_AMOUNT };

/* The number as programs write it ("-1234.5", "2e3"); NULL, or the key of what to tell: "err.number" where nothing is known but
 * that it is none. */
enum { WRITTEN_NUMBER_MAX = 96 };
const char *written_number(const struct written *how, enum written_kind kind, const char *s, size_t n, char out[WRITTEN_NUMBER_MAX]);

#endif
