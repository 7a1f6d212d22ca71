/* zone.h - the company's time zone: which day it is, when a day begins. */
#ifndef BERTH_ZONE_H
#define BERTH_ZONE_H

#include <stdint.h>

#include "base/arena.h"

/* zone: an IANA name such as "Asia/Ho_Chi_Minh"; unknown names count as UTC. */
int64_t zone_day(const char *zone, int64_t ms);       /* days since 1970 on the wall there */
int64_t zone_midnight(const char *zone, int64_t day); /* when that day begins, ms UTC */
/* When the clock on the wall there shows that minute of the day: the first time when it shows it twice, the
 * next moment there is when it skips it. */
int64_t zone_at(const char *zone, int64_t day, int minute);
int64_t zone_offset(const char *zone, int64_t ms); /* what is to be added to UTC then, ms */
const char *zone_text(struct arena *a, const char *zone, int64_t ms); /* "2026-12-01 18:00", in the arena */

#endif
