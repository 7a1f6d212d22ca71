/* berth.h - the one public header for Berth plugins.  C11, nothing but the C library.
 *
 * A plugin is a shared object exporting one symbol, berth_plugin_entry, which
 * BERTH_PLUGIN() writes.  What a plugin offers the host is const data: tables,
 * dictionaries, actions, views, routes, hooks, rules, timers.  What the host offers a
 * plugin is the function table `host`.
 *
 * Memory   Descriptors live as long as the process; plugins are never unloaded.
 *          What the host returns lives until the callback's ctx ends: never free
 *          it, never keep it.  What you pass in, the host copies before returning.
 * Errors   0 is success, negative is enum berth_rc.  The first failure sticks to the
 *          ctx: later calls do nothing and return nil, NULL or that code, so a
 *          callback may check once, at the end, with `return host->rc(c);`.
 * Threads  A ctx belongs to one thread.  Keep no mutable globals: use host->state(c).
 *          Callbacks that write (actions, hooks, timers) run inside the one write
 *          transaction of the database: be brief, never wait for the network there.
 * Growth   Members and enum values are only ever appended, and zero always means
 *          "as before".  Lists end with {0}.  doc: share/doc/abi.md
 */
#ifndef BERTH_H
#define BERTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __GNUC__ /* leaving out the last members is how descriptors are written */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#endif

#define BERTH_MAGIC 0x31545242u /* "BRT1" */
#define BERTH_ABI_MAJOR 0       /* changes when old plugins can no longer load; 0: still moving */
#define BERTH_ABI_MINOR 1       /* changes when something is appended */
#ifndef BERTH_ABI_TARGET        /* define lower before #include to load on older hosts */
#define BERTH_ABI_TARGET BERTH_ABI_MINOR
#endif
#define BERTH_EXPORT __attribute__((visibility("default")))
#define BERTH_PRINTF(f, a) __attribute__((format(printf, f, a)))

struct berth_ctx;  /* one request, hook, job or timer tick: user, transaction, arena */
struct berth_row;  /* one record, with its table's field names */
struct berth_rows; /* a cursor over a stable list of records */

enum berth_rc {
    BERTH_OK = 0,
    BERTH_INVALID = -1,   /* a value breaks a rule; names a field   HTTP 422 */
    BERTH_DENIED = -2,    /* the user may not do this               HTTP 403 */
    BERTH_NOT_FOUND = -3, /*                                        HTTP 404 */
    BERTH_CONFLICT = -4,  /* unique or duplicate key, stale version HTTP 409 */
    BERTH_BUSY = -5,      /* try again: lock or limit               HTTP 503 */
    BERTH_BROKEN = -6,    /* a bug or a lost resource; logged       HTTP 500 */
    BERTH_FULL = -7,      /* the disk is full                       HTTP 507 */
};
enum berth_level { BERTH_DEBUG, BERTH_INFO, BERTH_WARN, BERTH_ERROR };

/* ---- values ---------------------------------------------------------------- */
enum berth_type {
    BERTH_NULL,
    BERTH_TEXT,  /* one line; .of may name how duplicates are compared: "company", "code"; or what it names, chosen
                    from a list: "@table", "@pooled" a table, "@field", "@date" a field of the table that the
                    record is about (its on_table, or its pool's), "@fields" several: "name, city"; "@fields lead"
                    always of that table, those that people fill in */
    BERTH_LONG,  /* several lines */
    BERTH_PHONE, /* text; compared as E.164 with the record's `country` as default; .of "fax" etc.
                    keeps a kind of number apart from the others */
    BERTH_EMAIL, /* text */
    BERTH_URL,   /* text */
    BERTH_INT,
    BERTH_REAL,
    BERTH_BOOL,
    BERTH_MONEY, /* int64 in 1/10000 of the unit named by .of, e.g. "CNY", or "@currency": by that choice of the
                    record, empty as NULL; .of NULL: the company's */
    BERTH_DATE,  /* days since 1970-01-01 */
    BERTH_TIME,  /* milliseconds since 1970-01-01T00:00Z */
    BERTH_PICK,  /* key in the dictionary named by .of: "status" of the same plugin or "base.country" */
    BERTH_REF,   /* id in the table named by .of ("@self" in an action's form: the action's own table);
                    0 is never an id */
    BERTH_FILE,  /* id of a stored file; in an action's form: of one that was attached to the record just before.
                    .of "image": a phone offers its camera */
    BERTH_JSON,  /* text holding one JSON value */
    BERTH_ROW,   /* a whole record: arguments of rules and events only */
};
struct berth_val {
    int32_t type; /* enum berth_type; text-like types all arrive as their own type */
    int32_t len;  /* bytes, for text; -1: up to the NUL */
    union {
        int64_t i;
        double d;
        const char *s; /* NUL-terminated UTF-8 */
        struct berth_row *row;
    };
};
#define berth_nil() ((struct berth_val){0})
#define berth_i(v) ((struct berth_val){BERTH_INT, 0, {.i = (v)}})
#define berth_s(v) ((struct berth_val){BERTH_TEXT, -1, {.s = (v)}})
#define berth_r(v) ((struct berth_val){BERTH_ROW, 0, {.row = (v)}})
#define BERTH_NOARGS NULL, 0
#define BERTH_ARGS(...) (const struct berth_val[]){__VA_ARGS__}, \
        sizeof((const struct berth_val[]){__VA_ARGS__}) / sizeof(struct berth_val)
