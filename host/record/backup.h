/* backup.h - a consistent copy of a live installation: the database, then the files it names. */
#ifndef BERTH_BACKUP_H
#define BERTH_BACKUP_H

#include "record/job.h"

/* Makes the folder `to` (it may be there) with berth.db and files/.  0, or -1 with why. */
int backup_make(struct db *db, const char *files_dir, const char *to, struct buf *err);
/* The job "backup": into a folder of store->backup_dir that is named by the time. */
int backup_run(struct job *j, struct buf *err);

#endif
