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

/* The user's share as one of the team; 0: none. */
static int64_t share_of(const struct berth_shares *s, int64_t user)
{
    for (size_t i = 0; s->of[i] != NULL; i++)
        if (s->of[i]->team && s->of[i]->user_id == user)
            return s->of[i]->id;
    return 0;
}

/* Who is new in the team, and the former owner who stands there, have a share; who left has none.  That somebody may
 * not share it, or that there is no room, is no reason not to hand it over. */
static int follow(struct berth_ctx *c, void *arg)
{
    struct berth_event *ev = arg;
    const char *now = team_of(ev->row), *before = team_of(ev->old);
    int64_t owner = berth_number(ev->row, "owner_id"), former = ev->old == NULL ? 0 : berth_number(ev->old, "owner_id"), id, share;
    const struct berth_shares *s = host->shares(c, ev->row);
    int32_t left;

    if (s == NULL)
        return host->rc(c);
    left = s->left;
    for (const char *p = before; (p = next_id(p, &id)) != NULL && host->rc(c) == BERTH_OK;)
        if (!has(c, now, id) && (share = share_of(s, id)) != 0) {
            host->unshare(c, share);
            left++;
        }
    for (const char *p = now; (p = next_id(p, &id)) != NULL && host->rc(c) == BERTH_OK;)
        if (id != owner && (!has(c, before, id) || (id == former && s->may && left > 0)) && share_of(s, id) == 0) {
            if (left-- <= 0)
                return host->error(c, BERTH_INVALID, "team", "err.shares");
            berth_share(c, ev->row, .user_id = id, .team = true, .cooperate = true);
        }
    return host->rc(c);
}

static bool team_changed(const struct berth_event *ev)
{
    return strcmp(team_of(ev->row), team_of(ev->old)) != 0;
}

int team_saved(struct berth_ctx *c, struct berth_event *ev)
{
    bool handed = ev->old != NULL && berth_number(ev->row, "owner_id") != berth_number(ev->old, "owner_id");

    return team_changed(ev) || handed ? host->all_rows(c, follow, ev) : host->rc(c);
}

/* Guests of a deal bring none along. */
static int may_follow(struct berth_ctx *c, void *arg)
{
    const struct berth_event *ev = arg;
    const struct berth_shares *s = host->shares(c, ev->old);

    if (s != NULL && !s->may)
        return host->error(c, BERTH_DENIED, "team", "err.denied");
    return host->rc(c);
}

int team_check(struct berth_ctx *c, struct berth_event *ev)
{
    return ev->old != NULL && team_changed(ev) ? host->all_rows(c, may_follow, ev) : host->rc(c);
}
