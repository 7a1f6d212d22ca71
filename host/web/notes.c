/* notes.c - timeline, notes, following and tags over HTTP. */
#include <string.h>

#include "record/find.h"
#include "record/merge.h"
#include "service/note.h"
#include "service/timeline.h"
#include "web/app.h"

static int timeline(struct call *k)
{
    int64_t limit = call_number(k, "limit", 30, 1, 100);
    struct berth_row *r = call_opened(k);

    return r == NULL ? (int)k->c.rc
               : timeline_page(&k->c, r, http_query(k->req, "kinds"), http_query(k->req, "after"), (int)limit, &k->req->out);
}

static int write_note(struct call *k)
{
    const json_t *o = call_object(k);
    struct berth_row *r = o == NULL ? NULL : find_one(&k->c, k->t, k->id);
    struct json j;
    int64_t id;

    if (r == NULL || (id = note_add(&k->c, r, call_string(k, "text"))) == 0)
        return k->c.rc;
    k->req->status = 201;
    j = call_json(k);
    json_open(&j, '{');
    json_number(&j, "id", id);
    json_close(&j, '}');
    return k->c.rc;
}

static int change_note(struct call *k)
{
    return call_object(k) == NULL ? (int)k->c.rc : note_edit(&k->c, k->id, call_string(k, "text"));
}

static int drop_note(struct call *k)
{
    return note_drop(&k->c, k->id);
}

/* ---- following and tags ------------------------------------------------------------------------ */
static int about(struct call *k)
{
    struct berth_row *r = call_opened(k);
    struct buf tags = BUF_INIT;
    struct json j = call_json(k);

    if (r == NULL || tag_list(&k->c, r, &tags) != BERTH_OK)
        return k->c.rc;
    json_open(&j, '{');
    json_flag(&j, "follow", follows(&k->c, r));
    json_key(&j, "may");
    json_open(&j, '{');
    json_flag(&j, "tag", perm_row(&k->c, r, DO_UPDATE));
    json_flag(&j, "split", perm_row(&k->c, r, DO_UPDATE) && merge_any(&k->c, r->t, row_id(r)));
    json_close(&j, '}');
    json_key(&j, "labels");
    json_raw(&j, tags.s, tags.len);
    json_close(&j, '}');
    buf_free(&tags);
    return k->c.rc;
}

static int follow(struct call *k)
{
    const json_t *o = call_object(k);
    struct berth_row *r = o == NULL ? NULL : find_one(&k->c, k->t, k->id);

    return r == NULL ? (int)k->c.rc : follow_set(&k->c, r, json_is_true(json_object_get(o, "on")));
}

static int tag(struct call *k)
{
    const json_t *o = call_object(k);
    struct berth_row *r = o == NULL ? NULL : find_one(&k->c, k->t, k->id);

    if (r == NULL || tag_set(&k->c, r, json_object_get(o, "tags")) != BERTH_OK)
        return k->c.rc;
    return tag_list(&k->c, r, &k->req->out);
}

const struct route_entry routes_notes[] = {
    {"GET", "/api/{table}/{id}/_timeline", R_INSIDE, timeline, TAKES("kinds", "after", "limit")},
    {"POST", "/api/{table}/{id}/_note", R_WRITE | R_INSIDE, write_note},
    {"PATCH", "/api/_note/{id}", R_WRITE | R_INSIDE, change_note},
    {"DELETE", "/api/_note/{id}", R_WRITE | R_INSIDE, drop_note},
    {"GET", "/api/{table}/{id}/_about", R_INSIDE, about},
    {"PUT", "/api/{table}/{id}/_follow", R_WRITE | R_INSIDE | R_MINE, follow},
    {"PUT", "/api/{table}/{id}/_tags", R_WRITE | R_INSIDE, tag},
    {0},
};
