/* service.h - what hangs on records, started and tied to the record layer. */
#ifndef BERTH_SERVICE_H
#define BERTH_SERVICE_H

#include "record/store.h"

/* Fills store->services: from then on files, notes and reminders follow their records. */
void service_ready(struct store *st);

/* One thread for what is due: alerts every second or when woken, reminders every minute, nobody's
 * files now and then. */
struct services;
struct services *services_start(struct store *st);
void services_stop(struct services **s);
void service_wake(void); /* something is due now; any thread */

#endif
