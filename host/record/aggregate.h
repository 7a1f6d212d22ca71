/* aggregate.h - counts, sums and means of the records a user may read, put together by a field. */
#ifndef BERTH_AGGREGATE_H
#define BERTH_AGGREGATE_H

#include "record/row.h"
#include "record/where.h"

struct aggregate {
    const struct table *t;
    const struct where *where;
    const char *search;
    const char *group;                 /* "status", "status,created_at:month"; NULL: one group of all */
    const char *sum, *avg, *min, *max; /* "amount,volume" or NULL */
    int64_t until;                     /* when_monotonic() by which it stops counting */
    int64_t at;                        /* ms: of the records as they were then, search NULL; 0: as they are */
};

/* {"groups":[{"key":["won"],"count":3,"sum":{"amount":"12.50"}}],"total":{…},"exact":true,"more":false,
 * "refs":{…}}.  Not exact: time was up after so many records.  more: there are further groups. */
int aggregate_json(struct berth_ctx *c, const struct aggregate *a, struct buf *out);

/* The same for code: each group in turn, the largest first. */
int aggregate_each(struct berth_ctx *c, const struct aggregate *a,
                   int (*each)(struct berth_ctx *, const struct berth_total *, void *), void *arg);

#endif
