/* crasher.c - a plugin that dies on request: of a lead named "crash" about to be saved. */
#include <string.h>

#include <berth.h>

static int before_insert(struct berth_ctx *c, struct berth_event *ev)
{
    struct berth_val name = host->get(ev->row, "name");
    volatile int *volatile nowhere = (volatile int *)(uintptr_t)64;

    (void)c;
    if (name.type == BERTH_TEXT && strcmp(name.s, "crash") == 0)
        *nowhere = 1;
    return BERTH_OK;
}

BERTH_PLUGIN(.name = "crasher", .version = "1.0", .needs = "leads",
             .hooks = BERTH_LIST_OF(berth_hook, {BERTH_BEFORE | BERTH_INSERT, "lead", before_insert}))
