/* migrate.c - berth migrate: brings the database up to the enabled plugins. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/datadir.h"
#include "cli/plugins.h"
#include "model/migrate.h"

static const struct cli_option options[] = {
    {"plan", NULL, "print what would be done as an SQL script, and do nothing"},
    {"prune", NULL, "also drop columns and tables that nothing declares any more"},
    {"no-backup", NULL, "do not copy a database that holds data first"},
    {0},
};

/* The schema of what the enabled plugins declare, without any database. */
static int print_all(const struct plugin_set *set, const char *dialect, struct buf *err)
{
    const struct db_dialect *d = db_dialect_named(dialect);
    struct buf text = BUF_INIT;
    struct model *m;

    if (d == NULL) {
        buf_addf(err, "\"%s\" is no database; there are sqlite and postgresql", dialect);
        return -1;
    }
    m = model_build(set->descs, set->n, NULL, err);
    if (m == NULL)
        return -1;
    migrate_snapshot(&text, m, d);
    fputs(buf_str(&text), stdout);
    buf_free(&text);
    model_free(&m);
    return 0;
}

static bool is_missing_file(const char *url)
{
    return strncmp(url, "sqlite:", 7) == 0 && access(url + 7, F_OK) != 0;
}

static int print_plan(const struct cli *cli, const struct plugin_set *set, struct buf *err)
{
    const struct db_options o = {.read_only = true};
    struct buf text = BUF_INIT;
    struct model_extra extra;
    struct db_conn *c = NULL;
    struct model *m = NULL;
    struct db *db = NULL;
    struct plan plan;
    int rc = -1;

    if (is_missing_file(cli->conf->database))
        return print_all(set, "sqlite", err);
    struct arena *a = arena_new();
    if (db_open(cli->conf->database, &o, &db, err) == 0 && (c = db_reader(db, err)) != NULL &&
        migrate_read_extra(a, c, NULL, &extra, err) == 0 &&
        (m = model_build(set->descs, set->n, &extra, err)) != NULL)
        rc = migrate_plan(a, m, c, db_dialect(db), cli_has(cli, "prune"), &plan, err);
    if (rc == 0) {
        migrate_print(&text, &plan);
        printf("%s-- %zu to do\n", buf_str(&text), plan.todo + plan.converts);
    }
    db_conn_close(&c);
    db_close(&db);
    model_free(&m);
    buf_free(&text);
    arena_free(&a);
    return rc;
}

static int change(const struct cli *cli, const struct plugin_set *set, struct buf *err)
{
    struct buf report = BUF_INIT, backup = BUF_INIT;
    int lock = datadir_lock(cli->conf->data, 0, err), rc = -1;
    struct db *db = NULL;

    if (lock < 0)
        return -1;
    if (!cli_has(cli, "no-backup"))
        datadir_copy(cli->conf->data, &backup);
    if (db_open(cli->conf->database, NULL, &db, err) == 0)
        rc =
            migrate_database(db, set->descs, set->n, cli_has(cli, "prune"), backup.s, &report, err);
    datadir_copied(cli->conf->data, backup.s, rc >= 0);
    if (rc >= 0)
        printf("%s%s\n", buf_str(&report), rc > 0 ? "-- done" : "nothing to do");
    db_close(&db);
    close(lock);
    buf_free(&report);
    buf_free(&backup);
    return rc;
}

static int run(struct cli *cli)
{
    struct plugin_set set = {0};
    struct buf err = BUF_INIT;
    int rc = plugins_load(cli->conf, &plugins_no_api, &set, &err);

    if (rc == 0)
        rc = cli_has(cli, "plan") ? print_plan(cli, &set, &err) : change(cli, &set, &err);
    if (rc < 0)
        cli_fail(cli, "%s", buf_str(&err));
    plugin_set_free(&set);
    buf_free(&err);
    return rc < 0 ? CLI_FAILED : CLI_OK;
}

const struct cli_command cli_migrate = {
    .name = "migrate",
    .summary = "bring the database up to the enabled plugins",
    .usage = "[--plan] [--prune]",
    .help =
        "Compares what the enabled plugins and the administrators' own fields declare with the\n"
        "database and changes the database: tables, columns and indexes are added, columns\n"
        "renamed.  Nothing is dropped without --prune.  All of it is one transaction: after a\n"
        "failure or a power cut the database is as before.  A database that holds data is\n"
        "copied to DATA/before-migration first, unless only indexes change.\n"
        "\n"
        "`berth serve` does the same at its start, and then lets plugins convert rows that a newer\n"
        "version keeps in another way (the plan says which tables); so this is for looking at the\n"
        "plan, and for --prune.  It needs the server to be stopped, --plan does not.\n"
        "\n"
        "  berth migrate --plan            what would be done?\n"
        "  berth migrate --plan --prune    ... with what is no longer declared dropped?\n",
    .options = options,
    .max_args = 0,
    .run = run,
};

static int run_schema(struct cli *cli)
{
    struct plugin_set set = {0};
    struct buf err = BUF_INIT;
    int rc = plugins_load(cli->conf, &plugins_no_api, &set, &err);

    if (rc == 0)
        rc = print_all(&set, cli->nargs > 0 ? cli->args[0] : "sqlite", &err);
    if (rc < 0)
        cli_fail(cli, "%s", buf_str(&err));
    plugin_set_free(&set);
    buf_free(&err);
    return rc < 0 ? CLI_FAILED : CLI_OK;
}

const struct cli_command cli_schema = {
    .name = "schema",
    .summary = "print the database schema of the enabled plugins",
    .usage = "[sqlite|postgresql]",
    .help = "Prints the tables and indexes that the enabled plugins declare as an SQL script.  It\n"
            "needs no database.\n"
            "\n"
            "  berth schema postgresql --plugins base > base.sql\n",
    .max_args = 1,
    .run = run_schema,
};
