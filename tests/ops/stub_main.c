/* stub_main.c - the commands of a program whose worker is a stub. */
#include "cli/commands.h"

const struct cli_command *const cli_commands[] = {
    &cli_serve, &cli_health, &cli_upgrade, &cli_quarantine, &cli_config, &cli_version, NULL,
};

int main(int argc, char **argv)
{
    return cli_main(argc, argv);
}
