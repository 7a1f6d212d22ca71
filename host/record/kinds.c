/* kinds.c - the kinds of jobs there are. */
#include "record/backup.h"
#include "record/bulk.h"
#include "record/dup_group.h"
#include "record/export.h"
#include "record/handover.h"
#include "record/import.h"
#include "record/job.h"
#include "record/recycle.h"
#include "record/reindex.h"

const struct job_kind job_kinds[] = {
    {"backup", backup_run},
    {"bulk", bulk_run},
    {"export", export_run},
    {"groups", dup_groups_run},
    {"handover", handover_run},
    {"import", import_run, .stages = true},
    {"import_undo", import_undo_run},
    {"recycle", recycle_run},
    {"rekey", rekey_run},
    {0},
};
