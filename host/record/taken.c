/* taken.c - answers whether a company is taken, and no more than that. */
#include "record/taken.h"

#include <string.h>

#include "base/when.h"
#include "record/dup.h"
#include "record/find.h"
#include "record/zone.h"

enum { ANSWER = 512 /* bytes */ };

/* ---- the answer ------------------------------------------------------------------------------- */
static const char *team(struct berth_ctx *c, int64_t owner)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT d.name FROM \"user\" u JOIN department d ON d.id = u.department_id WHERE u.id = ?");
    const char *name = NULL;

    db_bind_int(s, 1, owner);
    if (db_step(s) == DB_ROW)
        name = arena_strdup(c->a, db_col_text(s, 0, NULL));
    db_reset(s);
    return name;
}

static const char *free_on(struct berth_ctx *c, const struct berth_row *r)
{
    char day[WHEN_DATE_MAX];

    if (r->t->at_due < 0 || val_is_nil(r->v[r->t->at_due]))
        return NULL;
    when_date_format(zone_day(c->st->company.zone, r->v[r->t->at_due].i), day);
    return arena_strdup(c->a, day);
}

/* Somebody's, rather than nobody's: what lies in a pool is free. */
static const struct berth_row *holder(struct berth_ctx *c, const struct ctx_match *m)
{
    for (; m != NULL; m = m->next) {
        const struct berth_row *r = find_raw(c, m->table, m->id);

        if (r != NULL && (m->table->at_owner < 0 || row_int(r, m->table->at_owner) != 0))
            return r;
    }
    return NULL;
}

int taken_json(struct berth_ctx *c, const struct berth_row *asked_for, struct buf *out)
{
    struct dup_keys *keys = arena_alloc(c->a, sizeof(*keys));
    const struct berth_row *r;
    struct json j = json_to(out);

    dup_keys_of(asked_for, keys);
    if (keys->n == 0)
        return ctx_fail(c, BERTH_INVALID, "bad_request", "err.taken");
    r = holder(c, dup_find_all(c, asked_for->t, keys, 0, DUP_CREATE));
    json_open(&j, '{');
    json_flag(&j, "taken", r != NULL);
    json_text(&j, "team", r == NULL || r->t->at_owner < 0 ? NULL : team(c, row_int(r, r->t->at_owner)));
    json_text(&j, "free_on", r == NULL ? NULL : free_on(c, r));
    json_close(&j, '}');
    while (out->len < ANSWER)
        buf_putc(out, ' ');
    return c->rc;
}
