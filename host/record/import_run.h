/* import_run.h - what the files of an import's run share: a row of the sheet on its way, a batch of them,
 * the run itself.
 *
 * The job's thread reads a batch, turns cells into values and decides what becomes of each row; the
 * writer stores the batch before it meanwhile, in slices of some milliseconds.  Rows go in by their
 * table's first text index, and their duplicate keys later all at once (dup_stage.h): both for each page
 * of an index to be written once.
 *
 * A crash loses the slice that was not committed.  The job goes on with the rows that have no outcome. */
#ifndef BERTH_IMPORT_RUN_H
#define BERTH_IMPORT_RUN_H

#include <pthread.h>

#include "base/map.h"
#include "record/dup.h"
#include "record/dup_stage.h"
#include "record/import.h"
#include "record/import_set.h"
#include "sheet/sheet.h"

enum outcome {
    OUT_NEW,
    OUT_UPDATED,
    OUT_SAME,
    OUT_DUPLICATE, /* of a record of one's own, or of a row of the same file */
    OUT_CONFLICT,  /* several records match, or the database refused */
    OUT_ELSEWHERE, /* a record of another table has it: already a customer */
    OUT_HELD,      /* somebody else's record */
    OUT_POOL,      /* lies in a pool */
    OUT_MISSING,   /* nothing to update */
    OUT_INVALID,
    OUTCOMES
};

enum import_mode { MODE_CREATE, MODE_UPDATE, MODE_BOTH };

enum { BATCH_ROWS = 98304, BATCH_BYTES = 38 << 20, MATCH_MAX = 8, COLUMNS_MAX = 1024 };

struct cell { /* its text stands behind all cells of the row, closed by a NUL, behind that of the one before */
    uint32_t len : 31, given : 1; /* its value is to be taken */
};

struct prep { /* one row of the sheet */
    uint32_t number;
    uint16_t outcome, ncells, nkeys;
    bool known;       /* one of its keys is in the database */
    bool total;       /* it adds others up, and stays out */
    uint32_t told;    /* the row of this file that it is the same as */
    int64_t record;   /* the duplicate, or what was made */
    const struct packed *values; /* unless it is wrong */
    struct berth_row *row;       /* the same, while somebody looks at it */
    const int64_t *key; /* hashes; made again where their texts are needed */
    const struct cell *cells;
    const char *field, *message, *detail, *table; /* why it is not simply new */
};

struct batch {
    struct run *run;
    const struct table *t; /* as it was when the rows were read */
    struct arena *a;
    struct prep row[BATCH_ROWS];
    size_t n;
    uint64_t dup_gen; /* of the database when the rows were compared with it */
    int64_t rows;     /* of the sheet up to the end of this batch */
    /* on the writer */
    uint32_t order[BATCH_ROWS]; /* places of the rows, in the order they are stored */
    size_t nnew, row_at, slice_from;
    bool hooked; /* somebody acts on each new row: it is then saved, and found, by itself */
    struct arena *slice; /* of one slice */
    struct job_mark mark; /* what is told of the job should the slice be undone */
    struct berth_ctx ctx;
    struct db_work work;
};

struct run {
    struct job *j;
    int64_t import, pool;
    const char *table;
    bool dry, totals; /* totals: rows that add others up are records, too */
    struct map total_words;
    int64_t left_out; /* rows that were none */
    enum import_mode mode;
    const json_t *values;        /* {"country":{"大陆":"CN"}} */
    const struct table *t;       /* as .column and .match know it; the model may grow meanwhile */
    const struct field **column; /* by column of the sheet; NULL: not taken */
    size_t ncolumns;
    const struct field *match[MATCH_MAX]; /* what records are found by; none: their duplicate keys */
    size_t nmatch;
    bool match_seen; /* only records that the user sees are found by them: of others he would learn what they hold */
    struct import_set matched; /* by hash of the match fields: the record, see import_match.c */
    struct import_set fresh;   /* the same: the row of this file that is new */
    struct sheet *sheet;
    struct import_set seen;   /* keys of this file's rows */
    struct import_set stored; /* rows that an earlier try has stored */
    struct import_set taken;  /* records that a row of this file is about: the row, the first of them */
    struct import_set unique; /* values of this file's rows that may be there only once: the row */
    struct import_set before; /* rows that went in with an earlier import of this file: the record */
    struct value_memo *memo;
    struct arena *scratch;
    /* what hooks do to other records is noted while a row goes in: its record, and whether that is new */
    bool touched, own_new;
    uint32_t own_row;
    const struct berth_row *own;
    int64_t counts[OUTCOMES], done;
    json_t *elsewhere; /* {"customer":3} */
    /* the batch on the writer */
    pthread_mutex_t lock;
    pthread_cond_t free_cond;
    bool busy;
    int rc;
};

