/* scan.h - asking a virus scanner that speaks clamd's protocol. */
#ifndef BERTH_SCAN_H
#define BERTH_SCAN_H

#include "base/buf.h"

enum scan { SCAN_CLEAN, SCAN_FOUND, SCAN_REFUSED, SCAN_FAILED };

/* Looks up the name in "host:port", which may wait for name servers: at the start, and where nobody else waits.
 * scan_file() takes what was found last; nothing to do for a socket's path. */
void scan_look_up(const char *where);
/* where: "/run/clamav/clamd.ctl" or "127.0.0.1:3310".  found: what was found; refused: its
 * answer, of a file that it does not look through, such as a large one; failed: why there is no answer.
 * seconds: for all of it, from the connection to its word. */
enum scan scan_file(const char *where, int fd, int seconds, struct buf *what);

#endif
