/* scripts.c - rules and hooks read, checked, changed and taken back in the browser.  The file on the disk
 * is the truth: a change is checked, kept as a version, and put in its place in one move. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/when.h"
#include "lua/script.h"
#include "record/audit.h"
#include "web/app.h"

enum { TEXT_MAX = 256 << 10, VERSIONS = 100 };

/* "rules/leads.release_days.lua", and nothing that leads elsewhere. */
static bool file_ok(const char *file)
{
    const char *name;
    size_t n;

    if (file == NULL || (strncmp(file, "rules/", 6) != 0 && strncmp(file, "hooks/", 6) != 0))
        return false;
    name = file + 6;
    n = strlen(name);
    return n > 4 && n + 6 < SCRIPT_NAME && name[0] != '.' && strcmp(name + n - 4, ".lua") == 0 &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_.") == n;
}

static const char *path_of(struct call *k, const char *file)
{
    return arena_fmt(k->req->arena, "%s/%s", scripts_dir(k->app->scripts), file);
}

/* The text on the disk; NULL: there is none. */
static const char *on_disk(struct call *k, const char *file)
{
    int fd = open(path_of(k, file), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    char *text = arena_alloc(k->req->arena, TEXT_MAX + 1);
    size_t len = 0;
    ssize_t n;

    if (fd < 0)
        return NULL;
    while (len < TEXT_MAX && (n = read(fd, text + len, TEXT_MAX - len)) > 0)
        len += (size_t)n;
    close(fd);
    text[len] = '\0';
    return text;
}

static const char *hash_of(struct call *k, const char *text)
{
    char *hash = arena_alloc(k->req->arena, SESSION_HASH_TEXT);

    if (text == NULL)
        return "";
    session_secret_hash(text, hash);
    return hash;
}

static void versions(struct call *k, struct json *j, const char *file)
{
    struct db_stmt *s = db_prepare(k->c.conn, "SELECT v.seq, v.at, u.name, v.text FROM script_version v LEFT JOIN \"user\" u ON"
                                              " u.id = v.\"by\" WHERE v.file = ? ORDER BY v.seq DESC LIMIT ?");

    db_bind_text(s, 1, file, -1);
    db_bind_int(s, 2, VERSIONS);
    json_key(j, "versions");
    json_open(j, '[');
    while (db_step(s) == DB_ROW) {
        char at[WHEN_TIME_MAX];

        json_open(j, '{');
        json_key(j, "id");
        json_int(j, db_col_int(s, 0));
        json_key(j, "at");
        when_time_format(db_col_int(s, 1), at);
        json_str(j, at);
        json_key(j, "by");
        json_str(j, db_col_text(s, 2, NULL));
        json_key(j, "text");
        json_str(j, db_col_text(s, 3, NULL));
        json_close(j, '}');
    }
    json_close(j, ']');
    db_reset(s);
}

static int tell_script(struct call *k, const char *file)
{
    const char *text = on_disk(k, file);
    struct json j = call_json(k);

    json_open(&j, '{');
    json_key(&j, "file");
    json_str(&j, file);
    json_key(&j, "text");
    json_str(&j, text);
    json_key(&j, "hash");
    json_str(&j, hash_of(k, text));
    json_key(&j, "edit");
    json_bool(&j, k->app->edit_scripts);
    versions(k, &j, file);
    json_close(&j, '}');
    return k->c.rc;
}

static int script_text(struct call *k)
{
    const char *file = http_query(k->req, "file");

    return file_ok(file) ? tell_script(k, file) : call_bad(k, "file");
}

static struct script_problem *look(struct call *k, const char *file, const char *text, size_t *n)
{
    return scripts_check(k->app->scripts, k->c.m, file, text, strlen(text), k->req->arena, n);
}

static int script_check_text(struct call *k)
{
    const char *file = call_string(k, "file"), *text = call_string(k, "text");
    struct script_problem *p;
    struct json j = call_json(k);
    size_t n;

    if (!file_ok(file) || text == NULL)
        return call_bad(k, "file");
    p = look(k, file, text, &n);
    json_open(&j, '{');
    json_key(&j, "problems");
    json_open(&j, '[');
    for (size_t i = 0; i < n; i++) {
        json_open(&j, '{');
        json_key(&j, "line");
        json_int(&j, p[i].line);
        json_key(&j, "message");
        json_str(&j, p[i].message);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_close(&j, '}');
    return k->c.rc;
}

/* ---- changing ------------------------------------------------------------------------------- */
struct change {
    const char *file, *before, *text; /* text: NULL: it goes */
};

static int keep(struct call *k, const char *file, int64_t by, const char *text)
{
    struct db_stmt *s = db_prepare(k->c.conn, "INSERT INTO script_version (file, at, \"by\", text) VALUES (?, ?, ?, ?)");
    int rc;

    db_bind_text(s, 1, file, -1);
    db_bind_int(s, 2, k->c.now);
    if (by != 0)
        db_bind_int(s, 3, by);
    if (text != NULL)
        db_bind_text(s, 4, text, -1);
    rc = db_step(s);
    db_reset(s);
    return rc < 0 ? ctx_db(&k->c, rc, "keep a script") : (int)k->c.rc;
}

static bool is_last(struct call *k, const struct change *ch)
{
    struct db_stmt *s = db_prepare(k->c.conn, "SELECT text FROM script_version WHERE file = ? ORDER BY seq DESC LIMIT 1");
    bool same;

    db_bind_text(s, 1, ch->file, -1);
    same = db_step(s) == DB_ROW && !db_col_is_null(s, 0) && strcmp(db_col_text(s, 0, NULL), ch->before) == 0;
    db_reset(s);
    return same;
}

static int put_file(const char *path, const char *text)
{
    char half[4096];
    size_t len = strlen(text), at = 0;
    int fd;

    if ((size_t)snprintf(half, sizeof(half), "%s.new", path) >= sizeof(half))
        return -1;
    fd = open(half, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return -1;
    while (at < len) {
        ssize_t n = write(fd, text + at, len - at);

        if (n < 0 && errno != EINTR)
            break;
        at += n < 0 ? 0 : (size_t)n;
    }
    if (at < len || fsync(fd) < 0 || close(fd) < 0 || rename(half, path) < 0) {
        unlink(half);
        return -1;
    }
    return 0;
}

/* The disk comes last: when that fails, nothing is kept. */
static int change_body(struct call *k, void *arg)
{
    const struct change *ch = arg;
    const char *path = path_of(k, ch->file), *now = on_disk(k, ch->file);

    if (strcmp(hash_of(k, now), hash_of(k, ch->before)) != 0)
        return ctx_fail(&k->c, BERTH_CONFLICT, "stale", "err.stale");
    if (ch->before != NULL && !is_last(k, ch) && keep(k, ch->file, 0, ch->before) != BERTH_OK)
        return k->c.rc;
    if (keep(k, ch->file, k->user, ch->text) != BERTH_OK || audit_add(&k->c, "script", ch->file) != BERTH_OK)
        return k->c.rc;
    if ((ch->text == NULL ? unlink(path) : put_file(path, ch->text)) < 0) {
        log_error("script", "write %s: %s", path, strerror(errno));
        return ctx_fail(&k->c, BERTH_BROKEN, "script_file", "err.script_file");
    }
    return k->c.rc;
}

static int change(struct call *k, struct change *ch, const char *hash)
{
    if (!k->app->edit_scripts)
        return ctx_fail(&k->c, BERTH_DENIED, "denied", "err.script_edit");
    if (!file_ok(ch->file) || hash == NULL)
        return call_bad(k, "file");
    ch->before = on_disk(k, ch->file);
    if (strcmp(hash, hash_of(k, ch->before)) != 0)
        return ctx_fail(&k->c, BERTH_CONFLICT, "stale", "err.stale");
    if (call_write(k, change_body, ch) != BERTH_OK)
        return k->c.rc;
    scripts_reload(k->app->scripts, atomic_load(&k->app->st->model));
    return tell_script(k, ch->file);
}

static int script_put(struct call *k)
{
    struct change ch = {.file = call_string(k, "file"), .text = call_string(k, "text")};
    size_t n = 0;

    if (ch.text == NULL || !file_ok(ch.file))
        return call_bad(k, "file");
    if (k->app->edit_scripts) {
        struct script_problem *p = look(k, ch.file, ch.text, &n);

        if (n > 0)
            return ctx_invalid(&k->c, "text", "err.script", "script", ch.file, "why",
                               arena_fmt(k->req->arena, "%d: %s", p[0].line, p[0].message), NULL);
    }
    return change(k, &ch, call_string(k, "hash"));
}

static int script_drop(struct call *k)
{
    struct change ch = {.file = http_query(k->req, "file")};

    return change(k, &ch, http_query(k->req, "hash"));
}

const struct route_entry routes_scripts[] = {
    {"GET", "/api/_script/text", R_ADMIN, script_text, .about = "a script's text and what it said before: ?file=rules/x.lua"},
    {"PUT", "/api/_script/text", R_ADMIN | R_SLOW, script_put, .about = "changes a script, where the configuration allows it: {\"file\",\"text\",\"hash\" of the text it replaces}"},
    {"DELETE", "/api/_script/text", R_ADMIN | R_SLOW, script_drop, .about = "takes a script away: ?file=&hash="},
    {"POST", "/api/_script/check", R_ADMIN | R_SLOW, script_check_text, .about = "what is wrong with a text, by line: {\"file\",\"text\"}"},
    {0},
};
