/* model.h - everything that plugins and administrators declared, resolved and checked: the one
 * place that knows which tables, fields, dictionaries, actions, views, rules and hooks exist.
 *
 * A model is immutable and lives in an arena of its own.  Adding a custom field or a dictionary
 * entry builds a new model; requests that run keep the one they started with.  Old models are
 * kept until the process ends: they are few and small. */
#ifndef BERTH_MODEL_H
#define BERTH_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"
#include "berth.h"

/* The host's own columns come first in every table (but BERTH_BARE ones), in this order. */
enum { F_ID, F_VERSION, F_CREATED_AT, F_CREATED_BY, F_UPDATED_AT, F_UPDATED_BY, F_DECLARED };

/* How values of a field are normalised to find duplicates. */
enum key_kind { KEY_NONE, KEY_EXACT, KEY_PHONE, KEY_EMAIL, KEY_COMPANY, KEY_CODE };

struct dict_item {
    const char *key, *color; /* color: "gray" when none was declared */
    bool custom;             /* added by an administrator */
    bool hidden;             /* kept for old records, no longer offered */
};
struct dict {
    const char *name, *plugin; /* "leads.status", "leads" */
    const struct dict_item *items;
    size_t n;
    bool open;
    struct map by_key; /* key -> struct dict_item * */
};

struct field {
    const char *name;
    enum berth_type type;
    uint32_t flags;    /* BERTH_REQUIRED ... */
    const char *of, *def, *group, *when; /* as declared; of: dictionary names are full */
    const char *was;
    int32_t max;       /* never 0 for text; the largest number: 0: any */
    const char *min;   /* the smallest number, as it is written; NULL: any */
    double least;      /* that number */
    const char *remind; /* as declared: see model/remind.h */
    const char *where;  /* of a ref: as declared, with the table's name for '@self' */
    int at;            /* its place in table->fields and in a row */
    const char *plugin; /* who declared it; NULL for the host's own columns and custom fields */
    bool custom;       /* an x_ column of the administrator's */
    bool column_null;  /* the column may be NULL */
    const struct table *table;
    const struct dict *dict; /* BERTH_PICK */
    const struct table *ref; /* BERTH_REF; NULL when that table's plugin is off */
    const char *json_key;    /* "\"phone\":null"; without the null for json_key_raw() */
    size_t json_key_len;
    const struct field *order; /* the column by which lists sort this text; NULL: by the value itself */
    const struct field *orders; /* of such a column: its text */
    enum key_kind key_kind;  /* for BERTH_DUPLICATE */
    const char *key_group;   /* values of one group are compared with each other: "phone", "fax" */
};

struct index {
    const char *name;           /* "lead_owner_id_status" */
    const struct field *const *on;
    size_t n;
    bool unique;
    bool once; /* kept by the save: such rows may be there already */
    bool sparse; /* leaves out the rows whose one column is empty */
};

struct action {
    const char *full;   /* "leads.claim": plugin.name */
    const char *name, *perm, *when, *icon; /* perm: full name, or NULL */
    const struct table *table;
    const struct field *form; /* resolved like a table's fields, at = 0.. */
    size_t nform;
    uint32_t flags;
    const char *plugin;
    int (*run)(struct berth_ctx *, struct berth_row *);
    int32_t order;
};

struct view {
    const char *name, *plugin, *columns, *where, *sort, *by, *from, *to;
    const struct table *table;
    enum berth_look look;
};

struct hook {
    uint32_t when;
    const char *on; /* as declared */
    const char *plugin;
    int32_t order;
    int (*run)(struct berth_ctx *, struct berth_event *);
};

