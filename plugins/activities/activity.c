/* activity.c - contacts with people: what a done one does to the records it is about. */
#include "activities.h"

/* What an activity may be about, and what such records keep of it. */
static const struct {
    const char *field;
    bool next, touched; /* have next_action_on, touched_at */
} about[] = {{"lead_id", true, true}, {"customer_id", true, true}, {"contact_id", false, false}, {"opportunity_id", true, true}};

enum { SUBJECT_MAX = 200 };

/* ---- before it is saved --------------------------------------------------------------- */
/* "Called the purchaser, wants ...": the first line of what was said, cut at a character. */
static const char *first_line(struct berth_ctx *c, const char *text)
{
    size_t n = strcspn(text, "\r\n"), chars = 0, end = 0;

    for (; end < n && chars < SUBJECT_MAX; chars++)
        for (end++; end < n && ((unsigned char)text[end] & 0xc0) == 0x80; end++)
            ;
    return host->fmt(c, "%.*s", (int)end, text);
}

void about_customer(struct berth_ctx *c, struct berth_row *r)
{
    static const char *const via[] = {"opportunity_id", "contact_id"};

    for (size_t i = 0; i < sizeof(via) / sizeof(via[0]) && berth_is_empty(r, "customer_id"); i++) {
        struct berth_row *of = host->ref(c, r, via[i]);

        if (of != NULL)
            host->set(r, "customer_id", host->get(of, "customer_id"));
    }
}

static int check_time(struct berth_ctx *c, struct berth_row *a)
{
    bool open = berth_says(a, "status", "planned") || berth_says(a, "status", "doing"),
         timed = !berth_is_empty(a, "start_at") && !berth_is_empty(a, "end_at");
    bool taken;

    if (berth_says(a, "status", "done") && berth_is_empty(a, "start_at"))
        host->set(a, "start_at", berth_i(host->now(c)));
    if (!berth_is_empty(a, "end_at") && berth_number(a, "end_at") < berth_number(a, "start_at"))
        return host->error(c, BERTH_INVALID, "end_at", "activities.err.end");
    if (berth_is_empty(a, "minutes") && timed)
        host->set(a, "minutes", berth_i((berth_number(a, "end_at") - berth_number(a, "start_at")) / 60000));
    taken = open && timed &&
            is_busy(c, berth_number(a, "owner_id"), berth_number(a, "start_at"), berth_number(a, "end_at"), berth_number(a, "id"));
    if (taken && host->setting(c, "activities.refuse_clash").i != 0)
        return host->error(c, BERTH_INVALID, "start_at", "activities.err.clash");
    host->set(a, "clash", berth_i(taken));
    host->set(
        a, "off_hours",
        berth_i(open && timed && !is_working(c, berth_number(a, "owner_id"), berth_number(a, "start_at"), berth_number(a, "end_at"))));
    return host->rc(c);
}

int activity_check(struct berth_ctx *c, struct berth_event *ev)
{
    struct berth_row *a = ev->row;
    struct berth_val note = host->get(a, "note");

    if (berth_is_empty(a, "subject") && note.type != BERTH_NULL)
        host->set(a, "subject", berth_s(first_line(c, note.s)));
    about_customer(c, a);
    return check_time(c, a);
}

/* ---- once it is done ------------------------------------------------------------------ */
static int save(struct berth_ctx *c, void *arg)
{
    return host->save(c, arg);
}

/* Only real work moves the clocks of what it was about; where several people work on a record, whoever
 * may see it may tell what he did. */
static int touch(struct berth_ctx *c, struct berth_row *a, size_t i)
{
    struct berth_row *r = host->ref(c, a, about[i].field);
    int64_t at = berth_number(a, "start_at");

    if (r == NULL)
        return host->rc(c);
    if (at > host->now(c))
        at = host->now(c);
    if (about[i].touched && berth_number(r, "touched_at") < at)
        host->set(r, "touched_at", berth_i(at));
    if (about[i].next && !berth_is_empty(a, "next_on"))
        host->set(r, "next_action_on", host->get(a, "next_on"));
    if (host->emit(c, "activities.done", r) != BERTH_OK)
        return host->rc(c);
    return host->all_rows(c, save, r);
}

