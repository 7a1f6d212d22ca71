/* workday.h - the working calendar: the week of each country, its holidays, and the days off that
 * are worked. Administrators keep it in the tables work_week and day_off; what names no country
 * holds for all. */
#ifndef BERTH_WORKDAY_H
#define BERTH_WORKDAY_H

#include "record/store.h"

/* country: "VN"; NULL or "": the company's.  Days since 1970-01-01. */
bool workday_is(struct store *st, struct db_conn *conn, const char *country, int64_t day);
/* The n-th working day behind `day`, before it when n < 0; 0: the day itself, or the first working
 * day behind it.  A calendar in which nobody works for ten years: the day itself. */
int64_t workday_after(struct store *st, struct db_conn *conn, const char *country, int64_t day,
                      int64_t n);
/* When that many hours have gone by of which only those of working days count, where the company is: 24 are one
 * working day.  ms. */
int64_t workday_hours(struct store *st, struct db_conn *conn, int64_t from, int64_t hours);

#endif
