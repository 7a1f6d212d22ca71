/* recycle.h - brings due_at and its like up to date in every record when the rules about falling back
 * have changed: a job in slices behind everybody's requests, which goes on where it was cut off. */
#ifndef BERTH_RECYCLE_H
#define BERTH_RECYCLE_H

#include "record/due.h"
#include "record/job.h"

/* Looks whether the rules are still those that the records were last computed by, and queues the job
 * for tables where they are not.  Costs nothing while nothing changes. */
void recycle_look(struct store *st, struct db_conn *conn);
int recycle_run(struct job *j, struct buf *err);
/* The job that is under way for the table; 0: all records are up to date. */
int64_t recycle_job(struct berth_ctx *c, const struct table *t);

/* Reads the columns that answers and moments depend on, row by row, without copying them: for looking at
 * all records.  The row is the same every time and good until the next. */
struct recycle_scan {
    struct due_asking *k;
    struct berth_row *row;
    struct db_stmt *s;
    int *place;       /* column -> field */
    int ncolumns;
    bool *input;      /* by field: an answer depends on it */
    bool loose;       /* equal records may get unequal answers: each is asked about */
    int learned;
    int64_t asked;    /* how often a rule was */
    struct memo *memo;
};
/* where: SQL behind WHERE, with its order and limit; bind to scan->s. */
void recycle_scan_open(struct recycle_scan *s, struct due_asking *k, const char *where);
/* DB_ROW, DB_DONE or negative.  *a: what the rule says, asked only when no equal record was before. */
int recycle_scan_next(struct recycle_scan *s);
bool recycle_scan_ask(struct recycle_scan *s, struct due_answer **a);
/* A rule looked at a field it does not name: begin again, there are more inputs now. */
bool recycle_scan_stale(struct recycle_scan *s);
void recycle_scan_close(struct recycle_scan *s);

#endif
