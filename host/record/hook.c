/* hook.c - calling plugins and scripts. */
#include "record/hook.h"

#include <stdlib.h>
#include <string.h>

#include "base/blame.h"
#include "base/money.h"
#include "base/log.h"

enum { DEPTH_MAX = 8 };

struct call {
    const struct hook *h;
    struct berth_event *ev;
};

int hook_call(struct berth_ctx *c, const char *plugin, int (*run)(struct berth_ctx *, void *), void *arg)
{
    const char *before = c->plugin;
    const char *blamed = blame_enter(plugin);
    int rc;

    if (c->depth >= DEPTH_MAX) {
        log_error("record", "hooks of %s call each other too deep", plugin);
        blame_leave(blamed);
        return ctx_fail(c, BERTH_BROKEN, "broken", "err.depth");
    }
    c->plugin = plugin;
    c->depth++;
    rc = run(c, arg);
    c->depth--;
    c->plugin = before;
    blame_leave(blamed);
    /* a callback that returns an error without naming it still stops what it stands in */
    return c->rc != BERTH_OK ? c->rc : rc < 0 ? ctx_fail(c, (enum berth_rc)rc, NULL, NULL) : BERTH_OK;
}

static int run_hook(struct berth_ctx *c, void *arg)
{
    struct call *k = arg;

    return k->h->run(c, k->ev);
}

static bool fits(const struct hook *h, uint32_t point, uint32_t deed)
{
    return (h->when & point) && (h->when & deed);
}

bool hook_any(struct berth_ctx *c, uint32_t point, uint32_t deed, const struct table *t)
{
    for (size_t i = 0; i < t->nhooks; i++)
        if (fits(t->hooks[i], point, deed))
            return true;
    return c->st->scripts.has_hook != NULL && c->st->scripts.has_hook(t, NULL, point | deed);
}

/* What is put back as it was is no new event: what hooks did when it came about is put back, too.  The host's own keep
 * what it knows by heart. */
static bool silent(const struct berth_ctx *c, uint32_t point)
{
    return c->undo && point != BERTH_DONE;
}

/* Scripts run behind the C hooks of order 0 and below, before those of a positive order. */
static int scripts(struct berth_ctx *c, struct berth_event *ev, const struct table *t)
{
    if (c->st->scripts.hook == NULL || !c->st->scripts.has_hook(t, t == NULL ? ev->on : NULL, ev->when))
        return c->rc;
    int rc = c->st->scripts.hook(c, ev);

    return c->rc != BERTH_OK ? c->rc : rc < 0 ? ctx_fail(c, (enum berth_rc)rc, NULL, NULL) : BERTH_OK;
}

int hook_run(struct berth_ctx *c, uint32_t point, uint32_t deed, struct berth_row *row, struct berth_row *old)
{
    struct berth_event ev = {.when = point | deed, .on = row->t->name, .row = row, .old = old};
    bool scripted = silent(c, point);

    for (size_t i = 0; i < row->t->nhooks && c->rc == BERTH_OK; i++) {
        const struct hook *h = row->t->hooks[i];
        struct call k = {h, &ev};

        if (!fits(h, point, deed) || (silent(c, point) && strcmp(h->plugin, "base") != 0))
            continue;
        if (h->order > 0 && !scripted) {
            scripted = true;
            if (scripts(c, &ev, row->t) != BERTH_OK)
                break;
        }
        hook_call(c, h->plugin, run_hook, &k);
    }
    if (c->rc == BERTH_OK && !scripted)
        scripts(c, &ev, row->t);
    return c->rc;
}

int hook_emit(struct berth_ctx *c, const char *topic, struct berth_row *row)
{
    struct berth_event ev = {.when = BERTH_EVENT, .on = topic, .row = row};

    for (size_t i = 0; i < c->m->nevent_hooks && c->rc == BERTH_OK; i++) {
        const struct hook *h = c->m->event_hooks[i];
        struct call k = {h, &ev};

        if (strcmp(h->on, topic) == 0)
            hook_call(c, h->plugin, run_hook, &k);
    }
    return c->rc == BERTH_OK ? scripts(c, &ev, NULL) : c->rc;
}

struct berth_val rule_default(struct berth_ctx *c, const struct rule *r)
{
    const char *s = r->def;
    int64_t i;

    if (s == NULL || strcmp(s, "nil") == 0)
        return berth_nil();
    switch (r->returns) {
    case BERTH_BOOL:
        return (struct berth_val){BERTH_BOOL, 0, {.i = strcmp(s, "true") == 0 || strcmp(s, "1") == 0}};
    case BERTH_REAL:
        return (struct berth_val){BERTH_REAL, 0, {.d = strtod(s, NULL)}};
    case BERTH_MONEY:
        return money_parse(s, strlen(s), &i) ? (struct berth_val){BERTH_MONEY, 0, {.i = i}} : berth_nil();
    default:
        break;
    }
    if (type_is_text(r->returns)) {
        size_t n = strlen(s);
        bool quoted = n >= 2 && s[0] == '\'' && s[n - 1] == '\'';

        s = quoted ? arena_strndup(c->a, s + 1, n - 2) : s;
        return (struct berth_val){(int32_t)r->returns, (int32_t)strlen(s), {.s = s}};
    }
    return (struct berth_val){(int32_t)r->returns, 0, {.i = strtoll(s, NULL, 10)}};
}

struct berth_val rule_ask(struct berth_ctx *c, const struct rule *r, const struct berth_val *args, size_t n)
{
    struct berth_val v;

    if (c->rc != BERTH_OK)
        return berth_nil();
    if (c->st->scripts.rule != NULL && c->st->scripts.rule(c, r, args, n, &v))
        return v;
    return rule_default(c, r);
}
