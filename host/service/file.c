/* file.c - attachments: rights, quotas, versions. */
#include "service/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/when.h"
#include "record/audit.h"
#include "record/find.h"
#include "record/save.h"
#include "record/titles.h"
#include "record/setting.h"
#include "service/scan.h"
#include "service/thumb.h"
#include "text/utf8.h"

static const char name_max[] = "200"; /* bytes */
enum { PATIENCE_S = 60, PATIENCE_WRITER_S = 2, SILENT_MS = 10000 };
enum { FILES_MAX = 1000, HEAD = 4096, NOBODY = -1 /* what came with mails, or timers made, in blob_use */ };
#define MB INT64_C(1048576)

/* ---- before anything is kept ------------------------------------------------------------------ */
/* Characters that make a name read as another one: controls, and those that turn the direction. */
static bool deceives(uint32_t ch)
{
    return ch < 0x20 || (ch >= 0x7f && ch < 0xa0) || ch == 0x200e || ch == 0x200f || (ch >= 0x202a && ch <= 0x202e) ||
           (ch >= 0x2066 && ch <= 0x2069) || ch == 0xfeff;
}

const char *file_name(struct berth_ctx *c, const char *given)
{
    struct buf b = BUF_INIT;
    const char *s = given == NULL ? "" : given, *out;

    for (const char *p = s; *p != '\0'; p++)
        if (*p == '/' || *p == '\\')
            s = p + 1;
    while (*s != '\0') {
        const char *from = s;
        uint32_t ch = utf8_next(&s, from + strlen(from));

        if (!deceives(ch) && (ch >= 0x80 || strchr("<>:\"|?*", (int)ch) == NULL))
            buf_add(&b, from, (size_t)(s - from));
    }
    while (b.len > 0 && (b.s[b.len - 1] == ' ' || b.s[b.len - 1] == '.'))
        b.s[--b.len] = '\0';
    out = buf_str(&b) + strspn(buf_str(&b), " .");
    out = arena_strdup(c->a, out);
    buf_free(&b);
    if (*out != '\0' && strlen(out) <= (size_t)atoi(name_max))
        return out;
    if (*out == '\0')
        ctx_invalid(c, "name", "err.required", NULL);
    else
        ctx_invalid(c, "name", "err.too_long", "max", name_max, NULL);
    return NULL;
}

static int over(struct berth_ctx *c, const char *key, int64_t mb)
{
    c->args[0] = "max";
    c->args[1] = arena_fmt(c->a, "%lld", (long long)mb);
    c->args[2] = NULL;
    return ctx_fail(c, BERTH_INVALID, "too_large", key);
}

int file_may_add(struct berth_ctx *c, const struct berth_row *r, int64_t size)
{
    int64_t mine = setting_get(c, c->who == NULL ? "base.files_mail_mb" : "base.files_user_mb").i,
            all = setting_get(c, "base.files_total_mb").i;

    if (r != NULL && !perm_row(c, r, DO_UPDATE))
        return ctx_fail(c, BERTH_DENIED, "denied", "err.denied");
    if (mine > 0 && blob_use(c, c->who == NULL ? NOBODY : c->who->id) + size > mine * MB)
        return over(c, c->who == NULL ? "err.files_mail" : "err.files_user", mine);
    if (all > 0 && blob_use(c, 0) + size > all * MB)
        return over(c, "err.files_total", all);
    return c->rc;
}

/* Type by name and content. */
static int check(struct berth_ctx *c, const char *name, int fd)
{
    const struct filetype *t = filetype_of(name);
    unsigned char head[HEAD];
    ssize_t n = pread(fd, head, sizeof(head), 0);

    if (t == NULL)
        return ctx_invalid(c, "name", "err.file_type", NULL);
    if (n <= 0)
        return ctx_invalid(c, "name", "err.empty_file", NULL);
    return filetype_fits(t, head, (size_t)n) ? (int)c->rc : ctx_invalid(c, "name", "err.file_content", NULL);
}

/* On the writer everybody's writes wait behind it: it has seconds there for all of it, and after it kept silent it is not
 * asked again for a while.  Elsewhere a large file has a second more for each of its MB. */
