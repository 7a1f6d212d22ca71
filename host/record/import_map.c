/* import_map.c - the table import_map. */
#include "record/import_map.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "text/keys.h"

const char *const import_map_options[] = {"values", "mode", "match", "pool_id", "totals", NULL};

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The last column of a file of rows that did not go in: it comes back corrected, and is read as the file it was taken from. */
static bool tells_why(struct berth_ctx *c, const char *header)
{
    bool hit = strcmp(header, ctx_text(c, "import.reason", NULL)) == 0;

    for (const char *const *loc = labels_locales; *loc != NULL && !hit; loc++) {
        const char *label = labels_find(c->st->labels, *loc, "import.reason");

        hit = label != NULL && strcmp(header, label) == 0;
    }
    return hit;
}

const char *import_map_column(struct berth_ctx *c, const char *const *header, size_t at)
{
    size_t before = 0;

    for (size_t i = 0; i < at; i++)
        before += strcmp(header[i], header[at]) == 0;
    return before == 0 ? header[at] : arena_fmt(c->a, "%s\x1f%zu", header[at], before + 1);
}

const char *import_map_headers(struct berth_ctx *c, const char *const *header, size_t n)
{
    const char **sorted = arena_alloc(c->a, (n + 1) * sizeof(*sorted));
    struct buf b = BUF_INIT;
    const char *text;
    size_t kept = 0;

    for (size_t i = 0; i < n; i++)
        if (!tells_why(c, header[i]))
            sorted[kept++] = header[i];
    qsort((void *)sorted, kept, sizeof(*sorted), by_text);
    for (size_t i = 0; i < kept; i++)
        buf_addf(&b, "%s\x1f", sorted[i]);
    text = arena_fmt(c->a, "%016llx", (unsigned long long)text_key_hash(2, buf_str(&b), b.len));
    buf_free(&b);
    return text;
}

static int64_t me(const struct berth_ctx *c)
{
    return c->who == NULL ? 0 : c->who->id;
}

static json_t *taken(struct berth_ctx *c, struct db_stmt *s, int64_t *id, const char **name)
{
    json_t *what = NULL;

    if (db_step(s) == DB_ROW) {
        const char *text = db_col_text(s, 1, NULL), *called = db_col_text(s, 2, NULL);

        *id = db_col_int(s, 0);
        *name = called == NULL ? NULL : arena_strdup(c->a, called);
        what = text == NULL ? NULL : json_loads(text, 0, NULL);
    }
    db_reset(s);
    return what;
}

json_t *import_map_find(struct berth_ctx *c, const char *table, const char *headers, int64_t wanted, int64_t *id,
                        const char **name)
{
    struct db_stmt *s;

    *id = 0;
    *name = NULL;
    if (wanted != 0) {
        s = db_prepare(c->conn, "SELECT id, options, name FROM import_map WHERE on_table = ?1 AND id = ?2 AND"
                                " (coalesce(owner_id, 0) = ?3 OR shared = 1)");
        db_bind_text(s, 1, table, -1);
        db_bind_int(s, 2, wanted);
        db_bind_int(s, 3, me(c));
        return taken(c, s, id, name);
    }
    s = db_prepare(c->conn, "SELECT id, options, name FROM import_map WHERE on_table = ?1 AND headers = ?2 AND"
                            " (coalesce(owner_id, 0) = ?3 OR shared = 1) ORDER BY CASE WHEN coalesce(owner_id, 0) = ?3 THEN 0"
                            " ELSE 1 END, CASE WHEN name IS NULL THEN 0 ELSE 1 END, updated_at DESC LIMIT 1");
    db_bind_text(s, 1, table, -1);
    db_bind_text(s, 2, headers, -1);
    db_bind_int(s, 3, me(c));
    return taken(c, s, id, name);
}

