/* leads.h - what the files of this plugin share. */
#ifndef LEADS_H
#define LEADS_H

#include <berth.h>

int lead_convert(struct berth_ctx *c, struct berth_row *lead);
int lead_return(struct berth_ctx *c, struct berth_row *lead);

#endif
