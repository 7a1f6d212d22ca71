/* approvals.c - asking for approval, deciding, and what waits for whom, over HTTP.  share/doc/approval.md */
#include <string.h>

#include "record/find.h"
#include "record/save.h"
#include "service/approval.h"
#include "web/app.h"

static int box(struct call *k)
{
    const char *which = http_query(k->req, "box");
    int64_t after = call_number(k, "after", 0, 0, INT64_MAX), limit = call_number(k, "limit", 30, 1, 100);

    if (which == NULL)
        which = "todo";
    if (strcmp(which, "todo") != 0 && strcmp(which, "mine") != 0 && strcmp(which, "decided") != 0)
        return call_bad(k, "box");
    return k->c.rc != BERTH_OK ? (int)k->c.rc : approval_box(&k->c, which, after, (int)limit, &k->req->out);
}

static int one(struct call *k)
{
    return approval_one(&k->c, k->id, &k->req->out);
}

static int of_record(struct call *k)
{
    struct berth_row *r = call_opened(k);

    return r == NULL ? (int)k->c.rc : approval_of_record(&k->c, r, &k->req->out);
}

static int ask(struct call *k)
{
    const json_t *o = call_object(k);
    struct berth_row *r = o == NULL ? NULL : save_load(&k->c, k->t, k->id);
    int64_t id = r == NULL ? 0 : approval_ask(&k->c, r, call_string(k, "flow"), call_string(k, "note"));

    if (id == 0)
        return k->c.rc;
    k->req->status = 201;
    return approval_one(&k->c, id, &k->req->out);
}

static struct approval_deed deed_of(struct call *k, const char *op)
{
    return (struct approval_deed){.op = op, .note = call_string(k, "note"), .where = call_string(k, "where"),
                                  .user = json_integer_value(json_object_get(k->body, "user")),
                                  .step = (int)json_integer_value(json_object_get(k->body, "step")),
                                  .values = json_object_get(k->body, "values")};
}

static const char note_max[] = "2000";

static int act(struct call *k)
{
    const json_t *o = call_object(k);
    struct approval_deed d = deed_of(k, k->name);
    struct json j;

    if (o == NULL)
        return k->c.rc;
    if (d.note != NULL && strlen(d.note) > 2000)
        return ctx_invalid(&k->c, "note", "err.too_long", "max", note_max, NULL);
    if (approval_do(&k->c, k->id, &d) != BERTH_OK)
        return k->c.rc;
    j = call_json(k);
    json_open(&j, '{');
    json_number(&j, "waiting", approval_waiting(&k->c));
    json_close(&j, '}');
    return k->c.rc;
}

/* ---- by the link of a mail: nobody has to sign in ------------------------------------------------------- */
/* Looking changes nothing, so that a program that follows links in mails decides nothing. */
static int linked(struct call *k)
{
    int64_t id, asked;
    const struct who *who = approval_link(&k->c, call_string(k, "token"), &id, &asked);

    if (who == NULL)
        return k->c.rc;
    k->c.who = who;
    return approval_one(&k->c, id, &k->req->out);
}

static int decide(struct call *k)
{
    int64_t id, asked;
    const char *op = call_string(k, "op");
    const struct who *who = approval_link(&k->c, call_string(k, "token"), &id, &asked);
    struct approval_deed d = deed_of(k, op);

    if (who == NULL)
        return k->c.rc;
    if (op == NULL || (strcmp(op, "approve") != 0 && strcmp(op, "reject") != 0))
        return ctx_invalid(&k->c, "op", "err.choice", "value", op == NULL ? "" : op, NULL);
    if (d.note != NULL && strlen(d.note) > 2000)
        return ctx_invalid(&k->c, "note", "err.too_long", "max", note_max, NULL);
    d.link = true;
    d.ask = asked;
    k->c.who = who;
    if (approval_do(&k->c, id, &d) == BERTH_OK)
        k->req->status = 204;
    return k->c.rc;
}

const struct route_entry routes_approvals[] = {
    {"GET", "/api/_approval", R_INSIDE | R_MINE, box, TAKES("box", "after", "limit")},
    {"GET", "/api/_approval/{id}", R_INSIDE | R_MINE, one},
    {"POST", "/api/_approval/_link", R_PUBLIC, linked},
    {"POST", "/api/_approval/_decide", R_PUBLIC | R_WRITE, decide},
    {"POST", "/api/_approval/{id}/{name}", R_WRITE | R_INSIDE | R_MINE, act},
    {"GET", "/api/{table}/{id}/_approval", R_INSIDE | R_MINE, of_record},
    {"POST", "/api/{table}/{id}/_approval", R_WRITE | R_INSIDE | R_MINE, ask},
    {0},
};