static enum scan ask_scanner(struct berth_ctx *c, int fd, struct buf *what)
{
    static _Atomic int64_t silent_until;
    struct stat s = {0};
    enum scan v;

    if (c->st->scanner == NULL || *c->st->scanner == '\0')
        return SCAN_CLEAN;
    if (c->writing && when_monotonic() < silent_until) {
        buf_puts(what, "the virus scanner did not answer a moment ago");
        return SCAN_FAILED;
    }
    if (!c->writing) {
        scan_look_up(c->st->scanner);
        fstat(fd, &s);
    }
    v = scan_file(c->st->scanner, fd, c->writing ? PATIENCE_WRITER_S : PATIENCE_S + (int)(s.st_size >> 20), what);
    silent_until = v == SCAN_FAILED ? when_monotonic() + SILENT_MS : 0;
    return v;
}

static int scanned(struct berth_ctx *c, int fd)
{
    struct buf what = BUF_INIT;
    enum scan v = ask_scanner(c, fd, &what);

    if (v == SCAN_FOUND) {
        audit_later(c->st, c->who == NULL ? 0 : c->who->id, "virus", buf_str(&what), c->ip);
        ctx_invalid(c, "name", "err.virus", "what", buf_str(&what), NULL);
    } else if (v == SCAN_REFUSED) { /* what nobody looked at is not taken */
        log_warn("files", "the virus scanner says \"%s\"", buf_str(&what));
        ctx_invalid(c, "name", "err.scanner_size", NULL);
    } else if (v == SCAN_FAILED) {
        log_error("files", "%s", buf_str(&what));
        ctx_fail(c, BERTH_BUSY, "busy", "err.scanner");
    }
    buf_free(&what);
    return c->rc;
}

static int keep(struct berth_ctx *c, int fd, char hash[BLOB_HASH])
{
    if (blob_keep(c->st, fd, hash) == 0)
        return c->rc;
    log_error("files", "keep a file: %s", strerror(errno));
    return ctx_fail(c, errno == ENOSPC || errno == EDQUOT ? BERTH_FULL : BERTH_BROKEN, NULL, NULL);
}

int file_keep(struct berth_ctx *c, const char *name, int fd, char hash[BLOB_HASH])
{
    return check(c, name, fd) != BERTH_OK || scanned(c, fd) != BERTH_OK ? (int)c->rc : keep(c, fd, hash);
}

int file_of(struct berth_ctx *c, const void *bytes, size_t n)
{
    int fd = open(c->st->files_dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    size_t at = 0;

    while (fd >= 0 && at < n) {
        ssize_t w = write(fd, (const char *)bytes + at, n - at);

        if (w < 0 && errno != EINTR)
            break;
        at += w > 0 ? (size_t)w : 0;
    }
    if (fd >= 0 && at == n)
        return fd;
    log_error("files", "write a file: %s", strerror(errno));
    ctx_fail(c, errno == ENOSPC || errno == EDQUOT ? BERTH_FULL : BERTH_BROKEN, NULL, NULL);
    if (fd >= 0)
        close(fd);
    return -1;
}

/* ---- reading ---------------------------------------------------------------------------------- */
#define COLUMNS "id, doc, no, size, at, coalesce(by, 0), tbl, rec, name, mime, hash"

static void read_file(struct arena *a, struct db_stmt *s, struct file *f)
{
    *f = (struct file){db_col_int(s, 0), db_col_int(s, 1), db_col_int(s, 2), db_col_int(s, 3), db_col_int(s, 4),
                       db_col_int(s, 5), db_col_int(s, 6), db_col_int(s, 7), arena_strdup(a, db_col_text(s, 8, NULL)),
                       arena_strdup(a, db_col_text(s, 9, NULL)), arena_strdup(a, db_col_text(s, 10, NULL))};
}

static bool find_file(struct berth_ctx *c, int64_t id, struct file *f)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT " COLUMNS " FROM attachment WHERE id = ?");
    bool there;

    db_bind_int(s, 1, id);
    there = db_step(s) == DB_ROW;
    if (there)
        read_file(c->a, s, f);
    db_reset(s);
    return there;
}

