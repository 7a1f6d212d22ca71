/* scripts.c - rules and hooks read, checked, changed and taken back in the browser.  The file on the disk
 * is the truth: a change is checked, kept as a version, and put in its place in one move. */
#include <string.h>

#include "base/when.h"
#include "lua/script_file.h"
#include "web/app.h"

enum { VERSIONS = 100 };

static const char *on_disk(struct call *k, const char *file)
{
    return script_file_text(k->app->scripts, file, k->req->arena);
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
        json_number(j, "id", db_col_int(s, 0));
        json_key(j, "at");
        when_time_format(db_col_int(s, 1), at);
        json_str(j, at);
        json_text(j, "by", db_col_text(s, 2, NULL));
        json_text(j, "text", db_col_text(s, 3, NULL));
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
    json_text(&j, "file", file);
    json_text(&j, "text", text);
    json_text(&j, "hash", hash_of(k, text));
    json_flag(&j, "edit", k->app->edit_scripts);
    versions(k, &j, file);
    json_close(&j, '}');
    return k->c.rc;
}

static int script_text(struct call *k)
{
    const char *file = http_query(k->req, "file");

    return script_file_ok(file) ? tell_script(k, file) : call_bad(k, "file");
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

    if (!script_file_ok(file) || text == NULL)
        return call_bad(k, "file");
    p = look(k, file, text, &n);
    json_open(&j, '{');
    json_key(&j, "problems");
    json_open(&j, '[');
    for (size_t i = 0; i < n; i++) {
        json_open(&j, '{');
        json_number(&j, "line", p[i].line);
        json_text(&j, "message", p[i].message);
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

/* The disk comes last: when that fails, nothing is kept. */
static int change_body(struct call *k, void *arg)
{
    const struct change *ch = arg;
    const struct scripts *s = k->app->scripts;

    if (strcmp(hash_of(k, on_disk(k, ch->file)), hash_of(k, ch->before)) != 0)
        return ctx_fail(&k->c, BERTH_CONFLICT, "stale", "err.stale");
    if (script_file_lay(&k->c, s, ch->file, ch->before, ch->text) != BERTH_OK)
        return k->c.rc;
    return script_file_move(&k->c, s, ch->file, ch->text == NULL);
}

static int change(struct call *k, struct change *ch, const char *hash)
{
    if (!k->app->edit_scripts)
        return ctx_fail(&k->c, BERTH_DENIED, "denied", "err.script_edit");
    if (!script_file_ok(ch->file) || hash == NULL)
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

    if (ch.text == NULL || !script_file_ok(ch.file))
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
    {"GET", "/api/_script/text", R_ADMIN, script_text, TAKES("file"), .about = "a script's text and what it said before"},
    {"PUT", "/api/_script/text", R_ADMIN | R_SLOW, script_put,
     .about = "changes a script, where the configuration allows it: {\"file\",\"text\",\"hash\" of the text it replaces}"},
    {"DELETE", "/api/_script/text", R_ADMIN | R_SLOW, script_drop, TAKES("file", "hash"), .about = "takes a script away"},
    {"POST", "/api/_script/check", R_ADMIN | R_SLOW, script_check_text, .about = "what is wrong with a text, by line: {\"file\",\"text\"}"},
    {0},
};