struct table {
    const char *name, *plugin, *icon, *rights;
    const char *sql; /* its name as SQL has to write it: "\"user\"", else the same as .name */
    /* Ready-made SQL: every column, "id, version, ..."; reading one record by id. */
    const char *columns, *select_one;
    const char *into;         /* where rows are added: all columns but the id; NULL for BERTH_BARE tables */
    const char *insert_whole; /* adding one under an id that was chosen before */
    const struct field *fields;
    int nfields;
    int ncolumns; /* fields, and behind them what texts are sorted by (field.order): kept by the save, never read as a value */
    uint32_t flags; /* BERTH_OWNED ... */
    uint32_t version;
    const struct field *title;  /* never NULL but for BERTH_BARE */
    bool translated;            /* has fields such as "name_vi" that say the title in other languages: model_said() */
    const struct field *parent; /* BERTH_DETAIL: the ref it hangs on */
    const struct index *indexes;
    size_t nindexes;
    bool unique; /* one of them is */
    /* Places of the host's optional columns, -1 where the table has none. */
    int at_owner, at_pool, at_pooled_at, at_claimed_at, at_touched_at, at_prev_owner, at_country;
    int at_locked;
    int at_due; /* due_at; behind it due_pool_id, due_why, remind_at */
    const char *kept; /* BERTH_POOLED: filter; what no rule of days takes back */
    /* BERTH_POOLED: rules of its plugin whose first argument is a record of it, or NULL: "release..."
     * that returns BERTH_JSON, and one that returns BERTH_INT. */
    const struct rule *release, *release_days;
    bool searched;   /* some field is BERTH_SEARCH: a full-text table search_<name> exists */
    bool duplicates; /* some field is BERTH_DUPLICATE */
    const struct field *number; /* the field with default @next, or NULL */
    const struct field *board_place, *board_color; /* order and colour as columns of a board, or NULL */
    const struct field *moment; /* where its rows stand on timelines, or NULL */
    bool reminds;               /* some field has .remind */
    const struct field *const *known; /* tell which record it is elsewhere; NULL: no configuration */
    size_t nknown;
    const struct action *const *actions;
    size_t nactions;
    const struct view *const *views;
    size_t nviews;
    const struct hook *const *hooks; /* those that apply, in running order */
    size_t nhooks;
    int (*upgrade)(struct berth_ctx *, uint32_t from);
    const char *was; /* its former name, or NULL */
    bool belongs;    /* some field is BERTH_BELONGS */
    const char *nav; /* group of the navigation, "other" when none was declared */
    int nav_at;      /* place in it */
    const struct field *step_on, *step_what; /* day and words of the next step, or NULL */
    const struct action *step_act;           /* does it, or NULL */
    const char *step_when;                   /* filter, or NULL */
    const struct route *line;                /* reads one line into a new record, or NULL */
    const struct table *taken_of;            /* rows of which table are taken, or NULL */
    const struct field *const *taken_by;     /* by records that these refer to; NULL behind the last */
    const char *taken_when;                  /* filter, or NULL */
    struct map by_name; /* field name -> struct field * */
    int at;             /* its place in model->tables */
};

struct rule {
    const char *full, *plugin, *args, *def; /* full: "leads.release_days" */
    enum berth_type returns;
};

struct perm {
    const char *full, *roles; /* "leads.claim" */
};

struct route {
    const char *method, *path, *perm, *plugin;
    uint32_t flags;
    int (*run)(struct berth_ctx *);
};

struct tile {
    const char *full, *name, *plugin; /* "leads.hot" */
    const struct table *table;
    const struct berth_tile *d; /* the rest as declared */
};

struct report {
    const char *full, *name, *plugin, *nav; /* nav: NULL when not in the navigation */
    int nav_at;
    const struct table *on;     /* or NULL */
    const struct route *route;
    const struct field *form, *columns;
    size_t nform, ncolumns;
    const struct berth_report *d;
};

struct timer {
    const char *full, *every, *plugin; /* "leads.release"; plugin NULL: a script's */
    int (*run)(struct berth_ctx *);    /* NULL: a script's */
    int attempts;                      /* tries of one run */
    int64_t wait;                      /* ms before the second; doubled with each */
    const char *about;                 /* a script's: what it does, in its own words */
};
enum { TIMER_ATTEMPTS = 5, TIMER_WAIT = 30000 }; /* where nothing is declared */

