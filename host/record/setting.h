/* setting.h - typed settings that plugins declare, kept as text in table `setting`. */
#ifndef BERTH_SETTING_H
#define BERTH_SETTING_H

#include "record/row.h"

/* "leads.keep_days": what is set, else the declared default; nil for unknown names. */
struct berth_val setting_get(struct berth_ctx *c, const char *full);

#endif
