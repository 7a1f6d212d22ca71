/* inbound.c - sorting what comes in. */
#include "service/inbound.h"

#include <string.h>

#include "base/when.h"
#include "record/dup.h"
#include "record/find.h"
#include "record/log_page.h"
#include "service/alert.h"
#include "service/file.h"
#include "text/valid.h"

enum { FROM_MAX = 254, SUBJECT_MAX = 500, TEXT_MAX = 200000 };

#define FRESH (7 * WHEN_DAY)

struct place {
    int64_t tbl, rec;
};

/* ---- by what it answers ------------------------------------------------------------------------- */
static struct place of_name(struct berth_ctx *c, const char *table, const char *name)
{
    struct db_stmt *s = db_prepare(
        c->conn,
        arena_fmt(c->a, "SELECT tbl, rec FROM %s WHERE name = ? AND tbl IS NOT NULL LIMIT 1",
                  table));
    struct place p = {0, 0};

    db_bind_text(s, 1, name, -1);
    if (db_step(s) == DB_ROW)
        p = (struct place){db_col_int(s, 0), db_col_int(s, 1)};
    db_reset(s);
    return p;
}

static struct place by_thread(struct berth_ctx *c, const struct in_message *m)
{
    for (const char *const *ref = m->refs; ref != NULL && *ref != NULL; ref++) {
        struct place p = of_name(c, "outbox", arena_strndup(c->a, *ref, strcspn(*ref, "@")));

        if (p.tbl == 0)
            p = of_name(c, "inbox", *ref);
        if (p.tbl != 0)
            return p;
    }
    return (struct place){0, 0};
}

/* ---- by who wrote it ---------------------------------------------------------------------------- */
/* The newest record of the table that has this number or address, by its duplicate keys. */
static int64_t in_table(struct berth_ctx *c, const struct table *t, enum berth_type type,
                        const char *value)
{
    struct berth_row *r = row_new(c, t);
    const struct field *country = model_field(t, "country");
    struct dup_keys keys;
    int64_t best = 0;

    if (country != NULL && country->type == BERTH_PICK)
        row_set(r, "country", berth_s(c->st->company.country));
    for (int i = 0; i < t->nfields; i++)
        if (t->fields[i].type == type)
            row_set(r, t->fields[i].name, berth_s(value));
    dup_keys_of(r, &keys);
    for (const struct ctx_match *m = dup_find_all(c, t, &keys, 0, DUP_CREATE); m != NULL;
         m = m->next)
        if (m->table == t && m->id > best)
            best = m->id;
    return best;
}

/* A contact rather than its customer, a customer rather than a lead: areas that build on others
 * come later. */
static struct place by_sender(struct berth_ctx *c, const struct in_message *m)
{
    enum berth_type type = strcmp(m->channel, "mail") == 0 ? BERTH_EMAIL : BERTH_PHONE;

    for (size_t i = c->m->ntables; i-- > 0 && c->rc == BERTH_OK;) {
        const struct table *t = &c->m->tables[i];
        int64_t id = (t->flags & (BERTH_BARE | BERTH_ADMIN)) ? 0 : in_table(c, t, type, m->from);

        if (id != 0)
            return (struct place){store_table_no(c->st, t), id};
    }
    return (struct place){0, 0};
}

/* ---- keeping it --------------------------------------------------------------------------------- */
/* Text that others wrote: whole characters, no control characters but ends of lines. */
static const char *plain(struct berth_ctx *c, const char *s, size_t max, bool lines)
{
    char *out =
        arena_strndup(c->a, s == NULL ? "" : s, s == NULL ? 0 : text_limit(s, strlen(s), max));

    char *to = out;

    for (char *p = out; *p != '\0'; p++)
        if (p[0] != '\r' || p[1] != '\n')
            *to++ =
                ((unsigned char)*p < 0x20 && !(lines && (*p == '\n' || *p == '\t'))) || *p == 0x7f
                    ? ' '
                    : *p;
    *to = '\0';
    return out;
}