void import_map_list(struct berth_ctx *c, struct json *j, const char *table, const char *headers)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT id, name, coalesce(owner_id, 0), shared, headers FROM import_map WHERE"
                                            " on_table = ?1 AND name IS NOT NULL AND (coalesce(owner_id, 0) = ?2 OR shared = 1)"
                                            " ORDER BY name LIMIT 200");

    db_bind_text(s, 1, table, -1);
    db_bind_int(s, 2, me(c));
    json_open(j, '[');
    while (db_step(s) == DB_ROW) {
        json_open(j, '{');
        json_number(j, "id", db_col_int(s, 0));
        json_text(j, "name", db_col_text(s, 1, NULL));
        json_flag(j, "mine", db_col_int(s, 2) == me(c));
        json_flag(j, "shared", db_col_int(s, 3) != 0);
        json_flag(j, "fits", strcmp(db_col_text(s, 4, NULL), headers) == 0);
        json_close(j, '}');
    }
    json_close(j, ']');
    db_reset(s);
}

static int64_t same_one(struct berth_ctx *c, const char *table, const char *headers, const char *name)
{
    struct db_stmt *s = db_prepare(c->conn, name == NULL
        ? "SELECT id FROM import_map WHERE on_table = ?1 AND headers = ?2 AND coalesce(owner_id, 0) = ?3 AND name IS NULL"
        : "SELECT id FROM import_map WHERE on_table = ?1 AND ?2 = ?2 AND coalesce(owner_id, 0) = ?3 AND name = ?4");

    db_bind_text(s, 1, table, -1);
    db_bind_text(s, 2, headers, -1);
    db_bind_int(s, 3, me(c));
    if (name != NULL)
        db_bind_text(s, 4, name, -1);
    return db_one_int(s);
}

int64_t import_map_keep(struct berth_ctx *c, const char *table, const char *headers, const char *name, bool shared,
                        const json_t *what)
{
    int64_t id = same_one(c, table, headers, name);
    struct db_stmt *s = db_prepare(c->conn, id != 0
        ? "UPDATE import_map SET version = version + 1, updated_at = ?1, updated_by = ?2, headers = ?3, shared = ?4, options = ?5"
          " WHERE id = ?6"
        : "INSERT INTO import_map (version, created_at, created_by, updated_at, updated_by, owner_id, headers, shared, options,"
          " on_table, name) VALUES (1, ?1, ?2, ?1, ?2, ?2, ?3, ?4, ?5, ?6, ?7)");
    char *text = json_dumps(what, JSON_COMPACT);
    int rc;

    db_bind_int(s, 1, c->now);
    if (c->who != NULL)
        db_bind_int(s, 2, c->who->id);
    db_bind_text(s, 3, headers, -1);
    db_bind_int(s, 4, shared);
    db_bind_text(s, 5, text, -1);
    if (id != 0)
        db_bind_int(s, 6, id);
    else
        db_bind_text(s, 6, table, -1);
    if (id == 0)
        db_bind_text(s, 7, name, -1);
    rc = db_step(s);
    db_reset(s);
    free(text);
    if (rc < 0)
        return ctx_db(c, rc, "keep a mapping"), 0;
    return id != 0 ? id : db_last_id(c->conn);
}

int import_map_drop(struct berth_ctx *c, int64_t id)
{
    struct db_stmt *s = db_prepare(c->conn, "DELETE FROM import_map WHERE id = ?1 AND (coalesce(owner_id, 0) = ?2 OR ?3 = 1)");
    int rc;

    db_bind_int(s, 1, id);
    db_bind_int(s, 2, me(c));
    db_bind_int(s, 3, c->who == NULL || c->who->admin);
    rc = db_step(s);
    db_reset(s);
    if (rc < 0)
        return ctx_db(c, rc, "forget a mapping");
    return db_changes(c->conn) == 1 ? BERTH_OK : ctx_fail(c, BERTH_NOT_FOUND, "not_found", "err.not_found");
}
