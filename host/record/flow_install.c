/* flow_install.c - the flows of approval that plugins declare become rows, once. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "model/approvals.h"
#include "record/find.h"
#include "record/flow.h"
#include "record/save.h"

static int64_t role_named(struct berth_ctx *c, const char *name)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT id FROM role WHERE name = ?");

    db_bind_text(s, 1, name, -1);
    return db_one_int(s);
}

/* In the company's language, and in the others where they have other words. */
static void set_name(struct berth_ctx *c, struct berth_row *r, const char *key)
{
    const char *name = labels_get(c->st->labels, c->st->company.locale, key);

    row_set(r, "name", berth_s(name));
    for (int i = 0; i < LABELS_LOCALES; i++) {
        const struct field *f = model_said(r->t, labels_locales[i]);
        const char *other = labels_get(c->st->labels, labels_locales[i], key);

        if (f != NULL && strcmp(other, name) != 0)
            row_set(r, f->name, berth_s(other));
    }
}

static void add_step(struct berth_ctx *c, int64_t flow, const struct approval_step *s, int place)
{
    struct berth_row *r = row_new(c, model_table(c->m, "approval_step"));

    row_set(r, "flow_id", (struct berth_val){BERTH_REF, 0, {.i = flow}});
    set_name(c, r, arena_fmt(c->a, "base.approval_who.%s", s->who));
    row_set(r, "place", berth_i(place));
    row_set(r, "who", berth_s(s->who));
    if (strcmp(s->who, "role") == 0)
        row_set(r, "role_id", (struct berth_val){BERTH_REF, 0, {.i = role_named(c, s->name)}});
    else if (s->name != NULL)
        row_set(r, s->who, berth_s(s->name));
    if (s->all)
        row_set(r, "mode", berth_s("all"));
    if (s->level > 0)
        row_set(r, "level", berth_i(s->level));
    row_save(c, r);
}

static void set_start(struct berth_ctx *c, struct berth_row *r, const char *text)
{
    struct approval_start s;

    approval_start_read(c->a, text == NULL ? "ask" : text, &s);
    row_set(r, "starts", berth_s(s.starts));
    if (s.what != NULL)
        row_set(r, strcmp(s.starts, "action") == 0 ? "action" : "field", berth_s(s.what));
    if (s.value != NULL)
        row_set(r, "value", berth_s(s.value));
}

struct declared {
    const struct berth_plugin *p;
    const struct berth_approval *d;
};

static int add_flow(struct berth_ctx *c, void *arg)
{
    const struct berth_approval *d = ((struct declared *)arg)->d;
    struct berth_row *r = row_new(c, model_table(c->m, "approval_flow"));
    int place = 0;

    set_name(c, r, arena_fmt(c->a, "%s.approval_flow.%s", d->on, d->name));
    row_set(r, "on_table", berth_s(d->on));
    row_set(r, "state_field", d->state == NULL ? berth_nil() : berth_s(d->state));
    row_set(r, "locks", berth_s(d->locks == NULL ? "all" : d->locks));
    row_set(r, "active", (struct berth_val){BERTH_BOOL, 0, {.i = !d->off}});
    set_start(c, r, d->starts);
    row_save(c, r);
    for (const char *text = d->steps; c->rc == BERTH_OK && text != NULL;) {
        struct approval_step s;

        approval_step_read(c->a, &text, &s);
        add_step(c, row_id(r), &s, ++place);
    }
    return c->rc;
}

static bool mark_once(struct berth_ctx *c, const char *name)
{
    struct db_stmt *s = db_prepare(c->conn, "INSERT INTO setting (version, created_at, updated_at, name, value) VALUES (1, ?1, ?1, ?2, '1')"
                                            " ON CONFLICT (name) DO NOTHING");
    int rc;

    db_bind_int(s, 1, c->now);
    db_bind_text(s, 2, name, -1);
    rc = db_step(s);
    db_reset(s);
    if (rc < 0)
        ctx_db(c, rc, "note a declared flow of approval");
    return rc >= 0 && db_changes(c->conn) > 0;
}

/* A declaration that this company's data does not fit (a role was renamed) keeps nothing from starting. */
int flow_install(struct berth_ctx *c)
{
    for (size_t i = 0; i < c->m->nplugins && c->rc == BERTH_OK && model_table(c->m, "approval_flow") != NULL; i++) {
        const struct berth_plugin *p = c->m->plugins[i];

        for (const struct berth_approval *d = p->approvals; d != NULL && d->on != NULL && c->rc == BERTH_OK; d++) {
            struct declared one = {p, d};

            if (model_table(c->m, d->on) == NULL || !mark_once(c, arena_fmt(c->a, "approval.%s.%s", p->name, d->name)))
                continue;
            if (save_step(c, add_flow, &one) != BERTH_OK) {
                log_warn("approval", "the flow %s.%s could not be installed: %s", p->name, d->name,
                         c->problems != NULL ? c->problems->field : c->key == NULL ? "" : c->key);
                ctx_clear(c);
            }
        }
    }
    return c->rc;
}
