/* link.h - how the worker and the supervisor talk: one byte a message, both ways.
 *
 *   worker     supervisor
 *   loaded ->              everything is checked that can be without writing
 *          <- go           nobody else writes: open the database, migrate, accept
 *   ready  ->              requests are being answered
 *          <- reload       read the configuration and scripts again
 *          <- stop         finish what is under way, close the database, leave with 0
 *   failed ->  + text      why it leaves before it was ready
 *
 * Without a supervisor (berth serve --no-supervisor) the same calls work: "go" is granted at once and
 * the orders come from signals. */
#ifndef BERTH_LINK_H
#define BERTH_LINK_H

#include <stdbool.h>

#include "base/blame.h"
#include "base/conf.h"

enum link_byte {
    LINK_LOADED = 'L',
    LINK_READY = 'R',
    LINK_FAILED = 'F',
    LINK_GO = 'G',
    LINK_RELOAD = 'H',
    LINK_STOP = 'S',
};

enum worker_order { WORKER_STOP, WORKER_RELOAD };

/* What the worker must do without after repeated crashes.  Names are of plugins ("leads") and of
 * scripts ("leads.release_days.lua"). */
struct worker_link {
    int fd;        /* to the supervisor; -1: there is none */
    int signal_fd; /* SIGTERM, SIGINT, SIGHUP */
    int listen_fd;
    struct crash_page *page; /* NULL without a supervisor */
    struct conf_list plugins_left_out, scripts_left_out;
};

/* Prepares signals, the crash handler and the link.  Call it before the first thread starts, because
 * threads inherit the signal mask.  fd and page_fd are -1 without a supervisor. */
void worker_link_open(struct worker_link *l, int fd, int listen_fd, int page_fd);
void worker_link_close(struct worker_link *l);

/* Says that loading went well and waits until this process alone may write.  False: leave, with 0. */
bool worker_link_loaded(struct worker_link *l);
void worker_link_ready(struct worker_link *l);
/* Why the start fails; the line appears in `berth upgrade` too.  Log it as well. */
void worker_link_failed(struct worker_link *l, const char *why);
/* Blocks until there is something to do.  A supervisor that is gone means stop. */
enum worker_order worker_link_wait(struct worker_link *l);

#endif
