/* import_foresee.c - what would become of a row if this were not a dry run. */
#include "record/import_run.h"
#include "record/save.h"

static struct berth_row *updated(struct run *r, struct berth_ctx *c, const struct prep *p)
{
    struct berth_row *now = save_load(c, p->row->t, p->record);

    if (now != NULL)
        import_set_cells(r, c, p, now);
    return now;
}

void import_foresee(struct run *r, struct berth_ctx *c, struct prep *p)
{
    bool update = p->outcome == OUT_UPDATED, changed = true;
    struct berth_row *now = update ? updated(r, c, p) : p->row;
    struct ctx_match m = {.table = p->row->t};

    if (update && now != NULL && import_clashes(r, c, p, now))
        return;
    if (now == NULL || save_foresee(c, now, &changed) != BERTH_OK) {
        import_tell_problem(r, c, p);
    } else if (update) {
        m.title = row_title(now);
        p->table = m.table->name;
        p->outcome = changed ? OUT_UPDATED : OUT_SAME;
        import_detail(r, c, p, &m, NULL);
    }
}
