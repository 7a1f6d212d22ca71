/* note.c - notes with mentions, and followers. */
#include "service/note.h"

#include <stdlib.h>
#include <string.h>

#include "record/find.h"
#include "service/alert.h"

enum { MENTIONS = 20, FOLLOWERS = 200 };

static void send_changed(struct berth_ctx *c, void *arg)
{
    if (c->st->events.send != NULL)
        c->st->events.send(c->st->events.hub, arg);
}

static void tell(struct berth_ctx *c, const struct table *t, int64_t rec)
{
    struct event *e = arena_alloc(c->a, sizeof(*e));

    *e = (struct event){.kind = EVENT_CHANGED, .table = t->name, .id = rec};
    ctx_after_commit(c, send_changed, e);
}

/* ---- reading -------------------------------------------------------------------------------- */
bool note_get(struct berth_ctx *c, int64_t id, struct note *n)
{
    struct db_stmt *s =
        db_prepare(c->conn, "SELECT tbl, rec, at, coalesce(by, 0), coalesce(edited_at, 0), text FROM record_note WHERE id = ?");
    const struct table *t = NULL;
    struct berth_row *r;

    db_bind_int(s, 1, id);
    if (db_step(s) == DB_ROW) {
        *n = (struct note){id, db_col_int(s, 0), db_col_int(s, 1), db_col_int(s, 2), db_col_int(s, 3), db_col_int(s, 4),
                           arena_strdup(c->a, db_col_text(s, 5, NULL))};
        t = store_table_of(c->st, c->m, n->tbl);
    }
    db_reset(s);
    r = t == NULL ? NULL : find_raw(c, t, n->rec);
    if (r == NULL || !perm_row(c, r, DO_READ) || !perm_hangs(r, HANGS_NOTES))
        ctx_fail(c, BERTH_NOT_FOUND, "not_found", "err.not_found");
    return c->rc == BERTH_OK;
}

bool note_mine(struct berth_ctx *c, const struct note *n)
{
    return c->who == NULL || c->who->admin || c->who->id == n->by;
}

/* ---- writing -------------------------------------------------------------------------------- */
static bool text_fits(struct berth_ctx *c, const char *text)
{
    static const char longest[] = "10000";

    if (text == NULL || text[strspn(text, " \t\r\n")] == '\0')
        ctx_invalid(c, "text", "err.required", NULL);
    else if (strlen(text) > (size_t)atoi(longest))
        ctx_invalid(c, "text", "err.too_long", "max", longest, NULL);
    return c->rc == BERTH_OK;
}

/* The users that a text names. */
static size_t mentions(const char *text, int64_t ids[MENTIONS])
{
    size_t n = 0;

    for (const char *s = text; (s = strstr(s, "@[")) != NULL && n < MENTIONS;) {
        char *end;
        int64_t id = strtoll(s += 2, &end, 10);

        if (end > s && *end == ']' && id > 0)
            ids[n++] = id;
    }
    return n;
}

static size_t followers(struct berth_ctx *c, int64_t tbl, int64_t rec, int64_t ids[FOLLOWERS])
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT user_id FROM follow WHERE tbl = ? AND rec = ? LIMIT ?");
    int64_t me = c->who == NULL ? 0 : c->who->id;
    size_t n = 0;

    db_bind_int(s, 1, tbl);
    db_bind_int(s, 2, rec);
    db_bind_int(s, 3, FOLLOWERS);
    while (n < FOLLOWERS && db_step(s) == DB_ROW)
        if (db_col_int(s, 0) != me)
            ids[n++] = db_col_int(s, 0);
    db_reset(s);
    return n;
}

/* Whoever is named hears of it so; of the followers, the others. */
static void tell_people(struct berth_ctx *c, const struct berth_row *r, int64_t id, const char *text)
{
    int64_t named[MENTIONS], following[FOLLOWERS];
    struct berth_alert a = {.about = (struct berth_row *)r, .key = arena_fmt(c->a, "note:%lld", (long long)id),
                            .args = (const char *const[]){"who", c->who == NULL ? "" : c->who->name, NULL}};

    a.text = "alert.mention";
    a.severity = BERTH_IMPORTANT;
    a.people = named;
    if ((a.npeople = mentions(text, named)) > 0)
        alert_raise(c, &a);
    a.text = "alert.note";
    a.severity = BERTH_NOTICE;
    a.people = following;
    if ((a.npeople = followers(c, store_table_no(c->st, r->t), row_id(r), following)) > 0)
        alert_raise(c, &a);
}

