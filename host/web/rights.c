/* rights.c - sharing a record, why somebody may or may not, handing over all that somebody owns. */
#include "record/find.h"
#include "record/handover.h"
#include "record/share.h"
#include "record/why.h"
#include "service/give.h"
#include "web/app.h"

/* ---- sharing ---------------------------------------------------------------------------------- */
static int shares(struct call *k)
{
    struct berth_row *r = call_opened(k);

    if (r != NULL && !share_table(k->t))
        return ctx_fail(&k->c, BERTH_NOT_FOUND, "not_found", "err.not_found");
    return r == NULL ? (int)k->c.rc : share_list(&k->c, r, &k->req->out);
}

static int share(struct call *k)
{
    const json_t *o = call_object(k);
    struct berth_row *r = o == NULL ? NULL : find_one(&k->c, k->t, k->id);
    struct json j = call_json(k);
    int64_t id;

    if (r == NULL || (id = give_share_json(&k->c, r, o, k->inside)) == 0)
        return k->c.rc;
    k->req->status = 201;
    json_open(&j, '{');
    json_number(&j, "id", id);
    json_close(&j, '}');
    return k->c.rc;
}

static int end_share(struct call *k)
{
    if (share_drop(&k->c, k->id) == BERTH_OK)
        k->req->status = 204;
    return k->c.rc;
}

/* ---- why ---------------------------------------------------------------------------------------- */
static int why(struct call *k)
{
    struct why q = {.user = call_number(k, "user", 0, 1, INT64_MAX), .t = k->t, .id = k->id, .field = http_query(k->req, "field"),
                    .deed = http_query(k->req, "deed")};

    if (k->c.rc != BERTH_OK)
        return k->c.rc;
    return why_json(&k->c, &q, &k->req->out);
}

/* ---- handing over ------------------------------------------------------------------------------- */
static int preview(struct call *k)
{
    return handover_preview(&k->c, k->id, &k->req->out);
}

static int give(struct call *k)
{
    const json_t *o = call_object(k);
    int64_t handover = 0, job = o == NULL ? 0 : handover_give(&k->c, k->id, o, &handover);

    return call_job(k, job, "handover", handover);
}

static int take_back(struct call *k)
{
    return call_job(k, handover_undo(&k->c, k->id), "handover", k->id);
}

const struct route_entry routes_rights[] = {
    {"GET", "/api/{table}/{id}/_share", R_INSIDE, shares},
    {"POST", "/api/{table}/{id}/_share", R_WRITE | R_INSIDE, share},
    {"DELETE", "/api/_share/{id}", R_WRITE | R_INSIDE, end_share},
    {"GET", "/api/{table}/{id}/_why", R_INSIDE | R_MINE, why, TAKES("user", "field", "deed")},
    {"GET", "/api/{table}/_why", R_INSIDE | R_MINE, why, TAKES("user", "field", "deed")},
    {"GET", "/api/user/{id}/_handover", R_INSIDE, preview},
    {"POST", "/api/user/{id}/_handover", R_WRITE | R_INSIDE, give},
    {"POST", "/api/handover/{id}/_undo", R_WRITE | R_INSIDE, take_back},
    {0},
};
