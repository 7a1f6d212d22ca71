/* health.c - berth health: asks the running server, for people and for monitoring. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/when.h"
#include "cli/commands.h"
#include "cli/datadir.h"
#include "cli/listen.h"
#include "cli/quarantine.h"

static const struct timeval patience = {.tv_sec = 5};

/* The status of a GET, or -1. */
static int ask(const char *url, const char *path, struct buf *err)
{
    struct buf request = BUF_INIT;
    char answer[64] = "";
    size_t got = 0;
    int fd = listen_connect(url, err), status = -1;

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    buf_addf(&request, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", path, url + 7);
    ssize_t n = send(fd, request.s, request.len, MSG_NOSIGNAL);
    while (n > 0 && got + 1 < sizeof(answer)) {
        n = recv(fd, answer + got, sizeof(answer) - 1 - got, 0);
        got += n > 0 ? (size_t)n : 0;
    }
    if (sscanf(answer, "HTTP/1.%*d %d", &status) != 1)
        buf_addf(err, "no answer from %s: %s", url, n < 0 ? strerror(errno) : "connection closed");
    buf_free(&request);
    close(fd);
    return status;
}

static int run(struct cli *cli)
{
    struct buf err = BUF_INIT;
    struct server_state s;
    struct quarantine q;

    if (!server_state_read(cli->conf->data, &s))
        return cli_fail(cli, "no server runs on the data directory %s", cli->conf->data);
    int64_t began = when_monotonic();
    int status = ask(s.url, "/api/_health", &err);
    printf("server       %s (process %d)\n", s.phase, s.supervisor);
    printf("worker       process %d, %d started so far\n", s.worker, s.starts);
    printf("address      %s/\n", s.url);
    if (s.upgrades > 0)
        printf("upgrade      %s\n", s.upgrade);
    quarantine_read(cli->conf->data, &q);
    for (int i = 0; i < q.n; i++)
        printf("left out     %s %s since %s: %s\n", q.at[i].kind, q.at[i].name, q.at[i].since,
               q.at[i].why);
    if (status >= 0)
        printf("answer       %d in %lld ms\n", status, (long long)(when_monotonic() - began));
    int rc = status >= 200 && status < 500 ? CLI_OK : CLI_FAILED;
    if (status < 0)
        rc = cli_fail(cli, "%s", buf_str(&err));
    buf_free(&err);
    return rc;
}

const struct cli_command cli_health = {
    .name = "health",
    .summary = "ask the running server how it is",
    .usage = "[options]",
    .help = "Finds the server by its data directory, asks it over HTTP, and tells what it knows:\n"
            "  berth health --data /var/lib/berth\n"
            "The exit code is 0 when the server answers.\n",
    .run = run,
};
