/* stages.c - pipelines with their stages, what a stage asks for, and how long deals stay on it. */
#include "opportunities.h"

#include <stdio.h>

/* ---- what stands there at the first start ------------------------------------------------ */
static const struct {
    const char *key, *state, *color, *needs;
    int percent, norm_days;
} usual[] = {{"interest", "open", "gray", NULL, 10, 14},
             {"needs", "open", "blue", "amount, mode, direction", 30, 14},
             {"quoted", "open", "teal", "amount, close_on", 50, 10},
             {"terms", "open", "violet", "amount, close_on", 70, 10},
             {"verbal", "open", "amber", "amount, close_on", 90, 7},
             {"won", "won", "green", "amount", 100, 0},
             {"lost", "lost", "gray", NULL, 0, 0}};

int stages_seed(struct berth_ctx *c)
{
    struct berth_row *p;

    if (host->count(c, "pipeline", NULL, BERTH_NOARGS) > 0)
        return host->rc(c);
    p = host->make(c, "pipeline");
    host->set(p, "name", berth_s(host->tr(c, "opportunities.seed.pipeline")));
    host->save(c, p);
    for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
        struct berth_row *s = host->make(c, "stage");

        host->set(s, "pipeline_id", host->get(p, "id"));
        host->set(s, "name", berth_s(host->tr(c, host->fmt(c, "opportunities.seed.%s", usual[i].key))));
        host->set(s, "place", berth_i((int64_t)i + 1));
        host->set(s, "percent", berth_i(usual[i].percent));
        host->set(s, "norm_days", berth_i(usual[i].norm_days));
        host->set(s, "state", berth_s(usual[i].state));
        host->set(s, "color", berth_s(usual[i].color));
        if (usual[i].needs != NULL)
            host->set(s, "needs", berth_s(usual[i].needs));
        host->save(c, s);
    }
    return host->rc(c);
}

/* ---- stages as administrators make them ---------------------------------------------------- */
/* "amount, close_on": fields that must be filled. */
static bool next_name(const char **list, char out[48])
{
    *list += strspn(*list, ", ");
    size_t n = strcspn(*list, ", ");

    if (n == 0 || n >= 48)
        return false;
    snprintf(out, 48, "%.*s", (int)n, *list);
    *list += n;
    return true;
}

int stage_check(struct berth_ctx *c, struct berth_event *ev)
{
    struct berth_val needs = host->get(ev->row, "needs");
    const char *list = needs.type == BERTH_NULL ? "" : needs.s;
    char name[48];

    while (next_name(&list, name))
        if (!deal_asks(name))
            return host->error(c, BERTH_INVALID, "needs", "opportunities.err.needs_name");
    return host->rc(c);
}

int stage_drop(struct berth_ctx *c, struct berth_event *ev)
{
    if (host->count(c, "opportunity", "stage_id = ?", BERTH_ARGS(host->get(ev->row, "id"))) > 0)
        return host->error(c, BERTH_CONFLICT, NULL, "opportunities.err.stage_used");
    return host->rc(c);
}

/* ---- entering one ---------------------------------------------------------------------------- */
static struct berth_row *first_stage(struct berth_ctx *c, int64_t pipeline)
{
    return host->next(host->find(c, "stage", "pipeline_id = ? and state = 'open' order by place, id limit 1",
                                 BERTH_ARGS(berth_i(pipeline))));
}

struct berth_row *stage_of_state(struct berth_ctx *c, int64_t pipeline, const char *state)
{
    return host->next(host->find(c, "stage", "pipeline_id = ? and state = ? order by place, id limit 1",
                                 BERTH_ARGS(berth_i(pipeline), berth_s(state))));
}

/* The pipeline of the user's department, else the one for everybody. */
static int64_t default_pipeline(struct berth_ctx *c)
{
    struct berth_row *me = host->user(c) == 0 ? NULL : host->load(c, "user", host->user(c)), *p = NULL;

    if (me != NULL && berth_number(me, "department_id") != 0)
        p = host->next(host->find(c, "pipeline", "active = true and department_ids in (?) order by id limit 1",
                                  BERTH_ARGS(berth_i(berth_number(me, "department_id")))));
    if (p == NULL)
        p = host->next(host->find(c, "pipeline", "active = true and department_ids empty order by id limit 1", BERTH_NOARGS));
    return p == NULL ? 0 : berth_number(p, "id");
}

static bool has_what_it_needs(struct berth_ctx *c, const struct berth_row *deal, const struct berth_row *stage)
{
    struct berth_val needs = host->get(stage, "needs");
    const char *list = needs.type == BERTH_NULL ? "" : needs.s;
    bool all = true;
    char name[48];

    while (next_name(&list, name))
        if (deal_asks(name) && berth_is_empty(deal, name)) {
            host->error(c, BERTH_INVALID, host->fmt(c, "%s", name), "opportunities.err.needed");
            all = false;
        }
    return all;
}

static bool keeps(struct berth_ctx *c, const struct berth_row *stage)
{
    return berth_says(stage, "back", "never") || (berth_says(stage, "back", "manager") && !host->can(c, "opportunities.roll_back"));
}

/* Whether a stage of the pipeline that the deal was in before does not let it go back to this one: another pipeline is no way round. */
static bool kept_before(struct berth_ctx *c, const struct berth_row *deal, const struct berth_row *to)
{
    struct berth_rows *log = host->find(c, "stage_log", "opportunity_id = ? and pipeline_id = ? order by id desc limit 200",
                                        BERTH_ARGS(host->get(deal, "id"), host->get(to, "pipeline_id")));

    for (struct berth_row *l; (l = host->next(log)) != NULL;) {
        struct berth_row *was = host->ref(c, l, "stage_id");

        if (was != NULL && berth_says(was, "state", "open") && berth_number(was, "place") > berth_number(to, "place") && keeps(c, was))
            return true;
    }
    return false;
}

