/* backup.c - berth backup: a consistent copy of a live installation. */
#include <stdio.h>

#include "base/arena.h"
#include "cli/commands.h"
#include "record/backup.h"

static int run(struct cli *cli)
{
    const struct db_options o = {.read_only = true};
    const char *to = cli->args[0];
    struct arena *a = arena_new();
    struct backup_from from = {arena_fmt(a, "%s/files", cli->conf->data), arena_fmt(a, "%s/archive", cli->conf->data)};
    struct buf err = BUF_INIT;
    struct db *db = NULL;
    int rc = CLI_OK;

    if (db_open(cli->conf->database, &o, &db, &err) < 0 ||
        backup_make(db, &from, to, &err) < 0)
        rc = cli_fail(cli, "%s", buf_str(&err));
    else
        printf("%s holds a checked copy of %s\n", to, cli->conf->data);
    if (db != NULL)
        db_close(&db);
    buf_free(&err);
    arena_free(&a);
    return rc;
}

const struct cli_command cli_backup = {
    .name = "backup",
    .summary = "copy database, files and archive, also while the server runs",
    .usage = "FOLDER",
    .help = "  berth backup /srv/backup/today\n"
            "\n"
            "The copy is consistent, checked and synced.  To go back to it: stop the server, put the\n"
            "folder in the place of the data directory, start the server.\n",
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