#define BERTH_DAY INT64_C(86400000)

/* ---- what a plugin declares ------------------------------------------------- */
enum { /* field flags; BERTH_UNIQUE and BERTH_DUPLICATE serve keys too */
    BERTH_REQUIRED = 1 << 0,
    BERTH_UNIQUE = 1 << 1,
    BERTH_INDEX = 1 << 2,     /* offered for sorting, texts as the company's language does; filters on it are fast */
    BERTH_SEARCH = 1 << 3,    /* found by the search box */
    BERTH_LIST = 1 << 4,      /* shown in lists by default */
    BERTH_FILTER = 1 << 5,    /* offered as a filter */
    BERTH_LOCKED = 1 << 6,    /* set by code only; read-only in forms, refused in requests */
    BERTH_DUPLICATE = 1 << 7, /* same normalised value = possible duplicate */
    BERTH_SECRET = 1 << 8,    /* never leaves the host, never logged: hashes of passwords and keys.  Filters
                                 name it inside all_rows() only */
    BERTH_MANY = 1 << 9,      /* several picks or refs */
    BERTH_BELONGS = 1 << 10,  /* of a ref: the record belongs to the one named.  That one's page lists
                                 it, and whoever may read that one may read it there */
    BERTH_AROUND = 1 << 11,   /* of a ref: the page also lists what belongs to the record named */
    BERTH_DUE = 1 << 12,      /* date or time: a deadline, shown as "in 3 days", red when near */
    BERTH_LISTED = 1 << 13,   /* of a ref: the page of the record named lists this one, to whoever may read this one
                                 by itself: unlike BERTH_BELONGS it opens nothing */
    BERTH_ONCE = 1 << 14,     /* of a key: no save makes a second row with these values; for tables that may hold some of an
                                 older time, which BERTH_UNIQUE could not be put on */
    BERTH_SPARSE = 1 << 15,   /* with BERTH_INDEX: empty in nearly all records, or in nearly all new ones.  The index leaves those
                                 out, so that they do not pay for it; who asks for empty ones has the table walked */
};

/* Labels are texts of the plugin's i18n files, keyed by names: "lead.phone". */
struct berth_field {
    const char *name;
    enum berth_type type;
    uint32_t flags;
    const char *of;    /* dictionary, table, unit or way of comparing: see the types */
    const char *def;   /* literal, or "@now", "@today", "@user", "@next" (number series) */
    const char *group; /* section of the form; label key "lead.group.contact" */
    const char *was;   /* the column's former name: a rename, not drop and add */
    const char *when;  /* shown and required only when this filter text holds: "status = 'lost'" */
    int32_t max;       /* characters (text: 0 means 200, long: 20,000), or the largest number (0: any); see min */
    const char *remind; /* on a date or time with BERTH_INDEX: whoever owns the record is reminded,
                           "0d, -7d" before (dates at 9 o'clock), "-15m"; birthdays: "yearly -3d" */
    const char *where; /* of a ref: which records may be chosen, filter text over the table it names.  '@self'
                          is the name of the table that has the field, or that the form's action is on;
                          "@pipeline_id" is that field of the record itself: "pipeline_id = @pipeline_id".
                          Where that is empty, the condition does not count */
    const char *min;   /* of an int, real or money: the smallest number, "0", "-90", "0.01"; NULL: any.  Held whoever saves; what
                          lies beyond min or max already keeps nobody from changing the rest */
};

struct berth_key {
    const char *on; /* "phone" or "customer_id, status" */
    uint32_t flags; /* 0 plain index, BERTH_UNIQUE, BERTH_ONCE */
};

