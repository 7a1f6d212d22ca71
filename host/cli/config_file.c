/* config_file.c - berth config export, import: what an installation was set up with, as one file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/datadir.h"
#include "cli/site.h"
#include "lua/script_file.h"
#include "record/audit.h"

struct task {
    struct cli *cli;
    struct site *site;
    const struct who *who;
    struct config_task config;
    int rc;
};

/* ---- out ------------------------------------------------------------------------------------------ */
static int note_body(struct berth_ctx *c, void *arg)
{
    (void)arg;
    return audit_add(c, "export", "configuration, from the command line");
}

static int out(struct task *t, struct db_conn *conn, struct arena *a)
{
    const char *path = cli_value(t->cli, "out");
    struct buf text = BUF_INIT, err = BUF_INIT;
    struct berth_ctx c;
    FILE *f = path == NULL ? stdout : NULL;
    int rc = CLI_OK;

    ctx_init(&c, &t->site->st, conn, a, NULL, NULL);
    if (config_write(&c, BERTH_VERSION, script_config_out, t->site->scripts, &text) != BERTH_OK)
        rc = cli_fail(t->cli, "%s", ctx_text(&c, c.key == NULL ? "err.broken" : c.key, c.args));
    else if (site_write(t->site, note_body, NULL, &err) < 0)
        rc = cli_fail(t->cli, "%s", buf_str(&err));
    else if (f == NULL && (f = fopen(path, "wx")) == NULL)
        rc = cli_fail(t->cli, "%s cannot be made, or is there already", path);
    else if (fwrite(text.s, 1, text.len, f) != text.len || fflush(f) != 0)
        rc = cli_fail(t->cli, "the file could not be written");
    if (f != NULL && f != stdout && fclose(f) != 0 && rc == CLI_OK)
        rc = cli_fail(t->cli, "the file could not be written");
    buf_free(&text);
    buf_free(&err);
    return rc;
}

/* ---- in -------------------------------------------------------------------------------------------- */
static int apply_body(struct berth_ctx *c, void *arg)
{
    struct task *t = arg;
    struct config_task *k = &t->config;

    c->who = t->who;
    if (config_apply(c, k) != BERTH_OK)
        return c->rc;
    for (size_t i = 0; i < k->nline; i++) {
        const struct config_line *l = &k->line[i];

        printf("%-9s %s: %s", config_deed_name(l->deed), l->section, l->name);
        if (l->deed == CONFIG_CONFLICT)
            printf("%s%s: %s", l->field != NULL ? ": " : "", l->field != NULL ? l->field : "", l->message);
        for (size_t n = 0; n < l->nchanges; n++)
            printf("%s %s: %s -> %s", n > 0 ? "," : ":", l->changes[n].field, l->changes[n].from, l->changes[n].to);
        putchar('\n');
    }
    printf("%lld added, %lld changed, %lld removed, %lld as they are, %lld only here, %lld conflicts\n", (long long)k->count[CONFIG_ADD],
           (long long)k->count[CONFIG_CHANGE], (long long)k->count[CONFIG_REMOVE], (long long)k->count[CONFIG_SAME],
           (long long)k->count[CONFIG_ONLY_HERE], (long long)k->count[CONFIG_CONFLICT]);
    return c->rc;
}

static int in(struct task *t, struct db_conn *conn, struct arena *a)
{
    const char *path = t->cli->args[0], *login = cli_value(t->cli, "as");
    struct script_config scripts = {t->site->scripts, true};
    struct buf err = BUF_INIT;
    json_error_t why;
    json_t *file;
    int rc = CLI_OK;

    (void)a;
    if ((t->who = site_who(t->site, conn, login)) == NULL)
        return cli_fail(t->cli, "there is no active user with the login %s", login);
    file = json_load_file(path, JSON_REJECT_DUPLICATES, &why);
    if (file == NULL)
        return cli_fail(t->cli, "%s, line %d: %s", path, why.line, why.text);
    t->config = (struct config_task){.file = file, .dry = cli_has(t->cli, "plan"), .remove = cli_has(t->cli, "remove"),
                                     .scripts = script_config_in, .scripts_arg = &scripts};
    if (site_write(t->site, apply_body, t, &err) < 0)
        rc = cli_fail(t->cli, "%s", buf_str(&err));
    else if (t->config.count[CONFIG_CONFLICT] > 0)
        rc = cli_fail(t->cli, "nothing was changed");
    json_decref(file);
    buf_free(&err);
    return rc;
}

/* ---- both ------------------------------------------------------------------------------------------- */
static int with_site(struct cli *cli, int (*work)(struct task *, struct db_conn *, struct arena *))
{
    struct site site;
    struct task t = {.cli = cli, .site = &site};
    struct buf err = BUF_INIT;
    struct arena *a = arena_new();
    struct db_conn *conn = NULL;
    int rc, lock = datadir_lock(cli->conf->data, 0, &err);

    if (lock < 0) {
        rc = cli_fail(cli, "%s; while the server runs, administrators do this in the browser", buf_str(&err));
    } else if (site_load(&site, cli->conf, &err) < 0 || site_open(&site, NULL, &err) < 0 ||
               (conn = db_reader(site.st.db, &err)) == NULL) {
        rc = cli_fail(cli, "%s", buf_str(&err));
    } else {
        rc = work(&t, conn, a);
        db_conn_close(&conn);
    }
    if (lock >= 0) {
        site_close(&site);
        close(lock);
    }
    arena_free(&a);
    buf_free(&err);
    return rc;
}

static int run_out(struct cli *cli)
{
    return with_site(cli, out);
}

static int run_in(struct cli *cli)
{
    return cli_value(cli, "as") == NULL ? cli_misused(cli, "--as LOGIN is missing: in whose name") : with_site(cli, in);
}

static const struct cli_option out_options[] = {
    {"out", "FILE", "where to write it (default: the standard output)"},
    {0},
};
static const struct cli_option in_options[] = {
    {"as", "LOGIN", "the administrator in whose name it happens"},
    {"plan", NULL, "only tell what would be added, changed and removed"},
    {"remove", NULL, "take away what the file does not name"},
    {0},
};

const struct cli_command cli_config_export = {
    .name = "config export",
    .summary = "write what administrators set up into one file",
    .usage = "[--out FILE] [options]",
    .help = "Settings, roles, pools, dictionaries, custom fields, layouts, shared views, words, templates and scripts;\n"
            "no people, no records, no secrets.  The server must not be running on the same data; while it runs,\n"
            "the browser does the same.\n"
            "\n"
            "  berth config export --out trial.json\n",
    .options = out_options,
    .run = run_out,
};

const struct cli_command cli_config_import = {
    .name = "config import",
    .summary = "set up this installation as such a file says",
    .usage = "FILE --as LOGIN [options]",
    .help = "All of it or, with a conflict, nothing.  What the file does not name stays, unless --remove is given.\n"
            "The server must not be running on the same data.\n"
            "\n"
            "  berth config import trial.json --as root --plan\n"
            "  berth config import trial.json --as root\n",
    .options = in_options,
    .min_args = 1,
    .max_args = 1,
    .run = run_in,
};
