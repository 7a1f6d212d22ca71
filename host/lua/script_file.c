/* script_file.c - scripts as files. */
#include "lua/script_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "record/audit.h"

bool script_file_ok(const char *file)
{
    static const char *const folders[] = {"rules/", "hooks/", "reports/", "channels/"};
    const char *name = NULL;
    size_t n;

    for (size_t i = 0; file != NULL && i < sizeof(folders) / sizeof(*folders); i++)
        if (strncmp(file, folders[i], strlen(folders[i])) == 0)
            name = file + strlen(folders[i]);
    if (name == NULL)
        return false;
    n = strlen(name);
    return n > 4 && strlen(file) < SCRIPT_NAME && name[0] != '.' && strcmp(name + n - 4, ".lua") == 0 &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_.") == n;
}

static const char *path_of(struct arena *a, const struct scripts *s, const char *file)
{
    return arena_fmt(a, "%s/%s", scripts_dir(s), file);
}

static const char *half_of(struct arena *a, const struct scripts *s, const char *file)
{
    return arena_fmt(a, "%s/%s.new", scripts_dir(s), file);
}

const char *script_file_text(const struct scripts *s, const char *file, struct arena *a)
{
    int fd = open(path_of(a, s, file), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    char *text;
    size_t len = 0;
    ssize_t n;

    if (fd < 0)
        return NULL;
    text = arena_alloc(a, SCRIPT_TEXT_MAX + 1);
    while (len < SCRIPT_TEXT_MAX && (n = read(fd, text + len, SCRIPT_TEXT_MAX - len)) > 0)
        len += (size_t)n;
    close(fd);
    text[len] = '\0';
    return text;
}

/* ---- versions ----------------------------------------------------------------------------------- */
static int keep(struct berth_ctx *c, const char *file, int64_t by, const char *text)
{
    struct db_stmt *s = db_prepare(c->conn, "INSERT INTO script_version (file, at, \"by\", text) VALUES (?, ?, ?, ?)");

    db_bind_text(s, 1, file, -1);
    db_bind_int(s, 2, c->now);
    if (by != 0)
        db_bind_int(s, 3, by);
    if (text != NULL)
        db_bind_text(s, 4, text, -1);
    return ctx_write(c, s, "keep a script");
}

static bool is_last(struct berth_ctx *c, const char *file, const char *text)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT text FROM script_version WHERE file = ? ORDER BY seq DESC LIMIT 1");
    bool same;

    db_bind_text(s, 1, file, -1);
    same = db_step(s) == DB_ROW && !db_col_is_null(s, 0) && strcmp(db_col_text(s, 0, NULL), text) == 0;
    db_reset(s);
    return same;
}

/* ---- the disk -------------------------------------------------------------------------------------- */
static int write_all(const char *path, const char *text)
{
    size_t len = strlen(text), at = 0;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);

    if (fd < 0)
        return -1;
    while (at < len) {
        ssize_t n = write(fd, text + at, len - at);

        if (n < 0 && errno != EINTR)
            break;
        at += n < 0 ? 0 : (size_t)n;
    }
    if (at == len && fsync(fd) == 0)
        return close(fd);
    close(fd);
    unlink(path);
    return -1;
}

static int failed(struct berth_ctx *c, const char *file)
{
    log_error("script", "write %s: %s", file, strerror(errno));
    return ctx_fail(c, BERTH_BROKEN, "script_file", "err.script_file");
}

int script_file_lay(struct berth_ctx *c, const struct scripts *s, const char *file, const char *before, const char *text)
{
    if (before != NULL && !is_last(c, file, before))
        keep(c, file, 0, before);
    keep(c, file, c->who == NULL ? 0 : c->who->id, text);
    audit_add(c, "script", file);
    if (c->rc == BERTH_OK && text != NULL && write_all(half_of(c->a, s, file), text) < 0)
        failed(c, file);
    return c->rc;
}

int script_file_move(struct berth_ctx *c, const struct scripts *s, const char *file, bool goes)
{
    const char *path = path_of(c->a, s, file);

    return (goes ? unlink(path) : rename(half_of(c->a, s, file), path)) < 0 ? failed(c, file) : (int)c->rc;
}

void script_file_forget(struct berth_ctx *c, const struct scripts *s, const char *file)
{
    unlink(half_of(c->a, s, file));
}

/* ---- the configuration's file --------------------------------------------------------------------------- */
int script_config_out(struct berth_ctx *c, struct json *j, void *scripts)
{
    size_t n;
    struct script_info *s = scripts_list(scripts, c->a, &n);

    buf_puts(j->out, "\n");
    json_key(j, "scripts");
    json_open(j, '[');
    for (size_t i = 0; i < n; i++) {
        const char *text = script_file_text(scripts, s[i].file, c->a);

        if (text == NULL)
            continue;
        buf_puts(j->out, "\n");
        json_open(j, '{');
        json_text(j, "file", s[i].file);
        json_text(j, "text", text);
        json_close(j, '}');
    }
    json_close(j, ']');
    return c->rc;
}