enum { /* table flags; every table also has id, version, created_at/_by, updated_at/_by */
    BERTH_OWNED = 1 << 0,   /* owner_id and row-level permission */
    BERTH_POOLED = 1 << 1,  /* with BERTH_OWNED: records without owner lie in a pool (pool_id), are
                               claimed, released and handed over; see share/doc/pools.md */
    BERTH_CUSTOM = 1 << 2,  /* administrators may add x_ fields */
    BERTH_HISTORY = 1 << 3, /* old values kept, shown as a timeline */
    BERTH_BIN = 1 << 4,     /* deleting moves to the recycle bin */
    BERTH_DETAIL = 1 << 5,  /* rows live and die, and are seen, with their first required ref */
    BERTH_EXTEND = 1 << 6,  /* adds these fields to a table of a plugin named in .needs */
    BERTH_ADMIN = 1 << 7,   /* set up by administrators: offered under administration */
    BERTH_HIDDEN = 1 << 8,  /* no place of its own in the navigation */
    BERTH_BARE = 1 << 9,    /* only the declared columns, primary key = the first of .keys; no REST, no
                               forms: storage of the host's own bookkeeping */
    BERTH_PUBLIC = 1 << 10, /* everyone signed in may read the title and the BERTH_LIST fields */
    BERTH_PERSONAL = 1 << 11, /* with BERTH_OWNED: everyone signed in has rows of their own */
};

struct berth_table {
    const char *name;
    const struct berth_field *fields;
    const struct berth_key *keys;
    uint32_t flags;
    uint32_t version;  /* raise it when upgrade() has data to convert */
    const char *title; /* field that names a record */
    const char *icon;  /* name of an icon of the web UI */
    /* Granted to roles at install, "sales: own create; manager: tree create delete import export":
     * a scope (own, team, department, tree, all) for reading and updating ("read": only reading), then
     * what else. */
    const char *rights;
    int (*upgrade)(struct berth_ctx *, uint32_t from);
    const char *was; /* the table's former name, also when it was another plugin's: rows keep their ids,
                        and upgrade() runs with from = 0 */
    const char *kept; /* BERTH_POOLED: filter; what holds it does not fall back after mere days:
                         "status = 'converted'" */
    const char *moment; /* a time field: rows stand, by it, on the timelines of the records that
                           their references name */
    const char *nav; /* group of the navigation and place in it, "sales 10": groups stand as their first
                        tables do.  Label key "nav.sales"; NULL: under "other", last */
    const char *step; /* "next_action_on, log, next_step": the field with the day of the next step, the
                         action that does it, and (may be left out) the field that says what it is */
    const char *step_when; /* filter: whose next step still waits, "status = 'open'"; NULL: everything's */
    const char *board; /* "place, color": fields with the order of its records and (may be left out) with their
                          colour, a choice of base.color: a board by a reference to them shows all of them so */
    const char *known; /* "role_id, on_table": the fields by which a record is the same one in another installation.
                          The table is part of the configuration that goes over as one file: share/doc/config.md */
    const char *line; /* "/activities/line": the path of a GET route that reads ?text=, one line as people write it, and
                         answers what a new record would hold, for them to look at before it is saved.  Label key
                         "activity.line", an example "activity.line?"; the answer: share/doc/plugins.md */
    const char *taken; /* "lead: customer_id, contact_id": references of this table.  A row imported into that other table which is
                          a duplicate of a record that one of them names, or of one that belongs to it, is "already a ..." of this
                          table; where the other table is absent, nothing */
    const char *taken_when; /* filter: while that counts, "status = 'open'"; NULL: always */
};

struct berth_dict {
    const char *name, *keys; /* keys in order, a colour behind a colon: "open:blue, won:green" */
    uint32_t open;           /* administrators may add keys */
};

/* A rule is a question C asks and Lua may answer; def answers when no script does.
 * args: names in order; a table's name stands for a record of it, others are plain values. */
struct berth_rule {
    const char *name; /* "release_days", asked as "leads.release_days" */
    enum berth_type returns;
    const char *args, *def;
};

/* An action is an operation on records beyond create, edit and delete.  It becomes a button in
 * lists and pages, POST /api/<table>/<id>/<name>, POST /api/<table>/<name> for a selection, a
 * Lua function and an entry in the OpenAPI document; its form is drawn from .form and its values
 * are read with host->param().  run() is called with the record loaded for update inside the write
 * transaction; it saves what it changed. */
struct berth_action {
    const char *on, *name;          /* "lead", "claim"; on "@pooled": every BERTH_POOLED table */
    const char *perm;               /* NULL: may update the record; else see berth_perm */
    const struct berth_field *form; /* what to ask the user for; NULL: nothing */
    const char *when;               /* offered only when this filter holds: "owner_id empty" */
    uint32_t flags;                 /* BERTH_BULK, BERTH_DANGER, BERTH_SEEN, BERTH_EDITS */
    const char *icon;
    int (*run)(struct berth_ctx *, struct berth_row *);
    int32_t order; /* lower first, as hooks; the first few are buttons, the rest a menu */
};

enum {
    BERTH_BULK = 1 << 0,   /* on selections too */
    BERTH_DANGER = 1 << 1, /* asks before running */
    BERTH_SEEN = 1 << 2,   /* seeing the record is enough (claim); run() checks the rest, and its
                              saves are not held against the user's update scope */
    BERTH_EDITS = 1 << 3,  /* changes fields of the record itself: refused, and shown as disabled, while an
                              approval keeps the record from being edited */
};

