/* remind.h - what a field's .remind says. */
#ifndef BERTH_REMIND_H
#define BERTH_REMIND_H

#include <stdbool.h>
#include <stdint.h>

#include "berth.h"

enum { REMIND_MAX = 8 };

struct remind {
    bool yearly;
    int n;
    int64_t before[REMIND_MAX]; /* ms; of dates: whole days */
};

/* of_day: the field is a date.  False: malformed. */
bool remind_parse(const char *text, bool of_day, struct remind *out);

#endif
