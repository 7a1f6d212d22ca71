/* invite.c - who is asked to an appointment and what they answer.  An invitation is a row of the
 * person asked (of a contact person: of whoever asks), so that calendars and feeds find it by owner
 * and day; it carries what one needs to know.  The appointment itself is shared with a colleague who is asked,
 * for reading, until he declines; not by guests, who have it only because it was shared with them. */
#include "activities.h"

#include <stdlib.h>

static const char *const carried[] = {"subject", "start_at", "end_at", "place", "goal"};
enum { CARRIED = sizeof(carried) / sizeof(carried[0]) };

static void carry(struct berth_ctx *c, struct berth_row *to, const struct berth_row *activity)
{
    int64_t start = berth_number(activity, "start_at"),
            end = berth_is_empty(activity, "end_at") ? start : berth_number(activity, "end_at");
    bool person = berth_is_empty(to, "contact_id") && start != 0;

    for (size_t i = 0; i < CARRIED; i++)
        host->set(to, carried[i], host->get(activity, carried[i]));
    host->set(
        to, "clash",
        berth_i(person && is_busy(c, berth_number(to, "owner_id"), start, end, berth_number(activity, "id"))));
    host->set(to, "off_hours",
              berth_i(person && !is_working(c, berth_number(to, "owner_id"), start, end)));
}

static struct berth_rows *invitations(struct berth_ctx *c, const struct berth_row *activity)
{
    return host->find(c, "invitation", "activity_id = ? order by id limit 200",
                      BERTH_ARGS(host->get(activity, "id")));
}

static void tell(struct berth_ctx *c, struct berth_row *invitation, const char *text, int64_t whom)
{
    if (whom != host->user(c) && whom != 0)
        berth_alert(c, .text = text, .about = invitation, .people = &whom, .npeople = 1);
}

/* ---- who is asked reads the appointment ------------------------------------------------------- */
enum { READS_DAYS = 90 }; /* behind its end */
#define BY_INVITATION "invitation" /* the part of such a share: what a person gave is left alone */

/* Until long after it.  What the person has already is left alone. */
static int reads(struct berth_ctx *c, void *invitation)
{
    struct berth_row *activity = host->ref(c, invitation, "activity_id");
    const struct berth_shares *s = host->shares(c, activity);
    int64_t end = berth_number(invitation, berth_is_empty(invitation, "end_at") ? "start_at" : "end_at"),
            user = berth_number(invitation, "owner_id");

    if (s == NULL || !s->may)
        return host->rc(c);
    for (size_t i = 0; s->of[i] != NULL; i++)
        if (s->of[i]->user_id == user && !s->of[i]->team)
            return host->rc(c);
    berth_share(c, activity, .user_id = user, .part = BY_INVITATION,
                .until_at = (end > host->now(c) ? end : host->now(c)) + READS_DAYS * BERTH_DAY,
                .quiet = true); /* the invitation tells of it */
    return host->rc(c);
}

static int reads_no_more(struct berth_ctx *c, void *invitation)
{
    const struct berth_shares *s = host->shares(c, host->ref(c, invitation, "activity_id"));

    for (size_t i = 0; s != NULL && s->of[i] != NULL; i++)
        if (s->of[i]->user_id == berth_number(invitation, "owner_id") && s->of[i]->part != NULL &&
            strcmp(s->of[i]->part, BY_INVITATION) == 0)
            host->unshare(c, s->of[i]->id);
    return host->rc(c);
}

/* ---- asking ------------------------------------------------------------------------------- */
struct asked {
    struct berth_row *activity;
    struct berth_val people, contacts; /* "|3|7|" */
};

static bool is_asked(struct berth_ctx *c, const struct berth_row *activity, int64_t user,
                     int64_t contact)
{
    const char *where = contact != 0 ? "activity_id = ? and contact_id = ?"
                                     : "activity_id = ? and owner_id = ? and contact_id empty";

    return host->count(
               c, "invitation", where,
               BERTH_ARGS(host->get(activity, "id"), berth_i(contact != 0 ? contact : user))) > 0;
}

static void ask(struct berth_ctx *c, const struct berth_row *activity, int64_t user,
                int64_t contact)
{
    int64_t template_ = host->setting(c, "activities.invite_template").i;
    struct berth_row *i, *p;

    if (is_asked(c, activity, user, contact))
        return;
    i = host->make(c, "invitation");
    host->set(i, "activity_id", host->get(activity, "id"));
    host->set(i, "owner_id", berth_i(user));
    host->set(i, "from_id", berth_i(host->user(c)));
    if (contact != 0)
        host->set(i, "contact_id", berth_i(contact));
    p = host->ref(c, i, contact != 0 ? "contact_id" : "owner_id");
    if (p == NULL)
        return;
    host->set(i, "person", host->get(p, "name"));
    carry(c, i, activity);
    if (host->save(c, i) != BERTH_OK)
        return;
    if (contact == 0) {
        reads(c, i);
        tell(c, i, "activities.alert.invited", user);
    }
    else if (template_ != 0 && !berth_is_empty(p, "email"))
        host->mail(c, i, template_, host->get(p, "email").s, NULL);
}

