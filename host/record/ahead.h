/* ahead.h - what saving a new record takes and needs no writer for, done before its turn on another thread:
 * its duplicate keys, whether anybody has them, what it is sorted by.
 *
 * Hooks may change the record afterwards, and others save theirs: the save takes what is still true of it
 * and does the rest itself. */
#ifndef BERTH_AHEAD_H
#define BERTH_AHEAD_H

#include "record/dup.h"

/* On a reader, before the save; keeps the result with the row.  A failure is the ctx's. */
int ahead_of_save(struct berth_row *r);

/* In the save.  The row's keys; NULL: none were made, or it or the rules are others by now. */
const struct dup_keys *ahead_keys(const struct berth_row *r);
/* Nobody had one of these keys then and nobody has come since; fresh holds some of ahead_keys(). */
bool ahead_alone(const struct berth_row *r, const struct dup_keys *fresh);

#endif
