/* app.h - the application behind the HTTP server: finds the route, knows the user, runs the handler
 * on the right thread, tells errors in the user's language. */
#ifndef BERTH_APP_H
#define BERTH_APP_H

#include <jansson.h>

#include "record/session.h"
#include "web/http.h"
#include "web/static.h"

struct pages;

struct app {
    struct store *st;
    const struct static_dir *ui;
    struct scripts *scripts;
    struct hub *hub;        /* events.c */
    const char *version;
    const char *public_url; /* "" or where people reach this server: https makes cookies Secure */
    bool secure, demo;
    int64_t inline_ms;      /* a read may take this long on its event thread */
    uint64_t upload_max;
    uint64_t meta_tag;      /* changes with program and labels: part of ETags */
    const struct pages *pages; /* that plugins bring */
    bool edit_scripts, backup_download; /* what the configuration lets administrators do */
    const char *database;   /* its file; NULL: another kind of database */
    int64_t started;        /* ms */
    const char *left_out;   /* plugins left out after crashes, for the administrator; "" none */
};

enum { /* route flags */
    R_PUBLIC = 1 << 0, /* no sign-in */
    R_WRITE = 1 << 1,  /* runs on the writer, inside the transaction */
    R_SLOW = 1 << 2,   /* runs on a pool thread at once */
    R_UPLOAD = 1 << 3, /* takes a file as its body */
    R_ADMIN = 1 << 4,
    R_LARGE = 1 << 6,  /* a JSON body may be as large as the configuration's file */
    R_SIGNED = 1 << 7, /* other programs call it, no page of ours; run() looks at their signature */
    R_INSIDE = 1 << 8, /* plugins and scripts call it from inside, too (inside.c): run() touches no header of k->req then */
    R_MINE = 1 << 9,   /* of R_INSIDE: about the user's own, and so not without one */
    R_SECRET = 1 << 10, /* its answer holds what is shown once and kept nowhere */
    R_PLAIN = 1 << 11, /* takes k->given in place of k->body where the body is as body_plain() has it */
    R_LOOKING = 1 << 5, /* changes something, and is for those, too, who look as another user */
};

struct call;
struct route_entry {
    const char *method, *path; /* "/api/{table}/{id}/_history" */
    unsigned flags;
    int (*run)(struct call *k); /* BERTH_OK with the answer in k->req->out, or the ctx's error */
    /* Of R_WRITE, may be NULL: what needs no writer, on a reader and before run().  An error of the
     * request is answered at once; run() does without what failed otherwise. */
    int (*ahead)(struct call *k);
    int (*before)(struct call *k); /* R_UPLOAD: may refuse before the body is read; NULL: never */
    /* TAKES("after", "limit"): the parameters of its address besides locale, which all take; "*": any; NULL: none.  What else is given
     * is refused.  Each is told of in openapi.c. */
    const char *const *takes;
    const char *about;             /* its summary in the OpenAPI document; NULL: it is not in there */
};

#define TAKES(...) .takes = (const char *const[]){__VA_ARGS__, NULL}

enum { IDEMPOTENCY_HASH = 65 };
struct idempotency { /* of a request that brought a key: idempotency.c */
    int64_t user;
    const char *key;
    char hash[IDEMPOTENCY_HASH]; /* of what it asks for */
    bool entered, kept;
    bool nothing; /* was done in the transaction at hand: there is nothing to remember */
    struct idempotency *next; /* under way, too */
};

struct call { /* one request on its way */
    struct app *app;
    struct http_req *req;
    const struct route_entry *route;
    const struct route *plugin_route; /* a plugin's own, or NULL */
    struct berth_ctx c;
    const struct table *t;  /* {table} */
    int64_t id;             /* {id} */
    const struct layout *layout; /* how administrators arranged t's fields; NULL: as declared */
    const char *name;       /* {name} */
    const char *secret;     /* the session or token that signed this request */
    bool by_cookie;
    bool inside;            /* a plugin or a script asks */
    int64_t user;
    int64_t viewer;         /* the administrator who looks as `user`, and changes nothing; 0: none does */
    const char *locale;
    json_t *body;           /* parsed JSON or NULL */
    const struct body_member *given; /* R_PLAIN: the body's members, or NULL */
    size_t ngiven;
    struct db_work work;
    struct ctx_match *matches; /* duplicates that were saved all the same */
    const struct field *const *fields; /* what the answer's record is to have; NULL: all of it */
    struct berth_row *row;  /* ahead()'s, of whom and for which rights: */
    const struct who *row_who;
    /* Set by the run() of R_WRITE: fills the answer behind the commit, on a reader. */
    int (*answer)(struct call *k);
    struct idempotency *once; /* NULL: without a key */
    int64_t shown;          /* the record of t that the answer shows; 0: none */
    bool app_answered;      /* the handler filled the request's answer itself */
    char cookie[256];       /* to be set once the transaction holds; "" none */
};

/* The tables of routes, each in the file of its subject; NULL-terminated by method. */
extern const struct route_entry routes_rest[], routes_auth[], routes_start[], routes_meta[], routes_jobs[], routes_openapi[],
    routes_admin[], routes_recycle[], routes_alerts[], routes_approvals[], routes_home[], routes_events[], routes_look[], routes_dups[],
    routes_files[], routes_notes[], routes_mail[], routes_channels[], routes_rights[], routes_reports[];
