/* check.c - berth check: what a plugin declares, and what is wrong with it. */
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/check_script.h"
#include "cli/commands.h"
#include "cli/plugins.h"
#include "model/labels.h"
#include "model/model.h"

static const struct {
    uint32_t flag;
    const char *name;
} table_flags[] = {
    {BERTH_OWNED, "owned"},          {BERTH_POOLED, "pooled"},   {BERTH_CUSTOM, "custom fields"},
    {BERTH_HISTORY, "history"},      {BERTH_BIN, "recycle bin"}, {BERTH_DETAIL, "detail"},
    {BERTH_ADMIN, "administration"}, {BERTH_HIDDEN, "hidden"},   {BERTH_BARE, "bare"},
    {BERTH_PUBLIC, "public"},
};

static void show_table(const struct table *t)
{
    printf("  table   %-24s %d columns, %zu indexes", t->name, t->nfields, t->nindexes);
    for (size_t i = 0; i < sizeof(table_flags) / sizeof(table_flags[0]); i++)
        if ((t->flags & table_flags[i].flag) != 0)
            printf(", %s", table_flags[i].name);
    putchar('\n');
}

static void show_extension(const struct table *t, const char *plugin)
{
    for (int i = 0; i < t->nfields; i++)
        if (t->fields[i].plugin != NULL && strcmp(t->fields[i].plugin, plugin) == 0)
            printf("  field   %s.%s\n", t->name, t->fields[i].name);
}

static void show_on_tables(const struct model *m, const char *plugin)
{
    for (size_t i = 0; i < m->ntables; i++) {
        const struct table *t = &m->tables[i];

        for (size_t k = 0; k < t->nactions; k++)
            if (strcmp(t->actions[k]->plugin, plugin) == 0)
                printf("  action  %s.%s\n", t->name, t->actions[k]->name);
        for (size_t k = 0; k < t->nviews; k++)
            if (strcmp(t->views[k]->plugin, plugin) == 0)
                printf("  view    %s.%s\n", t->name, t->views[k]->name);
    }
}

static void show_model(const struct model *m, const char *plugin)
{
    for (size_t i = 0; i < m->ntables; i++)
        if (strcmp(m->tables[i].plugin, plugin) == 0)
            show_table(&m->tables[i]);
        else
            show_extension(&m->tables[i], plugin);
    for (size_t i = 0; i < m->ndicts; i++)
        if (strcmp(m->dicts[i].plugin, plugin) == 0)
            printf("  dict    %-24s %zu keys\n", m->dicts[i].name, m->dicts[i].n);
    show_on_tables(m, plugin);
    for (size_t i = 0; i < m->nrules; i++)
        if (strcmp(m->rules[i].plugin, plugin) == 0)
            printf("  rule    %s(%s) -> %s, default %s\n", m->rules[i].full,
                   m->rules[i].args != NULL ? m->rules[i].args : "",
                   model_type_name(m->rules[i].returns),
                   m->rules[i].def != NULL ? m->rules[i].def : "none");
    for (size_t i = 0; i < m->nroutes; i++)
        if (strcmp(m->routes[i].plugin, plugin) == 0)
            printf("  route   %s /api%s\n", m->routes[i].method, m->routes[i].path);
    for (size_t i = 0; i < m->ntimers; i++)
        if (strcmp(m->timers[i].plugin, plugin) == 0)
            printf("  timer   %s every %s\n", m->timers[i].full, m->timers[i].every);
    for (size_t i = 0; i < m->nsettings; i++)
        if (strcmp(m->settings[i].plugin, plugin) == 0)
            printf("  setting %s\n", m->settings[i].name);
}

/* Each line of text behind a word. */
static void show_lines(const char *word, const char *text)
{
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");

        printf("%s%.*s\n", word, (int)len, text);
        text += len + (text[len] == '\n');
    }
}

static void show_labels(const struct plugin *p, const struct model *m)
{
    struct buf dir = BUF_INIT, out = BUF_INIT;
    struct labels *l = labels_new();
    size_t n;

    buf_addf(&dir, "%s/i18n", p->dir);
    if (labels_load(l, dir.s, &out) < 0) {
        printf("note: %s\n", out.s);
    } else if ((n = labels_missing(l, m, p->name, &out)) > 0) {
        printf("note: %zu texts are missing in %s:\n", n, dir.s);
        show_lines("      ", out.s);
    }
    labels_free(&l);
    buf_free(&dir);
    buf_free(&out);
}

