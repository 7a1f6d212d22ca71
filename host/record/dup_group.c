/* dup_group.c - looks through the duplicate keys of a table for records that share one. */
#include "record/dup_group.h"

#include <stdlib.h>
#include <string.h>

#include "record/commit.h"
#include "record/dup.h"
#include "record/find.h"

enum { CHUNK = 5000 /* keys */, GROUP_MAX = 20 /* records: more are noise */ };

int64_t dup_groups_start(struct berth_ctx *c, const struct table *t)
{
    json_t *args;
    int64_t id;

    if (!perm_may(c->who, t, DO_DELETE) || !perm_may(c->who, t, DO_UPDATE))
        return ctx_fail(c, BERTH_DENIED, "denied", "err.denied"), 0;
    if (!dup_any(c, t))
        return ctx_fail(c, BERTH_INVALID, "bad_request", "err.dup_none"), 0;
    args = json_pack("{s:s}", "table", t->name);
    id = job_add(c, "groups", args, 0);
    json_decref(args);
    return id;
}

/* ---- the job ------------------------------------------------------------------------------------- */
struct scan {
    struct job *j;
    const struct table *t;
    int64_t hash[CHUNK], rec[CHUNK];
    size_t n;
    bool first, last;
};

/* The next keys behind the hash that was come to; a hash that may go on in the next chunk waits for it.  Each of the two
 * tables gives a chunk at most: together they would be put in order to their end, for every chunk. */
static int read_keys(struct scan *k, struct berth_ctx *c, int64_t after)
{
    struct db_stmt *s = db_prepare(
        c->conn,
        "SELECT hash, rec FROM (SELECT hash, rec FROM (SELECT hash, rec FROM dup_key WHERE hash > ?1 AND tbl = ?2 ORDER BY hash, rec LIMIT ?3) a"
        " UNION SELECT hash, rec FROM (SELECT hash, rec FROM dup_todo WHERE hash > ?1 AND tbl = ?2 ORDER BY hash, rec LIMIT ?3) b) k"
        " ORDER BY hash, rec LIMIT ?3");
    int rc;

    db_bind_int(s, 1, after);
    db_bind_int(s, 2, store_table_no(c->st, k->t));
    db_bind_int(s, 3, CHUNK);
    for (k->n = 0; k->n < CHUNK && (rc = db_step(s)) == DB_ROW; k->n++) {
        k->hash[k->n] = db_col_int(s, 0);
        k->rec[k->n] = db_col_int(s, 1);
    }
    db_reset(s);
    k->last = k->n < CHUNK;
    while (!k->last && k->n > 1 && k->hash[k->n - 1] == k->hash[k->n - 2])
        k->n--;
    if (!k->last && k->n > 1)
        k->n--;
    return 0;
}

static int run_sql(struct berth_ctx *c, const char *sql, int64_t a, int64_t b, const char *text)
{
    struct db_stmt *s = db_prepare(c->conn, sql);

    db_bind_int(s, 1, a);
    if (text != NULL)
        db_bind_text(s, 2, text, -1);
    else if (b != 0)
        db_bind_int(s, 2, b);
    return ctx_write(c, s, "note likely duplicates");
}

/* Two keys often bring the same records together: once is enough. */
static bool known(struct berth_ctx *c, int64_t tbl, const int64_t *rec, size_t n)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT count(*) FROM dup_member a JOIN dup_member b ON b.grp = a.grp AND b.rec = ?"
                                            " JOIN dup_group g ON g.seq = a.grp WHERE a.rec = ? AND g.tbl = ?");
    bool yes;

    db_bind_int(s, 1, rec[n - 1]);
    db_bind_int(s, 2, rec[0]);
    db_bind_int(s, 3, tbl);
    yes = db_step(s) == DB_ROW && db_col_int(s, 0) > 0;
    db_reset(s);
    return yes;
}

static int put_group(struct berth_ctx *c, const struct table *t, const int64_t *rec, size_t n, const struct dup_way *w)
{
    int64_t tbl = store_table_no(c->st, t), group;
    struct buf by = BUF_INIT;

    if (known(c, tbl, rec, n))
        return c->rc;
    for (size_t i = 0; i < w->n; i++)
        buf_addf(&by, "%s%s", i > 0 ? "," : "", w->f[i]->name);
    run_sql(c, "INSERT INTO dup_group (tbl, fields) VALUES (?, ?)", tbl, 0, buf_str(&by));
    group = db_last_id(c->conn);
    for (size_t i = 0; i < n && c->rc == BERTH_OK; i++)
        run_sql(c, "INSERT INTO dup_member (grp, rec) VALUES (?, ?)", group, rec[i], NULL);
    buf_free(&by);
    return c->rc;
}

/* Those of records from..to that really share the key. */
static int try_group(struct berth_ctx *c, const struct scan *k, size_t from, size_t to)
{
    struct dup_keys *keys = arena_alloc(c->a, sizeof(*keys));
    const struct dup_key *first = NULL;
    int64_t rec[GROUP_MAX];
    size_t n = 0;

    for (size_t i = from; i < to; i++) {
        struct berth_row *r = find_raw(c, k->t, k->rec[i]);
        const struct dup_key *own;

        if (r == NULL)
            continue;
        dup_keys_of(r, keys);
        own = dup_key_in(keys, k->hash[from]);
        if (own == NULL || (first != NULL && strcmp(own->text, first->text) != 0))
            continue;
        if (first == NULL) {
            struct dup_key *copy = arena_alloc(c->a, sizeof(*copy));

            *copy = *own;
            first = copy;
        }
        rec[n++] = k->rec[i];
    }
    return n > 1 ? put_group(c, k->t, rec, n, first->way) : (int)c->rc;
}

