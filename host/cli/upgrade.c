/* upgrade.c - berth upgrade: replaces the worker by the program as it is on disk now. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/when.h"
#include "cli/commands.h"
#include "cli/datadir.h"

enum { PATIENCE = 180000, PAUSE = 20000 }; /* ms in all; us between looks */

static int run(struct cli *cli)
{
    const char *data = cli->conf->data;
    struct server_state before, after;
    int64_t until = when_monotonic() + PATIENCE;

    if (!server_state_read(data, &before))
        return cli_fail(cli, "no server runs on the data directory %s", data);
    if (before.supervisor == before.worker)
        return cli_fail(cli, "process %d runs without supervisor: stop and start it",
                        before.worker);
    if (kill(before.supervisor, SIGUSR2) < 0)
        return cli_fail(cli, "cannot signal process %d: %s", before.supervisor, strerror(errno));
    do {
        usleep(PAUSE);
        if (!server_state_read(data, &after))
            return cli_fail(cli, "the server has stopped");
    } while (after.upgrades == before.upgrades && when_monotonic() < until);
    if (after.upgrades == before.upgrades)
        return cli_fail(cli, "no end after %d s; see the server's log", PATIENCE / 1000);
    if (strcmp(after.upgrade, "ok") != 0)
        return cli_fail(cli, "%s", after.upgrade);
    printf("worker %d has taken over from %d\n", after.worker, before.worker);
    return CLI_OK;
}

const struct cli_command cli_upgrade = {
    .name = "upgrade",
    .summary = "replace the running worker by the program as it is on disk now",
    .usage = "[options]",
    .help = "After installing a new version, or to bring back what was lifted from quarantine:\n"
            "  berth upgrade --data /var/lib/berth\n"
            "The new worker loads beside the old one; when it is fit, the old one finishes its "
            "requests\n"
            "and leaves, and the new one takes over.  Clients wait meanwhile, none is refused.  "
            "When the\n"
            "new one is not fit, the old one goes on and the reason is printed.  The supervisor "
            "itself\n"
            "stays as it is until the service is restarted.\n",
    .run = run,
};
