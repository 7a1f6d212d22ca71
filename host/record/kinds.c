/* kinds.c - the kinds of jobs there are. */
#include "record/backup.h"
#include "record/bulk.h"
#include "record/dup_group.h"
#include "record/export.h"
#include "record/handover.h"
#include "record/import.h"
#include "record/job_turns.h"
#include "record/order.h"
#include "record/recycle.h"
#include "record/reindex.h"

/* What somebody waits for fails at once, so that they hear of it; the rest, and what must not stay half taken back, is
 * tried again by itself. */
const struct job_kind job_kinds[] = {
    {"backup", backup_run, .attempts = 5, .wait = 60000},
    {"bulk", bulk_run},
    {"bulk_undo", bulk_undo_run, .attempts = 5, .wait = 10000},
    {"export", export_run},
    {"groups", dup_groups_run, .attempts = 3, .wait = 60000},
    {"handover", handover_run, .attempts = 5, .wait = 10000},
    {"import", import_run, .stages = true},
    {"import_undo", import_undo_run},
    {"recycle", recycle_run, .attempts = 5, .wait = 10000},
    {"reorder", order_run, .attempts = 5, .wait = 10000},
    {"route", job_route_run, .attempts = JOB_ATTEMPTS, .wait = JOB_WAIT},
    {"rekey", rekey_run, .attempts = 5, .wait = 10000},
    {"script", job_script_run, .attempts = JOB_ATTEMPTS, .wait = JOB_WAIT},
    {0},
};
