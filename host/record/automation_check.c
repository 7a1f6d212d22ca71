/* automation_check.c - what must hold of rules without code before they are kept. */
#include <string.h>

#include "record/custom.h"
#include "record/find.h"
#include "record/flow.h"

static bool says(const struct berth_row *r, const char *field, const char *word)
{
    struct berth_val v = row_get(r, field);

    return !val_is_nil(v) && strcmp(v.s, word) == 0;
}

static bool is_moment(const struct field *f)
{
    return f->type == BERTH_DATE || f->type == BERTH_TIME;
}

int automation_check(struct berth_ctx *c, struct berth_row *r)
{
    const struct table *t = flow_table(c, r);
    const struct field *f;

    if (t == NULL)
        return ctx_invalid(c, "on_table", "err.approval_table", NULL);
    f = says(r, "event", "created") ? NULL : flow_field(c, r, t, "field");
    if (f == NULL && (says(r, "event", "reached") || says(r, "event", "near")))
        ctx_invalid(c, "field", "err.required", NULL);
    if (f != NULL && (says(r, "event", "near") || says(r, "event", "idle")) && !is_moment(f))
        ctx_invalid(c, "field", "err.counted_field", NULL);
    if (says(r, "event", "reached"))
        flow_value(c, r, f);
    return custom_filter(c, t, r, "applies_to");
}

/* A value may be a date to come: "+3". */
static void check_value(struct berth_ctx *c, const struct berth_row *r, const struct field *f)
{
    struct berth_val v = row_get(r, "value");

    if (f != NULL && (f->flags & BERTH_LOCKED))
        ctx_invalid(c, "field", "err.unknown_field", "name", f->name, NULL);
    else if (f != NULL && !(is_moment(f) && !val_is_nil(v) && v.s[0] == '+') && (val_is_nil(v) || strchr(v.s, '{') == NULL))
        flow_value(c, r, f);
}

/* The table that is to have a record more has to say whose it is. */
static void check_makes(struct berth_ctx *c, const struct berth_row *r, const struct table *t)
{
    struct berth_val v = row_get(r, "makes");
    const struct table *m = val_is_nil(v) ? NULL : model_table(c->m, v.s);
    bool refers = false;

    for (int i = F_DECLARED; m != NULL && i < m->nfields; i++)
        refers = refers || (m->fields[i].ref == t && !(m->fields[i].flags & (BERTH_MANY | BERTH_LOCKED)));
    if (!refers)
        ctx_invalid(c, "makes", "err.automation_makes", NULL);
}

int automation_step_check(struct berth_ctx *c, struct berth_row *r)
{
    struct berth_row *rule = find_raw(c, model_table(c->m, "automation"), row_get(r, "automation_id").i);
    const struct table *t = rule == NULL ? NULL : flow_table(c, rule);

    if (t == NULL)
        return c->rc;
    if (says(r, "does", "set"))
        check_value(c, r, flow_field(c, r, t, "field"));
    if (says(r, "does", "create"))
        check_makes(c, r, t);
    if (says(r, "does", "assign") && t->at_owner < 0)
        ctx_invalid(c, "does", "err.automation_owner", NULL);
    if (says(r, "does", "assign") && val_is_nil(row_get(r, "user_ids")) && row_get(r, "department_id").i == 0 &&
        row_get(r, "role_id").i == 0)
        ctx_invalid(c, "user_ids", "err.required", NULL);
    return custom_filter(c, t, r, "counted");
}