static int chunk(struct berth_ctx *c, void *arg)
{
    struct scan *k = arg;
    int64_t after = k->first ? INT64_MIN : json_integer_value(json_object_get(k->j->result, "after"));

    c->who = NULL; /* everybody's are found; each sees of them what is theirs to see */
    if (k->first) {
        int64_t tbl = store_table_no(c->st, k->t);

        run_sql(c, "DELETE FROM dup_member WHERE grp IN (SELECT seq FROM dup_group WHERE tbl = ?)", tbl, 0, NULL);
        run_sql(c, "DELETE FROM dup_group WHERE tbl = ?", tbl, 0, NULL);
    }
    read_keys(k, c, after);
    for (size_t i = 0, to; i < k->n && c->rc == BERTH_OK; i = to) {
        for (to = i + 1; to < k->n && k->hash[to] == k->hash[i]; to++)
            ;
        if (to - i > 1 && to - i <= GROUP_MAX)
            try_group(c, k, i, to);
    }
    if (k->n > 0)
        json_object_set_new(k->j->result, "after", json_integer(k->hash[k->n - 1]));
    k->j->done += (int64_t)k->n;
    return c->rc;
}

int dup_groups_run(struct job *j, struct buf *err)
{
    struct scan *k = arena_alloc(j->a, sizeof(*k));

    k->j = j;
    k->first = json_object_get(j->result, "after") == NULL;
    do {
        k->t = model_table(atomic_load(&j->st->model), json_string_value(json_object_get(j->args, "table")));
        if (k->t == NULL)
            return 0;
        if (commit_run(&(struct commit){.st = j->st, .job = j, .what = "job", .body = chunk, .arg = k, .err = err}) != 0)
            return -1;
        k->first = false;
    } while (!k->last && !j->cancelled);
    return 0;
}

/* ---- looking at them -------------------------------------------------------------------------------- */
struct found {
    int64_t seq;
    const char *fields;
    struct berth_row *row[GROUP_MAX];
    size_t n;
};

/* What its pool hides of a record is not told by the company it is in. */
static bool shows(const struct berth_row *r, const char *fields)
{
    for (const char *p = fields; *p != '\0';) {
        size_t n = strcspn(p, ",");
        const struct field *f = map_getn(&r->t->by_name, p, n);

        if (f != NULL && perm_veils(r->c, f) && perm_field_of(r, f) < ACCESS_READ)
            return false;
        p += n + (p[n] == ',');
    }
    return true;
}

static void members(struct berth_ctx *c, const struct table *t, struct found *g)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT rec FROM dup_member WHERE grp = ? ORDER BY rec");
    int64_t rec[GROUP_MAX];
    size_t n = 0;

    db_bind_int(s, 1, g->seq);
    while (n < GROUP_MAX && db_step(s) == DB_ROW)
        rec[n++] = db_col_int(s, 0);
    db_reset(s);
    for (size_t i = 0; i < n; i++) {
        struct berth_row *r = find_raw(c, t, rec[i]); /* merged or deleted since: passed over */

        if (r != NULL && perm_row(c, r, DO_READ) && shows(r, g->fields))
            g->row[g->n++] = r;
    }
}

static void group_json(struct json *j, const struct found *g)
{
    json_open(j, '{');
    json_number(j, "id", g->seq);
    json_key(j, "by");
    json_open(j, '[');
    for (const char *p = g->fields; *p != '\0';) {
        size_t n = strcspn(p, ",");

        json_strn(j, p, n);
        p += n + (p[n] == ',');
    }
    json_close(j, ']');
    json_key(j, "rows");
    json_open(j, '[');
    for (size_t i = 0; i < g->n; i++)
        row_json(j, g->row[i]);
    json_close(j, ']');
    json_close(j, '}');
}

int dup_groups_page(struct berth_ctx *c, const struct table *t, int64_t after, int limit, struct buf *out)
{
    enum { LOOK = 5 }; /* groups looked at for one that is shown, at most */
    struct found *all = arena_alloc(c->a, (size_t)limit * LOOK * sizeof(*all));
    struct json j = json_to(out);
    struct db_stmt *s;
    int64_t next = 0;
    int n = 0, shown = 0;

    if (!perm_may(c->who, t, DO_READ))
        return ctx_fail(c, BERTH_DENIED, "denied", "err.denied");
    s = db_prepare(c->conn, "SELECT seq, fields FROM dup_group WHERE tbl = ? AND seq > ? ORDER BY seq LIMIT ?");
    db_bind_int(s, 1, store_table_no(c->st, t));
    db_bind_int(s, 2, after);
    db_bind_int(s, 3, limit * LOOK);
    for (; n < limit * LOOK && db_step(s) == DB_ROW; n++)
        all[n] = (struct found){.seq = db_col_int(s, 0), .fields = arena_strdup(c->a, db_col_text(s, 1, NULL))};
    db_reset(s);
    json_open(&j, '{');
    json_key(&j, "groups");
    json_open(&j, '[');
    for (int i = 0; i < n && shown < limit; i++) {
        members(c, t, &all[i]);
        next = all[i].seq;
        if (all[i].n < 2)
            continue;
        group_json(&j, &all[i]);
        shown++;
    }
    json_close(&j, ']');
    json_id(&j, "next", (shown == limit || n == limit * LOOK) ? next : 0);
    json_close(&j, '}');
    return c->rc;
}
