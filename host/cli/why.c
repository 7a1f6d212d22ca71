/* why.c - berth why: what lets somebody see or change something, or what is missing for it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/site.h"
#include "record/why.h"

static const struct cli_option options[] = {
    {"deed", "WORD", "read (default), update, delete, create, export, import, or an action's name"},
    {"field", "NAME", "a field of the record"},
    {"language", "LOCALE", "zh-CN, zh-TW, vi, en (default: the company's)"},
    {0},
};

static void lines(const json_t *list, const char *key)
{
    const json_t *line;
    size_t i;

    json_array_foreach (list, i, line)
        printf("  %s\n", json_string_value(json_object_get(line, key)));
}

static int tell(const struct buf *answer)
{
    json_t *j = json_loadb(answer->s, answer->len, 0, NULL);
    bool yes = json_is_true(json_object_get(j, "allowed"));

    printf("%s: %s\n", json_string_value(json_object_get(json_object_get(j, "user"), "name")), yes ? "yes" : "no");
    lines(json_object_get(j, yes ? "reasons" : "missing"), "text");
    if (json_array_size(json_object_get(j, "ask")) > 0)
        printf("ask:\n");
    lines(json_object_get(j, "ask"), "name");
    json_decref(j);
    return yes ? CLI_OK : CLI_FAILED;
}

static int64_t user_of(struct db_conn *conn, const char *login)
{
    struct db_stmt *s = db_prepare(conn, "SELECT id FROM \"user\" WHERE login = ? AND active = 1");

    db_bind_text(s, 1, login, -1);
    return db_one_int(s);
}

static int work(struct cli *cli, struct site *site, struct db_conn *conn)
{
    struct arena *a = arena_new();
    struct buf out = BUF_INIT;
    struct why q = {.user = user_of(conn, cli->args[0]), .id = cli->nargs > 2 ? strtoll(cli->args[2], NULL, 10) : 0,
                    .field = cli_value(cli, "field"), .deed = cli_value(cli, "deed")};
    struct berth_ctx c;
    int rc;

    ctx_init(&c, &site->st, conn, a, NULL, cli_value(cli, "language"));
    q.t = model_table(c.m, cli->args[1]);
    if (q.user == 0)
        rc = cli_fail(cli, "there is no active user with the login %s", cli->args[0]);
    else if (q.t == NULL || (q.t->flags & BERTH_BARE))
        rc = cli_fail(cli, "there is no table %s", cli->args[1]);
    else if (why_json(&c, &q, &out) != BERTH_OK)
        rc = cli_fail(cli, "%s", ctx_text(&c, c.key == NULL ? "err.broken" : c.key, c.args));
    else
        rc = tell(&out);
    buf_free(&out);
    arena_free(&a);
    return rc;
}

static int run(struct cli *cli)
{
    struct buf err = BUF_INIT;
    struct db_conn *conn = NULL;
    struct site site;
    int rc;

    if (site_load(&site, cli->conf, &err) < 0 || site_look(&site, &err) < 0 || (conn = db_reader(site.st.db, &err)) == NULL) {
        rc = cli_fail(cli, "%s", buf_str(&err));
    } else {
        rc = work(cli, &site, conn);
        db_conn_close(&conn);
    }
    site_close(&site);
    buf_free(&err);
    return rc;
}

const struct cli_command cli_why = {
    .name = "why",
    .summary = "say why somebody may see or change something, or why not",
    .usage = "LOGIN TABLE [ID] [options]",
    .help = "  berth why demo.li lead 17\n"
            "  berth why demo.li lead 17 --deed update --field city\n"
            "  berth why demo.li lead --deed export\n"
            "\n"
            "Names the role, scope, share, team or deputy that decides, or what is missing and whom to ask; fails when\n"
            "the answer is no.  Works beside a running server.\n",
    .options = options,
    .min_args = 2,
    .max_args = 3,
    .run = run,
};
