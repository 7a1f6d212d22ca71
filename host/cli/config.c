/* config.c - berth config: what is in force, and where it was set. */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"

static void print_value(const struct conf *conf, const struct conf_option *o)
{
    struct buf line = BUF_INIT;

    buf_addf(&line, "%s = ", o->name);
    conf_show(conf, o, &line);
    printf("%-48s # %s\n", line.s, conf_origin(conf, o));
    buf_free(&line);
}

static void print_pairs(const struct conf *conf, const struct conf_option *o)
{
    const struct conf_pairs *pairs = (const void *)((const char *)conf + o->offset);

    for (size_t i = 0; i < pairs->n; i++)
        printf("%s.%s = %s\n", o->name, pairs->at[i].name, pairs->at[i].value);
    if (pairs->n == 0)
        printf("# %s = ...: %s\n", o->choices, o->help);
}

static int run(struct cli *cli)
{
    const char *section = "", *file = conf_file(cli->conf);

    if (cli->nargs > 0) {
        const char *near = NULL;
        const struct conf_option *o = conf_find(cli->args[0], &near);
        struct buf value = BUF_INIT;

        if (o == NULL && near != NULL)
            return cli_fail(cli, "no option \"%s\"; did you mean \"%s\"?", cli->args[0], near);
        if (o == NULL)
            return cli_fail(cli, "no option \"%s\"", cli->args[0]);
        conf_show(cli->conf, o, &value);
        puts(buf_str(&value));
        buf_free(&value);
        return CLI_OK;
    }
    printf("# file: %s\n", file != NULL ? file : "none");
    for (const struct conf_option *o = conf_options; o->name != NULL; o++) {
        if (strcmp(section, o->section) != 0)
            printf("\n# %s\n", section = o->section);
        if (o->type == CONF_PAIRS)
            print_pairs(cli->conf, o);
        else
            print_value(cli->conf, o);
    }
    return CLI_OK;
}

const struct cli_command cli_config = {
    .name = "config",
    .summary = "print the configuration in force, and where each value comes from",
    .usage = "[OPTION] [options]",
    .help = "The output is a valid berth.conf: begin one with\n"
            "  berth config > berth.conf\n"
            "One value alone, for scripts:\n"
            "  berth config data\n",
    .max_args = 1,
    .lists_conf = true,
    .run = run,
};
