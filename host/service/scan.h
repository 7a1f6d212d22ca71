/* scan.h - asking a virus scanner that speaks clamd's protocol. */
#ifndef BERTH_SCAN_H
#define BERTH_SCAN_H

#include "base/buf.h"

enum scan { SCAN_CLEAN, SCAN_FOUND, SCAN_REFUSED, SCAN_FAILED };

/* where: "/run/clamav/clamd.ctl" or "127.0.0.1:3310".  found: what was found; refused: its
 * answer, of a file that it does not look through, such as a large one; failed: why there is no answer.
 * patience: seconds without a word from it. */
enum scan scan_file(const char *where, int fd, int patience, struct buf *what);

#endif