static int show(const struct plugin *p, const struct plugin_set *set, struct buf *err)
{
    struct model *m = model_build(set->descs, set->n, NULL, err);
    struct buf caps = BUF_INIT;

    printf("plugin %s %s, interface %u.%u\n", p->name,
           p->desc->version != NULL ? p->desc->version : "(no version)", p->desc->abi_major,
           p->desc->abi_minor);
    printf("  needs   %s\n", p->desc->needs != NULL ? p->desc->needs : "nothing");
    plugin_caps_format(&caps, p->desc->caps);
    if (caps.len > 0)
        printf("  powers  %s (grant.%s = %s)\n", caps.s, p->name, caps.s);
    buf_free(&caps);
    if (m == NULL)
        return -1;
    show_model(m, p->name);
    show_lines("note: ", m->notes);
    show_labels(p, m);
    model_free(&m);
    return 0;
}

/* A path is looked for in its own folder first, so that what it needs may lie beside it. */
static int load_and_show(const struct cli *cli, const char *what, struct buf *err)
{
    const char *path[64] = {NULL}, *name[1];
    struct plugin_wanted w = {.names = {name, 1}, .with_needs = true, .trust = true};
    struct arena *a = arena_new();
    char *file = arena_strdup(a, basename(arena_strdup(a, what)));
    struct plugin_set set = {0};
    bool is_file = strchr(what, '/') != NULL || strstr(what, ".so") != NULL;
    size_t n = 0;
    int rc;

    if (is_file) {
        path[n++] = dirname(arena_strdup(a, what));
        path[n++] = dirname(arena_strdup(a, path[0]));
    }
    for (size_t i = 0; i < cli->conf->plugin_path.n && n < 63; i++)
        path[n++] = cli->conf->plugin_path.at[i];
    if (strlen(file) > 3 && strcmp(file + strlen(file) - 3, ".so") == 0)
        file[strlen(file) - 3] = '\0';
    name[0] = file;
    w.path = (struct conf_list){path, n};
    rc = is_file ? plugin_file_check(what, err) : 0;
    if (rc == 0)
        rc = plugin_load_all(&w, &plugins_no_api, &set, err);
    for (size_t i = 0; rc == 0 && i < set.n; i++)
        if (strcmp(set.plugins[i].name, file) == 0)
            rc = show(&set.plugins[i], &set, err);
    plugin_set_free(&set);
    arena_free(&a);
    return rc;
}

static bool is_script(const char *what)
{
    size_t n = strlen(what);

    return n > 4 && strcmp(what + n - 4, ".lua") == 0;
}

static int check_one(const struct cli *cli, const char *what)
{
    struct buf err = BUF_INIT;
    int rc;

    if (is_script(what))
        return check_script(cli, what);
    rc = load_and_show(cli, what, &err);

    show_lines("wrong: ", buf_str(&err));
    printf(rc == 0 ? "%s: nothing wrong\n" : "%s: will not load\n", what);
    buf_free(&err);
    return rc == 0 ? CLI_OK : CLI_FAILED;
}

/* In a child: loading runs the plugin's constructors, and a broken one may crash. */
static int check_apart(const struct cli *cli, const char *what)
{
    int status = 0;
    pid_t child;

    fflush(NULL);
    child = fork();
    if (child == 0) {
        int rc = check_one(cli, what);

        fflush(NULL);
        _exit(rc);
    }
    if (child < 0 || waitpid(child, &status, 0) < 0)
        return cli_fail(cli, "run a process: %s", strerror(errno));
    if (WIFSIGNALED(status)) {
        printf("wrong: %s crashes while it is loaded (%s)\n", what, strsignal(WTERMSIG(status)));
        return CLI_FAILED;
    }
    return WEXITSTATUS(status);
}

static int run(struct cli *cli)
{
    int worst = CLI_OK;

    for (int i = 0; i < cli->nargs; i++) {
        int rc = check_apart(cli, cli->args[i]);

        worst = rc > worst ? rc : worst;
    }
    return worst;
}

const struct cli_command cli_check = {
    .name = "check",
    .summary = "say what a plugin declares and what is wrong with it, or with a Lua script",
    .usage = "PLUGIN|SCRIPT...",
    .help =
        "Reads the file of each plugin (a path, or a name looked for in plugin_path), loads it\n"
        "with the plugins it needs into a process of its own, and prints what it declares and\n"
        "every problem.  Texts missing in its i18n files are told but do no harm.  Exit code 0\n"
        "means that it will load.\n"
        "\n"
        "A rule, hook or report (rules/NAME.lua, hooks/NAME.lua, reports/NAME.lua) is checked against\n"
        "the enabled plugins: every table, field, rule and function it names must exist.\n"
        "\n"
        "  berth check ./build/rates.so\n"
        "  berth check leads\n"
        "  berth check scripts/rules/leads.release_days.lua\n",
    .min_args = 1,
    .max_args = -1,
    .run = run,
};
