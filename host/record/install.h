/* install.h - what a plugin brings when it comes: roles and their rights. */
#ifndef BERTH_INSTALL_H
#define BERTH_INSTALL_H

#include "record/ctx.h"

/* On the writer, once for each plugin: grants what its tables and permissions declare. */
int install_plugins(struct berth_ctx *c);

#endif
