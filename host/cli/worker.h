/* worker.h - the process that answers requests. */
#ifndef BERTH_WORKER_H
#define BERTH_WORKER_H

#include "cli/link.h"

/* Loads, calls worker_link_loaded(), opens the database, accepts from listen_fd (non-blocking, shared
 * with the supervisor), calls worker_link_ready() and obeys worker_link_wait() until it is told to
 * stop.  Returns the exit code. */
int worker_main(struct conf *conf, int listen_fd, struct worker_link *link);

#endif
