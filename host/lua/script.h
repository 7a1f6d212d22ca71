/* script.h - the company's rules and hooks in Lua: which are in force, what is wrong with them, how
 * they are replaced while the server runs.
 *
 *     scripts/rules/leads.release_days.lua    one rule a file, named as the rule it answers
 *     scripts/hooks/anything.lua              hooks: on("lead", "before_update", function ...)
 *     scripts/reports/leads_by_source.lua     a report: its form, its columns, and SQL
 *     scripts/channels/telegram.lua           adaptors: messages into requests to a gateway
 *
 * Threads: a folder's scripts are read into an immutable set.  Every thread builds a Lua state of its
 * own from it when it first needs one, and again when a newer set is published.
 *
 * Errors: a file with an error is left out, and the version before it stays in force.  A rule that
 * fails while running gives the declared default; a hook that fails refuses the change. */
#ifndef BERTH_SCRIPT_H
#define BERTH_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/conf.h"
#include "model/model.h"
#include "record/store.h"

enum { SCRIPT_NAME = 96 };

struct scripts;

struct script_problem {
    const char *file; /* "rules/leads.release_days.lua" */
    int line;         /* 0: unknown */
    const char *message;
    bool at_run;  /* it happened while running; else the file was refused */
    bool stopped; /* no longer run until the file changes: it overran too often */
    uint64_t times;
    int64_t at; /* ms: the last time */
};

struct script_title { /* one text (its locale is NULL), or one a language; n 0: none */
    const char *const *locale, *const *text;
    size_t n;
};

struct script_field {
    struct field f;
    const struct field *like; /* whose words it has when it has no title; may be NULL */
    struct script_title title;
};

struct script_report {
    const char *name; /* "script.leads_by_source" */
    const char *about, *nav, *icon, *charts, *perm, *sql; /* about and sql are never NULL */
    struct script_title title, help;
    const struct script_field *form, *columns;
    size_t nform, ncolumns;
    bool idle; /* a table that it needs is of a plugin that is off */
};

struct script_info {
    const char *file;
    const char *about; /* its first line: what it decides, in business words */
    bool rule;
    bool older; /* the file has errors; the version before is in force */
};

struct script_limits {
    size_t memory;   /* bytes of one thread's Lua state */
    int64_t rule_ms; /* what a rule or hook may calculate; 1 ms counts as 100,000 steps */
};
#define SCRIPT_LIMITS ((const struct script_limits){32 << 20, 20})

/* Reads dir/rules and dir/hooks; neither need exist.  left_out (may be NULL) names scripts that
 * made the process crash: "rules/leads.release_days.lua".  Problems are logged and kept; opening
 * never fails. */
struct scripts *scripts_open(const char *dir, const struct conf_list *left_out,
                             const struct script_limits *limits, const struct model *m);
/* The memory from the next reload on. */
void scripts_set_limits(struct scripts *s, const struct script_limits *limits);
void scripts_close(struct scripts **s);

/* What store->scripts is to be filled with.  One set of scripts serves a process. */
struct script_ops scripts_ops(struct scripts *s);

/* Reads the folder again, checks it, publishes it.  m: the model to check against, NULL: as before.
 * The number of problems. */
size_t scripts_reload(struct scripts *s, const struct model *m);
/* Whether a file appeared, vanished or changed since it was last read, or m (NULL: never mind) is
 * not the model that the scripts were checked against; a few system calls. */
bool scripts_changed(struct scripts *s, const struct model *m);

/* Both in the arena, by file. */
struct script_problem *scripts_problems(struct scripts *s, struct arena *a, size_t *n);
/* The text in force of the script that answers a rule, in the arena; NULL: none does. */
const char *scripts_source(struct scripts *s, const char *rule, struct arena *a);
/* Checks a text as that file's ("rules/x.lua"), as loading would; in the arena. */
struct script_problem *scripts_check(struct scripts *s, const struct model *m, const char *file, const char *text, size_t len,
                                     struct arena *a, size_t *n);
/* Calls fn for the reports in force, or for the one of that name; they stay valid only meanwhile.  How many there were. */
size_t scripts_reports(struct scripts *s, const char *name, void (*fn)(void *arg, const struct script_report *r), void *arg);
const char *scripts_dir(const struct scripts *s);
struct script_info *scripts_list(struct scripts *s, struct arena *a, size_t *n);

/* Checks one file as loading would: what is wrong with it.  A rule by its place in a folder
 * "rules". m may have been built without a database: names of custom fields are then taken as they
 * come. */
struct script_problem *script_check_file(const struct model *m, const char *path, struct arena *a,
                                         size_t *n);

/* The last resort.  True when some thread has been inside one script for longer than limit_ms: the
 * process should end with blame_die("script", name, ...). */
enum { SCRIPT_OVERDUE_MS = 5000 };
bool scripts_overdue(int64_t limit_ms, char name[SCRIPT_NAME]);

#endif
