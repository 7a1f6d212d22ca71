/* audit.c - berth audit verify: whether history and audit trail are what was written. */
#include <stdio.h>
#include <string.h>

#include "base/when.h"
#include "cli/commands.h"
#include "record/seal.h"

static int verify(struct cli *cli, struct db_conn *conn)
{
    struct seal_report r;
    struct buf why = BUF_INIT;
    char at[WHEN_TIME_MAX] = "never";
    int rc = CLI_OK, got = seal_verify(conn, &r, &why);

    if (got == SEAL_UNREAD) {
        cli_fail(cli, "could not look whether the audit trail is as it was written: %s", buf_str(&why));
        rc = CLI_UNSURE;
    } else if (got < 0) {
        rc = cli_fail(cli, "%s", buf_str(&why));
    } else {
        if (r.seals > 0)
            when_time_format(r.at, at);
        printf("%lld entries in %lld seals, all as they were written; the last of %s\nhead %s\n", (long long)r.entries,
               (long long)r.seals, at, r.head);
        if (r.cut > 0)
            printf("the seals up to %lld were cut off; they stand in the folder archive\n", (long long)r.cut);
        if (r.unsealed > 0)
            printf("%lld entries are not sealed yet\n", (long long)r.unsealed);
    }
    buf_free(&why);
    return rc;
}

static int verify_file(struct cli *cli)
{
    struct seal_report r;
    struct buf why = BUF_INIT;
    char after[65] = "";
    int rc = CLI_OK;

    if (seal_verify_file(cli->args[1], &r, after, &why) < 0)
        rc = cli_fail(cli, "%s: %s", cli->args[1], buf_str(&why));
    else
        printf("%lld entries in %lld seals, all as they were written\nafter %s\nhead %s\n", (long long)r.entries, (long long)r.seals,
               after[0] == '\0' ? "nothing" : after, r.head);
    buf_free(&why);
    return rc;
}

static int run(struct cli *cli)
{
    const struct db_options o = {.read_only = true};
    struct buf err = BUF_INIT;
    struct db_conn *conn;
    struct db *db = NULL;
    int rc;

    if (strcmp(cli->args[0], "verify") != 0)
        return cli_misused(cli, "what shall be done? verify");
    if (cli->nargs > 1)
        return verify_file(cli);
    if (db_open(cli->conf->database, &o, &db, &err) < 0 || (conn = db_reader(db, &err)) == NULL) {
        rc = cli_fail(cli, "%s", buf_str(&err));
    } else {
        rc = verify(cli, conn);
        db_conn_close(&conn);
    }
    if (db != NULL)
        db_close(&db);
    buf_free(&err);
    return rc;
}

const struct cli_command cli_audit = {
    .name = "audit",
    .summary = "check that nobody changed the history or the audit trail",
    .usage = "verify [FILE]",
    .help = "  berth audit verify\n"
            "\n"
            "Every commit seals what it added with a hash over it and over the seal before.  A changed, added or\n"
            "missing entry no longer fits; the command says which seal, and fails.  Keep the head it prints somewhere\n"
            "else now and then: it tells later that the end was not cut off.  Works beside a running server.\n"
            "FILE: one of those in the folder archive, where retention puts what it cuts off (base.audit_days).\n"
            "Its `head` is the hash that the next file, or the database, goes on after.\n",
    .min_args = 1,
    .max_args = 2,
    .run = run,
};
