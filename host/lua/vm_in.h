/* vm_in.h - the inside of a thread's Lua state, for vm.c and what scripts declare in it. */
#ifndef BERTH_LUA_VM_IN_H
#define BERTH_LUA_VM_IN_H

#include "lua/set.h"
#include "lua/value.h"

struct vm_hook {
    const struct script *script;
    char *on; /* table or topic */
    uint32_t when;
    int ref;
};

struct vm_timer {
    const struct script *script;
    char *full, *every; /* "script.morning", "0 8 * * * workdays" */
    int ref;
};

struct vm_job {
    const struct script *script;
    char *name, *right; /* right NULL: administrators start it */
    char *on;           /* where people are offered it; NULL: nowhere */
    char *about;        /* NULL: as its file says */
    char *args;         /* JSON, as of a channel's settings; NULL: none */
    int attempts;
    int64_t wait;
    int ref, line;
};

struct vm_channel {
    const struct script *script;
    char name[48]; /* "telegram" */
    char *settings; /* JSON; NULL: none */
    int send, reply;
};

struct vm {
    struct script_run run; /* first: the box's owner */
    struct vm *next;
    struct box *box;
    uint64_t engine;
    struct script_set *set;
    bool spent;            /* out of memory once: build a new one */
    struct arena *scratch; /* for what rules read: forgotten after the answer */
    int *rules;            /* by place in the set: reference to the function, or 0 */
    size_t nrules;
    struct vm_hook *hooks;
    size_t nhooks;
    struct vm_timer *timers;
    size_t ntimers;
    struct vm_job *jobs;
    size_t njobs;
    struct vm_channel *channels;
    size_t nchannels;
    const struct script *loading;
};

/* The thread's state with the newest scripts in force; a run that is under way keeps those it began
 * with. */
struct vm *vm_now(void);
/* Runs fn as that script of the state's; -1 with err when it failed. */
int vm_run(struct vm *vm, struct berth_ctx *c, const struct script *script, bool may_write,
           int (*fn)(struct lua_State *), void *arg, struct buf *err);
/* The ctx's error for people, with the script's name and what it said. */
int vm_refuse(struct berth_ctx *c, const struct script *script, const char *why);

/* One turn of what a script declared, which may write; what went wrong is the ctx's error, with file and line. */
void vm_turn(struct vm *vm, struct berth_ctx *c, const struct script *script, int (*fn)(struct lua_State *), void *arg);
bool vm_plain(const char *name); /* small letters, digits and _ */

/* timers.c */
int vm_every(struct lua_State *L); /* every(when, name, function) */
void vm_timers_free(struct vm *vm);
void timer_ops(struct script_ops *ops);

/* jobs.c */
int vm_job(struct lua_State *L); /* job(name, options, function) */
void vm_jobs_free(struct vm *vm);
void job_ops(struct script_ops *ops);

/* channels.c: keeps the adaptor that a file returned, which is on top of the stack. */
int vm_channel(struct lua_State *L, struct vm *vm, const struct script *script);
void vm_channels_free(struct vm *vm);
void channel_ops(struct script_ops *ops);

#endif
