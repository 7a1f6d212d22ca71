/* writer.h - the writer thread: a queue of bodies, run in batches that share one COMMIT. */
#ifndef BERTH_DB_WRITER_H
#define BERTH_DB_WRITER_H

#include "db/db.h"

struct db_writer;

/* The driver's side; all called on the writer thread.  Returns are DB_OK or negative. */
struct db_writer_ops {
    int (*begin)(void *owner);
    /* Runs a body inside its own savepoint; what the body returned, or a negative db_rc. */
    int (*run)(void *owner, struct db_work *w);
    /* The same for a body that has its transaction to itself: it is undone by a rollback. */
    int (*run_alone)(void *owner, struct db_work *w);
    int (*lost)(void *owner); /* why the database undid the transaction by itself, or DB_OK */
    int (*commit)(void *owner);
    void (*rollback)(void *owner);
    /* Housekeeping after a batch (idle_ms 0) and while idle; in how many ms to come back, -1 not.
     */
    int (*tidy)(void *owner, int64_t idle_ms);
};

struct db_writer *writer_new(const struct db_writer_ops *ops, void *owner, int queue_max,
                             int batch_max, int batch_us);
void writer_free(struct db_writer **w); /* runs what is queued first */

int writer_submit(struct db_writer *w, struct db_work *work);
/* Waits; on the writer thread itself it runs nested. */
int writer_run(struct db_writer *w, int (*body)(struct db_conn *, void *), void *arg, bool low);
/* A body to run at the end of each batch that nothing undid. */
void writer_at_commit(struct db_writer *w, int (*run)(struct db_conn *, void *), void *arg);
bool writer_here(const struct db_writer *w); /* called on the writer thread */
bool writer_wanted(struct db_writer *w);     /* an urgent body waits */
void writer_stats(struct db_writer *w, struct db_stats *out);

#endif
