/* app.c - from request to handler and back. */
#include "web/app.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/blame.h"
#include "base/log.h"
#include "base/when.h"
#include "record/audit.h"
#include "record/config.h"
#include "web/body.h"
#include "web/pages.h"

const char app_csp[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-src 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types vue ProseMirrorClipboard";

const struct http_pair app_headers[] = {
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "same-origin"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Cache-Control", "no-store"},
    {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox"},
    {NULL, NULL},
};

struct thread {
    struct db_conn *conn; /* only while it works at something; NULL: none yet */
};

void *app_thread_new(void *data)
{
    (void)data;
    blame_thread();
    return mem_alloc(sizeof(struct thread));
}

void app_thread_free(void *data, void *thread)
{
    (void)data;
    free(thread);
}

static struct db_conn *conn_of(const struct http_req *req)
{
    struct thread *t = req->thread;

    if (t->conn == NULL)
        t->conn = db_reader(((struct app *)http_data(req))->st->db, NULL);
    return t->conn;
}

static void let_go(void *thread)
{
    db_conn_close(&((struct thread *)thread)->conn);
}

/* ---- routes ----------------------------------------------------------------------------- */
static bool match_part(struct call *k, const char *pattern, size_t n, const char *part, size_t len)
{
    char *end;

    if (n > 2 && pattern[0] == '{') {
        if (strncmp(pattern, "{id}", n) == 0) {
            if (part[0] < '1' || part[0] > '9' || len > 18)
                return false;
            k->id = strtoll(part, &end, 10);
            return end == part + len;
        }
        if (len == 0 || part[0] == '_')
            return false; /* what is the host's own */
        if (strncmp(pattern, "{table}", n) == 0)
            k->t = map_getn(&k->c.m->table_by_name, part, len);
        else
            k->name = arena_strndup(k->req->arena, part, len);
        return true;
    }
    return n == len && memcmp(pattern, part, n) == 0;
}

/* Both behind "/api/". */
static bool match(struct call *k, const char *pattern, const char *path)
{
    for (;; pattern++, path++) {
        size_t n, len;

        if (*pattern != '{' && *pattern != *path) /* most of them */
            return false;
        n = strcspn(pattern, "/");
        len = strcspn(path, "/");
        if (!match_part(k, pattern, n, path, len))
            return false;
        pattern += n;
        path += len;
        if (*pattern != '/' || *path != '/')
            return *pattern == *path;
    }
}

const struct route_entry *const routes_all[] = {
    routes_auth, routes_start, routes_meta, routes_jobs, routes_openapi, routes_admin, routes_recycle, routes_alerts, routes_approvals,
    routes_home, routes_events, routes_look, routes_dups, routes_rights, routes_reports, routes_rest, routes_files, routes_notes,
    routes_mail, routes_channels,
    /* administration */
    routes_registry, routes_roles, routes_sessions, routes_scripts, routes_script_try, routes_upkeep, routes_config, NULL};

/* Every request looks for its route.  Most are passed over by the number of their parts and by how the last one begins;
 * '{': it takes several. */
struct known_route {
    const struct route_entry *r;
    int parts;
    char last;
};
enum { ROUTES_MAX = 256 };
static struct known_route known_routes[ROUTES_MAX + 1];

static struct known_route shape(const char *path)
{
    struct known_route s = {.last = *path};

    for (; *path != '\0'; path++)
        if (*path == '/') {
            s.parts++;
            s.last = path[1];
        }
    return s;
}

static void know_routes(void)
{
    size_t n = 0;

    for (const struct route_entry *const *all = routes_all; *all != NULL; all++)
        for (const struct route_entry *r = *all; r->method != NULL && n < ROUTES_MAX; r++) {
            known_routes[n] = shape(r->path);
            known_routes[n++].r = r;
        }
}

const struct route_entry *app_route(struct call *k, bool *path_known)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    const char *method = http_method_name(k->req->method == HTTP_HEAD ? HTTP_GET : k->req->method);
    const struct known_route asked = shape(k->req->path);
    const struct route_entry *own;

    *path_known = false;
    if ((own = ext_find(k, path_known)) != NULL) /* before "/api/{table}/{name}" takes it for a table's */
        return own;
    pthread_once(&once, know_routes);
    for (const struct known_route *r = known_routes; r->r != NULL; r++) {
        if (r->parts != asked.parts || (r->last != '{' && r->last != asked.last) ||
            !match(k, r->r->path + strlen("/api/"), k->req->path + strlen("/api/")))
            continue;
        *path_known = true;
        if (strcmp(r->r->method, method) == 0)
            return r->r;
    }
    return NULL;
}

/* ---- who asks --------------------------------------------------------------------------- */
static const char *cookie_name(const struct app *app)
{
    return app->secure ? "__Host-berth" : "berth_session";
}

static void find_secret(struct call *k)
{
    const char *auth = http_header(k->req, "Authorization");

    if (auth != NULL && strncasecmp(auth, "Bearer ", 7) == 0) {
        k->secret = auth + 7;
        return;
    }
    k->secret = http_cookie(k->req, cookie_name(k->app));
    k->by_cookie = k->secret != NULL;
}

/* A page of another site can make a browser send our cookie; it cannot set this header, and
 * browsers tell where a request comes from. */
static bool from_our_pages(struct call *k)
{
    const char *site = http_header(k->req, "Sec-Fetch-Site"), *origin = http_header(k->req, "Origin");
    const char *here = http_header(k->req, "Host"), *mark = http_header(k->req, "X-Berth");

    if (mark == NULL || strcmp(mark, "1") != 0)
        return false;
    if (site != NULL && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0)
        return false;
    if (origin == NULL)
        return true;
    const char *rest = strstr(origin, "://");

    return rest != NULL && here != NULL && strcasecmp(rest + 3, here) == 0;
}

static bool changes(const struct http_req *req)
{
    return req->method != HTTP_GET && req->method != HTTP_HEAD;
}

static void ctx_for(struct call *k, struct db_conn *conn, bool writing)
{
    const struct who *who = NULL;

    if (k->user != 0)
        who = who_get(k->app->st, conn, atomic_load(&k->app->st->model), k->user);
    ctx_init(&k->c, k->app->st, conn, k->req->arena, who, k->locale);
    k->c.request = k->req->id;
    k->c.ip = http_peer(k->req);
    k->c.writing = writing;
    if (k->user != 0 && who == NULL)
        ctx_fail(&k->c, BERTH_DENIED, "sign_in", "err.sign_in");
    if (k->t != NULL) /* the model may have changed since the route was found */
        k->t = model_table(k->c.m, k->t->name);
}

static void tell_denial(struct call *k)
{
    if (k->user != 0)
        audit_later(k->app->st, call_whose(k), "denied", arena_fmt(k->req->arena, "%s %s", http_method_name(k->req->method),
                    k->req->path), http_peer(k->req));
}

static enum http_begin refuse(struct call *k, int status, const char *code)
{
    if (status == 403)
        tell_denial(k);
    http_fail(k->req, status, code, ctx_text(&k->c, arena_fmt(k->req->arena, "err.%s", code), NULL));
    return HTTP_REFUSE;
}

static const char *known_params(struct call *k)
{
    struct buf names = BUF_INIT;
    const char *s;

    for (size_t i = 0; k->route->takes != NULL && k->route->takes[i] != NULL; i++)
        buf_addf(&names, "%s, ", k->route->takes[i]);
    s = arena_strdup(k->req->arena, buf_str(&names));
    buf_free(&names);
    return s;
}

static bool takes(const struct route_entry *r, const char *name)
{
    bool found = strcmp(name, "locale") == 0;

    for (size_t i = 0; r->takes != NULL && r->takes[i] != NULL && !found; i++)
        found = strcmp(r->takes[i], name) == 0 || strcmp(r->takes[i], "*") == 0;
    return found;
}

int call_no_param(struct call *k, const char *name, const char *known)
{
    k->c.args[0] = "name";
    k->c.args[1] = name;
    k->c.args[2] = "known";
    k->c.args[3] = arena_fmt(k->req->arena, "%slocale", known);
    k->c.args[4] = NULL;
    return ctx_fail(&k->c, BERTH_INVALID, "bad_request", "err.no_param");
}

bool app_takes(struct call *k)
{
    for (size_t i = 0; i < k->req->nargs; i++) {
        if (takes(k->route, k->req->args[i].name))
            continue;
        call_no_param(k, k->req->args[i].name, known_params(k));
        return false;
    }
    return true;
}

static void tell_error(struct call *k);

static enum http_begin refuse_error(struct call *k)
{
    tell_error(k);
    return HTTP_REFUSE;
}

static enum http_begin begin(struct http_req *req)
{
    struct app *app = http_data(req);
    struct call *k;
    bool known;

    if (strncmp(req->path, "/api/", 5) != 0)
        return HTTP_QUICK;
    k = arena_alloc(req->arena, sizeof(*k));
    req->user = k;
    k->app = app;
    k->req = req;
    k->locale = http_query(req, "locale") != NULL ? labels_locale(app->st->labels, http_query(req, "locale")) : NULL;
    ctx_init(&k->c, app->st, conn_of(req), req->arena, NULL, k->locale);
    k->c.request = req->id;
    if (conn_of(req) == NULL)
        return refuse(k, 503, "busy");
    k->route = app_route(k, &known);
    if (k->route == NULL)
        return refuse(k, known ? 405 : 404, known ? "method" : "not_found");
    find_secret(k);
    if (k->secret != NULL)
        k->user = session_user(k->app->st, conn_of(req), k->secret, &k->viewer);
    if (k->user != 0) {
        ctx_for(k, conn_of(req), false);
        if (k->c.rc != BERTH_OK) {
            k->user = 0;
            ctx_init(&k->c, app->st, conn_of(req), req->arena, NULL, k->locale);
            k->c.request = req->id;
        }
    }
    if (k->user == 0 && k->locale == NULL && http_header(req, "Accept-Language") != NULL)
        k->locale = k->c.locale = labels_locale(app->st->labels, http_header(req, "Accept-Language"));
    if (!(k->route->flags & R_PUBLIC) && k->user == 0)
        return refuse(k, 401, "sign_in");
    if (changes(req) && (k->by_cookie || ((k->route->flags & (R_PUBLIC | R_SIGNED)) == R_PUBLIC && k->plugin_route == NULL)) &&
        !from_our_pages(k))
        return refuse(k, 403, "csrf");
    if (changes(req) && k->viewer != 0 && !(k->route->flags & R_LOOKING))
        return refuse(k, 403, "looking");
    if ((k->route->flags & R_ADMIN) && !k->c.who->admin)
        return refuse(k, 403, "denied");
    if (strstr(k->route->path, "{table}") != NULL && (k->t == NULL || (k->t->flags & BERTH_BARE)))
        return refuse(k, 404, "not_found");
    if (!app_takes(k))
        return refuse_error(k);
    if (k->route->flags & R_UPLOAD) {
        req->body_to_file = true;
        req->body_max = app->upload_max;
        if (k->route->before != NULL && k->route->before(k) != BERTH_OK)
            return refuse_error(k);
    } else if (changes(req) && req->body_size != 0 && strcmp(http_media(req), "application/json") != 0) {
        return refuse(k, 415, "bad_type");
    }
    if (k->route->flags & R_LARGE)
        req->body_max = CONFIG_BYTES_MAX;
    return (k->route->flags & R_SLOW) ? HTTP_SLOW : HTTP_QUICK;
}

/* What is quick runs at once, mostly, and on this thread: it keeps the reader. */
enum http_begin app_begin(struct http_req *req)
{
    void *thread = req->thread;
    enum http_begin how = begin(req);

    if (how != HTTP_QUICK)
        let_go(thread);
    return how;
}

/* ---- running ----------------------------------------------------------------------------- */
static void tell_error(struct call *k)
{
    http_reset(k->req);
    k->req->status = ctx_error_json(&k->c, &k->req->out);
    if (k->c.code != NULL && (strcmp(k->c.code, "sign_in") == 0 || strcmp(k->c.code, "bad_login") == 0))
        k->req->status = 401;
    if (k->c.code != NULL && strcmp(k->c.code, "bad_request") == 0)
        k->req->status = 400;
    if (k->c.code != NULL && strcmp(k->c.code, "too_large") == 0)
        k->req->status = 413;
    if (k->req->status == 403)
        tell_denial(k);
    if (k->req->status == 503 || (k->c.code != NULL && strcmp(k->c.code, "in_flight") == 0))
        http_set(k->req, "Retry-After", "1");
    http_set(k->req, "Content-Type", "application/json; charset=utf-8");
}

static void tell(struct call *k)
{
    if (k->c.rc != BERTH_OK) {
        tell_error(k);
        return;
    }
    if (k->app_answered)
        return;
    if (k->req->status == 0)
        k->req->status = k->req->out.len == 0 ? 204 : 200;
    if (k->cookie[0] != '\0')
        http_add(k->req, "Set-Cookie", k->cookie);
    if (k->req->out.len > 0)
        http_set(k->req, "Content-Type", k->c.reply_type != NULL ? k->c.reply_type : "application/json; charset=utf-8");
}

static bool parse_body(struct call *k)
{
    json_error_t e;

    if (k->body != NULL || k->req->body_to_file || k->req->body.len == 0)
        return true;
    if (k->route->flags & R_PLAIN)
        k->given = body_plain(k->req->arena, k->req->body.s, k->req->body.len, &k->ngiven);
    if (k->given != NULL)
        return true;
    k->body = body_read(k->req->body.s, k->req->body.len, &e);
    if (k->body != NULL)
        return true;
    k->c.args[0] = "why";
    k->c.args[1] = arena_strdup(k->req->arena, e.text);
    k->c.args[2] = NULL;
    ctx_fail(&k->c, BERTH_INVALID, "bad_request", "err.bad_json");
    return false;
}

/* What is kept with what was done is made there, too. */
static void answer_kept(struct call *k)
{
    if (k->answer != NULL)
        k->answer(k);
    k->answer = NULL;
    if (k->c.rc == BERTH_OK)
        idempotency_keep(k, true);
}

static int write_body(struct db_conn *writer, void *arg)
{
    struct call *k = arg;
    int rc;

    if (http_gone(k->req)) /* nobody waits for it any more: do not begin */
        return DB_BUSY;
    ctx_for(k, writer, true);
    if (k->c.rc == BERTH_OK) {
        rc = k->route->run(k);
        if (rc != BERTH_OK)
            ctx_fail(&k->c, (enum berth_rc)rc, NULL, NULL);
    }
    if (k->c.rc == BERTH_OK && k->once != NULL)
        answer_kept(k);
    return k->c.rc == BERTH_OK ? 0 : -1000;
}

static void write_done(void *arg, int rc)
{
    struct call *k = arg;

    if (rc == 0)
        ctx_run_done(&k->c);
    else if (rc != -1000) { /* the commit itself failed: nothing of this is true */
        ctx_clear(&k->c);
        ctx_db(&k->c, rc, "commit");
    }
    if (rc == 0)
        ctx_clear(&k->c);
    idempotency_end(k);
    http_finish(k->req);
}

/* The answer is made where it is sent from, so that the writer goes on with the next. */
void app_finish(struct http_req *req)
{
    struct call *k = req->user;

    if (k->c.rc == BERTH_OK && k->answer != NULL) {
        if ((k->c.conn = conn_of(req)) != NULL)
            k->answer(k);
        else
            ctx_fail(&k->c, BERTH_BROKEN, "broken", "err.broken");
    }
    tell(k);
    let_go(req->thread);
}

/* Half an answer is none, and so is "there is no such record": not every read says that its rows ended before their end. */
static void not_cut_short(struct call *k, const struct db_conn *conn)
{
    if ((int)k->c.rc != CTX_OVERRUN && db_cut_short(conn)) {
        ctx_clear(&k->c);
        ctx_db(&k->c, DB_INTERRUPTED, "answer");
    }
}

/* False: there is an error to tell. */
static bool run_ahead(struct call *k)
{
    if (k->route->ahead == NULL)
        return true;
    db_budget(k->c.conn, when_monotonic() + k->app->inline_ms, NULL);
    k->route->ahead(k);
    db_settle(k->c.conn);
    not_cut_short(k, k->c.conn);
    if (k->c.rc == BERTH_OK || k->c.rc == BERTH_INVALID || k->c.rc == BERTH_DENIED)
        return k->c.rc == BERTH_OK;
    k->row = NULL; /* too slow for this thread, say */
    return true;
}

/* Once the writer has it, it is the writer's: req is not looked at any more. */
static enum http_next submit(struct call *k)
{
    if (idempotency_begin(k) && run_ahead(k)) {
        k->work = (struct db_work){.body = write_body, .done = write_done, .arg = k};
        if (db_submit(k->app->st->db, &k->work) == 0)
            return HTTP_LATER;
        ctx_fail(&k->c, BERTH_BUSY, "busy", "err.busy");
    }
    idempotency_end(k);
    tell(k);
    return HTTP_DONE;
}

static int late_body(struct db_conn *writer, void *arg)
{
    struct call *k = arg;

    ctx_for(k, writer, true);
    return k->c.rc == BERTH_OK && idempotency_keep(k, true) == BERTH_OK ? 0 : -1000;
}

/* What writes from a pool thread, in transactions of its own, has its answer behind them.  Lost, it is only known as done. */
static void keep_late(struct call *k)
{
    if (k->c.rc != BERTH_OK || !k->once->kept)
        return;
    db_write(k->app->st->db, late_body, k);
    ctx_clear(&k->c);
}

static enum http_next run(struct call *k)
{
    struct http_req *req = k->req;
    struct db_conn *conn = conn_of(req);
    int rc;

    if (conn != NULL)
        ctx_for(k, conn, false);
    else
        ctx_fail(&k->c, BERTH_BUSY, "busy", "err.busy");
    if (k->c.rc != BERTH_OK || !parse_body(k)) {
        tell(k);
        return HTTP_DONE;
    }
    if (k->route->flags & R_WRITE)
        return submit(k);
    if ((k->route->flags & R_SLOW) && changes(req) && !idempotency_begin(k)) {
        idempotency_end(k);
        tell(k);
        return HTTP_DONE;
    }
    db_budget(conn, req->pooled || (k->route->flags & R_SLOW) ? req->deadline
                                                              : when_monotonic() + k->app->inline_ms, NULL);
    rc = k->route->run(k);
    db_settle(conn);
    if (rc != BERTH_OK)
        ctx_fail(&k->c, (enum berth_rc)rc, NULL, NULL);
    if (!changes(req) || !(k->route->flags & R_SLOW)) /* what asks by POST, too; what is slow may have written already */
        not_cut_short(k, conn);
    if ((int)k->c.rc == CTX_OVERRUN && !req->pooled && !(k->route->flags & R_SLOW)) {
        http_reset(req);
        return HTTP_POOL;
    }
    if (k->once != NULL)
        keep_late(k);
    idempotency_end(k);
    tell(k);
    return HTTP_DONE;
}

enum http_next app_run(struct http_req *req)
{
    void *thread = req->thread;
    enum http_next next;

    if (req->user == NULL) {
        if (!pages_serve(((struct app *)http_data(req))->pages, req))
            static_serve(((struct app *)http_data(req))->ui, req);
        return HTTP_DONE;
    }
    next = run(req->user);
    let_go(thread);
    return next;
}

void app_done(struct http_req *req)
{
    struct call *k = req->user;

    if (k != NULL)
        json_decref(k->body);
    let_go(req->thread); /* it may have ended before it ran */
}

/* The HTTP layer speaks English: what it refuses is told in the reader's language where there is a text. */
void app_error(struct http_req *req, int status, const char *code, const char *message)
{
    const struct labels *l = ((struct app *)http_data(req))->st->labels;
    const struct call *k = req->user; /* NULL: refused before anybody looked who asks */
    const char *asked = http_header(req, "Accept-Language"), *text;
    const char *locale = k != NULL && k->c.locale != NULL ? k->c.locale : labels_locale(l, asked == NULL ? "" : asked);

    (void)status;
    text = labels_find(l, locale, arena_fmt(req->arena, "err.http.%s", code));
    if (text == NULL)
        text = message;
    http_error_json(req, code, text);
}

/* ---- for handlers -------------------------------------------------------------------------- */
struct json call_json(struct call *k)
{
    return json_to(&k->req->out);
}

const char *call_label(struct call *k, const char *key)
{
    return labels_get(k->app->st->labels, k->c.locale, key);
}

const char *call_label_or(struct call *k, const char *key, const char *otherwise)
{
    const char *s = labels_find(k->app->st->labels, k->c.locale, key);

    return s != NULL ? s : otherwise;
}

const char *call_about(struct call *k, const char *key)
{
    return call_label_or(k, call_fmt(k, "$?", key, ""), NULL);
}

const char *call_fmt(struct call *k, const char *fmt, const char *a, const char *b)
{
    struct buf out = BUF_INIT;
    const char *s;

    for (; *fmt != '\0'; fmt++) {
        if (*fmt == '$') {
            buf_puts(&out, a);
            a = b;
        } else {
            buf_putc(&out, *fmt);
        }
    }
    s = arena_strdup(k->req->arena, buf_str(&out));
    buf_free(&out);
    return s;
}

int call_job(struct call *k, int64_t job, const char *with, int64_t id)
{
    struct json j = call_json(k);

    if (k->c.rc != BERTH_OK)
        return k->c.rc;
    k->req->status = 202;
    json_open(&j, '{');
    json_number(&j, "job", job);
    if (with != NULL)
        json_number(&j, with, id);
    json_close(&j, '}');
    return k->c.rc;
}

void call_made(struct call *k, int64_t id)
{
    static const char api[] = "/api/";
    char *place = arena_alloc(k->req->arena, sizeof(api) + strlen(k->t->name) + 1 + JSON_INT_MAX);

    json_digits(stpcpy(stpcpy(stpcpy(place, api), k->t->name), "/"), id); /* its end is zero */
    k->req->status = 201;
    http_set(k->req, "Location", place);
}

int call_bad(struct call *k, const char *name)
{
    k->c.args[0] = "name";
    k->c.args[1] = arena_strdup(k->req->arena, name);
    k->c.args[2] = NULL;
    return ctx_fail(&k->c, BERTH_INVALID, "bad_request", "err.bad_param");
}

int call_slow_down(struct call *k, int wait)
{
    http_fail(k->req, 429, "slow_down", ctx_text(&k->c, "err.slow_down", NULL));
    http_set(k->req, "Retry-After", arena_fmt(k->req->arena, "%d", wait));
    k->app_answered = true;
    return BERTH_OK;
}

int64_t call_number(struct call *k, const char *name, int64_t dflt, int64_t min, int64_t max)
{
    const char *s = http_query(k->req, name);
    char *end;
    long long v;

    if (s == NULL || *s == '\0')
        return dflt;
    v = strtoll(s, &end, 10);
    if (*end != '\0' || v < min || v > max) {
        call_bad(k, name);
        return dflt;
    }
    return v;
}

const json_t *call_object(struct call *k)
{
    if (json_is_object(k->body))
        return k->body;
    ctx_fail(&k->c, BERTH_INVALID, "bad_request", "err.bad_body");
    return NULL;
}

const char *call_string(struct call *k, const char *key)
{
    return json_string_value(json_object_get(k->body, key));
}

void call_user(struct call *k, struct json *j, const struct who *w)
{
    json_open(j, '{');
    json_number(j, "id", w->id);
    json_text(j, "name", w->name);
    json_text(j, "login", w->login);
    json_text(j, "locale", *w->locale != '\0' ? w->locale : k->app->st->company.locale);
    json_flag(j, "admin", w->admin);
    json_close(j, '}');
}

int64_t call_whose(const struct call *k)
{
    return k->viewer != 0 ? k->viewer : k->user;
}

void call_viewer(struct call *k, struct json *j)
{
    const struct who *w = k->viewer == 0 ? NULL : who_get(k->app->st, k->c.conn, k->c.m, k->viewer);

    json_key(j, "viewer");
    if (w != NULL)
        call_user(k, j, w);
    else
        json_nil(j);
}

void call_cookie(struct call *k, const char *secret)
{
    snprintf(k->cookie, sizeof(k->cookie), "%s=%s; Path=/; HttpOnly; SameSite=Lax%s%s", cookie_name(k->app), secret,
             k->app->secure ? "; Secure" : "", *secret == '\0' ? "; Max-Age=0" : "");
}

struct inner {
    struct call *k;
    int (*body)(struct call *, void *);
    void *arg;
};

static int inner_body(struct db_conn *writer, void *arg)
{
    struct inner *in = arg;

    ctx_for(in->k, writer, true);
    if (in->k->c.rc == BERTH_OK)
        in->body(in->k, in->arg);
    if (in->k->c.rc == BERTH_OK && in->k->once != NULL && !in->k->once->nothing)
        idempotency_keep(in->k, false);
    return in->k->c.rc == BERTH_OK ? 0 : -1000;
}

int call_write(struct call *k, int (*body)(struct call *k, void *arg), void *arg)
{
    struct inner in = {k, body, arg};
    struct db_conn *reader = k->c.conn;
    int rc;

    db_settle(reader);
    rc = db_write(k->app->st->db, inner_body, &in);
    k->c.conn = reader;
    if (rc == 0) {
        ctx_run_done(&k->c);
        ctx_clear(&k->c);
        if (k->once != NULL && !k->once->nothing)
            k->once->kept = true;
    } else if (rc != -1000) {
        ctx_clear(&k->c);
        ctx_db(&k->c, rc, "commit");
    }
    k->c.writing = false;
    return k->c.rc;
}
