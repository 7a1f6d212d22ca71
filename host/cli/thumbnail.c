/* thumbnail.c - berth thumbnail: the process that looks at strangers' pictures; only the server starts it. */
#include <unistd.h>

#include "cli/commands.h"
#include "service/thumb.h"

static int run(struct cli *cli)
{
    (void)cli;
    _exit(thumb_child(STDIN_FILENO, STDOUT_FILENO));
}

const struct cli_command cli_thumbnail = {
    .name = "thumbnail",
    .without_conf = true,
    .run = run,
};
