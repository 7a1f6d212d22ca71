/* api.h - the function table that plugins get; the one file that knows berth.h and the inside. */
#ifndef BERTH_PLUGIN_API_H
#define BERTH_PLUGIN_API_H

#include "berth.h"

extern const struct berth_api plugin_api;

#endif
