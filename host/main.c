/* main.c - the table of commands. */
#include "cli/commands.h"

const struct cli_command *const cli_commands[] = {
    &cli_serve,
    &cli_health,
    &cli_upgrade,
    &cli_quarantine,
    &cli_import,
    &cli_export,
    &cli_user,
    &cli_why,
    &cli_backup,
    &cli_audit,
    &cli_migrate,
    &cli_check,
    &cli_new_plugin,
    &cli_schema,
    &cli_config,
    &cli_config_export,
    &cli_config_import,
    &cli_version,
    &cli_thumbnail,
    NULL,
};

int main(int argc, char **argv)
{
    return cli_main(argc, argv);
}
