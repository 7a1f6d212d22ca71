/* kinds.c - the kinds of jobs there are. */
#include "record/bulk.h"
#include "record/export.h"
#include "record/import.h"
#include "record/job.h"

const struct job_kind job_kinds[] = {
    {"bulk", bulk_run},
    {"export", export_run},
    {"import", import_run},
    {0},
};
