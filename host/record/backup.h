/* backup.h - a consistent copy of a live installation: the database, then the files it names and what
 * retention cut off. */
#ifndef BERTH_BACKUP_H
#define BERTH_BACKUP_H

#include "record/job.h"

struct backup_from {
    const char *files, *archive; /* folders; what is not there is left out */
};

/* Makes the folder `to` (it may be there) with berth.db, files/ and archive/.  0, or -1 with why. */
int backup_make(struct db *db, const struct backup_from *from, const char *to, struct buf *err);
/* The job "backup": into a folder of store->backup_dir that is named by the time. */
int backup_run(struct job *j, struct buf *err);

#endif
