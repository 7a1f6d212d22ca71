/* set.h - the scripts in force, and what the parts of host/lua share about them. */
#ifndef BERTH_LUA_SET_H
#define BERTH_LUA_SET_H

#include <stdatomic.h>

#include "lua/box.h"
#include "lua/check.h"
#include "lua/script.h"

/* What happened to a file while it ran.  Lives as long as the engine. */
struct tally {
    struct tally *next;
    char file[SCRIPT_NAME];
    uint64_t hash;                  /* of the source it is about */
    atomic_int overruns;            /* in a row */
    atomic_int heat;                /* grows with overruns, cools with time: see scripts_budget() */
    atomic_int_least64_t hot_since; /* monotonic ms */
    atomic_bool stopped;
    uint64_t times; /* this and below: under scripts->lock */
    int64_t at, logged;
    int line;
    char message[256];
};

struct script {
    const char *file, *about, *source;
    size_t len;
    uint64_t hash;
    enum script_kind kind;
    const struct rule *rule;
    struct script_report *report;
    const struct script_arg *args;
    size_t nargs;
    struct reads *reads; /* NULL unless its first argument is a record */
    bool older;
    struct tally *tally;
};

struct script_set {
    atomic_int refs;
    uint64_t generation;
    struct arena *arena;
    const struct model *m;
    struct script *list;
    size_t n;
    bool hooks;       /* some script is a hook */
    struct map rules; /* full name -> struct script * */
};

/* The set in force, with a reference taken. */
struct script_set *set_current(struct scripts *s);
void set_drop(struct script_set *set);
uint64_t scripts_generation(const struct scripts *s);
uint64_t scripts_id(const struct scripts *s); /* never used again, unlike an address */
bool scripts_have_hooks(const struct scripts *s);
struct box_budget scripts_budget(const struct scripts *s, struct tally *t);
size_t scripts_memory(const struct scripts *s);

/* Notes a failure, logs it now and then. */
void tally_failure(struct scripts *s, struct tally *t, const struct box_failure *f,
                   const char *message);
void tally_success(struct tally *t);

const char *script_type_text(enum berth_type type); /* "a whole number" */

/* Checks one source as loading would; false with err, a line a problem.  In a. */
bool set_sound(struct scripts *s, const struct model *m, struct arena *a, struct script *script, struct buf *err);

/* vm.c: a box with scripts in it. */
struct vm;
struct vm *vm_new(size_t memory);
void vm_free(struct vm **vm);
struct box *vm_box(struct vm *vm);
/* Only compiles it.  -1 with err and *f. */
int vm_compile(struct vm *vm, const struct script *script, struct buf *err, struct box_failure *f);
/* Runs a script's file once and keeps its functions.  -1 with err and *f. */
int vm_load(struct vm *vm, const struct script *script, struct buf *err, struct box_failure *f);
/* Asks the only script loaded: 1 answered, 0 no opinion, -1 it failed. */
int vm_ask(struct vm *vm, struct scripts *s, const struct script *script, struct berth_ctx *c,
           const struct berth_val *args, size_t n, struct berth_val *out, struct buf *err);
/* jobs.c: a right that no plugin declares, and the line that names it; NULL: all are known. */
const char *vm_jobs_unknown(const struct vm *vm, const struct model *m, int *line, const char **what);
/* report.c: what a report's file returns, in the arena, as script->report.  -1 with err and *f. */
int report_read(struct vm *vm, struct arena *a, const struct model *m, struct script *script, bool custom_unknown, struct buf *err,
                struct box_failure *f);
/* draft.c, draft_*: texts that are not in force. */
void draft_ops(struct scripts *s, struct script_ops *ops);
void reads_copy(struct berth_ctx *c, const struct script *script, struct script_reads *out);

#endif
