/* check_script.c - berth check rules/x.lua: what is wrong with a rule or hook. */
#include "cli/check_script.h"

#include <stdio.h>

#include "cli/plugins.h"
#include "lua/script.h"

static int check_with(const struct model *m, const char *path)
{
    struct arena *a = arena_new();
    size_t n;
    const struct script_problem *p = script_check_file(m, path, a, &n);

    for (size_t i = 0; i < n; i++)
        printf("%s:%d: %s\n", path, p[i].line, p[i].message);
    if (n == 0)
        printf("%s: nothing wrong\n", path);
    arena_free(&a);
    return n == 0 ? CLI_OK : CLI_FAILED;
}

int check_script(const struct cli *cli, const char *path)
{
    struct plugin_set set = {0};
    struct buf err = BUF_INIT;
    struct model *m = NULL;
    int rc;

    if (plugins_load(cli->conf, &plugins_no_api, &set, &err) == 0)
        m = model_build(set.descs, set.n, NULL, &err);
    rc = m == NULL ? cli_fail(cli, "%s", buf_str(&err)) : check_with(m, path);
    model_free(&m);
    plugin_set_free(&set);
    buf_free(&err);
    return rc;
}