struct laid {
    const char *file, *before, *text; /* text: NULL: it goes */
};

static void refuse(struct berth_ctx *c, struct config_task *k, const char *file, const char *field, const char *message)
{
    config_tell(c, k, &(struct config_line){CONFIG_CONFLICT, "scripts", file, field, message, NULL, 0});
}

static void plan(struct berth_ctx *c, struct config_task *k, const struct laid *l)
{
    const struct script_config *sc = k->scripts_arg;
    size_t n = 0;
    struct script_problem *p = l->text == NULL ? NULL : scripts_check(sc->scripts, c->m, l->file, l->text, strlen(l->text), c->a, &n);

    if (!sc->edit)
        refuse(c, k, l->file, NULL, ctx_text(c, "err.script_edit", NULL));
    else if (n > 0)
        refuse(c, k, l->file, "text", arena_fmt(c->a, "%d: %s", p[0].line, p[0].message));
    else
        config_tell(c, k, &(struct config_line){l->text == NULL ? CONFIG_REMOVE : l->before == NULL ? CONFIG_ADD : CONFIG_CHANGE, "scripts",
                                                l->file, NULL, NULL, NULL, 0});
}

/* False: it is as it stands, or it is told why not. */
static bool wants(struct berth_ctx *c, struct config_task *k, const json_t *one, struct laid *out)
{
    const struct script_config *sc = k->scripts_arg;
    const char *file = json_string_value(json_object_get(one, "file")), *text = json_string_value(json_object_get(one, "text"));

    if (!script_file_ok(file) || text == NULL || json_string_length(json_object_get(one, "text")) != strlen(text) ||
        strlen(text) > SCRIPT_TEXT_MAX) {
        refuse(c, k, file == NULL ? "" : file, script_file_ok(file) ? "text" : "file", ctx_text(c, "err.config_script", NULL));
        return false;
    }
    *out = (struct laid){file, script_file_text(sc->scripts, file, c->a), text};
    if (out->before != NULL && strcmp(out->before, text) == 0) {
        config_tell(c, k, &(struct config_line){CONFIG_SAME, "scripts", file, NULL, NULL, NULL, 0});
        return false;
    }
    return true;
}

static bool named(const json_t *section, const char *file)
{
    for (size_t i = 0; i < json_array_size(section); i++) {
        const char *s = json_string_value(json_object_get(json_array_get(section, i), "file"));

        if (s != NULL && strcmp(s, file) == 0)
            return true;
    }
    return false;
}

static size_t beyond(struct berth_ctx *c, struct config_task *k, const json_t *section, struct laid *laid, size_t n)
{
    const struct script_config *sc = k->scripts_arg;
    size_t there;
    struct script_info *s = scripts_list(sc->scripts, c->a, &there);

    for (size_t i = 0; i < there; i++) {
        if (named(section, s[i].file))
            continue;
        if (k->remove)
            laid[n++] = (struct laid){s[i].file, script_file_text(sc->scripts, s[i].file, c->a), NULL};
        else
            config_tell(c, k, &(struct config_line){CONFIG_ONLY_HERE, "scripts", s[i].file, NULL, NULL, NULL, 0});
    }
    return n;
}

int script_config_in(struct berth_ctx *c, struct config_task *k, const json_t *section)
{
    const struct script_config *sc = k->scripts_arg;
    size_t there, n = 0, at = 0;
    struct laid *laid;

    scripts_list(sc->scripts, c->a, &there);
    laid = arena_alloc(c->a, (json_array_size(section) + there + 1) * sizeof(*laid));
    if (!json_is_array(section))
        refuse(c, k, "", NULL, ctx_text(c, "err.config_list", NULL));
    for (size_t i = 0; i < json_array_size(section); i++)
        if (wants(c, k, json_array_get(section, i), &laid[n]))
            n++;
    n = json_is_array(section) ? beyond(c, k, section, laid, n) : n;
    for (size_t i = 0; i < n; i++)
        plan(c, k, &laid[i]);
    if (k->dry || k->count[CONFIG_CONFLICT] > 0)
        return c->rc;
    while (at < n && script_file_lay(c, sc->scripts, laid[at].file, laid[at].before, laid[at].text) == BERTH_OK)
        at++;
    if (c->rc != BERTH_OK) /* none or all */
        for (size_t i = 0; i <= at && i < n; i++)
            script_file_forget(c, sc->scripts, laid[i].file);
    for (size_t i = 0; i < n && c->rc == BERTH_OK; i++)
        script_file_move(c, sc->scripts, laid[i].file, laid[i].text == NULL);
    return c->rc;
}
