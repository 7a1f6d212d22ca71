/* seal.c - making and checking the chain. */
#include "record/seal.h"

#include "record/seal_in.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/when.h"

/* What is hashed, in this order; columns added later stand behind, in statements of their own. */
const char seal_history_sql[] = "SELECT seq, tbl, rec, at, by, op, changes, note FROM history WHERE seq > ? AND seq <= ? ORDER BY seq";
const char seal_audit_sql[] = "SELECT id, at, user_id, what, detail, ip FROM audit WHERE id > ? AND id <= ? ORDER BY id";
enum { COLUMNS_MAX = 8 };

/* ---- hashing ------------------------------------------------------------------------------------ */
static void feed(crypto_generichash_state *h, const char *p, size_t n)
{
    crypto_generichash_update(h, (const unsigned char *)p, n);
}

void seal_feed(crypto_generichash_state *h, const struct buf *row)
{
    feed(h, row->s, row->len);
}

/* Type and length before each value, so that no two rows read alike. */
void seal_add(struct buf *b, const int64_t *number, const char *text, size_t n)
{
    char *to, *end; /* "i42;", or "t5:" before a text */

    if (number == NULL && text == NULL) {
        buf_add(b, "-;", 2);
        return;
    }
    to = buf_room(b, 2 + JSON_INT_MAX);
    *to = number != NULL ? 'i' : 't';
    end = json_digits(to + 1, number != NULL ? *number : (int64_t)n);
    *end++ = number != NULL ? ';' : ':';
    b->len += (size_t)(end - to);
    if (number == NULL)
        buf_add(b, text, n);
}

static void add_column(struct buf *b, struct db_stmt *s, int i, const struct db_value *v)
{
    const char *text = v->type == DB_T_NULL ? NULL : v->s;
    size_t n = v->len;

    if (v->type != DB_T_NULL && v->type != DB_T_INT && v->type != DB_T_TEXT)
        text = db_col_text(s, i, &n);
    seal_add(b, v->type == DB_T_INT ? &v->i : NULL, text, n);
}

/* The rows behind `after` up to `last`; how many, negative: a database error. */
static int64_t feed_rows(crypto_generichash_state *h, struct db_conn *c, const char *sql, int64_t after, int64_t last)
{
    struct db_stmt *s = db_prepare(c, sql);
    struct db_value v[COLUMNS_MAX];
    struct buf row = BUF_INIT;
    int64_t n = 0;
    int rc;

    db_bind_int(s, 1, after);
    db_bind_int(s, 2, last);
    while ((rc = db_step(s)) == DB_ROW) {
        int columns = db_col_count(s);

        buf_clear(&row);
        db_cols(s, 0, columns, v);
        for (int i = 0; i < columns; i++)
            add_column(&row, s, i, &v[i]);
        seal_feed(h, &row);
        n++;
    }
    db_reset(s);
    buf_free(&row);
    return rc < 0 ? rc : n;
}

/* New ones have 160 bits: nobody finds a second text for one, and a log of small changes is a tenth smaller for it. */
static size_t sum_size(const struct seal *now)
{
    return strlen(now->hash) >= 43 ? 32 : 20;
}

void seal_hash_begin(crypto_generichash_state *h, const struct seal *before, const struct seal *now)
{
    char head[160];

    crypto_generichash_init(h, NULL, 0, sum_size(now));
    feed(h, head, (size_t)snprintf(head, sizeof(head), "%s %lld %lld %lld;", before->hash, (long long)now->at,
                                   (long long)now->history, (long long)now->audit));
}

