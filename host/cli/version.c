/* version.c - berth version. */
#include <stdio.h>

#include "cli/commands.h"

static int run(struct cli *cli)
{
    (void)cli;
    puts("berth " BERTH_VERSION);
    return CLI_OK;
}

const struct cli_command cli_version = {
    .name = "version",
    .summary = "print the version",
    .usage = "",
    .without_conf = true,
    .run = run,
};