int activity_saved(struct berth_ctx *c, struct berth_event *ev)
{
    if (!berth_says(ev->row, "status", "done") || (ev->old != NULL && berth_says(ev->old, "status", "done")))
        return BERTH_OK;
    for (size_t i = 0; i < sizeof(about) / sizeof(about[0]) && host->rc(c) == BERTH_OK; i++)
        touch(c, ev->row, i);
    return host->rc(c);
}

/* ---- actions -------------------------------------------------------------------------- */
/* On a lead, customer, contact or opportunity: what happened just now, in one line. */
int activity_log(struct berth_ctx *c, struct berth_row *on)
{
    struct berth_row *a = host->make(c, "activity");

    host->set(a, host->fmt(c, "%s_id", host->table(on)), host->get(on, "id"));
    host->set(a, "kind", host->param(c, "kind"));
    host->set(a, "note", host->param(c, "note"));
    host->set(a, "next_on", host->param(c, "next_action_on"));
    host->set(a, "minutes", host->param(c, "minutes"));
    host->set(a, "status", berth_s("done"));
    return host->save(c, a);
}

int activity_done(struct berth_ctx *c, struct berth_row *a)
{
    static const char *const taken[] = {"result", "attitude", "minutes", "expense"};

    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
        if (host->param(c, taken[i]).type != BERTH_NULL)
            host->set(a, taken[i], host->param(c, taken[i]));
    host->set(a, "next_on", host->param(c, "next_action_on"));
    host->set(a, "status", berth_s("done"));
    return host->save(c, a);
}

/* Where they are: the phone's picture goes to the files of the record. */
int activity_check_in(struct berth_ctx *c, struct berth_row *a)
{
    host->set(a, "arrived_at", berth_i(host->now(c)));
    host->set(a, "status", berth_s("doing"));
    if (berth_is_empty(a, "start_at"))
        host->set(a, "start_at", berth_i(host->now(c)));
    if (host->param(c, "place").type != BERTH_NULL)
        host->set(a, "place", host->param(c, "place"));
    return host->save(c, a);
}

/* ---- a lead becomes a customer and a deal: what was done on it goes along, and comes back ------- */
static const char *const goes_to[] = {"customer_id", "contact_id", "opportunity_id"};
enum { WAYS = sizeof(goes_to) / sizeof(goes_to[0]) };

struct moving {
    struct berth_row *lead;
    bool back;
};

static void move_one(struct berth_row *r, const struct moving *m)
{
    for (int i = 0; i < WAYS; i++) {
        struct berth_val to = host->get(m->lead, goes_to[i]);

        if (to.type == BERTH_NULL)
            continue;
        if (!m->back && berth_is_empty(r, goes_to[i]))
            host->set(r, goes_to[i], to);
        else if (m->back && berth_number(r, goes_to[i]) == to.i)
            host->set(r, goes_to[i], berth_nil());
    }
}

static int move_all(struct berth_ctx *c, void *arg)
{
    static const char *const tables[] = {"activity", "task"};
    struct moving *m = arg;

    for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++) {
        struct berth_rows *rows = host->find(c, tables[t], "lead_id = ? order by id limit 10000", BERTH_ARGS(host->get(m->lead, "id")));

        for (struct berth_row *r; (r = host->next(rows)) != NULL && host->rc(c) == BERTH_OK;) {
            move_one(r, m);
            host->save(c, r);
        }
    }
    return host->rc(c);
}

int on_lead_converted(struct berth_ctx *c, struct berth_event *ev)
{
    struct moving m = {.lead = ev->row};

    return host->all_rows(c, move_all, &m);
}

int on_lead_returning(struct berth_ctx *c, struct berth_event *ev)
{
    struct moving m = {.lead = ev->row, .back = true};

    return host->all_rows(c, move_all, &m);
}

/* ---- what lead_activity held ------------------------------------------------------------ */
int activity_upgrade(struct berth_ctx *c, uint32_t from)
{
    if (from > 0)
        return BERTH_OK;
    for (;;) {
        struct berth_rows *rows = host->find(c, "activity", "status empty order by id limit 1000", BERTH_NOARGS);
        struct berth_row *a = host->next(rows);

        if (a == NULL)
            return host->rc(c);
        for (; a != NULL; a = host->next(rows)) {
            host->set(a, "status", berth_s("done"));
            host->set(a, "start_at", berth_i(berth_number(a, "created_at")));
            host->set(a, "owner_id", host->get(a, "created_by"));
            if (host->save(c, a) != BERTH_OK)
                return host->rc(c);
        }
    }
}
