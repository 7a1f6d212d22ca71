/* migrate.h - compares the model with the database, says what would change, changes it.
 *
 * Tables and columns are renamed by .was; columns are added and, only when asked to, dropped; indexes follow the model.
 * What runs, runs in one transaction on the writer: after a crash the database is the old or the
 * new one, never between.  Tables the host did not make are left alone, and so are indexes whose
 * names begin neither with ix_ nor ux_. */
#ifndef BERTH_MIGRATE_H
#define BERTH_MIGRATE_H

#include "db/db.h"
#include "model/labels.h"
#include "model/model.h"

enum step_kind { /* in running order */
    STEP_RENAME_TABLE,
    STEP_DROP_INDEX,
    STEP_RENAME,
    STEP_CREATE,
    STEP_ADD,
    STEP_DROP_COLUMN,
    STEP_DROP_SEARCH,
    STEP_DROP_TABLE,
    STEP_INDEX,
    STEP_SEARCH,
    STEP_CONVERT, /* not done here: the plugin's upgrade() does, at the next start */
};
struct step {
    enum step_kind kind;
    const char *table, *what; /* "lead", "x_port"; what is NULL when the step is for the table */
    const char *sql;          /* NULL for STEP_SEARCH, STEP_DROP_SEARCH and STEP_CONVERT */
    bool skipped;             /* a drop that was not asked for, a conversion */
};
struct plan {
    struct step *steps;
    size_t n;
    size_t todo; /* steps that are not skipped */
    size_t converts; /* STEP_CONVERTs, which are not in todo */
    bool fresh;  /* there is no table of ours yet */
};

/* Steps in running order, in the arena.  prune: also drop what the model no longer has.
 * -1 with err when the database holds what cannot be converted (a column changed its type) or was
 * made by a newer version. */
int migrate_plan(struct arena *a, const struct model *m, struct db_conn *c,
                 const struct db_dialect *d, bool prune, struct plan *plan_r, struct buf *err);
/* Whether it adds that column. */
bool plan_adds(const struct plan *plan, const struct table *t, const char *column);
/* An SQL script with a comment before each statement; drops that are skipped are comments. */
void migrate_print(struct buf *out, const struct plan *p);
/* In a body of db_write(), which undoes all of it on -1. */
int migrate_run(struct db_conn *writer, const struct plan *p, struct buf *err);

/* What administrators declared, in the arena; empty when the tables are not there yet.  The
 * languages that labels (NULL: none) holds besides ours join them. */
int migrate_read_extra(struct arena *a, struct db_conn *c, const struct labels *labels,
                       struct model_extra *extra_r, struct buf *err);

/* All of it: reads what administrators declared, builds the model, plans, copies a database that
 * holds data to backup (NULL: no copy), runs.  report gets the plan as text.  1: the database was changed,
 * 0: there was nothing to do, -1. */
int migrate_database(struct db *db, const struct berth_plugin *const *plugins, size_t n, bool prune,
                     const char *backup, struct buf *report, struct buf *err);

/* Tables whose upgrade() has to convert data: model_table.version is lower than the model's.
 * The caller runs t->upgrade(ctx, from) and then migrate_upgraded(), in one body. */
struct upgrade {
    const struct table *table;
    int64_t from;
};
size_t migrate_upgrades(struct arena *a, const struct model *m, struct db_conn *c,
                        struct upgrade **list_r);
int migrate_upgraded(struct db_conn *writer, const struct table *t);

/* The name of a table's full-text table: "search_lead". */
const char *migrate_search_name(struct arena *a, const struct table *t);

/* The whole schema as SQL text, for schema/<dialect>.sql; the same bytes for the same model. */
void migrate_snapshot(struct buf *out, const struct model *m, const struct db_dialect *d);

#endif