/* The record it hangs on, which the user sees; NULL fails the ctx. */
static struct berth_row *record_of(struct berth_ctx *c, const struct file *f)
{
    const struct table *t = store_table_of(c->st, c->m, f->tbl);

    struct berth_row *r = t == NULL ? NULL : find_one(c, t, f->rec);

    if (c->rc == BERTH_OK && r != NULL && perm_hangs(r, HANGS_FILES))
        return r;
    ctx_fail(c, BERTH_NOT_FOUND, "not_found", "err.not_found");
    return NULL;
}

bool file_get(struct berth_ctx *c, int64_t id, struct file *out)
{
    if (!find_file(c, id, out))
        ctx_fail(c, BERTH_NOT_FOUND, "not_found", "err.not_found");
    return c->rc == BERTH_OK && record_of(c, out) != NULL;
}

static void body_json(struct json *j, const struct file *f)
{
    static const char *const looks[] = {[LOOK_IMAGE] = "image", [LOOK_PDF] = "pdf", [LOOK_TEXT] = "text"};
    const struct filetype *t = filetype_of(f->name);
    char at[WHEN_TIME_MAX];

    when_time_format(f->at, at);
    json_number(j, "id", f->id);
    json_number(j, "no", f->no);
    json_text(j, "name", f->name);
    json_text(j, "mime", f->mime);
    json_number(j, "size", f->size);
    json_text(j, "at", at);
    json_number(j, "by", f->by);
    json_text(j, "look", t == NULL ? NULL : looks[t->look]);
    json_flag(j, "thumbnail", thumb_may(f->mime));
}

void file_json(struct json *j, const struct file *f)
{
    json_open(j, '{');
    body_json(j, f);
    json_close(j, '}');
}

/* A row that carries nothing but who did it, for the titles beside a list. */
static struct berth_row *by_row(struct berth_ctx *c, const struct table *t, int64_t by)
{
    struct berth_row *r = row_new(c, t);

    if (by != 0)
        r->v[F_CREATED_BY] = (struct berth_val){BERTH_REF, 0, {.i = by}};
    return r;
}

/* The rows of a query, `most` at most. */
static size_t read_files(struct arena *a, struct db_stmt *s, struct file *out, size_t most)
{
    size_t n = 0;

    while (n < most && db_step(s) == DB_ROW)
        read_file(a, s, &out[n++]);
    db_reset(s);
    return n;
}

static size_t read_all(struct berth_ctx *c, const struct berth_row *r, struct file *f)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT " COLUMNS " FROM attachment WHERE tbl = ? AND rec = ? ORDER BY id DESC LIMIT ?");

    db_bind_int(s, 1, store_table_no(c->st, r->t));
    db_bind_int(s, 2, row_id(r));
    db_bind_int(s, 3, FILES_MAX);
    return read_files(c->a, s, f, FILES_MAX);
}

int file_list(struct berth_ctx *c, const struct berth_row *r, int64_t max, struct buf *out)
{
    struct file *f = arena_alloc(c->a, FILES_MAX * sizeof(*f));
    struct berth_row **by = arena_alloc(c->a, FILES_MAX * sizeof(struct berth_row *));
    size_t n = perm_hangs(r, HANGS_FILES) ? read_all(c, r, f) : 0;
    struct json j = json_to(out);

    json_open(&j, '{');
    json_key(&j, "files");
    json_open(&j, '[');
    for (size_t i = 0; i < n; i++) {
        bool newest = true;

        by[i] = by_row(c, r->t, f[i].by);
        for (size_t k = 0; k < i && newest; k++)
            newest = f[k].doc != f[i].doc;
        if (!newest)
            continue;
        json_open(&j, '{');
        body_json(&j, &f[i]);
        json_key(&j, "versions");
        json_open(&j, '[');
        for (size_t k = i + 1; k < n; k++)
            if (f[k].doc == f[i].doc)
                file_json(&j, &f[k]);
        json_close(&j, ']');
        json_close(&j, '}');
    }
    json_close(&j, ']');
    titles_of_rows(c, &j, by, n);
    json_key(&j, "may");
    json_open(&j, '{');
    json_flag(&j, "add", perm_row(c, r, DO_UPDATE));
    json_close(&j, '}');
    json_number(&j, "max", max);
    json_close(&j, '}');
    return c->rc;
}

