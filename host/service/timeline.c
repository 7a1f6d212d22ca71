/* timeline.c - several lists, each in its own order behind its own index, merged page by page.
 *
 * The cursor says for each source how far it was read: "h12.n5.f7.r3:1764201600000:9".  So a page costs
 * one short read of each source, however long the record's story is. */
#include "service/timeline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "record/find.h"
#include "record/history.h"
#include "record/titles.h"
#include "service/file.h"
#include "service/note.h"

struct entry {
    int64_t at, id, by;
    const char *json; /* in the arena */
    struct berth_row *row; /* of a source of rows */
    bool taken;
};

struct hanging;

struct source {
    char kind;              /* h history, n notes, f files, m and i messages out and in, r rows */
    const struct field *by; /* r: the reference that names our record */
    const struct hanging *hangs; /* n, f, m */
    int64_t at, id;         /* how far it was read; id 0: to its end */
    bool begun;
    struct entry *e;
    size_t n;
};

enum { SOURCES = 32 };

struct merge {
    struct berth_ctx *c;
    const struct berth_row *r;
    int limit;
    struct source s[SOURCES];
    size_t n;
};

/* ---- entries ------------------------------------------------------------------------------------ */
static struct json open_entry(struct buf *b, const char *kind, int64_t id, int64_t at, int64_t by)
{
    struct json j = json_to(b);
    char text[WHEN_TIME_MAX];

    buf_clear(b);
    when_time_format(at, text);
    json_open(&j, '{');
    json_text(&j, "kind", kind);
    json_number(&j, "id", id);
    json_text(&j, "at", text);
    json_id(&j, "by", by);
    return j;
}

static void put(struct merge *m, struct source *s, int64_t at, int64_t id, int64_t by, struct buf *b)
{
    s->e[s->n++] = (struct entry){.at = at, .id = id, .by = by, .json = arena_strndup(m->c->a, buf_str(b), b->len)};
}

struct history_take {
    struct merge *m;
    struct source *s;
};

static void take_history(void *arg, int64_t seq, int64_t at, int64_t by, struct buf *json)
{
    struct history_take *t = arg;

    put(t->m, t->s, at, seq, by, json);
}

static void read_history(struct merge *m, struct source *s)
{
    struct history_take t = {m, s};

    history_each(m->c, m->r, s->begun ? s->id : INT64_MAX, m->limit + 1, take_history, &t);
}

/* ---- what hangs on a record ---------------------------------------------------------------------- */
static void note_members(struct berth_ctx *c, struct json *j, struct db_stmt *q)
{
    struct note n = {.id = db_col_int(q, 0), .by = db_col_int(q, 2)};

    json_text(j, "text", db_col_text(q, 4, NULL));
    json_flag(j, "edited", db_col_int(q, 3) != 0);
    json_flag(j, "mine", note_mine(c, &n));
}

static void file_members(struct berth_ctx *c, struct json *j, struct db_stmt *q)
{
    struct file f = {.id = db_col_int(q, 0), .at = db_col_int(q, 1), .by = db_col_int(q, 2), .no = db_col_int(q, 3),
                     .name = db_col_text(q, 4, NULL), .mime = db_col_text(q, 5, NULL), .size = db_col_int(q, 6)};

    (void)c;
    json_key(j, "file");
    file_json(j, &f);
}

static void mail_members(struct berth_ctx *c, struct json *j, struct db_stmt *q)
{
    static const char *const keys[] = {"to", "subject", "text", "state", "error", "channel"};
    struct file file[FILE_MAIL_MAX];
    size_t n = file_of_mail(c->st, c->conn, c->a, db_col_int(q, 0), file);

    for (int i = 0; i < 6; i++) {
        json_key(j, keys[i]);
        json_str(j, db_col_is_null(q, 3 + i) ? NULL : db_col_text(q, 3 + i, NULL));
    }
    json_key(j, "files"); /* as they were then */
    json_open(j, '[');
    for (size_t i = 0; i < n; i++)
        json_str(j, file[i].name);
    json_close(j, ']');
}

/* As mail_members() tells what went out. */
static void in_members(struct berth_ctx *c, struct json *j, struct db_stmt *q)
{
    static const char *const keys[] = {"from", "subject", "text", "channel"};

    (void)c;
    for (int i = 0; i < 4; i++) {
        json_key(j, keys[i]);
        json_str(j, db_col_is_null(q, 3 + i) ? NULL : db_col_text(q, 3 + i, NULL));
    }
    json_number(j, "left_out", db_col_int(q, 7));
    json_text(j, "state", "in");
}

static const struct hanging {
    char kind; /* in a cursor */
    const char *name;
    enum hangs right;
    const char *columns, *table; /* behind id, at and by */
    void (*members)(struct berth_ctx *c, struct json *j, struct db_stmt *q);
} hanging[] = {
    {'n', "note", HANGS_NOTES, "coalesce(edited_at, 0), text", "record_note", note_members},
    {'f', "file", HANGS_FILES, "no, name, mime, size", "attachment", file_members},
    {'m', "mail", HANGS_MAIL, "recipient, subject, body, state, error, coalesce(channel, 'mail')", "outbox", mail_members},
    {'i', "mail", HANGS_MAIL, "sender, subject, body, channel, coalesce(left_out, 0)", "inbox", in_members},
};

