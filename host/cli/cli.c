/* cli.c - reads a command line and runs the command it names. */
#include "cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/nearest.h"

/* Options every command has. */
static const struct cli_option common_options[] = {
    {"config", "FILE",
     "read this configuration file (default: ./berth.conf, /etc/berth/berth.conf)"},
    {"help", NULL, "this text"},
    {0},
};

static const struct cli_option no_options[] = {{0}};

/* ---- what a command asks ---- */

const char *cli_value_at(const struct cli *cli, const char *name, int i)
{
    for (int k = 0; k < cli->ngiven; k++)
        if (strcmp(cli->given[k].name, name) == 0 && i-- == 0)
            return cli->given[k].value;
    return NULL;
}

const char *cli_value(const struct cli *cli, const char *name)
{
    for (int k = cli->ngiven; k-- > 0;)
        if (strcmp(cli->given[k].name, name) == 0)
            return cli->given[k].value;
    return NULL;
}

bool cli_has(const struct cli *cli, const char *name)
{
    return cli_value(cli, name) != NULL;
}

const char *cli_sheet_form(const char *path)
{
    const char *dot = strrchr(path, '.');

    if (dot == NULL || dot == path || dot[-1] == '/')
        return NULL;
    return strcasecmp(dot, ".csv") == 0 ? "csv" : strcasecmp(dot, ".xlsx") == 0 ? "xlsx" : NULL;
}

static void complain(const struct cli *cli, const char *fmt, va_list ap)
{
    fflush(stdout);
    fprintf(stderr, "berth%s%s: ", cli->command != NULL ? " " : "",
            cli->command != NULL ? cli->command->name : "");
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
}

int cli_fail(const struct cli *cli, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    complain(cli, fmt, ap);
    va_end(ap);
    return CLI_FAILED;
}

int cli_misused(const struct cli *cli, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    complain(cli, fmt, ap);
    va_end(ap);
    fprintf(stderr, "berth%s%s --help tells more\n", cli->command != NULL ? " " : "",
            cli->command != NULL ? cli->command->name : "");
    return CLI_USAGE;
}

/* ---- help ---- */

static void print_overview(void)
{
    printf("berth - a CRM host with plugins\n\nusage: berth COMMAND [options]\n\n");
    for (const struct cli_command *const *c = cli_commands; *c != NULL; c++)
        if ((*c)->summary != NULL)
            printf("  %-13s %s\n", (*c)->name, (*c)->summary);
    printf("\nberth help COMMAND explains one.  Start with: berth serve --demo\n");
}

static void print_option(const char *name, const char *value, const char *help)
{
    char left[64];

    snprintf(left, sizeof(left), "--%s%s%s", name, value != NULL ? " " : "",
             value != NULL ? value : "");
    for (char *p = left; *p != '\0' && *p != ' '; p++)
        if (*p == '_')
            *p = '-';
    printf("  %-28s %s\n", left, help);
}

static void print_conf_options(void)
{
    static const char *const values[] = {
        [CONF_BOOL] = NULL,   [CONF_INT] = "N",      [CONF_SIZE] = "SIZE", [CONF_TIME] = "TIME",
        [CONF_TEXT] = "TEXT", [CONF_PICK] = "WORD",  [CONF_PATH] = "PATH", [CONF_LIST] = "\"A B\"",
        [CONF_PATHS] = "A:B", [CONF_PAIRS] = "TEXT",
    };
    const char *section = "";

    printf("\nThe configuration, also as `key = value` in berth.conf (with _ for -) or as "
           "BERTH_KEY in\n"
           "the environment; the command line wins, then the environment:\n");
    for (const struct conf_option *o = conf_options; o->name != NULL; o++) {
        if (strcmp(section, o->section) != 0)
            printf("\n%s\n", section = o->section);
        print_option(o->type == CONF_PAIRS ? o->choices : o->name, values[o->type], o->help);
        if (o->type == CONF_PICK)
            printf("  %-28s one of: %s\n", "", o->choices);
        if (*o->def != '\0' && *o->def != '@')
            printf("  %-28s default: %s%s\n", "", o->def,
                   o->flags & CONF_LIVE ? "; a reload (SIGHUP) changes it" : "");
    }
}