static void tell_owner(struct berth_ctx *c, const struct in_message *m, struct place p, int64_t id)
{
    const struct table *t = store_table_of(c->st, c->m, p.tbl);
    struct berth_row *r = t == NULL ? NULL : find_raw(c, t, p.rec);

    if (r != NULL)
        alert_raise(
            c, &(struct berth_alert){
                   .text = strcmp(m->channel, "mail") == 0 ? "alert.mail_in" : "alert.sms_in",
                   .args = (const char *const[]){"who", plain(c, m->from, FROM_MAX, false), NULL},
                   .key = arena_fmt(c->a, "in:%lld", (long long)id),
                   .about = r,
                   .severity = BERTH_IMPORTANT});
}

struct changed {
    const struct table *t;
    int64_t id;
};

static void tell(struct berth_ctx *c, void *arg)
{
    const struct changed *ch = arg;

    if (c->st->events.send != NULL && ch->t != NULL)
        c->st->events.send(
            c->st->events.hub,
            &(struct event){.kind = EVENT_CHANGED, .table = ch->t->name, .id = ch->id});
}

static void told(struct berth_ctx *c, struct place p)
{
    struct changed *ch = arena_alloc(c->a, sizeof(*ch));

    *ch = (struct changed){store_table_of(c->st, c->m, p.tbl), p.rec};
    ctx_after_commit(c, tell, ch);
}

/* Where there is no room for a file, the message is there all the same, and says that something is missing. */
static int64_t put_files(struct berth_ctx *c, const struct in_message *m, struct place p)
{
    int64_t left_out = 0;

    for (size_t i = 0; i < m->nfiles && c->rc == BERTH_OK; i++) {
        const struct in_file *f = &m->files[i];

        if (file_came(c, p.tbl, p.rec, f->name, f->hash, f->size, f->fd) != 0)
            continue;
        if (c->rc == BERTH_INVALID) {
            left_out++;
            ctx_clear(c);
        }
    }
    return left_out;
}

static int say_left_out(struct berth_ctx *c, int64_t id, int64_t n)
{
    struct db_stmt *s = db_prepare(c->conn, "UPDATE inbox SET left_out = left_out + ? WHERE id = ?");

    db_bind_int(s, 1, n);
    db_bind_int(s, 2, id);
    return ctx_write(c, s, "keep a message");
}

int64_t inbound_put(struct berth_ctx *c, const struct in_message *m)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT 1 FROM inbox WHERE channel = ? AND name = ?");
    struct place p;
    int64_t id, left_out;
    int rc;

    db_bind_text(s, 1, m->channel, -1);
    db_bind_text(s, 2, m->name, -1);
    rc = db_step(s);
    db_reset(s);
    if (rc != DB_DONE)
        return rc < 0 ? ctx_db(c, rc, "look for a message") : 0;
    p = by_thread(c, m);
    if (p.tbl == 0)
        p = by_sender(c, m);
    s = db_prepare(c->conn, "INSERT INTO inbox (at, sent_at, channel, sender, subject, body, name, "
                            "tbl, rec, left_out) VALUES (?1, ?2, ?3, ?4,"
                            " ?5, ?6, ?7, ?8, ?9, ?10)");
    db_bind_int(s, 1, c->now);
    db_bind_int(s, 2, m->at > 0 && m->at <= c->now ? m->at : c->now);
    db_bind_text(s, 3, m->channel, -1);
    db_bind_text(s, 4, plain(c, m->from, FROM_MAX, false), -1);
    db_bind_text(s, 5, plain(c, m->subject, SUBJECT_MAX, false), -1);
    db_bind_text(s, 6, plain(c, m->text, TEXT_MAX, true), -1);
    db_bind_text(s, 7, m->name, -1);
    if (p.tbl != 0) {
        db_bind_int(s, 8, p.tbl);
        db_bind_int(s, 9, p.rec);
    }
    db_bind_int(s, 10, m->left_out);
    rc = db_step(s);
    db_reset(s);
    if (rc < 0)
        return ctx_db(c, rc, "keep a message"), 0;
    id = db_last_id(c->conn);
    left_out = put_files(c, m, p.tbl != 0 ? p : (struct place){store_table_no(c->st, model_table(c->m, "inbox")), id});
    if (left_out > 0)
        say_left_out(c, id, left_out);
    if (p.tbl != 0) {
        if (m->at == 0 || m->at > c->now - FRESH) /* not of what lay in the mailbox for long */
            tell_owner(c, m, p, id);
        told(c, p);
    }
    return c->rc == BERTH_OK ? id : 0;
}