struct model {
    struct arena *arena;
    const struct berth_plugin *const *plugins; /* in load order */
    size_t nplugins;
    const struct table *tables;
    size_t ntables;
    const struct table *users; /* "user": whom much of the host asks about */
    const struct dict *dicts;
    size_t ndicts;
    const struct rule *rules;
    size_t nrules;
    const struct perm *perms;
    size_t nperms;
    const struct route *routes;
    size_t nroutes;
    const struct timer *timers;
    size_t ntimers;
    const struct tile *tiles; /* by .order */
    size_t ntiles;
    const struct report *reports;
    size_t nreports;
    const struct hook *const *event_hooks; /* BERTH_EVENT, in running order */
    size_t nevent_hooks;
    const struct field *settings; /* .name is full: "leads.keep_days"; .table is NULL */
    size_t nsettings;
    const struct model_word *words; /* of what administrators declared; in force with the model */
    size_t nwords;
    struct map table_by_name, dict_by_name, rule_by_name, perm_by_name, setting_by_name;
    uint64_t made;     /* its number among those that were made while running; 0: the first */
    const char *notes; /* a line each: allowed, but perhaps a slip (a reference to no known table) */
};

/* What administrators declared, as read from the database. */
struct model_custom_field {
    const char *table, *name; /* name starts with x_ */
    const char *of, *group;
    enum berth_type type;
    uint32_t flags;
    int32_t max;
    const char *min; /* NULL: any */
};
/* A new key of an open dictionary, or a change to a declared one (colour, place, hidden).  Keys
 * for dictionaries that are closed or absent are passed over: their plugin may come back. */
struct model_custom_item {
    const char *dict, *key, *color;
    int64_t place;  /* before which declared item, counting from 1; 0: as declared, or at the end */
    bool hidden;
    bool firm; /* the host's own: also where the dictionary is closed */
};
/* The field that says the title in that language, where it is not empty; NULL: there is none. */
const struct field *model_said(const struct table *t, const char *locale);
/* What one of them is called; locale: one of labels_locales. */
struct model_word {
    const char *locale, *key, *text;
};
struct model_extra {
    const struct model_custom_field *fields;
    size_t nfields;
    const struct model_custom_item *items;
    size_t nitems;
    const struct model_word *words;
    size_t nwords;
};

/* NULL with err filled when a declaration is wrong or clashes: a line for each problem, naming
 * plugin, table and field and saying what to do.  What administrators declared is copied, custom
 * fields of tables that are off are passed over; descriptors live as long as the process and are
 * not copied.  extra may be NULL. */
struct model *model_build(const struct berth_plugin *const *plugins, size_t n,
                          const struct model_extra *extra, struct buf *err);
void model_free(struct model **m); /* for tests */

const struct table *model_table(const struct model *m, const char *name);
const struct field *model_field(const struct table *t, const char *name);
bool index_has(const struct index *ix, const struct field *f); /* among its columns */
const struct dict *model_dict(const struct model *m, const char *full);
const struct rule *model_rule(const struct model *m, const char *full);
const struct perm *model_perm(const struct model *m, const char *full);
const struct tile *model_tile(const struct model *m, const char *full);
const struct route *model_route(const struct model *m, const char *method, const char *path); /* of a plugin; path may be NULL */
const struct report *model_report(const struct model *m, const char *full);
const struct field *model_setting(const struct model *m, const char *full);

/* What is wrong with a name of a table or a column ("is a word of SQL"), or NULL. */
const char *model_name_problem(const char *name);
const char *model_name_taken(const char *name); /* of a table: begins as what the host keeps for itself; or NULL */

/* "text", "money" ... as REST and custom fields name them; BERTH_NULL when there is no such. */
const char *model_type_name(enum berth_type t);
enum berth_type model_type(const char *name);

/* The first name in a filter text that is no field of t, or NULL.  A light look: the record layer
 * compiles filters and says the rest. */
const char *model_filter_unknown(const struct table *t, const char *filter, size_t *len_r);
/* Whether "@name" is a value that every filter knows ("@me") and not a field's. */
bool model_macro(const char *name, size_t n);

static inline bool type_is_text(enum berth_type t)
{
    return (t >= BERTH_TEXT && t <= BERTH_URL) || t == BERTH_PICK || t == BERTH_JSON;
}

static inline bool field_is_number(const struct field *f)
{
    return f->type == BERTH_INT || f->type == BERTH_REAL || f->type == BERTH_MONEY;
}

/* Several picks or refs are stored in one text column as "|a|b|". */
static inline bool field_is_text(const struct field *f)
{
    return type_is_text(f->type) || (f->flags & BERTH_MANY) != 0;
}

/* The column by which a list is sorted. */
static inline const struct field *field_order(const struct field *f)
{
    return f->order != NULL ? f->order : f;
}

#endif
