/* demo.h - data to try Berth with: a small forwarder in Shenzhen and Ho Chi Minh City. */
#ifndef BERTH_DEMO_H
#define BERTH_DEMO_H

#include <stdio.h>

#include "cli/site.h"

/* Fills an empty database; does nothing to one that holds users. */
int demo_load(struct site *s, struct buf *err);
void demo_print(FILE *out); /* who can sign in */

#endif