int64_t note_add(struct berth_ctx *c, const struct berth_row *r, const char *text)
{
    struct db_stmt *s;
    int64_t id;

    if (c->rc != BERTH_OK || !text_fits(c, text))
        return 0;
    s = db_prepare(c->conn, "INSERT INTO record_note (tbl, rec, at, by, text) VALUES (?, ?, ?, ?, ?)");
    db_bind_int(s, 1, store_table_no(c->st, r->t));
    db_bind_int(s, 2, row_id(r));
    db_bind_int(s, 3, c->now);
    if (c->who != NULL)
        db_bind_int(s, 4, c->who->id);
    db_bind_text(s, 5, text, -1);
    if (ctx_write(c, s, "write a note") != BERTH_OK)
        return 0;
    id = db_last_id(c->conn);
    if (c->who != NULL)
        follow_set(c, r, true);
    tell_people(c, r, id, text);
    tell(c, r->t, row_id(r));
    return c->rc == BERTH_OK ? id : 0;
}

static bool for_change(struct berth_ctx *c, int64_t id, struct note *n)
{
    if (note_get(c, id, n) && !note_mine(c, n))
        ctx_fail(c, BERTH_DENIED, "denied", "err.denied");
    return c->rc == BERTH_OK;
}

int note_edit(struct berth_ctx *c, int64_t id, const char *text)
{
    struct note n;
    struct db_stmt *s;

    if (!text_fits(c, text) || !for_change(c, id, &n))
        return c->rc;
    s = db_prepare(c->conn, "UPDATE record_note SET text = ?, edited_at = ? WHERE id = ?");
    db_bind_text(s, 1, text, -1);
    db_bind_int(s, 2, c->now);
    db_bind_int(s, 3, id);
    tell(c, store_table_of(c->st, c->m, n.tbl), n.rec);
    return ctx_write(c, s, "change a note");
}

int note_drop(struct berth_ctx *c, int64_t id)
{
    struct note n;
    struct db_stmt *s;

    if (!for_change(c, id, &n))
        return c->rc;
    s = db_prepare(c->conn, "DELETE FROM record_note WHERE id = ?");
    db_bind_int(s, 1, id);
    tell(c, store_table_of(c->st, c->m, n.tbl), n.rec);
    return ctx_write(c, s, "delete a note");
}

/* ---- following ------------------------------------------------------------------------------ */
int follow_set(struct berth_ctx *c, const struct berth_row *r, bool on)
{
    struct db_stmt *s = db_prepare(c->conn, on ? "INSERT INTO follow (tbl, rec, user_id, at) VALUES (?1, ?2, ?3, ?4)"
                                                 " ON CONFLICT (tbl, rec, user_id) DO NOTHING"
                                               : "DELETE FROM follow WHERE tbl = ?1 AND rec = ?2 AND user_id = ?3");

    db_bind_int(s, 1, store_table_no(c->st, r->t));
    db_bind_int(s, 2, row_id(r));
    db_bind_int(s, 3, c->who->id);
    if (on)
        db_bind_int(s, 4, c->now);
    return ctx_write(c, s, "follow a record");
}

bool follows(struct berth_ctx *c, const struct berth_row *r)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT 1 FROM follow WHERE tbl = ? AND rec = ? AND user_id = ?");
    bool yes;

    db_bind_int(s, 1, store_table_no(c->st, r->t));
    db_bind_int(s, 2, row_id(r));
    db_bind_int(s, 3, c->who == NULL ? 0 : c->who->id);
    yes = db_step(s) == DB_ROW;
    db_reset(s);
    return yes;
}

int follow_changed(struct berth_ctx *c, const struct berth_row *r)
{
    int64_t ids[FOLLOWERS], tbl = store_table_no(c->st, r->t);
    struct berth_alert a = {.text = "alert.changed", .about = (struct berth_row *)r, .people = ids,
                            .npeople = followers(c, tbl, row_id(r), ids)};

    if (a.npeople == 0)
        return c->rc;
    a.key = arena_fmt(c->a, "changed:%lld:%lld:%lld", (long long)tbl, (long long)row_id(r), (long long)(c->now / BERTH_DAY));
    a.args = (const char *const[]){"who", c->who == NULL ? "" : c->who->name, NULL};
    return alert_raise(c, &a);
}

/* ---- with the record ------------------------------------------------------------------------ */
int note_gone(struct berth_ctx *c, const struct table *t, int64_t id)
{
    static const char *const sql[] = {"DELETE FROM record_note WHERE tbl = ? AND rec = ?", "DELETE FROM follow WHERE tbl = ? AND rec = ?",
                                      "DELETE FROM record_tag WHERE tbl = ? AND rec = ?",
                                      "DELETE FROM record_share WHERE tbl = ? AND rec = ?"};

    for (size_t i = 0; i < sizeof(sql) / sizeof(sql[0]) && c->rc == BERTH_OK; i++) {
        struct db_stmt *s = db_prepare(c->conn, sql[i]);

        db_bind_int(s, 1, store_table_no(c->st, t));
        db_bind_int(s, 2, id);
        ctx_write(c, s, "take notes away");
    }
    if (strcmp(t->name, "tag") == 0) {
        struct db_stmt *s = db_prepare(c->conn, "DELETE FROM record_tag WHERE tag = ?");

        db_bind_int(s, 1, id);
        ctx_write(c, s, "take a tag away");
    }
    return c->rc;
}
