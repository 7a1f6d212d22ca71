/* plugins.h - the plugins that the configuration enables, without those in quarantine. */
#ifndef BERTH_CLI_PLUGINS_H
#define BERTH_CLI_PLUGINS_H

#include "plugin/plugin.h"

/* 0, or -1 with a line in err for each problem. */
int plugins_load(const struct conf *conf, const struct berth_api *api, struct plugin_set *set_r,
                 struct buf *err);

/* For commands that look at declarations and run none of a plugin's functions. */
extern const struct berth_api plugins_no_api;

#endif
