/* copy.h - a plugin's descriptors in the sizes of this host; only host/plugin includes it. */
#ifndef BERTH_PLUGIN_COPY_H
#define BERTH_PLUGIN_COPY_H

#include "plugin/plugin.h"

/* In the arena, texts borrowed.  NULL with err when a list is damaged. */
const struct berth_plugin *plugin_copy(struct arena *a, const struct berth_plugin *from,
                                       struct buf *err);

#endif