/* ---- adding ------------------------------------------------------------------------------------ */
static int64_t next_no(struct berth_ctx *c, int64_t doc)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT coalesce(max(no), 0) + 1 FROM attachment WHERE doc = ?");

    db_bind_int(s, 1, doc);
    return db_one_int(s);
}

static void first_is_its_own_doc(struct berth_ctx *c, int64_t id)
{
    struct db_stmt *s = db_prepare(c->conn, "UPDATE attachment SET doc = id WHERE id = ?");

    db_bind_int(s, 1, id);
    if (db_step(s) < 0)
        ctx_db(c, DB_ERROR, "attach a file");
    db_reset(s);
}

static void touched(struct berth_ctx *c, void *arg)
{
    if (c->st->events.send != NULL)
        c->st->events.send(c->st->events.hub, arg);
}

static void tell(struct berth_ctx *c, const struct berth_row *r)
{
    struct event *e = arena_alloc(c->a, sizeof(*e));

    *e = (struct event){.kind = EVENT_CHANGED, .table = r->t->name, .id = row_id(r)};
    ctx_after_commit(c, touched, e);
}

/* A version, or with .doc 0 the first of a document; .by 0: nobody's.  Its id, 0 with the ctx's error. */
static int64_t put_row(struct berth_ctx *c, const struct file *f)
{
    struct db_stmt *s = db_prepare(c->conn, "INSERT INTO attachment (doc, no, tbl, rec, name, mime, size, hash, at, by)"
                                            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    int64_t id;
    int rc;

    db_bind_int(s, 1, f->doc);
    db_bind_int(s, 2, f->no);
    db_bind_int(s, 3, f->tbl);
    db_bind_int(s, 4, f->rec);
    db_bind_text(s, 5, f->name, -1);
    db_bind_text(s, 6, f->mime, -1);
    db_bind_int(s, 7, f->size);
    db_bind_text(s, 8, f->hash, -1);
    db_bind_int(s, 9, c->now);
    if (f->by != 0)
        db_bind_int(s, 10, f->by);
    rc = db_step(s);
    db_reset(s);
    if (rc < 0) {
        ctx_db(c, rc, "attach a file");
        return 0;
    }
    id = db_last_id(c->conn);
    if (f->doc == 0)
        first_is_its_own_doc(c, id);
    return id;
}

/* r NULL: on what stands at tbl, rec. */
static int64_t add(struct berth_ctx *c, const struct berth_row *r, int64_t tbl, int64_t rec, const char *name, const char *hash,
                   int64_t size, int64_t doc, int fd)
{
    const struct filetype *t = filetype_of(name);
    struct file of;
    int64_t id;

    if (file_may_add(c, r, size) != BERTH_OK)
        return 0;
    if (doc != 0) {
        if (!find_file(c, doc, &of) || of.tbl != tbl || of.rec != rec) {
            ctx_invalid(c, "replaces", "err.ref", NULL);
            return 0;
        }
        doc = of.doc;
    }
    if (blob_add(c, hash, size, fd) != BERTH_OK)
        return 0;
    id = put_row(c, &(struct file){.doc = doc, .no = doc == 0 ? 1 : next_no(c, doc), .tbl = tbl, .rec = rec, .name = name,
                                   .mime = t == NULL ? "application/octet-stream" : t->mime, .size = size, .hash = hash,
                                   .by = c->who == NULL ? 0 : c->who->id});
    if (id == 0)
        return 0;
    blob_use_add(c, c->who != NULL ? c->who->id : NOBODY, size);
    return c->rc == BERTH_OK ? id : 0;
}

int64_t file_add(struct berth_ctx *c, const struct berth_row *r, const char *name, const char *hash, int64_t size, int64_t doc, int fd)
{
    int64_t id = add(c, r, store_table_no(c->st, r->t), row_id(r), name, hash, size, doc, fd);

    if (id != 0)
        tell(c, r);
    return id;
}

int64_t file_came(struct berth_ctx *c, int64_t tbl, int64_t rec, const char *name, const char *hash, int64_t size, int fd)
{
    return add(c, NULL, tbl, rec, name, hash, size, 0, fd);
}

int file_move(struct berth_ctx *c, const struct table *t, int64_t id, const struct berth_row *to)
{
    struct db_stmt *s = db_prepare(c->conn, "UPDATE attachment SET tbl = ?, rec = ? WHERE tbl = ? AND rec = ?");

    db_bind_int(s, 1, store_table_no(c->st, to->t));
    db_bind_int(s, 2, row_id(to));
    db_bind_int(s, 3, store_table_no(c->st, t));
    db_bind_int(s, 4, id);
    return ctx_write(c, s, "move files");
}

/* ---- going out with a mail ----------------------------------------------------------------------- */
int64_t file_outbox(const struct store *st)
{
    return store_table_no(st, model_table(atomic_load(&st->model), "outbox"));
}

static void goes(struct berth_ctx *c, const struct file *f, int64_t mail)
{
    if (blob_add(c, f->hash, f->size, -1) == BERTH_OK)
        put_row(c,
                &(struct file){
                    .no = 1, .tbl = file_outbox(c->st), .rec = mail, .name = f->name, .mime = f->mime, .size = f->size, .hash = f->hash});
}

int file_goes(struct berth_ctx *c, const int64_t *id, size_t n, int64_t mail)
{
    struct file f[FILE_MAIL_MAX];
    int64_t bytes = 0;

    for (size_t i = 0; i < n; i++) {
        if (c->rc == BERTH_OK && !file_get(c, id[i], &f[i]) && c->rc == BERTH_NOT_FOUND) {
            ctx_clear(c);
            return ctx_invalid(c, "files", "err.ref", NULL);
        }
        bytes += c->rc == BERTH_OK ? f[i].size : 0;
    }
    if (bytes > FILE_MAIL_BYTES)
        return ctx_invalid(c, "files", "err.mail_files", "max", arena_fmt(c->a, "%d", FILE_MAIL_BYTES / (int)MB), NULL);
    for (size_t i = 0; i < n && c->rc == BERTH_OK; i++)
        goes(c, &f[i], mail);
    return c->rc;
}

size_t file_of_mail(const struct store *st, struct db_conn *conn, struct arena *a, int64_t mail, struct file *out)
{
    struct db_stmt *s = db_prepare(conn, "SELECT " COLUMNS " FROM attachment WHERE tbl = ? AND rec = ? ORDER BY id LIMIT ?");

    db_bind_int(s, 1, file_outbox(st));
    db_bind_int(s, 2, mail);
    db_bind_int(s, 3, FILE_MAIL_MAX);
    return read_files(a, s, out, FILE_MAIL_MAX);
}

size_t file_newest(struct berth_ctx *c, const struct berth_row *r, struct file *out, size_t most)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT " COLUMNS " FROM attachment a WHERE tbl = ? AND rec = ? AND NOT EXISTS (SELECT 1 FROM"
                                            " attachment b WHERE b.doc = a.doc AND b.no > a.no) ORDER BY id LIMIT ?");

    db_bind_int(s, 1, store_table_no(c->st, r->t));
    db_bind_int(s, 2, row_id(r));
    db_bind_int(s, 3, (int64_t)most);
    return read_files(c->a, s, out, most);
}