static void read_hanging(struct merge *m, struct source *s)
{
    struct berth_ctx *c = m->c;
    struct buf b = BUF_INIT;
    struct db_stmt *q = db_prepare(c->conn, arena_fmt(c->a, "SELECT id, at, coalesce(by, 0), %s FROM %s WHERE tbl = ? AND rec = ?"
                                                            " AND id < ? ORDER BY id DESC LIMIT ?", s->hangs->columns, s->hangs->table));

    db_bind_int(q, 1, store_table_no(c->st, m->r->t));
    db_bind_int(q, 2, row_id(m->r));
    db_bind_int(q, 3, s->begun ? s->id : INT64_MAX);
    db_bind_int(q, 4, m->limit + 1);
    while (db_step(q) == DB_ROW) {
        int64_t id = db_col_int(q, 0), at = db_col_int(q, 1), by = db_col_int(q, 2);
        struct json j = open_entry(&b, s->hangs->name, id, at, by);

        s->hangs->members(c, &j, q);
        json_close(&j, '}');
        put(m, s, at, id, by, &b);
    }
    db_reset(q);
    buf_free(&b);
}

/* ---- rows of other tables ------------------------------------------------------------------------ */
/* Rows that name our record, with the rights of their own table. */
static void read_rows(struct merge *m, struct source *s)
{
    struct berth_ctx *c = m->c;
    const struct table *t = s->by->table;
    const struct berth_val args[] = {berth_i(row_id(m->r)), {BERTH_TIME, 0, {.i = s->begun ? s->at : INT64_MAX}},
                                     {BERTH_TIME, 0, {.i = s->begun ? s->at : INT64_MAX}}, berth_i(s->begun ? s->id : INT64_MAX)};
    struct where_query q;
    struct berth_rows *rows;
    struct buf b = BUF_INIT;

    if (!perm_may(c->who, t, DO_READ) || (!c->all && perm_field(c->who, s->by) < ACCESS_READ) ||
        perm_field(c->who, t->moment) < ACCESS_READ ||
        !where_text(c, t, arena_fmt(c->a, "%s = ? and (%s < ? or (%s = ? and id < ?)) order by %s desc, id desc", s->by->name,
                                    t->moment->name, t->moment->name, t->moment->name), args, 4, &q))
        return;
    q.limit = m->limit + 1;
    rows = find_rows(c, t, &q);
    for (size_t i = 0; rows != NULL && i < rows->n; i++) {
        struct berth_row *r = rows->row[i];
        struct json j = open_entry(&b, "row", row_id(r), row_int(r, t->moment->at), row_int(r, F_CREATED_BY));

        json_text(&j, "table", t->name);
        json_text(&j, "title", perm_field(c->who, t->title) >= ACCESS_READ ? row_title(r) : NULL);
        json_key(&j, "row");
        row_json(&j, r);
        json_close(&j, '}');
        put(m, s, row_int(r, t->moment->at), row_id(r), row_int(r, F_CREATED_BY), &b);
        s->e[s->n - 1].row = r;
    }
    buf_free(&b);
}

static void read_source(struct merge *m, struct source *s)
{
    s->e = arena_alloc(m->c->a, (size_t)(m->limit + 3) * sizeof(*s->e));
    if (s->begun && s->id == 0)
        return;
    if (s->kind == 'h')
        read_history(m, s);
    else if (s->hangs != NULL)
        read_hanging(m, s);
    else
        read_rows(m, s);
}

/* ---- which sources ------------------------------------------------------------------------------ */
static bool wanted(const char *kinds, const char *kind)
{
    size_t n = strlen(kind);

    for (const char *s = kinds; s != NULL && *s != '\0'; s += strcspn(s, ","), s += *s == ',')
        if (strncmp(s, kind, n) == 0 && (s[n] == ',' || s[n] == '\0'))
            return true;
    return kinds == NULL || *kinds == '\0';
}

static void add(struct merge *m, char kind, const struct field *by, const struct hanging *hangs)
{
    if (m->n < SOURCES)
        m->s[m->n++] = (struct source){.kind = kind, .by = by, .hangs = hangs};
}

static void sources(struct merge *m, const char *kinds)
{
    if ((m->r->t->flags & BERTH_HISTORY) && wanted(kinds, "history"))
        add(m, 'h', NULL, NULL);
    for (size_t i = 0; i < sizeof(hanging) / sizeof(hanging[0]); i++)
        if (wanted(kinds, hanging[i].name) && perm_hangs(m->r, hanging[i].right))
            add(m, hanging[i].kind, NULL, &hanging[i]);
    for (size_t i = 0; i < m->c->m->ntables; i++) {
        const struct table *t = &m->c->m->tables[i];

        for (int k = F_DECLARED;
             t->moment != NULL && !(m->r->t->flags & BERTH_PUBLIC) && k < t->nfields && (wanted(kinds, "rows") || wanted(kinds, t->name));
             k++)
            if (t->fields[k].ref == m->r->t && !(t->fields[k].flags & BERTH_MANY))
                add(m, 'r', &t->fields[k], NULL);
    }
}