/* import_row.c */
void import_unpack(struct berth_ctx *c, const struct table *t, struct prep *p); /* p->row, in the ctx's arena */
struct berth_val import_value_of(const struct prep *p, const struct field *f);
struct berth_val import_order_of(const struct prep *p, const struct field *f); /* of a column of an index */
/* Gives the record that the row updates its values. */
void import_set_cells(struct run *r, struct berth_ctx *c, const struct prep *p, struct berth_row *now);
/* Whether a rule minds what the update would give the record, because another one, or a row before it, has that: it is told so. */
bool import_clashes(struct run *r, struct berth_ctx *c, struct prep *p, const struct berth_row *now);
/* import_foresee.c: what would become of the row if this were not a dry run */
void import_foresee(struct run *r, struct berth_ctx *c, struct prep *p);

/* on the job's thread */
void import_prepare(struct run *r, struct berth_ctx *c, const struct table *t, struct prep *p,
                    const struct sheet_row *row);
void import_decide(struct run *r, struct berth_ctx *c, const struct table *t, struct prep *p);

/* import_total.c: a row that only adds up those above it */
void import_total_open(struct run *r, struct berth_ctx *c);
bool import_is_total(struct run *r, struct berth_ctx *c, const struct table *t, const struct sheet_row *row);

/* import_match.c: records by fields the user chose */
int import_match_open(struct run *r, struct berth_ctx *c, const struct table *t);
/* The number of records that match, at most 2, and one of them. */
int import_match_find(struct run *r, struct berth_ctx *c, const struct prep *p, struct ctx_match *m);
/* A new row of this file that they match, or 0; notes one. */
uint32_t import_match_fresh(struct run *r, struct berth_ctx *c, const struct prep *p);
void import_match_note(struct run *r, struct berth_ctx *c, const struct prep *p);

/* import_again.c: rows that went in before, with the same file */
void import_again_open(struct run *r, struct berth_ctx *c, const char *path, int64_t sheet);
int64_t import_again(struct run *r, struct berth_ctx *c, const struct prep *p); /* the record, or 0 */

/* import_unique.c: values that a table has once only */
bool import_once_only(const struct table *t); /* whether it has such */
/* The row has one that is there already, in the table or further up in the file: noted in the ctx. */
bool import_repeats(struct run *r, struct berth_ctx *c, const struct prep *p);

/* import_value.c: what cells mean to dictionaries and references */
struct value_memo *import_memo_new(void);
void import_memo_free(struct value_memo **m);
bool import_value(struct run *r, struct berth_ctx *c, const struct field *f, const struct sheet_cell *cell,
                  struct berth_val *out);
json_t *import_memo_json(const struct value_memo *m, struct berth_ctx *c, const struct table *t);

/* import_tell.c: what is told of a row that does not simply go in */
void import_tell_problem(struct run *r, struct berth_ctx *c, struct prep *p);
void import_tell_match(struct run *r, struct berth_ctx *c, struct prep *p, const struct ctx_match *m);
void import_tell_same_row(struct run *r, struct berth_ctx *c, struct prep *p, uint32_t other, const struct field *by);
/* The same, and which record both are about. */
void import_tell_same_record(struct run *r, struct berth_ctx *c, struct prep *p, uint32_t other, const struct ctx_match *m);
void import_tell(struct run *r, struct berth_ctx *c, struct prep *p, enum outcome what, const char *key);
/* What is told of a record that the reader may not see. */
const char *import_tell_hidden(struct berth_ctx *c, const struct table *own, const struct ctx_match *m);
const char *import_tell_like_hidden(struct berth_ctx *c, const struct table *own, const struct ctx_match *m);
/* A rule asks for no more than this: the row is new, and says which record it is like. */
void import_tell_alike(struct run *r, struct berth_ctx *c, struct prep *p, const struct ctx_match *m);
/* Takes those out of the list that are only told; the first of them, or NULL. */
const struct ctx_match *import_alike(struct ctx_match **list);
/* Cells and, for an update, the values before it. */
void import_detail(struct run *r, struct berth_ctx *c, struct prep *p, const struct ctx_match *m, const json_t *was);

/* import_taken.c: what the row's company has become, of the table that says so (.taken); NULL: nothing.  Beside one that the
 * user may see no other is told. */
struct ctx_match *import_taken(struct berth_ctx *c, const struct table *t, const struct ctx_match *list);

/* import_touch.c: what hooks do to other records while a row goes in */
void import_touch_open(struct run *r, struct db_conn *conn);
int import_touch(struct berth_ctx *c, void *run, struct berth_row *r, uint32_t deed); /* berth_ctx.follow */
json_t *import_was(const struct berth_row *before, const struct berth_row *now); /* the values that a save changed, as they were */

/* import_put.c */
bool import_slice_over(struct store *st, int64_t began); /* a turn on the writer ends: somebody waits, or it has been long enough */
void import_put_sort(struct batch *k); /* before it is handed over: the writer is still at the one before */
/* The next row of a list as parts keep it, "[7,8,10]"; 0: there is none. */
uint32_t import_next_row(const char **list);
void import_put_counts(struct run *r); /* into the job's result */
void import_put_begin(struct batch *k); /* hands the batch to the writer; run->busy until it is stored */

#endif