/* Of the administration. */
extern const struct route_entry routes_registry[], routes_roles[], routes_sessions[], routes_scripts[], routes_script_try[],
    routes_upkeep[], routes_config[];
/* All of them; NULL behind the last. */
extern const struct route_entry *const routes_all[];

/* reports.c: reports of scripts. */
struct script_report;
struct script_title;
bool reports_may(struct call *k, const struct script_report *r); /* the user opens it */
const char *reports_title(struct call *k, const struct script_title *t, const char *instead);
int reports_page(struct call *k); /* {name} for its page */

/* events.c: open browsers hear of alerts, changed records and jobs. */
struct hub *hub_start(struct store *st);
void hub_stop(struct hub *h);  /* before the HTTP server; the writer may still tell it things */
void hub_free(struct hub **h); /* when the writer has ended */

/* inside.c: from then on host->call() and berth.call() reach R_INSIDE routes. */
void inside_ready(struct app *app);
const struct route_entry *app_route(struct call *k, bool *path_known); /* of k->req->method and path */
bool app_takes(struct call *k); /* its route knows every parameter of the address; false fails the ctx */

/* idempotency.c.  begin: false when there is nothing to do, for the answer is there: an error, or the one given before.
 * Else end() is called once the commit is over.  keep: in the transaction of what was done; `answered`: behind the answer. */
bool idempotency_begin(struct call *k);
int idempotency_keep(struct call *k, bool answered);
void idempotency_end(struct call *k);

/* ext.c: what plugins answer themselves.  NULL: no plugin has this path; *known: with another method. */
const struct route_entry *ext_find(struct call *k, bool *known);
bool ext_may(const struct call *k); /* whether it asks for no permission that the user lacks */

enum http_begin app_begin(struct http_req *req);
enum http_next app_run(struct http_req *req);
void app_finish(struct http_req *req);
void app_done(struct http_req *req);
void app_error(struct http_req *req, int status, const char *code, const char *message);
void *app_thread_new(void *data);
void app_thread_free(void *data, void *thread);
extern const struct http_pair app_headers[];
extern const char app_csp[];

/* For handlers. */
struct json call_json(struct call *k);  /* to the answer */
/* A text in the reader's language. */
const char *call_label(struct call *k, const char *key);
const char *call_label_or(struct call *k, const char *key, const char *otherwise);
const char *call_about(struct call *k, const char *key); /* what stands under a label; NULL: nothing */
const char *call_fmt(struct call *k, const char *fmt, const char *a, const char *b); /* "$.$": a and b in their places; in the arena */
/* 202 {"job":7,"import":3} for a job that was added; with NULL: {"job":7}. */
int call_job(struct call *k, int64_t job, const char *with, int64_t id);
void call_made(struct call *k, int64_t id); /* 201, and where it is */
/* 400: there is no such parameter; known: "after, limit, ", those there are beside locale. */
int call_no_param(struct call *k, const char *name, const char *known);
int call_bad(struct call *k, const char *name); /* 400: parameter `name` is not understood */
int call_slow_down(struct call *k, int wait); /* 429: again in so many seconds */
/* A parameter as a number within limits; dflt when absent; fails the ctx when it is none. */
int64_t call_number(struct call *k, const char *name, int64_t dflt, int64_t min, int64_t max);
struct where;
/* What a list asks for: view=, filter=, q=, sort=.  *sort: the view's where none is given. */
bool call_question(struct call *k, const struct where **where, const char **search, const char **sort);
const json_t *call_object(struct call *k); /* the body, which must be an object; NULL fails */
const char *call_string(struct call *k, const char *key); /* of the body; NULL */
void call_user(struct call *k, struct json *j, const struct who *w); /* as the UI knows a user */
int64_t call_whose(const struct call *k); /* who really asks: the administrator who looks as the user, or the user */
void call_viewer(struct call *k, struct json *j); /* "viewer": the administrator who looks as the user, or null */
void call_cookie(struct call *k, const char *secret); /* "" ends it */
/* A field as the UI knows it; on, scope: of its label's key, "lead" and "action.claim." */
void meta_field(struct call *k, struct json *j, const struct field *f, const char *on, const char *scope, bool form);
void meta_plain(struct call *k, struct json *j, const struct field *f, const char *name); /* of no table: with what fits any */
const char *meta_line(struct call *k, const char *table); /* what making one of a line of text is called; NULL: it is not offered */
bool meta_report_open(struct call *k, const struct report *r); /* to the user */
/* fields= of the record that is the answer, to be asked before anything is written; false fails the ctx. */
bool call_fields(struct call *k);
/* "row":{…},"refs":{…} of that record, and no more of it than was asked for. */
void call_record(struct call *k, struct json *j, struct berth_row *r);
/* The record of the address, its opening counted where a pool caps that; NULL after an error. */
struct berth_row *call_opened(struct call *k);
/* Runs body on the writer from a pool thread and waits for the commit. */
int call_write(struct call *k, int (*body)(struct call *k, void *arg), void *arg);

#endif
