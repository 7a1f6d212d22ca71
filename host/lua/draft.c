/* draft.c - a rule's text that somebody tries out: checked and asked like a script, in force nowhere. */
#include <stdio.h>

#include "lua/set.h"
#include "record/ctx.h"

struct script_draft {
    struct arena *a;
    struct script script;
    struct tally tally;
    struct vm *vm;
};

static struct scripts *engine; /* one set of scripts serves a process */

static void draft_free(struct script_draft **at)
{
    struct script_draft *d = *at;
    struct arena *a;

    if (d == NULL)
        return;
    vm_free(&d->vm);
    a = d->a;
    arena_free(&a);
    *at = NULL;
}

static struct script_draft *draft(struct berth_ctx *c, const struct rule *r, const char *text, size_t len, struct buf *err)
{
    struct arena *a = arena_new();
    struct script_draft *d = arena_alloc(a, sizeof(*d));
    struct box_failure f;

    *d = (struct script_draft){.a = a, .script = {.kind = SCRIPT_RULE, .len = len}};
    d->tally = (struct tally){.times = 1, .logged = INT64_MAX / 2}; /* its author is told, the log is not */
    d->script.file = arena_fmt(a, "rules/%s.lua", r->full);
    d->script.source = arena_strndup(a, text, len);
    d->script.tally = &d->tally;
    snprintf(d->tally.file, sizeof(d->tally.file), "draft of %s", r->full);
    d->vm = vm_new(scripts_memory(engine));
    if (!set_sound(engine, c->m, a, &d->script, err) || vm_load(d->vm, &d->script, err, &f) < 0)
        draft_free(&d);
    return d;
}

static int draft_ask(struct script_draft *d, struct berth_ctx *c, const struct berth_val *args, size_t n,
                     struct berth_val *out, struct buf *err)
{
    return vm_ask(d->vm, engine, &d->script, c, args, n, out, err);
}

static void draft_reads(const struct script_draft *d, struct berth_ctx *c, struct script_reads *out)
{
    reads_copy(c, &d->script, out);
}

void draft_ops(struct scripts *s, struct script_ops *ops)
{
    engine = s;
    ops->draft = draft;
    ops->draft_ask = draft_ask;
    ops->draft_reads = draft_reads;
    ops->draft_free = draft_free;
}