/* A way of looking at a table offered to everyone; users save their own besides. */
enum berth_look { BERTH_AS_LIST, BERTH_AS_BOARD, BERTH_AS_CALENDAR, BERTH_AS_TREE, BERTH_AS_GRAPH };
struct berth_view {
    const char *on, *name;
    enum berth_look look;
    const char *columns;   /* "name, phone, owner_id"; NULL: the BERTH_LIST fields */
    const char *where;     /* filter text; @me, @today and @team are understood */
    const char *sort;      /* "-created_at" */
    const char *by, *from, *to; /* list groups, board column, calendar colour, tree parent; calendar start
                                   and end, .from of a board: due by */
};

/* What people may put on their home page, drawn from what they may read.  Label key "leads.tile.hot". */
enum berth_kind {
    BERTH_KPI,    /* one number: the count, or .sum */
    BERTH_BARS, BERTH_LINE, BERTH_PIE, BERTH_FUNNEL, /* the count or .sum of each group of .by */
    BERTH_TABLE,  /* the first records, with .columns */
    BERTH_TODO,   /* no tile of its own: in "my day", records that wait for one; .by: by when */
};
struct berth_tile {
    const char *on, *name;
    enum berth_kind kind;
    const char *view;    /* a declared view of the table, where a click leads; NULL: everything */
    const char *where;   /* filter text besides */
    const char *by, *sum; /* "status", "closed_on:month"; "base_amount" */
    const char *columns, *sort;
    const char *roles;   /* on whose home it stands at first, "sales, manager"; NULL: nobody's */
    int32_t order;       /* lower first */
    int32_t width;       /* of 12 columns; 0: 2 for a number, 6 for the rest */
};

/* A page with a form, charts and a table, made of what a GET route of the plugin answers.  Label keys
 * "opportunities.report.funnel" and, for parameters and columns, "opportunities.report.funnel.entered". */
struct berth_report {
    const char *name, *icon;
    const char *path;    /* of the route: "/opportunities/funnel" */
    const char *nav;     /* as a table's; NULL: not in the navigation */
    const char *on;      /* part of the page of each record of this table, asked for with id=; or NULL */
    const char *rows;    /* the member of the answer that holds the rows; NULL: "rows" */
    const struct berth_field *form;    /* the route's parameters */
    const struct berth_field *columns; /* members of a row */
    const char *charts;  /* kind, label column, number columns: "funnel name count; bar name amount weighted" */
};

/* What may wait for approval from the start.  Installed once, as data that administrators change
 * (share/doc/approval.md); its name is label "customer.approval_flow.deal". */
struct berth_approval {
    const char *on, *name; /* "customer", "deal" */
    const char *starts;    /* what waits: "ask" (somebody asks for it), "create", "change" (any edit), "change credit_limit" (any
                              change of the field), "change status = sent" (its becoming that), "action close", "delete",
                              "restore" (out of the recycle bin) */
    const char *steps;     /* one after the other: "superior; head 2 all; role manager; perm customers.approve; field owner_id" */
    const char *state;     /* a choice with the keys requested, approved and rejected that tells how it stands; NULL: none.
                              A hook on it may keep more: host->user() is who decided, host->param("note") what they said */
    const char *locks;     /* an edit while it waits: "all" is refused (NULL), "restart" begins it anew, "none" is free */
    uint32_t off;          /* an administrator switches it on */
};

struct berth_route { /* for what is no table and no action: webhooks, feeds */
    const char *method, *path; /* "/callcenter/incoming", under /api */
    const char *perm;          /* NULL: signed in is enough */
    int (*run)(struct berth_ctx *);
    uint32_t flags; /* BERTH_OPEN */
};
enum {
    BERTH_OPEN = 1 << 0, /* nobody has to sign in: the ctx has no user and reaches no record, see as_user() */
};

enum { /* hook points */
    BERTH_BEFORE = 1 << 0, /* may change ev->row or fail */
    BERTH_AFTER = 1 << 1,  /* same transaction */
    BERTH_DONE = 1 << 2,   /* committed: mail, events to others; reads only */
    BERTH_INSERT = 1 << 4,
    BERTH_UPDATE = 1 << 5,
    BERTH_DELETE = 1 << 6, /* also to the recycle bin */
    BERTH_EVENT = 1 << 7,  /* topic in .on */
};

struct berth_event {
    uint32_t when;  /* exactly one of each group of bits above */
    const char *on; /* table or topic */
    struct berth_row *row, *old; /* old is NULL on insert and for topics; row on delete is the old one */
};

struct berth_hook {
    uint32_t when;
    const char *on; /* "lead", "@pooled", "*" (every table), or a topic */
    int (*run)(struct berth_ctx *, struct berth_event *);
    int32_t order;  /* lower first; ties in load order */
};

