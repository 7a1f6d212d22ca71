/* hangs.c - files, notes, messages, tags and followers move from record to record, and back. */
#include "record/hangs.h"

#include <string.h>

static const struct kind {
    const char *table, *key;
    bool set; /* a record has each once */
} kinds[] = {
    {"record_tag", "tag", true},
    {"follow", "user_id", true},
    {"attachment", "id", false},
    {"record_note", "id", false},
    {"outbox", "id", false},
    {"inbox", "id", false},
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

const char *const hangs_tables[] = {"record_tag", "follow", "attachment", "record_note", "outbox", "inbox", "record_share", NULL};

static const struct kind *kind_of(const char *table)
{
    for (size_t i = 0; i < KINDS; i++)
        if (strcmp(kinds[i].table, table) == 0)
            return &kinds[i];
    return NULL;
}

bool hangs_is(const char *table)
{
    const struct kind *k = kind_of(table);

    return k != NULL && k->set;
}

static int move_one(struct berth_ctx *c, const struct kind *k, int64_t key, struct hang from, struct hang to)
{
    struct db_stmt *s = db_prepare(c->conn, arena_fmt(c->a, "UPDATE %s SET tbl = ?, rec = ? WHERE tbl = ? AND rec = ? AND %s = ?%s",
                                                      k->table, k->key, k->set ? arena_fmt(c->a, " AND NOT EXISTS (SELECT 1 FROM %s x WHERE"
                                                      " x.tbl = ? AND x.rec = ? AND x.%s = ?)", k->table, k->key) : ""));
    const int64_t args[] = {to.tbl, to.rec, from.tbl, from.rec, key, to.tbl, to.rec, key};

    for (int i = 0; i < (k->set ? 8 : 5); i++)
        db_bind_int(s, i + 1, args[i]);
    return ctx_write(c, s, "move what hangs on a record");
}

static int move_kind(struct berth_ctx *c, const struct kind *k, struct hang from, struct hang to,
                     int (*moved)(struct berth_ctx *c, void *arg, const char *table, int64_t key), void *arg)
{
    struct db_stmt *s = db_prepare(c->conn, arena_fmt(c->a, "SELECT %s FROM %s o WHERE tbl = ? AND rec = ?%s ORDER BY 1", k->key, k->table,
                                                      k->set ? arena_fmt(c->a, " AND NOT EXISTS (SELECT 1 FROM %s x WHERE x.tbl = ? AND"
                                                      " x.rec = ? AND x.%s = o.%s)", k->table, k->key, k->key) : ""));
    const int64_t args[] = {from.tbl, from.rec, to.tbl, to.rec};
    int64_t *keys = NULL;
    size_t n = 0;
    int rc;

    for (int i = 0; i < (k->set ? 4 : 2); i++)
        db_bind_int(s, i + 1, args[i]);
    while ((rc = db_step(s)) == DB_ROW) {
        if ((n & (n - 1)) == 0) { /* full at powers of two */
            int64_t *more = arena_alloc(c->a, (n == 0 ? 1 : n * 2) * sizeof(*more));

            if (n > 0)
                memcpy(more, keys, n * sizeof(*more));
            keys = more;
        }
        keys[n++] = db_col_int(s, 0);
    }
    db_reset(s);
    if (rc < 0)
        return ctx_db(c, rc, "look for what hangs on a record");
    for (size_t i = 0; i < n && c->rc == BERTH_OK; i++)
        if (move_one(c, k, keys[i], from, to) == BERTH_OK)
            moved(c, arg, k->table, keys[i]);
    return c->rc;
}

int hangs_move(struct berth_ctx *c, struct hang from, struct hang to, bool few,
               int (*moved)(struct berth_ctx *c, void *arg, const char *table, int64_t key), void *arg)
{
    for (size_t i = 0; i < KINDS && c->rc == BERTH_OK; i++)
        if (kinds[i].set || !few)
            move_kind(c, &kinds[i], from, to, moved, arg);
    return c->rc;
}

int hangs_back(struct berth_ctx *c, const char *table, int64_t key, struct hang from, struct hang to)
{
    const struct kind *k = kind_of(table);

    return k == NULL ? (int)c->rc : move_one(c, k, key, from, to);
}

/* ---- for a while --------------------------------------------------------------------------------- */
struct carry {
    struct hang from, to;
};

static int note(struct berth_ctx *c, void *arg, const char *table, int64_t key)
{
    const struct carry *k = arg;
    struct db_stmt *s =
        db_prepare(c->conn, "INSERT INTO carried (from_tbl, from_rec, to_tbl, to_rec, on_table, row_key) VALUES (?, ?, ?, ?, ?, ?)");

    db_bind_int(s, 1, k->from.tbl);
    db_bind_int(s, 2, k->from.rec);
    db_bind_int(s, 3, k->to.tbl);
    db_bind_int(s, 4, k->to.rec);
    db_bind_text(s, 5, table, -1);
    db_bind_int(s, 6, key);
    return ctx_write(c, s, "move what hangs on a record");
}

static struct hang place(struct berth_ctx *c, const struct berth_row *r)
{
    return (struct hang){store_table_no(c->st, r->t), row_id(r)};
}

int hangs_carry(struct berth_ctx *c, const struct berth_row *from, const struct berth_row *to)
{
    struct carry k = {place(c, from), place(c, to)};

    return hangs_move(c, k.from, k.to, false, note, &k);
}

int hangs_return(struct berth_ctx *c, const struct berth_row *to)
{
    struct hang home = place(c, to);
    struct db_stmt *s;
    int rc = DB_ROW;

    while (rc == DB_ROW && c->rc == BERTH_OK) { /* one at a time: what is read is what goes */
        struct hang from = {0, 0};
        const char *table = NULL;
        int64_t seq = 0, key = 0;

        s = db_prepare(c->conn, "SELECT seq, to_tbl, to_rec, on_table, row_key FROM carried WHERE from_tbl = ? AND from_rec = ?"
                                " ORDER BY seq DESC LIMIT 1");
        db_bind_int(s, 1, home.tbl);
        db_bind_int(s, 2, home.rec);
        rc = db_step(s);
        if (rc == DB_ROW) {
            seq = db_col_int(s, 0);
            from = (struct hang){db_col_int(s, 1), db_col_int(s, 2)};
            table = arena_strdup(c->a, db_col_text(s, 3, NULL));
            key = db_col_int(s, 4);
        }
        db_reset(s);
        if (rc != DB_ROW || hangs_back(c, table, key, from, home) != BERTH_OK)
            break;
        s = db_prepare(c->conn, "DELETE FROM carried WHERE seq = ?");
        db_bind_int(s, 1, seq);
        ctx_write(c, s, "move what hangs on a record");
    }
    return rc < 0 ? ctx_db(c, rc, "bring back what hung on a record") : (int)c->rc;
}

bool hangs_file(struct berth_ctx *c, const struct berth_row *r, int64_t id)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT 1 FROM attachment WHERE id = ? AND tbl = ? AND rec = ?");
    bool there;

    db_bind_int(s, 1, id);
    db_bind_int(s, 2, store_table_no(c->st, r->t));
    db_bind_int(s, 3, row_id(r));
    there = db_step(s) == DB_ROW;
    db_reset(s);
    return there;
}
