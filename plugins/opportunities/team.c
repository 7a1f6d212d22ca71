/* team.c - who stands in a deal's project team works on it: the host's team of the record follows the field. */
#include "opportunities.h"

#include <stdlib.h>

/* Each id of "|3|7|"; NULL behind the last. */
static const char *next_id(const char *list, int64_t *id)
{
    char *end;

    list += strspn(list, "|");
    *id = strtoll(list, &end, 10);
    return end == list ? NULL : end;
}

static const char *team_of(const struct berth_row *r)
{
    struct berth_val v = r == NULL ? berth_nil() : host->get(r, "team");

    return v.type == BERTH_NULL ? "" : v.s;
}

static bool has(struct berth_ctx *c, const char *list, int64_t id)
{
    return strstr(list, host->fmt(c, "|%lld|", (long long)id)) != NULL;
}

static void leaves(struct berth_ctx *c, long long deal, int64_t user)
{
    const char *team = host->call(c, host->fmt(c, "GET /opportunity/%lld/_share", deal), BERTH_NOARGS);

    for (int i = 0; team != NULL; i++) {
        struct berth_val id = host->json_at(c, team, host->fmt(c, "team.%d.id", i));

        if (id.type == BERTH_NULL)
            break;
        if (host->json_at(c, team, host->fmt(c, "team.%d.user_id", i)).i == user)
            host->call(c, host->fmt(c, "DELETE /_share/%lld", (long long)id.i), BERTH_NOARGS);
    }
}

static int follow(struct berth_ctx *c, void *arg)
{
    struct berth_event *ev = arg;
    const char *now = team_of(ev->row), *before = team_of(ev->old);
    long long deal = berth_number(ev->row, "id");
    int64_t id;

    for (const char *p = now; (p = next_id(p, &id)) != NULL && host->rc(c) == BERTH_OK;)
        if (!has(c, before, id) && id != berth_number(ev->row, "owner_id"))
            host->call(c, host->fmt(c, "POST /opportunity/%lld/_share", deal),
                       BERTH_ARGS(berth_s("kind"), berth_s("team"), berth_s("access"), berth_s("cooperate"), berth_s("user_id"), berth_i(id)));
    for (const char *p = before; (p = next_id(p, &id)) != NULL && host->rc(c) == BERTH_OK;)
        if (!has(c, now, id))
            leaves(c, deal, id);
    return host->rc(c);
}

int team_saved(struct berth_ctx *c, struct berth_event *ev)
{
    return strcmp(team_of(ev->row), team_of(ev->old)) == 0 ? host->rc(c) : host->all_rows(c, follow, ev);
}
