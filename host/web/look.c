/* look.c - what looking at many records asks for beyond pages: sums, neighbours, spreadsheets, and what
 * a user says of a view. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/when.h"
#include "record/aggregate.h"
#include "record/asof.h"
#include "record/export.h"
#include "record/net.h"
#include "record/view.h"
#include "web/app.h"

enum { AGGREGATE_MS = 2000, NET_MS = 700 };

static bool filter_param(struct call *k, const char *text, const struct where **out)
{
    json_t *j;
    bool ok;

    *out = NULL;
    if (text == NULL || *text == '\0')
        return true;
    j = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    if (j == NULL) {
        call_bad(k, "filter");
        return false;
    }
    ok = where_json(&k->c, k->t, j, out);
    json_decref(j);
    return ok;
}

/* tile=leads.hot: what that tile of the home page counts. */
static bool tile_param(struct call *k, const char *name, struct view_use *use)
{
    const struct tile *x = name == NULL || *name == '\0' ? NULL : model_tile(k->c.m, name);
    struct where_query q = {0};

    if (name == NULL || *name == '\0')
        return true;
    if (x == NULL || x->table != k->t) {
        call_bad(k, "tile");
        return false;
    }
    if (!view_use(&k->c, k->t, x->d->view, use) || !where_text(&k->c, k->t, x->d->where, NULL, 0, &q))
        return false;
    use->where = where_and(&k->c, use->where, q.where);
    if (x->d->sort != NULL)
        use->sort = x->d->sort;
    return true;
}

bool call_question(struct call *k, const struct where **where, const char **search, const char **sort)
{
    struct view_use use, tile = {0};
    const struct where *own;

    if (!filter_param(k, http_query(k->req, "filter"), &own) || !view_use(&k->c, k->t, http_query(k->req, "view"), &use) ||
        !tile_param(k, http_query(k->req, "tile"), &tile))
        return false;
    *where = where_and(&k->c, where_and(&k->c, use.where, tile.where), own);
    *sort = http_query(k->req, "sort");
    if (*sort == NULL)
        *sort = tile.sort != NULL ? tile.sort : use.sort;
    *search = http_query(k->req, "q");
    if (*search != NULL && strspn(*search, " \t") == strlen(*search))
        *search = NULL;
    return true;
}

static int aggregate(struct call *k)
{
    struct aggregate a = {.t = k->t, .group = http_query(k->req, "group"), .sum = http_query(k->req, "sum"),
                          .avg = http_query(k->req, "avg"), .min = http_query(k->req, "min"),
                          .max = http_query(k->req, "max"), .until = when_monotonic() + AGGREGATE_MS};
    const char *sort, *at = http_query(k->req, "at");

    if ((at != NULL && !asof_moment(&k->c, k->t, at, &a.at)) || !call_question(k, &a.where, &a.search, &sort))
        return k->c.rc;
    if (at != NULL && !k->req->pooled && !k->inside) /* many short reads, which nothing cuts off here */
        return ctx_fail(&k->c, (enum berth_rc)CTX_OVERRUN, NULL, NULL);
    if (at != NULL) {
        a.where = where_and(&k->c, a.where, asof_search(&k->c, k->t, a.search));
        a.search = NULL;
    }
    return k->c.rc != BERTH_OK ? (int)k->c.rc : aggregate_json(&k->c, &a, &k->req->out);
}

static int neighbours(struct call *k)
{
    int64_t limit = call_number(k, "limit", 12, 1, 100);

    if (k->c.rc != BERTH_OK)
        return k->c.rc;
    return net_page(&k->c, k->t, k->id, http_query(k->req, "link"), http_query(k->req, "after"), (int)limit,
                    when_monotonic() + NET_MS, &k->req->out);
}

static int export(struct call *k)
{
    const json_t *o = call_object(k);

    return call_job(k, o == NULL ? 0 : export_start(&k->c, k->t, o), NULL, 0);
}

static int export_get(struct call *k)
{
    const char *path, *name, *kind;
    struct stat st;
    int fd;

    if (export_file(&k->c, k->id, &path, &name, &kind) != BERTH_OK)
        return k->c.rc;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0) {
        if (fd >= 0)
            close(fd);
        return ctx_fail(&k->c, BERTH_NOT_FOUND, "not_found", "err.not_found");
    }
    http_set(k->req, "Content-Type", strcmp(kind, "csv") == 0
             ? "text/csv; charset=utf-8" : "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet");
    http_set(k->req, "Content-Disposition", arena_fmt(k->req->arena, "attachment; filename=\"%s-%lld.%s\"", name,
                                                      (long long)k->id, kind));
    http_set(k->req, "Cache-Control", "no-store");
    http_file(k->req, fd, (uint64_t)st.st_size, -1);
    k->app_answered = true;
    return k->c.rc;
}

static int mark(struct call *k)
{
    const json_t *o = call_object(k);

    if (o == NULL || !perm_may(k->c.who, k->t, DO_READ))
        return o == NULL ? (int)k->c.rc : ctx_fail(&k->c, BERTH_DENIED, "denied", "err.denied");
    if (view_mark(&k->c, k->t, call_string(k, "view"), json_is_true(json_object_get(o, "pinned")),
                  json_is_true(json_object_get(o, "default"))) == BERTH_OK)
        k->req->status = 204;
    return k->c.rc;
}

const struct route_entry routes_look[] = {
    {"GET", "/api/{table}/_aggregate", R_INSIDE, aggregate,
     TAKES("view", "tile", "filter", "q", "group", "sum", "avg", "min", "max", "at")},
    {"GET", "/api/{table}/{id}/_neighbours", R_SLOW, neighbours, TAKES("link", "after", "limit")},
    {"POST", "/api/{table}/_export", R_WRITE | R_INSIDE | R_MINE, export},
    {"GET", "/api/_job/{id}/file", R_SLOW, export_get},
    {"POST", "/api/{table}/_mark", R_WRITE, mark},
    {0},
};
