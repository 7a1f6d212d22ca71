/* report.h - reports that consultants write as SQL: what one person may see, as views with the plain names of the tables.
 *
 *     SELECT source, count(*) AS leads, sum(budget) AS budget FROM lead WHERE created_at >= :from GROUP BY source
 *
 * Rows and fields are those the user may read; a field that is kept from him is empty.  Money is a number, dates are
 * "2026-11-22" and times "2026-11-22 18:00:00" in the company's zone, references are ids, picks are keys. */
#ifndef BERTH_REPORT_H
#define BERTH_REPORT_H

#include <jansson.h>

#include "record/ctx.h"

/* A connection for the user's SQL, see db_report(), with views of the tables that the SQL names; to be closed with
 * db_conn_close().  NULL with err. */
struct db_conn *report_open(struct berth_ctx *c, const char *sql, struct buf *err);
/* The same with every field of the model and no rows: to check SQL with. */
struct db_conn *report_check(const struct model *m, const char *sql, struct buf *err);
/* Binds :today, :me and what args says: {"from":"2026-01-01","owner":7}; false with *name: a placeholder that is none of them. */
bool report_bind(struct berth_ctx *c, struct db_stmt *s, const json_t *args, const char **name);

#endif