int64_t file_attach(struct berth_ctx *c, const struct berth_row *r, const char *given, const void *bytes, size_t n, int64_t doc)
{
    const char *name = file_name(c, given);
    char hash[BLOB_HASH];
    int64_t id = 0;
    int fd = name == NULL || file_may_add(c, r, (int64_t)n) != BERTH_OK ? -1 : file_of(c, bytes, n);

    if (fd < 0)
        return 0;
    if (file_keep(c, name, fd, hash) == BERTH_OK)
        id = file_add(c, r, name, hash, (int64_t)n, doc, fd);
    close(fd);
    return id;
}

const void *file_read(struct berth_ctx *c, int64_t id, size_t *n)
{
    struct file f;
    char *bytes = NULL;
    int fd;

    *n = 0;
    if (!file_get(c, id, &f))
        return NULL;
    if (f.size > FILE_READ_MAX)
        return over(c, "err.file_size", FILE_READ_MAX / MB), NULL;
    fd = blob_open(c->st, f.hash);
    bytes = arena_alloc(c->a, (size_t)f.size + 1);
    if (fd < 0 || pread(fd, bytes, (size_t)f.size, 0) != (ssize_t)f.size) {
        log_error("files", "read file %lld: %s", (long long)id, strerror(errno));
        ctx_fail(c, BERTH_BROKEN, "broken", "err.broken");
    }
    if (fd >= 0)
        close(fd);
    *n = c->rc == BERTH_OK ? (size_t)f.size : 0;
    return c->rc == BERTH_OK ? bytes : NULL;
}