static bool may_move(struct berth_ctx *c, const struct berth_row *deal, const struct berth_row *from, const struct berth_row *to)
{
    bool ended = !berth_says(from, "state", "open"), same = berth_number(to, "pipeline_id") == berth_number(from, "pipeline_id"),
         back = same && berth_number(to, "place") < berth_number(from, "place");

    if (ended && berth_says(to, "state", "open") && !host->can(c, "opportunities.reopen")) {
        host->error(c, BERTH_DENIED, NULL, "opportunities.err.reopen");
        return false;
    }
    if (!ended && (same ? back && keeps(c, from) : kept_before(c, deal, to))) {
        host->error(c, BERTH_INVALID, "stage_id", "opportunities.err.back");
        return false;
    }
    return true;
}

struct berth_row *stage_enter(struct berth_ctx *c, struct berth_row *deal, const struct berth_row *old)
{
    struct berth_row *stage = host->ref(c, deal, "stage_id"), *from;
    bool moved = old == NULL || berth_number(old, "stage_id") != berth_number(deal, "stage_id"),
         elsewhere =
             !moved && !berth_is_empty(deal, "pipeline_id") && berth_number(old, "pipeline_id") != berth_number(deal, "pipeline_id");

    if (stage == NULL || elsewhere) { /* another pipeline begins at its first stage */
        if (berth_is_empty(deal, "pipeline_id"))
            host->set(deal, "pipeline_id", berth_i(default_pipeline(c)));
        stage = first_stage(c, berth_number(deal, "pipeline_id"));
        if (stage == NULL) {
            host->error(c, BERTH_INVALID, "pipeline_id", "opportunities.err.no_pipeline");
            return NULL;
        }
        host->set(deal, "stage_id", host->get(stage, "id"));
    }
    host->set(deal, "pipeline_id", host->get(stage, "pipeline_id"));
    moved = old == NULL || berth_number(old, "stage_id") != berth_number(deal, "stage_id");
    if (!moved)
        return stage;
    from = old == NULL ? NULL : host->ref(c, old, "stage_id");
    if ((from != NULL && !may_move(c, old, from, stage)) || !has_what_it_needs(c, deal, stage))
        return NULL;
    host->set(deal, "stage_since", berth_i(host->now(c)));
    host->set(deal, "idle", berth_i(0));
    return stage;
}

/* ---- how long, and whether it went on ----------------------------------------------------------- */
static void end_passage(struct berth_ctx *c, struct berth_row *line, const struct berth_row *to)
{
    struct berth_row *from = host->ref(c, line, "stage_id");
    bool onward = from != NULL && to != NULL && berth_number(to, "place") > berth_number(from, "place") && !berth_says(to, "state", "lost");

    host->set(line, "onward", berth_i(onward));
}

enum { HUNDREDTH = 36000 }; /* ms of an hour */

static int log_passage(struct berth_ctx *c, void *arg)
{
    struct berth_row *deal = arg, *line, *last;
    int64_t took;

    last = host->next(host->find(c, "stage_log", "opportunity_id = ? and to_at empty order by id desc limit 1",
                                 BERTH_ARGS(host->get(deal, "id"))));
    if (last != NULL) {
        host->set(last, "to_at", berth_i(host->now(c)));
        took = (host->now(c) - berth_number(last, "from_at") + HUNDREDTH / 2) / HUNDREDTH;
        host->set(last, "hours", (struct berth_val){BERTH_REAL, 0, {.d = (double)took / 100}});
        end_passage(c, last, host->ref(c, deal, "stage_id"));
        host->save(c, last);
    }
    line = host->make(c, "stage_log");
    host->set(line, "opportunity_id", host->get(deal, "id"));
    host->set(line, "pipeline_id", host->get(deal, "pipeline_id"));
    host->set(line, "stage_id", host->get(deal, "stage_id"));
    host->set(line, "owner_id", host->get(deal, "owner_id"));
    host->set(line, "percent", host->get(deal, "percent"));
    host->set(line, "amount", host->get(deal, "base_amount"));
    host->set(line, "from_at", berth_i(host->now(c)));
    return host->save(c, line);
}

int stage_logged(struct berth_ctx *c, struct berth_event *ev)
{
    if (ev->old != NULL && berth_number(ev->old, "stage_id") == berth_number(ev->row, "stage_id"))
        return host->rc(c);
    return host->all_rows(c, log_passage, ev->row); /* people read it, nobody writes it */
}

/* Passages that ended before it was kept whether they went on: the deal's next one tells. */
int stage_log_upgrade(struct berth_ctx *c, uint32_t from)
{
    int64_t done = 0;

    for (bool more = from == 0; more && host->rc(c) == BERTH_OK;) {
        struct berth_rows *lines = host->find(c, "stage_log", "id > ? and to_at not empty and onward empty order by id limit 500",
                                              BERTH_ARGS(berth_i(done)));

        more = false;
        for (struct berth_row *l; (l = host->next(lines)) != NULL && host->rc(c) == BERTH_OK; more = true) {
            struct berth_row *next = host->next(host->find(c, "stage_log", "opportunity_id = ? and id > ? order by id limit 1",
                                                           BERTH_ARGS(host->get(l, "opportunity_id"), host->get(l, "id"))));

            done = berth_number(l, "id");
            end_passage(c, l, next == NULL ? NULL : host->ref(c, next, "stage_id"));
            host->save(c, l);
        }
    }
    return host->rc(c);
}
