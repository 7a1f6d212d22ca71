/* thumb.h - small pictures of attached ones: made by a caged process of their own when first asked for, and kept
 * beside the file for a day. */
#ifndef BERTH_THUMB_H
#define BERTH_THUMB_H

#include <stdbool.h>

#include "record/store.h"

/* Whether there may be one of such a file. */
bool thumb_may(const char *mime);
/* Any thread but the writer: a descriptor of a JPEG; -1: the picture is broken, too large, or (errno EAGAIN) too many
 * are being made. */
int thumb_open(const struct store *st, const char *hash);
/* What the process does (`berth thumbnail`): a picture from one descriptor, a JPEG into the other.  Its exit code. */
int thumb_child(int in, int out);

#endif