/* Each due time is run once, whatever happens to clock and process; what was missed while the host was down is
 * made up for by one run.  run() returns 0 when all is done, more than 0 to be called again in another transaction.
 * Label key "leads.timer.release".  doc: share/doc/jobs.md */
struct berth_timer {
    const char *name, *every; /* "10m", "1h", "daily 02:00"; cron: "0 8 * * mon-fri", "0 9 1 * * next_workday";
                                 all by the company's time zone and working calendar */
    int (*run)(struct berth_ctx *);
    int32_t attempts; /* tries of a run that fails; 0: five */
    const char *wait; /* before the second, doubled with each; NULL: "30s" */
};

struct berth_perm {
    const char *name, *roles; /* "claim", asked as "leads.claim"; roles granted at install: "sales, manager" */
};

/* Powers a plugin asks for; the operator grants them in berth.conf (grant.<plugin> = sql net). */
enum { BERTH_CAP_SQL = 1 << 0, BERTH_CAP_NET = 1 << 1, BERTH_CAP_ALL_ROWS = 1 << 2 };

struct berth_plugin {
    uint32_t magic, abi_major, abi_minor; /* BERTH_PLUGIN() fills these, size, stride */
    uint16_t size, stride[11]; /* table field key dict perm rule action view route hook timer */
    const char *name;    /* lower case; prefix of its rules, perms, settings and dictionaries */
    const char *version; /* its own, "1.4.0" */
    const char *needs;   /* "base, customers >= 1.2" */
    uint32_t caps;
    const struct berth_table *tables;
    const struct berth_dict *dicts;
    const struct berth_field *settings; /* typed settings, with a form for free */
    const struct berth_perm *perms;
    const struct berth_rule *rules;
    const struct berth_action *actions;
    const struct berth_view *views;
    const struct berth_route *routes;
    const struct berth_hook *hooks;
    const struct berth_timer *timers;
    int (*open)(struct berth_ctx *, void **state); /* once, after the tables exist */
    void (*close)(void *state);
    uint16_t stride2[4]; /* BERTH_PLUGIN() fills it: tile report approval */
    const struct berth_tile *tiles;
    const struct berth_report *reports;
    const struct berth_approval *approvals;
};

/* ---- falling back: share/doc/pools.md --------------------------------------- */
enum berth_to { BERTH_TO_OWNER, BERTH_TO_MANAGER, BERTH_TO_ADMINS }; /* the pool's administrators */
struct berth_remind {
    int64_t at;
    uint32_t to, high; /* enum berth_to; high: at high risk */
    const char *text;  /* the rule's words; may be NULL */
};
struct berth_due {
    int64_t at, pool_id; /* 0: it does not fall back */
    const char *why;
    size_t nremind;      /* reminders that are due and have not been handed out before */
    struct berth_remind remind[8];
};

/* ---- what the host offers --------------------------------------------------- */
enum { BERTH_NOTICE, BERTH_IMPORTANT, BERTH_URGENT }; /* the last: in quiet hours too */

/* Something that people are to hear of.  Raised in a write transaction, it is there with the commit.
 * Each person has it once: raised again under the same key it does nothing, or moves the one that
 * still waits.  Who may not see the record at the due time does not hear of it. */
struct berth_alert {
    const char *text;        /* i18n key; {placeholders} from args.  The record's title stands beside it */
    const char *const *args; /* name, value, ..., NULL */
    const char *key;         /* "pools.soon:lead:7:2026-11-30"; NULL: always another one */
    struct berth_row *about; /* the record; NULL: none */
    const int64_t *people;   /* users */
    size_t npeople;          /* 0: the owner of the record */
    int64_t due_at;          /* ms; 0: at once */
    int32_t severity;
    int32_t escalate;        /* minutes after which, not done, the superior hears of it; 0: never */
};

/* Whom one record is shared with, or shall be.  doc: share/doc/rights.md */
struct berth_share {
    int64_t user_id, department_id, role_id; /* one of them, the others 0; a team has people only */
    const char *part;     /* what for, at most 60 characters: "documents"; NULL */
    int64_t until_at;     /* ms; 0: until it is taken back */
    bool team, cooperate; /* stands in the record's team; works on it: false: reads it */
    bool quiet;           /* of share() only: the person is not told, something else does */
    int64_t id, by, at;   /* of shares() only: its number, the user who gave it, since when in ms */
};
struct berth_shares {
    bool may;     /* the user may share the record; guests may not, though the ctx see all rows */
    int32_t left; /* room for so many more */
    const struct berth_share *const *of; /* those that count now, the team first; NULL behind the last */
};

/* What host->totals() tells of one group of records. */
struct berth_total {
    struct berth_val key[2]; /* by the fields that grouped */
    int64_t count;
    struct berth_val sum[8]; /* of the fields that were added up; of the field's type; the latest: nil where there is none */
};

