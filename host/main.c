/* main.c - the table of commands. */
#include "cli/commands.h"

const struct cli_command *const cli_commands[] = {
    &cli_serve,
    &cli_health,
    &cli_upgrade,
    &cli_quarantine,
    &cli_config,
    &cli_version,
    NULL,
};

int main(int argc, char **argv)
{
    return cli_main(argc, argv);
}
