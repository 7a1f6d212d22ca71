/* check_script.h - the part of berth check that is about Lua files. */
#ifndef BERTH_CHECK_SCRIPT_H
#define BERTH_CHECK_SCRIPT_H

#include "cli/cli.h"

/* Against what the enabled plugins declare.  CLI_OK or CLI_FAILED. */
int check_script(const struct cli *cli, const char *path);

#endif
