/* serve.c - berth serve: takes the data directory and the address, then supervises or works. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/datadir.h"
#include "cli/listen.h"
#include "cli/quarantine.h"
#include "cli/supervisor.h"
#include "cli/worker.h"

enum {
    PREDECESSOR_WAIT = 3000
}; /* ms for the worker of a server that was just killed to be gone */

/* The names of one kind in "--left-out=plugin:leads ...". */
static struct conf_list left_out(const struct cli *cli, const char *kind)
{
    const char **at = mem_alloc((size_t)(cli->ngiven + 1) * sizeof(*at));
    size_t n = 0, len = strlen(kind);

    for (int i = 0; cli_value_at(cli, "left-out", i) != NULL; i++) {
        const char *value = cli_value_at(cli, "left-out", i);

        if (strncmp(value, kind, len) == 0 && value[len] == ':')
            at[n++] = value + len + 1;
    }
    return (struct conf_list){at, n};
}

static int work(struct cli *cli, int listen_fd, int fd, int page_fd)
{
    struct worker_link link = {.plugins_left_out = left_out(cli, "plugin"),
                               .scripts_left_out = left_out(cli, "script")};
    int rc;

    worker_link_open(&link, fd, listen_fd, page_fd);
    for (size_t i = 0; i < link.plugins_left_out.n; i++)
        log_warn("serve", "plugin %s is left out after crashes", link.plugins_left_out.at[i]);
    for (size_t i = 0; i < link.scripts_left_out.n; i++)
        log_warn("serve", "script %s is left out after crashes", link.scripts_left_out.at[i]);
    rc = worker_main(cli->conf, listen_fd, &link);
    worker_link_close(&link);
    free((void *)link.plugins_left_out.at);
    free((void *)link.scripts_left_out.at);
    return rc;
}

/* --worker=LISTEN,LINK,PAGE,LOCK, from the supervisor. */
static int work_for_supervisor(struct cli *cli)
{
    int listen_fd, fd, page_fd, lock_fd;

    if (sscanf(cli_value(cli, "worker"), "%d,%d,%d,%d", &listen_fd, &fd, &page_fd, &lock_fd) != 4)
        return cli_misused(cli, "--worker is for the supervisor; you want --no-supervisor");
    return work(cli, listen_fd, fd, page_fd);
}

static int work_alone(struct cli *cli, int listen_fd)
{
    struct server_state state = {
        .supervisor = (int)getpid(), .worker = (int)getpid(), .phase = "ready"};
    struct buf url = BUF_INIT, err = BUF_INIT;

    listen_url(listen_fd, &url);
    snprintf(state.url, sizeof(state.url), "%s", buf_str(&url));
    if (server_state_write(cli->conf->data, &state, &err) < 0)
        log_error("serve", "%s", buf_str(&err));
    buf_free(&url);
    buf_free(&err);
    return work(cli, listen_fd, -1, -1);
}

static int run(struct cli *cli)
{
    struct buf err = BUF_INIT;
    int lock_fd = -1, listen_fd = -1, rc;

    if (cli_has(cli, "worker"))
        return work_for_supervisor(cli);
    lock_fd = datadir_lock(cli->conf->data, PREDECESSOR_WAIT, &err);
    if (lock_fd >= 0)
        listen_fd = listen_open(cli->conf->listen, &err);
    if (listen_fd < 0)
        rc = cli_fail(cli, "%s", buf_str(&err));
    else if (cli_has(cli, "no-supervisor"))
        rc = work_alone(cli, listen_fd);
    else
        rc = supervisor_run(cli->conf, cli->argv, listen_fd, lock_fd);
    buf_free(&err);
    if (lock_fd >= 0)
        close(lock_fd);
    return rc;
}

static const struct cli_option options[] = {
    {"no-supervisor", NULL, "serve in this very process, for debuggers; nothing restarts it"},
    {"worker", "FDS", NULL},
    {"left-out", "KIND:NAME", NULL},
    {0},
};

const struct cli_command cli_serve = {
    .name = "serve",
    .summary = "run the server",
    .usage = "[options]",
    .help =
        "A supervisor keeps the listening socket and one worker process.  A worker that dies is\n"
        "replaced at once while clients wait; a plugin named in three crashes is left out.\n"
        "\n"
        "  berth serve --demo                       try it, with demo data in ./data\n"
        "  berth serve --data /var/lib/berth        a real one\n"
        "  berth serve --listen '*:8080'            reachable from other machines\n"
        "  berth serve --listen 127.0.0.1:0         any free port; it is printed\n"
        "\n"
        "Signals to the supervisor: TERM or INT finishes the requests under way and stops, a "
        "second\n"
        "one stops at once; HUP reads the scripts and the configuration again; USR2 replaces the\n"
        "worker by the program as it now is on disk (berth upgrade).\n",
    .options = options,
    .lists_conf = true,
    .run = run,
};
