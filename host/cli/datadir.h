/* datadir.h - the data directory: who may use it, and the small files of state in it.
 *
 *   berth.lock   held by the running server, or by a command that writes to the database
 *   berth.state  what the supervisor says of itself (struct server_state)
 *   quarantine   plugins and scripts that are left out, see quarantine.h */
#ifndef BERTH_DATADIR_H
#define BERTH_DATADIR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* Makes the directory when it is missing (readable by its owner only) and takes the lock, waiting up
 * to wait_ms for a process that is about to end.  Returns a descriptor that holds the lock as long as
 * it, or a copy in a child, is open; -1 with the reason, which names the process in the way. */
int datadir_lock(const char *data, int64_t wait_ms, struct buf *err);
bool datadir_is_locked(const char *data);

/* Replaces a file in one step.  durable: it must outlive a power cut, which takes a moment. */
int datadir_write(const char *data, const char *name, const struct buf *text, bool durable,
                  struct buf *err);
/* Where a copy of the database goes before its tables change, by a start or by `berth migrate`:
 * DATA/before-migration/20261122-013357-081.db; makes the folder. */
void datadir_copy(const char *data, struct buf *path);
/* Afterwards.  Of copies the three newest stay; when nothing was changed this one goes, and no older one for it. */
void datadir_copied(const char *data, const char *copy, bool changed);
/* Appends the file to out.  -1: there is none, or it cannot be read (errno). */
int datadir_read(const char *data, const char *name, struct buf *out);

struct server_state {
    int supervisor, worker; /* process ids */
    char url[300];
    char phase[16];    /* "starting", "ready", "upgrading", "stopping" */
    int starts;        /* workers that became ready */
    int upgrades;      /* upgrades tried, */
    char upgrade[512]; /* and how the last one ended: "ok" or a reason */
};

int server_state_write(const char *data, const struct server_state *s, struct buf *err);
/* False: no server runs on this directory. */
bool server_state_read(const char *data, struct server_state *s);

#endif