static void print_command(const struct cli_command *c)
{
    printf("berth %s - %s\n\nusage: berth %s%s%s\n", c->name, c->summary, c->name,
           *c->usage != '\0' ? " " : "", c->usage);
    if (c->help != NULL)
        printf("\n%s", c->help);
    printf("\nOptions\n");
    for (const struct cli_option *o = c->options != NULL ? c->options : no_options; o->name; o++)
        if (o->help != NULL)
            print_option(o->name, o->value, o->help);
    for (const struct cli_option *o = common_options; o->name != NULL; o++)
        print_option(o->name, o->value, o->help);
    if (c->lists_conf)
        print_conf_options();
    else if (!c->without_conf)
        printf("\nEvery option of the configuration counts too, such as --data; berth config lists "
               "them.\n");
}

/* ---- reading the command line ---- */

static const struct cli_command *find_command(const char *name, const char **nearest_r)
{
    struct nearest near = nearest_to(name);

    for (const struct cli_command *const *c = cli_commands; *c != NULL; c++) {
        if (strcmp((*c)->name, name) == 0)
            return *c;
        nearest_try(&near, (*c)->name);
    }
    *nearest_r = near.best;
    return NULL;
}

/* "config export": NULL when there is no such pair. */
static const struct cli_command *find_pair(int argc, char *const *argv)
{
    for (const struct cli_command *const *c = cli_commands; argc > 2 && *c != NULL; c++) {
        const char *blank = strchr((*c)->name, ' ');
        size_t n = blank == NULL ? 0 : (size_t)(blank - (*c)->name);

        if (blank != NULL && strncmp((*c)->name, argv[1], n) == 0 && argv[1][n] == '\0' && strcmp(blank + 1, argv[2]) == 0)
            return *c;
    }
    return NULL;
}

static const struct cli_option *find_option(const struct cli_option *list, const char *name)
{
    for (; list != NULL && list->name != NULL; list++)
        if (strcmp(list->name, name) == 0)
            return list;
    return NULL;
}

static int unknown_option(const struct cli *cli, const char *name)
{
    struct nearest near = nearest_to(name);

    for (const struct cli_option *o = cli->command->options; o != NULL && o->name != NULL; o++)
        if (o->help != NULL)
            nearest_try(&near, o->name);
    for (const struct conf_option *o = conf_options; o->name != NULL; o++)
        nearest_try(&near, o->name);
    if (near.best != NULL)
        return cli_misused(cli, "unknown option --%s; did you mean --%s?", name, near.best);
    return cli_misused(cli, "unknown option --%s", name);
}

/* Takes the option at argv[*i], and its value from the next word when it needs one.  Returns
 * CLI_OK or CLI_USAGE. */
static int take_option(struct cli *cli, char **argv, int *i)
{
    const char *word = argv[*i] + 2, *equals = strchr(word, '='), *value = NULL;
    char name[64], with_dashes[64];
    size_t n = equals != NULL ? (size_t)(equals - word) : strlen(word);

    if (n >= sizeof(name))
        return cli_misused(cli, "unknown option --%.60s...", word);
    /* Options of commands are written with dashes, those of the configuration with underscores;
     * whoever types may use either.  The key behind a dot stays as it is. */
    memcpy(name, word, n);
    memcpy(with_dashes, word, n);
    name[n] = with_dashes[n] = '\0';
    for (size_t k = 0; k < n && name[k] != '.'; k++) {
        name[k] = name[k] == '-' ? '_' : name[k];
        with_dashes[k] = name[k] == '_' ? '-' : name[k];
    }

    const struct cli_option *own = find_option(cli->command->options, with_dashes);
    if (own == NULL)
        own = find_option(common_options, with_dashes);
    const struct conf_option *conf =
        own == NULL && !cli->command->without_conf ? conf_find(name, NULL) : NULL;
    if (own == NULL && conf == NULL)
        return unknown_option(cli, name);

    bool is_switch = own != NULL ? own->value == NULL : conf->type == CONF_BOOL;
    if (equals != NULL)
        value = equals + 1;
    else if (is_switch)
        value = own != NULL ? "" : "yes";
    else if ((value = argv[*i + 1]) == NULL)
        return cli_misused(cli, "--%s needs a value", with_dashes);
    else
        ++*i;
    if (own != NULL && is_switch && *value != '\0')
        return cli_misused(cli, "--%s takes no value", with_dashes);

    if (own != NULL)
        cli->given[cli->ngiven++] = (struct cli_given){own->name, value};
    else
        conf_argument(cli->conf, name, value);
    return CLI_OK;
}

