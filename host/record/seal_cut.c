/* seal_cut.c - the beginning of the chain goes into a file, and a checkpoint stands for it: its hash is the one that
 * the next seal was made with, and the audit trail, which later seals cover, says that it was made. */
#include "record/seal_in.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "record/audit.h"

enum { TURN = 5000 }; /* entries: some 100 ms of the writer's time */

/* ---- the checkpoint ------------------------------------------------------------------------------- */
#define CUT "SELECT seal, at, history, audit, hash FROM seal_cut ORDER BY seq DESC LIMIT 1"

int seal_cut_last(struct db_conn *c, struct seal *out)
{
    struct db_stmt *s = db_prepare(c, CUT);
    int rc;

    *out = (struct seal){0};
    rc = seal_read(s, out);
    db_reset(s);
    return rc;
}

int64_t seal_cut_at(struct db_conn *conn)
{
    struct seal cut;

    return seal_cut_last(conn, &cut) == DB_ROW ? cut.at : 0;
}

struct made { /* what stands in a checkpoint beside the seal */
    int64_t at, entries;
    char file[100];
};

/* made NULL: as it was said before its time, number and file were. */
static void said(const struct seal *cut, const struct made *made, char *out, size_t n)
{
    size_t at = (size_t)snprintf(out, n, "history and audit trail up to seal %lld (history %lld, audit %lld) cut off, hash %s",
                                 (long long)cut->seq, (long long)cut->history, (long long)cut->audit, cut->hash);

    if (made != NULL && at < n)
        snprintf(out + at, n - at, ", sealed %lld, %lld entries into %s", (long long)cut->at, (long long)made->entries, made->file);
}

static int read_made(struct db_conn *c, struct made *out)
{
    struct db_stmt *s = db_prepare(c, "SELECT made_at, entries, file FROM seal_cut ORDER BY seq DESC LIMIT 1");
    int rc = db_step(s);

    if (rc == DB_ROW) {
        *out = (struct made){.at = db_col_int(s, 0), .entries = db_col_int(s, 1)};
        snprintf(out->file, sizeof(out->file), "%s", db_col_is_null(s, 2) ? "" : db_col_text(s, 2, NULL));
    }
    db_reset(s);
    return rc;
}

bool seal_cut_sound(struct db_conn *c, const struct seal *cut, struct buf *why)
{
    struct db_stmt *s;
    char text[400], before[400];
    struct made made;
    int rc;

    if (cut->seq == 0)
        return true;
    rc = read_made(c, &made);
    if (rc == DB_ROW) {
        said(cut, &made, text, sizeof(text));
        said(cut, NULL, before, sizeof(before));
        s = db_prepare(c, "SELECT 1 FROM audit WHERE id > ? AND at = ? AND what = 'retention' AND detail IN (?, ?) LIMIT 1");
        db_bind_int(s, 1, cut->audit);
        db_bind_int(s, 2, made.at);
        db_bind_text(s, 3, text, -1);
        db_bind_text(s, 4, before, -1);
        rc = db_step(s);
        db_reset(s);
    }
    if (rc == DB_DONE)
        buf_addf(why, "the checkpoint behind seal %lld does not fit: the audit trail does not say that it was made", (long long)cut->seq);
    return rc == DB_ROW;
}

/* ---- the file ---------------------------------------------------------------------------------------- */
static int rows_json(struct json *j, struct db_conn *c, const char *sql, int64_t after, int64_t last)
{
    struct db_stmt *s = db_prepare(c, sql);
    int rc;

    db_bind_int(s, 1, after);
    db_bind_int(s, 2, last);
    json_open(j, '[');
    while ((rc = db_step(s)) == DB_ROW) {
        json_open(j, '[');
        for (int i = 0; i < db_col_count(s); i++)
            if (db_col_is_null(s, i))
                json_nil(j);
            else if (db_col_type(s, i) == DB_T_INT)
                json_int(j, db_col_int(s, i));
            else
                json_str(j, db_col_text(s, i, NULL));
        json_close(j, ']');
    }
    json_close(j, ']');
    db_reset(s);
    return rc < 0 ? rc : 0;
}

