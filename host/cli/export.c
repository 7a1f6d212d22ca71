/* export.c - berth export: a view of a table into a spreadsheet, from the command line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/datadir.h"
#include "cli/site.h"
#include "record/audit.h"
#include "record/export.h"

static const struct cli_option options[] = {
    {"out", "FILE", "where to write it: .xlsx or .csv"},
    {"view", "NAME", "a declared view of the table, or the number of a saved one"},
    {"filter", "JSON", "such as '[\"status\",\"in\",[\"new\"]]', see share/doc/rest.md"},
    {"search", "TEXT", "only what this text finds"},
    {"sort", "FIELDS", "name,-created_at"},
    {"fields", "FIELDS", "name,phone (default: the view's)"},
    {"language", "LOCALE", "of heads and dictionaries: zh-CN, zh-TW, vi, en"},
    {"as", "LOGIN", "whose rights and name it runs with (default: the host's own)"},
    {0},
};

struct task {
    struct cli *cli;
    const struct who *who;
    const char *detail;
};

static int note(struct berth_ctx *c, void *arg)
{
    const struct task *t = arg;

    c->who = t->who;
    return audit_add(c, "export", t->detail);
}

static bool tell(void *arg, int64_t rows)
{
    (void)arg;
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r%lld rows", (long long)rows);
    return true;
}

/* The question as the REST interface takes it; NULL: the filter is no JSON. */
static json_t *question(const struct cli *cli, const char *kind)
{
    static const char *const same[][2] = {{"view", "view"}, {"search", "q"}, {"sort", "sort"}, {"fields", "fields"}};
    const char *filter = cli_value(cli, "filter");
    json_t *body = json_object(), *f;

    json_object_set_new(body, "kind", json_string(kind));
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
        if (cli_value(cli, same[i][0]) != NULL)
            json_object_set_new(body, same[i][1], json_string(cli_value(cli, same[i][0])));
    if (filter == NULL)
        return body;
    if ((f = json_loads(filter, JSON_REJECT_DUPLICATES, NULL)) == NULL) {
        json_decref(body);
        return NULL;
    }
    json_object_set_new(body, "filter", f);
    return body;
}

static int refused(struct task *t, struct berth_ctx *c)
{
    const struct ctx_problem *p = c->problems;

    if (p != NULL)
        return cli_fail(t->cli, "%s: %s", p->field, ctx_text(c, p->key, p->args));
    return cli_fail(t->cli, "%s", ctx_text(c, c->key == NULL ? "err.broken" : c->key, c->args));
}

static int work(struct task *t, struct site *site, struct db_conn *conn, struct arena *a)
{
    const char *name = t->cli->args[0], *out = cli_value(t->cli, "out"), *login = cli_value(t->cli, "as");
    json_t *body = question(t->cli, cli_sheet_form(out));
    struct buf err = BUF_INIT;
    struct berth_ctx c;
    const struct table *table;
    int64_t rows;
    int rc = CLI_OK;

    if (body == NULL)
        return cli_fail(t->cli, "--filter is no JSON");
    if (login != NULL && (t->who = site_who(site, conn, login)) == NULL) {
        json_decref(body);
        return cli_fail(t->cli, "there is no active user with the login %s", login);
    }
    ctx_init(&c, &site->st, conn, a, t->who, cli_value(t->cli, "language"));
    table = model_table(c.m, name);
    rows = table == NULL || (table->flags & BERTH_BARE) ? -1 : export_write(&c, table, body, out, tell, NULL);
    json_decref(body);
    if (table == NULL || (table->flags & BERTH_BARE))
        return cli_fail(t->cli, "there is no table %s", name);
    if (rows < 0)
        return refused(t, &c);
    t->detail = arena_fmt(a, "%s: %lld rows to %s, from the command line", name, (long long)rows, out);
    if (site_write(site, note, t, &err) < 0) {
        unlink(out);
        rc = cli_fail(t->cli, "the audit log could not be written, so the file is gone: %s", buf_str(&err));
    } else {
        printf("%s%lld rows in %s\n", isatty(STDERR_FILENO) ? "\r" : "", (long long)rows, out);
    }
    buf_free(&err);
    return rc;
}

static int run(struct cli *cli)
{
    const char *out = cli_value(cli, "out");
    struct task t = {.cli = cli};
    struct buf err = BUF_INIT;
    struct db_conn *conn = NULL;
    struct arena *a;
    struct site site;
    int rc, lock;

    if (out == NULL || cli_sheet_form(out) == NULL)
        return cli_misused(cli, "--out FILE is missing, or neither .xlsx nor .csv");
    a = arena_new();
    lock = datadir_lock(cli->conf->data, 0, &err);
    if (lock < 0) {
        rc = cli_fail(cli, "%s; while the server runs, export in the browser or through the REST interface", buf_str(&err));
    } else if (site_load(&site, cli->conf, &err) < 0 || site_open(&site, NULL, &err) < 0 ||
               (conn = db_reader(site.st.db, &err)) == NULL) {
        rc = cli_fail(cli, "%s", buf_str(&err));
    } else {
        rc = work(&t, &site, conn, a);
        db_conn_close(&conn);
    }
    if (lock >= 0) {
        site_close(&site);
        close(lock);
    }
    buf_free(&err);
    arena_free(&a);
    return rc;
}

const struct cli_command cli_export = {
    .name = "export",
    .summary = "write a table's records into a spreadsheet",
    .usage = "TABLE --out FILE [options]",
    .help = "Writes .xlsx or .csv by the file's name.  Numbers, dates and times are such, on the company's\n"
            "clock; in .csv, text that a spreadsheet would take for a formula gets an apostrophe in front.\n"
            "The audit log keeps it.  The server must not be running on the same data.\n"
            "\n"
            "  berth export lead --view all --out leads.xlsx --language vi\n"
            "  berth export lead --filter '[\"created_at\",\"within\",\"@last_month\"]' --fields name,phone --out l.csv\n"
            "  berth export lead --as demo.manager --out mine.csv\n",
    .options = options,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
