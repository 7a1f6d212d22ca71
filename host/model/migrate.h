/* migrate.h - compares the model with the database, says what would change, changes it.
 *
 * Columns are added, renamed by .was and, only when asked to, dropped; indexes follow the model.
 * What runs, runs in one transaction on the writer: after a crash the database is the old or the
 * new one, never between. */
#ifndef BERTH_MIGRATE_H
#define BERTH_MIGRATE_H

#include "db/db.h"
#include "model/model.h"

enum step_kind { STEP_CREATE, STEP_ADD, STEP_RENAME, STEP_INDEX, STEP_DROP_INDEX, STEP_DROP_COLUMN,
                 STEP_DROP_TABLE, STEP_SEARCH };
struct step {
    enum step_kind kind;
    const char *table, *what; /* "lead", "x_port" */
    const char *sql;          /* NULL for STEP_SEARCH: db_fts_create */
    bool skipped;             /* a drop that was not asked for */
};
struct plan {
    struct step *steps;
    size_t n;
    size_t todo; /* steps that are not skipped */
};

/* Steps in running order, in the arena.  prune: also drop what the model no longer has.
 * -1 with err when the database holds what cannot be converted (a column changed its type) or was
 * made by a newer version. */
int migrate_plan(struct arena *a, const struct model *m, struct db_conn *c,
                 const struct db_dialect *d, bool prune, struct plan *plan_r, struct buf *err);
void migrate_print(struct buf *out, const struct plan *p);
int migrate_run(struct db_conn *writer, const struct plan *p, struct buf *err);

/* The whole schema as SQL text, for schema/<dialect>.sql; the same bytes for the same model. */
void migrate_snapshot(struct buf *out, const struct model *m, const struct db_dialect *d);

#endif