/* Each id of "|3|7|". */
static const char *next_id(const char *list, int64_t *id)
{
    char *end;

    list += strspn(list, "|");
    *id = strtoll(list, &end, 10);
    return end == list ? NULL : end;
}

static int ask_all(struct berth_ctx *c, void *arg)
{
    struct asked *k = arg;
    const char *people = k->people.type == BERTH_NULL ? "" : k->people.s,
               *contacts = k->contacts.type == BERTH_NULL ? "" : k->contacts.s;
    int64_t id;

    while ((people = next_id(people, &id)) != NULL && host->rc(c) == BERTH_OK)
        if (id != berth_number(k->activity, "owner_id"))
            ask(c, k->activity, id, 0);
    while ((contacts = next_id(contacts, &id)) != NULL && host->rc(c) == BERTH_OK)
        ask(c, k->activity, berth_number(k->activity, "owner_id"), id);
    host->set(k->activity, "invited",
              berth_i(host->count(c, "invitation", "activity_id = ?",
                                  BERTH_ARGS(host->get(k->activity, "id")))));
    return host->rc(c);
}

int activity_invite(struct berth_ctx *c, struct berth_row *activity)
{
    struct asked k = {activity, host->param(c, "people"), host->param(c, "contacts")};

    if (k.people.type == BERTH_NULL && k.contacts.type == BERTH_NULL)
        return host->error(c, BERTH_INVALID, "people", "activities.err.nobody");
    if (berth_is_empty(activity, "start_at"))
        return host->error(c, BERTH_INVALID, NULL, "activities.err.no_time");
    if (host->all_rows(c, ask_all, &k) != BERTH_OK) /* one asks whom one may not command */
        return host->rc(c);
    return host->save(c, activity);
}

/* ---- when the appointment changes ------------------------------------------------------------ */
struct changed {
    struct berth_row *activity;
    bool moved, off;
};

static int follow(struct berth_ctx *c, void *arg)
{
    const struct changed *k = arg;
    struct berth_rows *rows = invitations(c, k->activity);

    for (struct berth_row *i; (i = host->next(rows)) != NULL && host->rc(c) == BERTH_OK;) {
        carry(c, i, k->activity);
        if (k->off)
            host->set(i, "answer", berth_s("off"));
        else if (k->moved && berth_is_empty(i, "contact_id"))
            host->set(i, "answer", berth_s("invited"));
        if (host->save(c, i) == BERTH_OK && (k->off || k->moved) && berth_is_empty(i, "contact_id"))
            tell(c, i, k->off ? "activities.alert.off" : "activities.alert.moved",
                 berth_number(i, "owner_id"));
    }
    return host->rc(c);
}

static bool differs(const struct berth_row *a, const struct berth_row *b, const char *field)
{
    struct berth_val x = host->get(a, field), y = host->get(b, field);

    if (x.type == BERTH_NULL || y.type == BERTH_NULL)
        return x.type != y.type;
    return x.type == BERTH_TIME ? x.i != y.i : strcmp(x.s, y.s) != 0;
}

int invitations_follow(struct berth_ctx *c, struct berth_event *ev)
{
    struct changed k = {.activity = ev->row};
    bool any = false;

    if (berth_number(ev->row, "invited") == 0 || ev->old == NULL)
        return host->rc(c);
    for (size_t i = 0; i < CARRIED; i++)
        any = any || differs(ev->row, ev->old, carried[i]);
    k.moved = differs(ev->row, ev->old, "start_at") || differs(ev->row, ev->old, "end_at");
    k.off = berth_says(ev->row, "status", "cancelled") && !berth_says(ev->old, "status", "cancelled");
    return any || k.off ? host->all_rows(c, follow, &k) : host->rc(c);
}

static int all_off(struct berth_ctx *c, void *activity)
{
    struct changed k = {.activity = activity, .off = true};

    return follow(c, &k);
}

int invitations_off(struct berth_ctx *c, struct berth_event *ev)
{
    return berth_number(ev->row, "invited") == 0 ? host->rc(c) : host->all_rows(c, all_off, ev->row);
}

/* ---- answering ------------------------------------------------------------------------------- */
/* Everybody for himself; what a contact person said is noted by whoever asked him. */
static int answer(struct berth_ctx *c, struct berth_row *i, const char *says_)
{
    if (berth_number(i, "owner_id") != host->user(c))
        return host->error(c, BERTH_DENIED, NULL, "activities.err.not_asked");
    host->set(i, "answer", berth_s(says_));
    host->set(i, "answered_at", berth_i(host->now(c)));
    host->set(i, "reply", host->param(c, "note"));
    if (host->save(c, i) == BERTH_OK)
        tell(c, i, host->fmt(c, "activities.alert.answer_%s", says_), berth_number(i, "from_id"));
    if (berth_is_empty(i, "contact_id") && berth_number(i, "activity_id") != 0)
        host->all_rows(c, strcmp(says_, "declined") == 0 ? reads_no_more : reads, i);
    return host->rc(c);
}

int invitation_accept(struct berth_ctx *c, struct berth_row *i)
{
    return answer(c, i, "accepted");
}

int invitation_maybe(struct berth_ctx *c, struct berth_row *i)
{
    return answer(c, i, "maybe");
}

int invitation_decline(struct berth_ctx *c, struct berth_row *i)
{
    return answer(c, i, "declined");
}