/* ---- changing ----------------------------------------------------------------------------------- */
/* The file and its record, which the user may change; NULL fails the ctx. */
static struct berth_row *for_change(struct berth_ctx *c, int64_t id, struct file *f)
{
    struct berth_row *r = file_get(c, id, f) ? record_of(c, f) : NULL;

    if (r == NULL || perm_row(c, r, DO_UPDATE))
        return r;
    ctx_fail(c, BERTH_DENIED, "denied", "err.denied");
    return NULL;
}

int file_rename(struct berth_ctx *c, int64_t id, const char *given)
{
    struct file f;
    struct berth_row *r = for_change(c, id, &f);
    const char *name = r == NULL ? NULL : file_name(c, given);
    struct db_stmt *s;
    int rc;

    if (name == NULL)
        return c->rc;
    if (filetype_of(name) != filetype_of(f.name)) /* what is in it was checked for this ending */
        return ctx_invalid(c, "name", "err.file_ending", NULL);
    s = db_prepare(c->conn, "UPDATE attachment SET name = ? WHERE id = ?");
    db_bind_text(s, 1, name, -1);
    db_bind_int(s, 2, id);
    rc = db_step(s);
    db_reset(s);
    tell(c, r);
    return rc < 0 ? ctx_db(c, rc, "rename a file") : c->rc;
}

static int drop_rows(struct berth_ctx *c, const char *where, int64_t a, int64_t b)
{
    for (;;) { /* a few at a time: what is read is what goes */
        struct file f;
        struct db_stmt *s = db_prepare(c->conn, arena_fmt(c->a, "SELECT " COLUMNS " FROM attachment WHERE %s LIMIT 1", where));
        int rc;

        db_bind_int(s, 1, a);
        db_bind_int(s, 2, b);
        rc = db_step(s);
        if (rc == DB_ROW)
            read_file(c->a, s, &f);
        db_reset(s);
        if (rc != DB_ROW)
            return rc < 0 ? ctx_db(c, rc, "read files") : c->rc;
        s = db_prepare(c->conn, "DELETE FROM attachment WHERE id = ?");
        db_bind_int(s, 1, f.id);
        rc = db_step(s);
        db_reset(s);
        if (rc < 0)
            return ctx_db(c, rc, "delete a file");
        blob_less(c, f.hash);
        if (f.tbl != file_outbox(c->st)) /* what went out with a mail is in nobody's quota */
            blob_use_add(c, f.by != 0 ? f.by : NOBODY, -f.size);
        if (c->rc != BERTH_OK)
            return c->rc;
    }
}

int file_drop(struct berth_ctx *c, int64_t id, bool version_only)
{
    struct file f;
    struct berth_row *r = for_change(c, id, &f);

    if (r == NULL)
        return c->rc;
    drop_rows(c, version_only ? "id = ? AND tbl = ?" : "doc = ? AND tbl = ?", version_only ? f.id : f.doc, f.tbl);
    tell(c, r);
    return c->rc != BERTH_OK ? (int)c->rc : history_note(c, r, "file_drop", f.name);
}

int file_gone(struct berth_ctx *c, const struct table *t, int64_t id)
{
    return drop_rows(c, "tbl = ? AND rec = ?", store_table_no(c->st, t), id);
}