void seal_hash_end(crypto_generichash_state *h, struct seal *now)
{
    unsigned char sum[32];
    size_t n = sum_size(now);

    crypto_generichash_final(h, sum, n);
    if (strlen(now->hash) == 64) /* one made before they were written short */
        sodium_bin2hex(now->hash, sizeof(now->hash), sum, n);
    else
        sodium_bin2base64(now->hash, sizeof(now->hash), sum, n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

int64_t seal_hash(struct db_conn *c, const struct seal *before, struct seal *now)
{
    crypto_generichash_state h;
    int64_t n, m;

    seal_hash_begin(&h, before, now);
    if ((n = feed_rows(&h, c, seal_history_sql, before->history, now->history)) < 0 ||
        (m = feed_rows(&h, c, seal_audit_sql, before->audit, now->audit)) < 0)
        return -1;
    seal_hash_end(&h, now);
    return n + m;
}

/* ---- making ---------------------------------------------------------------------------------------- */
static int64_t number(struct db_conn *c, const char *sql)
{
    struct db_stmt *s = db_prepare(c, sql);
    int64_t n = db_step(s) == DB_ROW ? db_col_int(s, 0) : -1;

    db_reset(s);
    return n;
}

int seal_read(struct db_stmt *s, struct seal *out)
{
    int rc = db_step(s);

    if (rc == DB_ROW) {
        *out = (struct seal){.seq = db_col_int(s, 0), .at = db_col_int(s, 1), .history = db_col_int(s, 2), .audit = db_col_int(s, 3)};
        snprintf(out->hash, sizeof(out->hash), "%s", db_col_is_null(s, 4) ? "" : db_col_text(s, 4, NULL));
    }
    return rc;
}

static int seal_now(struct db_conn *c, void *arg)
{
    struct store *st = arg;
    struct seal before = {0}, now;
    struct db_stmt *s;
    int rc;

    if (!st->unsealed)
        return 0;
    s = db_prepare(c, SEAL "ORDER BY seq DESC LIMIT 1");
    rc = seal_read(s, &before);
    db_reset(s);
    if (rc != DB_ROW && rc >= 0)
        rc = seal_cut_last(c, &before);
    now = (struct seal){.at = store_now(st), .history = number(c, "SELECT coalesce(max(seq), 0) FROM history"),
                        .audit = number(c, "SELECT coalesce(max(id), 0) FROM audit")};
    if (rc < 0 || now.history < 0 || now.audit < 0)
        return -1;
    now.history = now.history > before.history ? now.history : before.history; /* all of it may have been cut off */
    now.audit = now.audit > before.audit ? now.audit : before.audit;
    if (now.history == before.history && now.audit == before.audit) { /* what wanted it was undone */
        st->unsealed = false;
        return 0;
    }
    if (seal_hash(c, &before, &now) < 0)
        return -1;
    s = db_prepare(c, "INSERT INTO seal (at, history, audit, hash) VALUES (?, ?, ?, ?)");
    db_bind_int(s, 1, now.at);
    db_bind_int(s, 2, now.history);
    db_bind_int(s, 3, now.audit);
    db_bind_text(s, 4, now.hash, -1);
    rc = db_step(s);
    db_reset(s);
    st->unsealed = rc < 0;
    return rc < 0 ? rc : 0;
}

void seal_wanted(struct store *st)
{
    st->unsealed = true;
}

int seal_keep_rows(struct db_conn *w)
{
    return db_keep_rows(w, "history") < 0 || db_keep_rows(w, "audit") < 0 || db_keep_rows(w, "seal") < 0 || db_keep_rows(w, "seal_cut") < 0
               ? -1
               : 0;
}

static int keep_body(struct db_conn *w, void *arg)
{
    (void)arg;
    return seal_keep_rows(w) < 0 ? -1 : 0;
}

int seal_start(struct store *st, struct buf *err)
{
    st->unsealed = true; /* what was written before there were seals */
    db_at_commit(st->db, seal_now, st);
    if (db_write(st->db, keep_body, st) == 0)
        return 0;
    buf_puts(err, "seal the audit trail");
    return -1;
}

/* ---- checking ---------------------------------------------------------------------------------------- */
/* What no seal covers: the columns of the audit trail that every table has and that say nothing here, and the indexes by which
 * entries are found.  A byte changed there would hide an entry, or be shown.  False without a word: it could not be read. */
static bool beside_sound(struct db_conn *c, struct buf *why)
{
    static const char *const tables[] = {"history", "audit", "seal", "seal_cut"};
    struct buf report = BUF_INIT;
    int64_t all = number(c, "SELECT count(*) FROM audit");
    int64_t good =
        number(c, "SELECT count(*) FROM audit WHERE version = 1 AND created_at = at AND updated_at = at AND created_by IS NULL AND"
                  " updated_by IS NULL");
    int rc = 0;

    if (all < 0 || good < 0)
        return false;
    if (good != all) {
        buf_addf(why, "%lld entries of the audit trail were changed", (long long)(all - good));
        return false;
    }
    for (size_t i = 0; rc == 0 && i < sizeof(tables) / sizeof(tables[0]); i++) {
        rc = db_table_sound(c, tables[i], &report);
        if (rc < 0 && rc != DB_INTERRUPTED)
            buf_addf(why, "%s does not fit its index, or its pages: %.*s", tables[i], (int)strcspn(buf_str(&report), "\n"),
                     buf_str(&report));
    }
    buf_free(&report);
    return rc == 0;
}

int seal_verify(struct db_conn *conn, struct seal_report *out, struct buf *why)
{
    struct seal before = {0}, cut, seal;
    int rc = 0;

    *out = (struct seal_report){0};
    if (db_read_begin(conn) < 0) {
        buf_puts(why, "the database cannot be read");
        return SEAL_UNREAD;
    }
    if (seal_cut_last(conn, &before) < 0 || !seal_cut_sound(conn, &before, why))
        rc = -1;
    cut = before;
    out->cut = cut.seq;
    while (rc == 0) { /* one by one: the rows between are read with other statements */
        struct db_stmt *s = db_prepare(conn, SEAL "WHERE seq > ? ORDER BY seq LIMIT 1");
        struct seal made;
        int64_t n;
        int got;

        db_bind_int(s, 1, before.seq);
        got = seal_read(s, &seal);
        db_reset(s);
        if (got != DB_ROW) {
            rc = got < 0 ? -1 : 0;
            break;
        }
        made = seal;
        n = seal.seq != before.seq + 1 ? -2 : seal_hash(conn, &before, &made);
        if (n == -1) { /* not read to the end: nothing is said of the entries */
            rc = -1;
            break;
        }
        if (n < 0 || strcmp(made.hash, seal.hash) != 0) {
            char at[WHEN_TIME_MAX];

            when_time_format(seal.at, at);
            buf_addf(
                why,
                n == -2
                    ? "seal %lld of %s does not follow %lld: a seal is missing"
                    : "seal %lld of %s does not fit: an entry of the history behind number %lld or of the audit trail behind %lld was changed, "
                      "added or taken away",
                (long long)seal.seq, at, (long long)(n == -2 ? before.seq : before.history), (long long)before.audit);
            rc = -1;
            break;
        }
        out->seals++;
        out->entries += n;
        before = seal;
    }
    out->at = before.at;
    snprintf(out->head, sizeof(out->head), "%s", before.hash);
    if (rc == 0 && !beside_sound(conn, why))
        rc = -1;
    if (rc == 0) {
        int64_t h = number(conn, "SELECT coalesce(max(seq), 0) FROM history"), a = number(conn, "SELECT coalesce(max(id), 0) FROM audit");

        rc = h < 0 || a < 0 ? -1 : 0;
        h = h > cut.history ? h : cut.history; /* all of it may have been cut off */
        a = a > cut.audit ? a : cut.audit;
        out->unsealed = (h > before.history ? h - before.history : 0) + (a > before.audit ? a - before.audit : 0);
        if (rc == 0 && (h < before.history || a < before.audit)) {
            buf_puts(why, "the newest entries are gone");
            rc = -1;
        }
    }
    if (rc != 0 && why->len == 0) {
        buf_puts(why, "the database could not be read to the end");
        rc = SEAL_UNREAD;
    }
    db_read_end(conn);
    return rc;
}