struct berth_api {
    uint32_t size, abi_major, abi_minor;

    void (*log)(struct berth_ctx *, enum berth_level, const char *fmt, ...) BERTH_PRINTF(3, 4);
    /* Fails the ctx; key is an i18n key ("leads.err.limit"); field may be NULL.  Returns rc. */
    int (*error)(struct berth_ctx *, enum berth_rc, const char *field, const char *key);
    int (*rc)(struct berth_ctx *);              /* the sticky error, or BERTH_OK */
    void *(*alloc)(struct berth_ctx *, size_t); /* zeroed, in the arena; never NULL */
    char *(*fmt)(struct berth_ctx *, const char *fmt, ...) BERTH_PRINTF(2, 3);
    void *(*state)(struct berth_ctx *);
    int64_t (*now)(struct berth_ctx *); /* ms; fixed for the life of the ctx */
    /* Records: hooks, permissions and the recycle bin all apply.  where is filter text with ?
     * for args: "owner_id = ? and status <> 'lost' order by touched_at limit 100", or a filter in its
     * JSON form (share/doc/rest.md). */
    struct berth_row *(*make)(struct berth_ctx *, const char *table);
    struct berth_row *(*load)(struct berth_ctx *, const char *table, int64_t id);
    struct berth_rows *(*find)(struct berth_ctx *, const char *table, const char *where,
                               const struct berth_val *args, size_t n);
    struct berth_row *(*next)(struct berth_rows *); /* NULL at the end; takes NULL */
    int64_t (*count)(struct berth_ctx *, const char *table, const char *where,
                     const struct berth_val *args, size_t n); /* counts at most 10,000 */
    const char *(*table)(const struct berth_row *);           /* its name */
    struct berth_val (*get)(const struct berth_row *, const char *field);
    void (*set)(struct berth_row *, const char *field, struct berth_val);
    int (*save)(struct berth_ctx *, struct berth_row *); /* insert or update; a new record of the host's own tables
                                                            keeps id 0 while it waits for approval */
    int (*drop)(struct berth_ctx *, struct berth_row *); /* stays where it is, without an error, while its deletion waits for approval */
    /* Runs body as one step: all of its changes or, when it fails, none; clears body's error. */
    int (*step)(struct berth_ctx *, int (*body)(struct berth_ctx *, void *), void *);
    struct berth_rows *(*sql)(struct berth_ctx *, const char *sql, /* BERTH_CAP_SQL */
                              const struct berth_val *args, size_t n);
    struct berth_val (*rule)(struct berth_ctx *, const char *name,
                             const struct berth_val *args, size_t n);
    struct berth_val (*setting)(struct berth_ctx *, const char *name); /* "leads.keep_days" */
    int64_t (*user)(struct berth_ctx *); /* 0 in timers and jobs of the host */
    bool (*can)(struct berth_ctx *, const char *perm);
    const char *(*tr)(struct berth_ctx *, const char *key); /* in the user's language */
    int (*emit)(struct berth_ctx *, const char *topic, struct berth_row *); /* a hook may refuse */
    /* A line in the record's history beside field changes: op is an i18n key's last part. */
    int (*note)(struct berth_ctx *, struct berth_row *, const char *op, const char *text);
    struct berth_val (*param)(struct berth_ctx *, const char *name); /* form, path, query, body */
    int (*reply)(struct berth_ctx *, int status, const char *json);
    int (*reply_row)(struct berth_ctx *, struct berth_row *);
    int (*reply_rows)(struct berth_ctx *, struct berth_rows *);
    /* BERTH_CAP_ALL_ROWS: body sees and changes every record; the user stays who did it. */
    int (*all_rows)(struct berth_ctx *, int (*body)(struct berth_ctx *, void *), void *);
    int (*alert)(struct berth_ctx *, const struct berth_alert *, size_t size); /* see berth_alert() */
    int (*alert_over)(struct berth_ctx *, const char *key); /* it is settled, for everybody */
    bool (*has)(struct berth_ctx *, const char *table); /* whether some enabled plugin declares it */
    /* The record that a reference names, loaded; NULL when it is empty, the table is off, or the user
     * may not see the record.  No error. */
    struct berth_row *(*ref)(struct berth_ctx *, const struct berth_row *, const char *field);
    int64_t (*today)(struct berth_ctx *);                /* the day it is where the company is */
    int64_t (*midnight)(struct berth_ctx *, int64_t day); /* the ms at which a day begins there */
    /* BERTH_CAP_ALL_ROWS: body runs as that user, with his rights; BERTH_NOT_FOUND when he left. */
    int (*as_user)(struct berth_ctx *, int64_t user, int (*body)(struct berth_ctx *, void *), void *);
    const char *(*secret)(struct berth_ctx *);                 /* 32 characters nobody can guess, fit for URLs */
    const char *(*hash)(struct berth_ctx *, const char *text); /* what to keep of a secret, 64 characters */
    int (*reply_text)(struct berth_ctx *, int status, const char *mime, const char *text);
    /* The names of all tables that have these flags; NULL behind the last. */
    const char *const *(*tables)(struct berth_ctx *, uint32_t flags);
    /* Asks the rules when an owned record falls back, as they are now; sets its due_ fields. */
    int (*due)(struct berth_ctx *, struct berth_row *, struct berth_due *);
    /* Adds up what find() with this filter would return: group "stage_id,closed_on:month" (up to two), sum
     * "amount,weighted", of dates and times the latest; each is told every group, the largest first.  Stops counting after
     * a second. */
    int (*totals)(struct berth_ctx *, const char *table, const char *where, const struct berth_val *args, size_t n,
                  const char *group, const char *sum, int (*each)(struct berth_ctx *, const struct berth_total *, void *),
                  void *arg);
    /* What is saved in this ctx from here on takes the place of that record (of up to four): it is no
     * duplicate of it. */
    void (*succeeds)(struct berth_ctx *, const struct berth_row *);
    /* Files, notes, tags and followers of `from` go to what it becomes; back: whatever of them is still there. */
    int (*carry)(struct berth_ctx *, const struct berth_row *from, const struct berth_row *to);
    int (*carry_back)(struct berth_ctx *, const struct berth_row *from);
    /* A route's answer in JSON, piece by piece; values as share/doc/rest.md says.  name: of an object's member;
     * NULL in a list and for the whole.  Closing the outermost bracket sends the answer; where totals() stopped
     * early it says "exact": false, and report pages do. */
    void (*json_open)(struct berth_ctx *, const char *name, char bracket); /* '{' or '[' */
    void (*json)(struct berth_ctx *, const char *name, struct berth_val);
    int (*json_close)(struct berth_ctx *); /* the innermost */
    /* Into the outbox: a mail_template with the record's fields in it, and the template's files.  to NULL: the record's own e-mail address;
     * locale NULL: the company's language.  What is no address is BERTH_INVALID. */
    int (*mail)(struct berth_ctx *, const struct berth_row *about, int64_t template_id, const char *to, const char *locale);
    /* The n-th working day behind `day` (before it: n < 0) by the calendar that administrators keep for a country
     * ("VN"; NULL: the company's); n = 0: the day itself when it is worked, else the next that is. */
    int64_t (*workday)(struct berth_ctx *, const char *country, int64_t day, int32_t n);
    /* Asks for approval of the record in the flow of that name (one that is declared: "customers.deal"), or in the
     * first that people may ask for (NULL).  BERTH_CONFLICT while one waits already. */
    int (*ask)(struct berth_ctx *, struct berth_row *, const char *flow, const char *note);
    /* How the last approval of the record stands: "open", "returned", "approved", "rejected", "withdrawn"; NULL: there
     * was none.  flow as above. */
    const char *(*approval)(struct berth_ctx *, const struct berth_row *, const char *flow);
    /* Into the outbox, by "mail" or a channel that administrators switched on ("sms", "telegram", "webhook"): share/doc/
     * channels.md.  subject may be NULL but for mail; about: on whose timeline it stands, or NULL.  BERTH_INVALID names
     * what is wrong: "channel", "to", "subject", "text". */
    int (*send)(struct berth_ctx *, const char *channel, const char *to, const char *subject, const char *text,
                const struct berth_row *about);
    /* Runs an action on the record as if the user had chosen it, whichever plugin declares it.  args: names and values of
     * its form, in turn.  Load the record again to see what became of it. */
    int (*act)(struct berth_ctx *, const struct berth_row *, const char *action, const struct berth_val *args, size_t n);
    /* What REST offers around records, from inside, with the rights of the ctx and in its transaction: notes, tags,
     * followers, shares, files, the timeline, alerts, approvals, mail, jobs ...; which: share/doc/rest.md.
     *     host->call(c, host->fmt(c, "POST /lead/%lld/_note", id), BERTH_ARGS(berth_s("text"), berth_s("Hello")))
     * args: names and values in turn, members of the body or parameters of the address; lists are BERTH_JSON.  The answer's
     * JSON, "" where there is none; NULL after an error.  Where nothing may be written: GET only. */
    const char *(*call)(struct berth_ctx *, const char *what, const struct berth_val *args, size_t n);
    /* One value of such JSON: "files.0.name".  Text, BERTH_INT, BERTH_REAL, BERTH_BOOL; objects and lists as BERTH_JSON; nil
     * when it is not there. */
    struct berth_val (*json_at)(struct berth_ctx *, const char *json, const char *path);
    /* Puts a file on the record: a new document, or with `replaces` (any version's id) a new version of that one.  Rights,
     * quota, type and virus scanner are asked as for people; BERTH_BUSY when the scanner keeps silent for two seconds.  Its
     * id, or 0. */
    int64_t (*attach)(struct berth_ctx *, const struct berth_row *, const char *name, const void *bytes, size_t n, int64_t replaces);
    /* What is in a file of a record that the user sees, at most 16 MB, with a NUL behind it; NULL after an error. */
    const void *(*file)(struct berth_ctx *, int64_t id, size_t *n);
    /* Records that the search box would offer for this text, the best first, at most 20; NULL: none. */
    struct berth_rows *(*search)(struct berth_ctx *, const char *table, const char *text, int32_t most);
    /* Text as search compares it: lower case, without tone marks and accents, simplified Chinese. */
    const char *(*fold)(struct berth_ctx *, const char *text);
    /* Gives one record to somebody, with the rights of the ctx: see berth_share().  Whom it is shared with already, has it
     * as said now.  Its number; 0 after an error: BERTH_DENIED, BERTH_INVALID (names the member), BERTH_CONFLICT (no room). */
    int64_t (*share)(struct berth_ctx *, const struct berth_row *, const struct berth_share *, size_t size);
    int (*unshare)(struct berth_ctx *, int64_t id); /* at once; whoever may share, who gave it, and who has it */
    const struct berth_shares *(*shares)(struct berth_ctx *, const struct berth_row *); /* in the arena; NULL after an error */

