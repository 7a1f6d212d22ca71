/* commands.h - the commands; each is defined in the file of its name. */
#ifndef BERTH_COMMANDS_H
#define BERTH_COMMANDS_H

#include "cli/cli.h"

extern const struct cli_command cli_serve;
extern const struct cli_command cli_health;
extern const struct cli_command cli_upgrade;
extern const struct cli_command cli_quarantine;
extern const struct cli_command cli_migrate;
extern const struct cli_command cli_check;
extern const struct cli_command cli_new_plugin;
extern const struct cli_command cli_schema;
extern const struct cli_command cli_import;
extern const struct cli_command cli_export;
extern const struct cli_command cli_user;
extern const struct cli_command cli_audit;
extern const struct cli_command cli_why;
extern const struct cli_command cli_backup;
extern const struct cli_command cli_config;
extern const struct cli_command cli_config_export;
extern const struct cli_command cli_config_import;
extern const struct cli_command cli_version;
extern const struct cli_command cli_thumbnail;

#endif
