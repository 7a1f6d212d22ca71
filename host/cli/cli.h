/* cli.h - the frame every command stands in: arguments, help, exit codes.
 *
 * A command is one file in host/cli/ with one const struct cli_command, named in cli/commands.h and
 * in the table of host/main.c.  Its own options are a table too; every option of the configuration
 * (base/conf.h) is accepted besides. */
#ifndef BERTH_CLI_H
#define BERTH_CLI_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/conf.h"

enum { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2, CLI_UNSURE = 3 /* it could not be found out */ }; /* exit codes */

struct cli;

struct cli_option {
    const char *name;  /* "map" for --map */
    const char *value; /* what to call its value in the help; NULL: a switch */
    const char *help;  /* NULL: not listed */
};

struct cli_command {
    const char *name, *summary;        /* name: one word or two, "config export"; summary: one line, lower case, NULL: not listed */
    const char *usage;                 /* behind the name: "FILE --table NAME [options]" */
    const char *help;                  /* paragraphs and examples, shown by --help */
    const struct cli_option *options;  /* ends with {0}; NULL: none */
    int min_args, max_args;            /* words that are no options; max -1: any number */
    bool lists_conf;                   /* --help lists the configuration's options too */
    bool without_conf;                 /* do not read the configuration */
    int (*run)(struct cli *);          /* returns an exit code */
};

struct cli_given {
    const char *name, *value;
};

struct cli {
    const struct cli_command *command;
    struct conf *conf;
    const char *const *args; /* words that are no options, ends with NULL */
    int nargs;
    struct cli_given *given; /* of the command's own options */
    int ngiven;
    char *const *argv; /* as main() got it */
};

extern const struct cli_command *const cli_commands[]; /* host/main.c; ends with NULL */

int cli_main(int argc, char **argv);

/* The value of an own option (of a switch: ""), or NULL when it was not given; the last one counts. */
const char *cli_value(const struct cli *cli, const char *name);
/* The i-th value of one that may be given several times, or NULL behind the last. */
const char *cli_value_at(const struct cli *cli, const char *name, int i);
bool cli_has(const struct cli *cli, const char *name);

/* "csv" or "xlsx", what a file of that name is written as (case does not matter); NULL: its name says neither. */
const char *cli_sheet_form(const char *path);

/* Makes conf->log_level count; again after a reload. */
void cli_set_log_level(const struct conf *conf);

/* "berth import: <message>" on stderr; returns the exit code to return. */
int cli_fail(const struct cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The same for a wrong command line, with a hint at --help. */
int cli_misused(const struct cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
