/* new_plugin.c - berth new-plugin: a plugin of one's own to start from, out of
 * share/plugin-template. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/commands.h"
#include "model/labels.h"
#include "model/model.h"

static const struct cli_option options[] = {
    {"dir", "DIR", "write into this new folder (default: ./NAME)"},
    {0},
};

/* {name} in a file's name, {{name}} and {{Name}} in its text are replaced. */
static const char *const files[] = {
    "{name}.c",     "test_{name}.c",   "Makefile",     "meson.build",     "README.md",
    "i18n/en.json", "i18n/zh-CN.json", "i18n/vi.json", "i18n/zh-TW.json",
    "ui/pages.json", "ui/board.js",
};

struct writing {
    const char *from, *to, *name;
    char title[64]; /* the name with a capital letter */
    struct buf *err;
};

static int read_file(const char *path, struct buf *out, struct buf *err)
{
    FILE *f = fopen(path, "rb");
    size_t n;

    if (f == NULL) {
        buf_addf(err, "read %s: %s", path, strerror(errno));
        return -1;
    }
    while ((n = fread(buf_room(out, 4096), 1, 4096, f)) > 0) {
        out->len += n;
        out->s[out->len] = '\0';
    }
    fclose(f);
    return 0;
}

static int write_file(const char *path, const struct buf *text, struct buf *err)
{
    FILE *f = fopen(path, "wbx");
    bool ok = f != NULL && fwrite(buf_str(text), 1, text->len, f) == text->len;

    if (f != NULL)
        ok = fclose(f) == 0 && ok;
    if (!ok)
        buf_addf(err, "write %s: %s", path, strerror(errno));
    return ok ? 0 : -1;
}

static void replace(struct buf *out, const char *text, const char *what, const char *with)
{
    for (const char *at; (at = strstr(text, what)) != NULL; text = at + strlen(what)) {
        buf_add(out, text, (size_t)(at - text));
        buf_puts(out, with);
    }
    buf_puts(out, text);
}

static int write_one(const struct writing *w, const char *file)
{
    const char *const pairs[] = {"name", w->name, NULL};
    struct buf from = BUF_INIT, to = BUF_INIT, text = BUF_INIT, half = BUF_INIT, done = BUF_INIT;
    int rc;

    buf_addf(&from, "%s/%s", w->from, file);
    buf_addf(&to, "%s/", w->to);
    labels_fill(&to, file, pairs);
    rc = read_file(from.s, &text, w->err);
    if (rc == 0) {
        replace(&half, buf_str(&text), "{{name}}", w->name);
        replace(&done, buf_str(&half), "{{Name}}", w->title);
        rc = write_file(to.s, &done, w->err);
    }
    buf_free(&from);
    buf_free(&to);
    buf_free(&text);
    buf_free(&half);
    buf_free(&done);
    return rc;
}

static int make_folder(const char *dir, const char *sub, struct buf *err)
{
    struct buf path = BUF_INIT;
    int rc;

    buf_addf(&path, "%s%s", dir, sub);
    rc = mkdir(path.s, 0777);
    if (rc != 0)
        buf_addf(err, "make folder %s: %s", path.s, strerror(errno));
    buf_free(&path);
    return rc;
}

static int write_all(const struct writing *w)
{
    if (make_folder(w->to, "", w->err) != 0 || make_folder(w->to, "/i18n", w->err) != 0 || make_folder(w->to, "/ui", w->err) != 0)
        return -1;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        if (write_one(w, files[i]) != 0)
            return -1;
    return 0;
}

static int run(struct cli *cli)
{
    const char *name = cli->args[0], *why = model_name_problem(name);
    struct buf from = BUF_INIT, err = BUF_INIT;
    struct writing w = {.name = name, .err = &err};
    int rc;

    if (why == NULL)
        why = model_name_taken(name);
    if (why == NULL && strlen(name) > 30)
        why = "is longer than 30 characters";
    if (why != NULL)
        return cli_misused(cli, "the name \"%s\" %s", name, why);
    buf_addf(&from, "%s/plugin-template", cli->conf->share);
    w.from = from.s;
    w.to = cli_has(cli, "dir") ? cli_value(cli, "dir") : name;
    snprintf(w.title, sizeof(w.title), "%c%s", toupper((unsigned char)name[0]), name + 1);
    rc = write_all(&w);
    if (rc == 0)
        printf("%s: a plugin to start from; build and test it with\n\n  cd %s && make test\n", w.to,
               w.to);
    else
        cli_fail(cli, "%s", buf_str(&err));
    buf_free(&from);
    buf_free(&err);
    return rc == 0 ? CLI_OK : CLI_FAILED;
}

const struct cli_command cli_new_plugin = {
    .name = "new-plugin",
    .summary = "write a plugin of one's own to start from",
    .usage = "NAME [--dir DIR]",
    .help =
        "Writes a small plugin that builds with nothing but the installed berth.h: a table with\n"
        "an action, a hook and a rule, texts in four languages, a test that needs no server, a\n"
        "Makefile and a meson.build.\n"
        "\n"
        "  berth new-plugin customs && cd customs && make test\n",
    .options = options,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
