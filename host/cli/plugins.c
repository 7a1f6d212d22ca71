/* plugins.c - the plugins that the configuration enables, without those in quarantine. */
#include "cli/plugins.h"

#include <string.h>

#include "base/log.h"
#include "cli/quarantine.h"

const struct berth_api plugins_no_api = {sizeof(struct berth_api), BERTH_ABI_MAJOR,
                                         BERTH_ABI_MINOR};

/* Powers that Berth's own plugins need; the operator's own grants come first. */
static const struct conf_pair own[] = {{"pools", "all_rows"},      {"activities", "all_rows"},
                                       {"customers", "all_rows"},  {"opportunities", "all_rows"}};
enum { OWN = sizeof(own) / sizeof(own[0]), GRANTS = 64 };

static size_t grants(const struct conf_pairs *given, struct conf_pair out[GRANTS])
{
    size_t n = 0;

    for (size_t i = 0; i < given->n && n + OWN < GRANTS; i++)
        out[n++] = given->at[i];
    for (size_t i = 0; i < OWN; i++)
        if (conf_pair(given, own[i].name) == NULL)
            out[n++] = own[i];
    return n;
}

int plugins_load(const struct conf *conf, const struct berth_api *api, struct plugin_set *set_r,
                 struct buf *err)
{
    const char *skip[QUARANTINE_MAX + 1] = {NULL};
    struct conf_pair granted[GRANTS];
    struct plugin_wanted w = {.names = conf->plugins, .path = conf->plugin_path,
                              .grant = {granted, grants(&conf->grant, granted)}};
    struct quarantine q;

    quarantine_read(conf->data, &q);
    for (int i = 0; i < q.n; i++)
        if (strcmp(q.at[i].kind, "plugin") == 0)
            skip[w.skip.n++] = q.at[i].name;
    w.skip.at = skip;
    if (plugin_load_all(&w, api, set_r, err) < 0)
        return -1;
    if (*set_r->left_out != '\0')
        log_warn("plugin", "%s", set_r->left_out);
    return 0;
}