    /* A day (as of BERTH_DATE), n months on or back: the same day of that month, or its last.  31 January + 1 is 28 February.
     * What a month, quarter or year that begins on `day` ends with is months(day, 1, 3, 12) - 1. */
    int64_t (*months)(int64_t day, int32_t n);
};

extern const struct berth_api *host __attribute__((visibility("hidden")));

/* What a field of a record says: its number (0 when it is empty), whether it is empty, whether it is this text.  An empty
 * field says no text, and no field says NULL. */
static inline int64_t berth_number(const struct berth_row *r, const char *field)
{
    return host->get(r, field).i;
}

static inline bool berth_is_empty(const struct berth_row *r, const char *field)
{
    return host->get(r, field).type == BERTH_NULL;
}

static inline bool berth_says(const struct berth_row *r, const char *field, const char *text)
{
    struct berth_val v = host->get(r, field);

    return v.type != BERTH_NULL && text != NULL && strcmp(v.s, text) == 0;
}

#define BERTH_HAS(f) (host->size > offsetof(struct berth_api, f)) /* if BERTH_ABI_TARGET is low */
#define berth_alert(c, ...) /* berth_alert(c, .text = "pools.alert.soon", .about = lead) */           \
    host->alert((c), &(const struct berth_alert){__VA_ARGS__}, sizeof(struct berth_alert))