static void seal_json(struct json *j, const struct seal *s)
{
    json_open(j, '[');
    json_int(j, s->seq);
    json_int(j, s->at);
    json_int(j, s->history);
    json_int(j, s->audit);
    json_str(j, s->hash);
    json_close(j, ']');
}

/* One line: {"after":…,"seal":…,"history":[…],"audit":[…]} */
static int line(struct db_conn *c, const struct seal *before, const struct seal *now, struct buf *out)
{
    struct json j = json_to(out);
    int rc;

    json_open(&j, '{');
    json_key(&j, "after");
    seal_json(&j, before);
    json_key(&j, "seal");
    seal_json(&j, now);
    json_key(&j, "history");
    rc = rows_json(&j, c, seal_history_sql, before->history, now->history);
    json_key(&j, "audit");
    rc = rc < 0 ? rc : rows_json(&j, c, seal_audit_sql, before->audit, now->audit);
    json_close(&j, '}');
    buf_puts(out, "\n");
    return rc;
}

/* On the disk before the entries go. */
static int write_file(const struct store *st, const char *path, const struct buf *text)
{
    size_t at = 0;
    int fd, dir, rc = -1;

    if (mkdir(st->archive_dir, 0700) < 0 && errno != EEXIST)
        return -1;
    if ((fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600)) < 0)
        return -1;
    while (at < text->len) {
        ssize_t n = write(fd, text->s + at, text->len - at);

        if (n < 0 && errno != EINTR)
            break;
        at += n < 0 ? 0 : (size_t)n;
    }
    if (at == text->len && fsync(fd) == 0 && (dir = open(st->archive_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0) {
        rc = fsync(dir);
        close(dir);
    }
    close(fd);
    return rc;
}

/* ---- cutting -------------------------------------------------------------------------------------------- */
/* The next seal, if it may go: sealed before `until`, and not the newest. */
static bool next(struct db_conn *c, const struct seal *before, int64_t until, struct seal *out)
{
    struct db_stmt *s = db_prepare(c, SEAL "WHERE seq > ? AND at < ? AND seq < (SELECT max(seq) FROM seal) ORDER BY seq LIMIT 1");
    int rc;

    db_bind_int(s, 1, before->seq);
    db_bind_int(s, 2, until);
    rc = seal_read(s, out);
    db_reset(s);
    return rc == DB_ROW && out->seq == before->seq + 1;
}

static int drop(struct berth_ctx *c, const char *sql, int64_t last)
{
    struct db_stmt *s = db_prepare(c->conn, sql);

    db_bind_int(s, 1, last);
    return ctx_write(c, s, "cut off history");
}

static int checkpoint(struct berth_ctx *c, const struct seal *cut, int64_t entries, const char *file)
{
    struct made made = {.at = c->now, .entries = entries};
    struct db_stmt *s;
    char text[400];
    int rc;

    if (db_free_rows(c->conn, "history") < 0 || db_free_rows(c->conn, "audit") < 0 || db_free_rows(c->conn, "seal") < 0)
        return ctx_db(c, DB_ERROR, "cut off history");
    drop(c, "DELETE FROM history WHERE seq <= ?", cut->history);
    drop(c, "DELETE FROM audit WHERE id <= ?", cut->audit);
    drop(c, "DELETE FROM seal WHERE seq <= ?", cut->seq);
    if (seal_keep_rows(c->conn) < 0)
        return ctx_db(c, DB_ERROR, "keep history");
    s = db_prepare(c->conn,
                   "INSERT INTO seal_cut (made_at, seal, at, history, audit, hash, entries, file) VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    db_bind_int(s, 1, c->now);
    db_bind_int(s, 2, cut->seq);
    db_bind_int(s, 3, cut->at);
    db_bind_int(s, 4, cut->history);
    db_bind_int(s, 5, cut->audit);
    db_bind_text(s, 6, cut->hash, -1);
    db_bind_int(s, 7, entries);
    db_bind_text(s, 8, file, -1);
    rc = db_step(s);
    db_reset(s);
    if (rc < 0)
        return ctx_db(c, rc, "keep a checkpoint");
    snprintf(made.file, sizeof(made.file), "%s", file);
    said(cut, &made, text, sizeof(text));
    return audit_add(c, "retention", text);
}

int64_t seal_cut(struct berth_ctx *c, int64_t until)
{
    struct seal first, last, now, made;
    struct buf text = BUF_INIT;
    const char *name;
    int64_t entries = 0, n;

    if (seal_cut_last(c->conn, &first) < 0)
        return ctx_db(c, DB_ERROR, "read the chain");
    for (last = first; entries < TURN && next(c->conn, &last, until, &now); last = now) {
        made = now;
        n = seal_hash(c->conn, &last, &made);
        if (n < 0 || strcmp(made.hash, now.hash) != 0 || line(c->conn, &last, &now, &text) < 0) {
            log_error("retention", "seal %lld does not fit what it seals: nothing is cut off; see berth audit verify", (long long)now.seq);
            buf_free(&text);
            return 0;
        }
        entries += n;
    }
    if (last.seq > first.seq) {
        name = arena_fmt(c->a, "audit-%09lld-%09lld.jsonl", (long long)first.seq + 1, (long long)last.seq);
        if (write_file(c->st, arena_fmt(c->a, "%s/%s", c->st->archive_dir, name), &text) < 0) {
            log_error("retention", "write %s/%s: %s", c->st->archive_dir, name, strerror(errno));
            ctx_fail(c, BERTH_BROKEN, "broken", "err.broken");
        } else {
            checkpoint(c, &last, entries, name);
        }
    }
    buf_free(&text);
    return c->rc != BERTH_OK ? (int64_t)c->rc : entries;
}

/* ---- checking a file ---------------------------------------------------------------------------------------- */
static bool json_seal(const json_t *j, struct seal *out)
{
    const char *hash = json_string_value(json_array_get(j, 4));

    *out = (struct seal){.seq = json_integer_value(json_array_get(j, 0)), .at = json_integer_value(json_array_get(j, 1)),
                         .history = json_integer_value(json_array_get(j, 2)), .audit = json_integer_value(json_array_get(j, 3))};
    if (hash != NULL)
        snprintf(out->hash, sizeof(out->hash), "%s", hash);
    return hash != NULL && json_array_size(j) == 5;
}

static int64_t feed_rows(crypto_generichash_state *h, const json_t *rows)
{
    struct buf values = BUF_INIT;
    size_t i, k;
    json_t *row, *v;

    json_array_foreach(rows, i, row) {
        buf_clear(&values);
        json_array_foreach(row, k, v) {
            int64_t number = json_integer_value(v);

            seal_add(&values, json_is_integer(v) ? &number : NULL, json_string_value(v), json_string_length(v));
        }
        seal_feed(h, &values);
    }
    buf_free(&values);
    return (int64_t)json_array_size(rows);
}

int seal_verify_file(const char *path, struct seal_report *out, char after[65], struct buf *why)
{
    FILE *f = fopen(path, "re");
    struct seal before = {0}, told, seal, made;
    char *text = NULL;
    size_t room = 0;
    ssize_t n;

    *out = (struct seal_report){0};
    if (f == NULL) {
        buf_addf(why, "%s: %s", path, strerror(errno));
        return -1;
    }
    while (why->len == 0 && (n = getline(&text, &room, f)) > 0) {
        json_t *j = json_loadb(text, (size_t)n, JSON_ALLOW_NUL, NULL);
        crypto_generichash_state h;
        bool ok = json_seal(json_object_get(j, "after"), &told) && json_seal(json_object_get(j, "seal"), &seal);

        if (out->seals == 0 && ok) {
            before = told;
            snprintf(after, 65, "%s", told.hash);
        }
        if (ok) {
            made = seal;
            seal_hash_begin(&h, &before, &made);
            out->entries += feed_rows(&h, json_object_get(j, "history")) + feed_rows(&h, json_object_get(j, "audit"));
            seal_hash_end(&h, &made);
        }
        if (!ok || seal.seq != before.seq + 1 || strcmp(made.hash, seal.hash) != 0)
            buf_addf(why, "line %lld does not fit: it was changed, or one is missing", (long long)out->seals + 1);
        before = seal;
        out->seals++;
        json_decref(j);
    }
    out->at = before.at;
    snprintf(out->head, sizeof(out->head), "%s", before.hash);
    free(text);
    fclose(f);
    return why->len == 0 ? 0 : -1;
}