int inbound_bounced(struct berth_ctx *c, const char *name, const char *why)
{
    const char *ours = arena_strndup(c->a, name, strcspn(name, "@"));
    struct place p = of_name(c, "outbox", ours);
    struct db_stmt *s = db_prepare(c->conn, "UPDATE outbox SET state = 'bounced', error = ? WHERE "
                                            "name = ? AND channel = 'mail' AND state = 'sent'");
    int rc;

    db_bind_text(s, 1, plain(c, why, SUBJECT_MAX, false), -1);
    db_bind_text(s, 2, ours, -1);
    rc = db_step(s);
    db_reset(s);
    if (rc < 0)
        return ctx_db(c, rc, "note that a mail came back");
    if (db_changes(c->conn) > 0 && p.tbl != 0)
        told(c, p);
    return c->rc;
}

int inbound_sort(struct berth_ctx *c, int64_t id, const struct berth_row *r)
{
    struct db_stmt *s = db_prepare(c->conn, "UPDATE inbox SET tbl = ?, rec = ? WHERE id = ?");
    int rc;

    db_bind_int(s, 1, store_table_no(c->st, r->t));
    db_bind_int(s, 2, row_id(r));
    db_bind_int(s, 3, id);
    rc = db_step(s);
    db_reset(s);
    if (rc < 0)
        return ctx_db(c, rc, "sort a message");
    if (db_changes(c->conn) == 0)
        return ctx_fail(c, BERTH_NOT_FOUND, "not_found", "err.not_found");
    told(c, (struct place){store_table_no(c->st, r->t), row_id(r)});
    return file_move(c, model_table(c->m, "inbox"), id, r);
}

static void files_json(struct berth_ctx *c, struct json *j, int64_t id)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT name FROM attachment WHERE tbl = ? AND rec = ? ORDER BY id");

    db_bind_int(s, 1, store_table_no(c->st, model_table(c->m, "inbox")));
    db_bind_int(s, 2, id);
    json_key(j, "files");
    json_open(j, '[');
    while (db_step(s) == DB_ROW)
        json_str(j, db_col_text(s, 0, NULL));
    json_close(j, ']');
    db_reset(s);
}

static void waiting_json(struct berth_ctx *c, struct json *j, struct db_stmt *s)
{
    static const char *const keys[] = {"channel", "from", "subject", "text"};

    for (int i = 0; i < 4; i++)
        json_text(j, keys[i], db_col_text(s, i + 1, NULL));
    json_time(j, "at", db_col_int(s, 5));
    files_json(c, j, db_col_int(s, 0));
}

int inbound_page(struct berth_ctx *c, int64_t before, int limit, struct buf *out)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT id, channel, sender, subject, body, at FROM "
                                            "inbox WHERE tbl IS NULL AND id < ? ORDER BY id DESC"
                                            " LIMIT ?");

    return log_page_json(c, &(struct log_page){"messages", s, 0, waiting_json}, before, limit, out);
}

int inbound_gone(struct berth_ctx *c, const struct table *t, int64_t id)
{
    static const char *const sql[] = {
        "DELETE FROM inbox WHERE tbl = ? AND rec = ?",
        "UPDATE outbox SET tbl = NULL, rec = NULL WHERE tbl = ? AND rec = ?"};

    for (size_t i = 0; i < sizeof(sql) / sizeof(sql[0]) && c->rc == BERTH_OK; i++) {
        struct db_stmt *s = db_prepare(c->conn, sql[i]);
        int rc;

        db_bind_int(s, 1, store_table_no(c->st, t));
        db_bind_int(s, 2, id);
        rc = db_step(s);
        db_reset(s);
        if (rc < 0)
            ctx_db(c, rc, "take messages away");
    }
    return c->rc;
}