#define berth_share(c, row, ...) /* berth_share(c, deal, .user_id = 7, .team = true, .cooperate = true) */ \
    host->share((c), (row), &(const struct berth_share){__VA_ARGS__}, sizeof(struct berth_share))
#define BERTH_LIST_OF(t, ...) (const struct t[]){__VA_ARGS__, {0}}
#define BERTH_FIELDS(...) BERTH_LIST_OF(berth_field, __VA_ARGS__)
#define BERTH_KEYS(...) BERTH_LIST_OF(berth_key, __VA_ARGS__)
/* Fields beside the title `name`: what stands in one is shown in place of it to who reads that language.  max_: characters. */
#define BERTH_NAMES(max_)                                                                              \
    {"name_en", BERTH_TEXT, 0, .max = (max_), .group = "names"}, {"name_zh_cn", BERTH_TEXT, 0, .max = (max_), .group = "names"}, \
    {"name_zh_tw", BERTH_TEXT, 0, .max = (max_), .group = "names"}, {"name_vi", BERTH_TEXT, 0, .max = (max_), .group = "names"}
#define BERTH_PLUGIN(...)                                                                      \
    const struct berth_api *host;                                                              \
    static const struct berth_plugin berth_plugin_ = {                                         \
        BERTH_MAGIC, BERTH_ABI_MAJOR, BERTH_ABI_TARGET, sizeof(struct berth_plugin),           \
        {sizeof(struct berth_table), sizeof(struct berth_field), sizeof(struct berth_key),     \
         sizeof(struct berth_dict), sizeof(struct berth_perm), sizeof(struct berth_rule),      \
         sizeof(struct berth_action), sizeof(struct berth_view), sizeof(struct berth_route),   \
         sizeof(struct berth_hook), sizeof(struct berth_timer)},                               \
        .stride2 = {sizeof(struct berth_tile), sizeof(struct berth_report), sizeof(struct berth_approval)}, \
        __VA_ARGS__};                                                                          \
    BERTH_EXPORT const struct berth_plugin *berth_plugin_entry(const struct berth_api *api);   \
    const struct berth_plugin *berth_plugin_entry(const struct berth_api *api)                 \
    { return (host = api), &berth_plugin_; }
#endif
