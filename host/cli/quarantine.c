/* quarantine.c - what is left out after crashes. */
#include "cli/quarantine.h"

#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/datadir.h"

void quarantine_read(const char *data, struct quarantine *q)
{
    struct buf text = BUF_INIT;
    char *rest, *line;

    *q = (struct quarantine){0};
    if (datadir_read(data, "quarantine", &text) == 0) {
        for (line = strtok_r(text.s, "\n", &rest); line != NULL && q->n < QUARANTINE_MAX;
             line = strtok_r(NULL, "\n", &rest)) {
            struct culprit *c = &q->at[q->n];

            if (sscanf(line, "%15s %63s %31s %223[^\n]", c->kind, c->name, c->since, c->why) >= 2)
                q->n++;
        }
    }
    buf_free(&text);
}

int quarantine_write(const char *data, const struct quarantine *q, struct buf *err)
{
    struct buf text = BUF_INIT;
    int rc;

    for (int i = 0; i < q->n; i++)
        buf_addf(&text, "%s %s %s %s\n", q->at[i].kind, q->at[i].name, q->at[i].since,
                 q->at[i].why);
    rc = datadir_write(data, "quarantine", &text, true, err);
    buf_free(&text);
    return rc;
}

bool quarantine_has(const struct quarantine *q, const char *kind, const char *name)
{
    for (int i = 0; i < q->n; i++)
        if (strcmp(q->at[i].kind, kind) == 0 && strcmp(q->at[i].name, name) == 0)
            return true;
    return false;
}

static bool is_same(const struct crash *c, const struct crash_page *page)
{
    return strcmp(c->kind, page->kind) == 0 && strcmp(c->name, page->name) == 0;
}

bool crash_log_add(struct crash_log *log, const struct crash_page *page, int64_t now)
{
    enum { MAX = sizeof(log->at) / sizeof(log->at[0]) };
    int kept = 0, same = 1;
    struct crash *c;

    for (int i = 0; i < log->n; i++)
        if (now - log->at[i].at <= CRASH_WINDOW)
            log->at[kept++] = log->at[i];
    if (kept == MAX)
        memmove(log->at, log->at + 1, (size_t)--kept * sizeof(log->at[0]));
    for (int i = 0; i < kept; i++)
        same += is_same(&log->at[i], page);
    c = &log->at[kept];
    *c = (struct crash){.at = now};
    snprintf(c->kind, sizeof(c->kind), "%s", page->kind);
    snprintf(c->name, sizeof(c->name), "%s", page->name);
    log->n = kept + 1;
    return same >= CRASHES_TO_QUARANTINE;
}

/* ---- berth quarantine ---- */

static int lift(struct cli *cli, struct quarantine *q, const char *name)
{
    struct buf err = BUF_INIT;
    int kept = 0, rc;

    for (int i = 0; i < q->n; i++)
        if (strcmp(q->at[i].name, name) != 0)
            q->at[kept++] = q->at[i];
    if (kept == q->n)
        return cli_fail(cli, "%s is not left out", name);
    q->n = kept;
    rc = quarantine_write(cli->conf->data, q, &err);
    if (rc < 0)
        cli_fail(cli, "%s", buf_str(&err));
    else
        printf("%s is back at the next start of the worker: berth upgrade\n", name);
    buf_free(&err);
    return rc < 0 ? CLI_FAILED : CLI_OK;
}

static int run(struct cli *cli)
{
    struct quarantine q;

    quarantine_read(cli->conf->data, &q);
    if (cli_has(cli, "lift"))
        return lift(cli, &q, cli_value(cli, "lift"));
    for (int i = 0; i < q.n; i++)
        printf("%s %s since %s: %s\n", q.at[i].kind, q.at[i].name, q.at[i].since, q.at[i].why);
    if (q.n == 0)
        puts("nothing is left out");
    return CLI_OK;
}

static const struct cli_option options[] = {
    {"lift", "NAME", "let this plugin or script back in"},
    {0},
};

const struct cli_command cli_quarantine = {
    .name = "quarantine",
    .summary = "list the plugins and scripts left out after crashes, or let one back",
    .usage = "[options]",
    .help =
        "A plugin or script named in three crashes within five minutes is left out until somebody\n"
        "has looked at it:\n"
        "  berth quarantine --data /var/lib/berth\n"
        "  berth quarantine --lift leads && berth upgrade\n",
    .options = options,
    .run = run,
};