static const char *name_of(struct merge *m, const struct source *s)
{
    return s->kind != 'r' ? arena_fmt(m->c->a, "%c", s->kind)
                          : arena_fmt(m->c->a, "r%lld-%s:", (long long)store_table_no(m->c->st, s->by->table), s->by->name);
}

/* "h12.n5.r3-lead_id:1764…:9"; what it does not name begins anew. */
static bool read_cursor(struct merge *m, const char *after)
{
    for (const char *s = after; s != NULL && *s != '\0';) {
        bool found = false;

        for (size_t i = 0; i < m->n && !found; i++) {
            struct source *src = &m->s[i];
            const char *name = name_of(m, src);
            char *end;

            if (strncmp(s, name, strlen(name)) != 0)
                continue;
            src->id = strtoll(s + strlen(name), &end, 10);
            if (src->kind == 'r' && *end == ':') {
                src->at = src->id;
                src->id = strtoll(end + 1, &end, 10);
            }
            if (*end != '.')
                return false;
            src->begun = found = true;
            s = end + 1;
        }
        if (!found)
            return false;
    }
    return true;
}

/* ---- merging ------------------------------------------------------------------------------------ */
/* The newest entry that was not taken; NULL when there is none left. */
static struct entry *newest(struct merge *m, struct source **of)
{
    struct entry *best = NULL;

    for (size_t i = 0; i < m->n; i++)
        for (size_t k = 0; k < m->s[i].n; k++) {
            struct entry *e = &m->s[i].e[k];

            if (e->taken)
                continue;
            if (best == NULL || e->at > best->at) {
                best = e;
                *of = &m->s[i];
            }
            break; /* each source is in order */
        }
    return best;
}

static struct berth_row *by_row(struct berth_ctx *c, const struct table *t, int64_t by)
{
    struct berth_row *r = row_new(c, t);

    if (by != 0)
        r->v[F_CREATED_BY] = (struct berth_val){BERTH_REF, 0, {.i = by}};
    return r;
}

static const char *write_cursor(struct merge *m)
{
    struct buf b = BUF_INIT;
    const char *s;

    for (size_t i = 0; i < m->n; i++) {
        const struct source *src = &m->s[i];

        if (!src->begun)
            continue;
        buf_puts(&b, name_of(m, src));
        if (src->kind == 'r')
            buf_addf(&b, "%lld:", (long long)src->at);
        buf_addf(&b, "%lld.", (long long)src->id);
    }
    s = arena_strdup(m->c->a, buf_str(&b));
    buf_free(&b);
    return s;
}

int timeline_page(struct berth_ctx *c, const struct berth_row *r, const char *kinds, const char *after, int limit, struct buf *out)
{
    struct merge *m = arena_alloc(c->a, sizeof(*m));
    size_t room = (size_t)(4 * limit + 100);
    struct berth_row **refs = arena_alloc(c->a, room * sizeof(struct berth_row *));
    struct json j = json_to(out);
    struct source *of = NULL;
    struct entry *e;
    size_t nrefs = 0;
    int n = 0;

    *m = (struct merge){.c = c, .r = r, .limit = limit};
    sources(m, kinds);
    if (!read_cursor(m, after)) {
        c->args[0] = "name";
        c->args[1] = "after";
        c->args[2] = NULL;
        return ctx_fail(c, BERTH_INVALID, "bad_request", "err.bad_param");
    }
    for (size_t i = 0; i < m->n && c->rc == BERTH_OK; i++)
        read_source(m, &m->s[i]);
    if (c->rc != BERTH_OK)
        return c->rc;
    json_open(&j, '{');
    json_key(&j, "entries");
    json_open(&j, '[');
    while (n < limit && nrefs < room - 2 && (e = newest(m, &of)) != NULL) {
        e->taken = of->begun = true;
        of->at = e->at;
        of->id = e->id;
        json_raw(&j, e->json, strlen(e->json));
        refs[nrefs++] = by_row(c, r->t, e->by);
        for (const char *s = of->kind == 'n' ? e->json : ""; nrefs < room - 2 && (s = strstr(s, "@[")) != NULL; s += 2)
            if (strtoll(s + 2, NULL, 10) > 0) /* a mention: its name is needed */
                refs[nrefs++] = by_row(c, r->t, strtoll(s + 2, NULL, 10));
        if (e->row != NULL)
            refs[nrefs++] = e->row;
        n++;
    }
    json_close(&j, ']');
    titles_of_rows(c, &j, refs, nrefs);
    json_text(&j, "next", newest(m, &of) == NULL ? NULL : write_cursor(m));
    json_close(&j, '}');
    return c->rc;
}
