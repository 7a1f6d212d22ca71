/* lua_company.h - the small company that the Lua tests are about. */
#ifndef LUA_COMPANY_H
#define LUA_COMPANY_H

#include <stdlib.h>
#include <string.h>

#include "record/ctx.h"
#include "record/row.h"

#define LIST(t, ...) BERTH_LIST_OF(berth_##t, __VA_ARGS__)

static const struct berth_plugin company_base = {
    .name = "base",
    .tables =
        LIST(table, {"user", BERTH_FIELDS({"name", BERTH_TEXT}, {"active", BERTH_BOOL}, {"hash", BERTH_TEXT, BERTH_SECRET}),
                     .title = "name"})};

static const struct berth_plugin company_leads = {
    .name = "leads",
    .tables =
        LIST(table,
             {"lead",
              BERTH_FIELDS({"name", BERTH_TEXT}, {"status", BERTH_PICK, 0, "status", "open"},
                           {"lanes", BERTH_PICK, BERTH_MANY, "lane"}, {"is_key", BERTH_BOOL},
                           {"budget", BERTH_MONEY}, {"volume", BERTH_REAL},
                           {"next_date", BERTH_DATE}, {"touched", BERTH_TIME}, {"days", BERTH_INT}),
              .flags = BERTH_OWNED, .title = "name"}),
    .settings = BERTH_FIELDS({"keep_days", BERTH_INT, .def = "30"}),
    .dicts = LIST(dict, {"status", "open, won, lost"}, {"lane", "asia, europe"}),
    .rules =
        LIST(rule, {"release_days", BERTH_INT, "lead, user", "30"},
             {"may_claim", BERTH_BOOL, "lead", "true"}, {"price", BERTH_MONEY, "lead, factor", "0"},
             {"hint", BERTH_TEXT, "lead", "''"}, {"due", BERTH_DATE, "lead", "nil"})};

struct small_company {
    struct model *m;
    struct arena *a;
    struct store st;
    struct berth_ctx c;
    struct berth_row *lead, *user;
};

static inline void company_set(struct berth_row *row, const char *field, struct berth_val v)
{
    row->v[model_field(row->t, field)->at] = v;
}

/* No database behind it: a lead and a user in memory, at 2026-11-22 in Ho Chi Minh City. */
static inline void company_open(struct small_company *k, struct buf *err)
{
    static const struct berth_plugin *const plugins[] = {&company_base, &company_leads};

    k->m = model_build(plugins, 2, NULL, err);
    if (k->m == NULL)
        return;
    k->a = arena_new();
    strcpy(k->st.company.zone, "Asia/Ho_Chi_Minh");
    k->st.labels = labels_new();
    k->c = (struct berth_ctx){
        .st = &k->st, .m = k->m, .a = k->a, .now = INT64_C(1795305600000), .writing = true};
    k->c.problems_end = &k->c.problems;
    k->user = row_new(&k->c, model_table(k->m, "user"));
    company_set(k->user, "name", berth_s("Lan"));
    company_set(k->user, "hash", berth_s("secret"));
    k->lead = row_new(&k->c, model_table(k->m, "lead"));
    company_set(k->lead, "id", berth_i(17));
    company_set(k->lead, "name", berth_s("Saigon Freight"));
    company_set(k->lead, "status", (struct berth_val){BERTH_PICK, 4, {.s = "open"}});
    company_set(k->lead, "lanes", (struct berth_val){BERTH_PICK, 13, {.s = "|asia|europe|"}});
    company_set(k->lead, "budget", (struct berth_val){BERTH_MONEY, 0, {.i = 125000}});
    company_set(k->lead, "is_key", (struct berth_val){BERTH_BOOL, 0, {.i = 1}});
}

static inline void company_close(struct small_company *k)
{
    labels_free(&k->st.labels);
    arena_free(&k->a);
    model_free(&k->m);
}

#endif