/* argv is what stands behind the command's name. */
static int read_words(struct cli *cli, char **argv, const char **args)
{
    bool only_words = false;

    for (int i = 0; argv[i] != NULL; i++) {
        int rc = CLI_OK;

        if (only_words || argv[i][0] != '-' || strcmp(argv[i], "-") == 0)
            args[cli->nargs++] = argv[i];
        else if (strcmp(argv[i], "--") == 0)
            only_words = true;
        else if (strcmp(argv[i], "-h") == 0)
            cli->given[cli->ngiven++] = (struct cli_given){"help", ""};
        else if (argv[i][1] != '-')
            rc = cli_misused(cli, "unknown option %s", argv[i]);
        else
            rc = take_option(cli, argv, &i);
        if (rc != CLI_OK)
            return rc;
    }
    return CLI_OK;
}

static int check_words(const struct cli *cli)
{
    const struct cli_command *c = cli->command;

    if (cli->nargs < c->min_args)
        return cli_misused(cli, "too few arguments; usage: berth %s %s", c->name, c->usage);
    if (c->max_args >= 0 && cli->nargs > c->max_args)
        return cli_misused(cli, "unexpected argument \"%s\"", cli->args[c->max_args]);
    return CLI_OK;
}

void cli_set_log_level(const struct conf *conf)
{
    static const char *const levels[] = {"debug", "info", "warn", "error"};

    for (int i = 0; i < 4; i++)
        if (strcmp(conf->log_level, levels[i]) == 0)
            log_set_level((enum log_level)i);
}

static int load_conf(struct cli *cli)
{
    struct buf err = BUF_INIT;

    if (conf_load(cli->conf, cli_value(cli, "config"), &err) < 0) {
        int rc = cli_misused(cli, "%s", buf_str(&err));

        buf_free(&err);
        return rc;
    }
    cli_set_log_level(cli->conf);
    return CLI_OK;
}

static int run_command(struct cli *cli, char **argv, const char **args)
{
    int rc = read_words(cli, argv, args);

    if (cli_has(cli, "help")) {
        print_command(cli->command);
        return CLI_OK;
    }
    if (rc == CLI_OK)
        rc = check_words(cli);
    if (rc == CLI_OK && !cli->command->without_conf)
        rc = load_conf(cli);
    return rc == CLI_OK ? cli->command->run(cli) : rc;
}

/* berth help [COMMAND] */
static int help(const char *name)
{
    struct cli nobody = {0};
    const struct cli_command *c;
    const char *near = NULL;

    if (name == NULL) {
        print_overview();
        return CLI_OK;
    }
    c = find_command(name, &near);
    if (c == NULL && near != NULL)
        return cli_misused(&nobody, "no command \"%s\"; did you mean \"%s\"?", name, near);
    if (c == NULL)
        return cli_misused(&nobody, "no command \"%s\"", name);
    print_command(c);
    return CLI_OK;
}

int cli_main(int argc, char **argv)
{
    struct cli cli = {.argv = argv};
    const char *name = argc > 1 ? argv[1] : "help", *near;
    const char **args;
    int rc, words;

    if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        cli.command = find_pair(argc - 1, argv + 1);
        return help(cli.command != NULL ? cli.command->name : argc > 2 ? argv[2] : NULL);
    }
    if (strcmp(name, "--version") == 0)
        name = "version";
    cli.command = find_pair(argc, argv);
    words = cli.command == NULL ? 1 : 2;
    if (cli.command == NULL)
        cli.command = find_command(name, &near);
    if (cli.command == NULL)
        return help(name);
    args = mem_alloc((size_t)(argc + 1) * sizeof(*args));
    cli.args = args;
    cli.given = mem_alloc((size_t)argc * sizeof(*cli.given));
    cli.conf = conf_new();
    rc = run_command(&cli, argv + 1 + words, args);
    conf_free(&cli.conf);
    free(cli.given);
    free(args);
    return rc;
}
