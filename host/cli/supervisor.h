/* supervisor.h - keeps one worker alive behind a listening socket that never closes. */
#ifndef BERTH_SUPERVISOR_H
#define BERTH_SUPERVISOR_H

#include "base/conf.h"

/* Runs until it is told to stop.  argv is that of `berth serve ...`; workers get it too, with
 *     --worker=LISTEN,LINK,PAGE,LOCK    numbers of the inherited descriptors
 *     --left-out=KIND:NAME              what to do without, any number
 * behind "serve".  Returns the exit code. */
int supervisor_run(struct conf *conf, char *const *argv, int listen_fd, int lock_fd);

#endif
