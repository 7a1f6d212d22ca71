/* line.c - "Called Mr Chen at Hoa Phat yesterday 30 min, wants quote for 3x40HC, call back Friday": a contact record
 * from one line.  What is not understood stays in the note; people look at it before it is saved. */
#include "line.h"

#include <stdlib.h>

/* The earliest says how; "visited us" before "visited" by being longer. */
static const struct {
    const char *kind, *words;
} kinds[] = {
    {"call",
     "called|call|calls|phoned|phone|rang|telephoned|spoke on the phone|打电话|打了电话|打过电话|通电话|通了电话|电话|致电|通话|去电|来电|goi dien|goi dien thoai|dien thoai|goi"},
    {"visit", "visited|visit|went to see|拜访|走访|上门|去访|tham|den tham|ghe tham"},
    {"received", "visited us|came to see us|came to us|received|来访|来我司|来公司|接待|den cong ty minh|ghe cong ty minh|tiep"},
    {"meeting", "met|met with|meet|meeting|开会|会议|会面|见面|见了|面谈|hop|gap"},
    {"email", "emailed|email|mailed|mail|e - mail|发邮件|邮件|电邮|gui mail|gui email"},
    {"message", "messaged|texted|message|wechat|zalo|whatsapp|微信|短信|nhan tin"},
    {"event", "fair|exhibition|trade show|展会|展览会|hoi cho|trien lam"},
};
#define NEXT "call back|callback|call again|calls back|call him back|call her back|call them back|ring back|follow up|next contact|next step|next time|next|get back|contact again|" \
    "回电|回电话|再打电话|再打|再联系|再联络|再约|再拜访|跟进|回访|回复|下次|下次联系|goi lai|lien he lai|hen lai|hen|theo doi|lan sau|nhac lai"

struct reading {
    struct line l;
    int64_t day, clock, minutes, next;
    bool dated, timed, lasted, kinded, follows;
    int next_part;
};

/* ---- reading -------------------------------------------------------------------------------------- */
/* A day beside the words for it, in the same part of the line. */
static void read_next(struct reading *r)
{
    struct line *l = &r->l;

    for (size_t i = 0; i < l->n; i++) {
        size_t n = line_match(l, i, NEXT), end = i + n, d;

        if (n == 0)
            continue;
        for (size_t k = 0; k < l->n; k++)
            if (l->w[k].part == l->w[i].part && (k >= end || k + 1 <= i) && (d = line_day(l, k, true, &r->next)) > 0 &&
                (k >= end || k + d <= i)) {
                if (r->next <= host->today(l->c))
                    continue;
                r->follows = true;
                r->next_part = l->w[i].part;
                line_found(l, "next_on", k < i ? k : i, k < i ? end : k + d);
                return;
            }
        if (line_match(l, i, "next") == n || line_match(l, i, "hen") == n)
            continue; /* alone it says little */
        r->next_part = l->w[i].part;
        line_found(l, "next_on", i, end); /* when? */
        return;
    }
}

static void read_times(struct reading *r)
{
    struct line *l = &r->l;
    size_t n;

    for (size_t i = 0; i < l->n && !r->timed; i++)
        if ((n = line_clock(l, i, &r->clock)) > 0) {
            r->timed = true;
            line_found(l, "start_at", i, i + n);
        }
    for (size_t i = 0; i < l->n && !r->lasted; i++)
        if ((n = line_duration(l, i, &r->minutes)) > 0) {
            r->lasted = true;
            line_found(l, "minutes", i, i + n);
        }
    for (size_t i = 0; i < l->n && !r->dated; i++)
        if ((n = line_day(l, i, false, &r->day)) > 0) {
            r->dated = true;
            line_found(l, "start_at", i, i + n);
        }
}

static void read_kind(struct reading *r, struct berth_row *to)
{
    struct line *l = &r->l;

    for (size_t i = 0; i < l->n && !r->kinded; i++) {
        size_t most = 0, n;
        const char *kind = NULL;

        for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
            if ((n = line_match(l, i, kinds[k].words)) > most) {
                most = n;
                kind = kinds[k].kind;
            }
        if (kind == NULL)
            continue;
        r->kinded = true;
        host->set(to, "kind", berth_s(kind));
        line_found(l, "kind", i, i + most);
    }
}

/* Where no time was said: it ended just now, or, on another day, work began with it. */
static int64_t begins(struct berth_ctx *c, const struct reading *r)
{
    int64_t start = host->midnight(c, r->day), opens = clock_minutes(host->setting(c, "activities.work_from").s);

    if (r->timed)
        return start + r->clock * 60000;
    if (r->day != host->today(c))
        return start + (opens < 0 ? 9 * 60 : opens) * 60000;
    return host->now(c) - r->minutes * 60000 < start ? start : host->now(c) - r->minutes * 60000;
}

static void read_line(struct berth_ctx *c, struct reading *r, const char *text, struct berth_row *to)
{
    bool done;

    *r = (struct reading){.next_part = -1};
    line_cut(&r->l, c, text);
    read_next(r);
    read_times(r);
    read_kind(r, to);
    if (r->follows && !r->kinded && !r->dated && !r->lasted) { /* nothing was done yet: it is a plan */
        r->day = r->next;
        r->dated = true;
        r->follows = false;
        r->l.found[0].field = "start_at";
        host->set(to, "kind", berth_s("call"));
        r->next_part = -1;
    }
    if (!r->dated)
        r->day = host->today(c);
    done = begins(c, r) <= host->now(c);
    if (berth_is_empty(to, "kind"))
        host->set(to, "kind", berth_s("other"));
    host->set(to, "note", berth_s(text));
    host->set(to, "status", berth_s(done ? "done" : "planned"));
    host->set(to, "start_at", berth_i(begins(c, r)));
    if (r->lasted && done)
        host->set(to, "minutes", berth_i(r->minutes));
    else if (r->lasted)
        host->set(to, "end_at", berth_i(begins(c, r) + r->minutes * 60000));
    for (size_t i = 0; i < r->l.nfound && !done; i++)
        if (strcmp(r->l.found[i].field, "minutes") == 0)
            r->l.found[i].field = "end_at";
    if (r->follows)
        host->set(to, "next_on", berth_i(r->next));
    line_names(&r->l, r->next_part, to);
    about_customer(c, to);
}

/* ---- telling ---------------------------------------------------------------------------------------- */
static const char *const told[] = {"kind",    "status",      "start_at",   "end_at",  "minutes",
                                   "next_on", "customer_id", "contact_id", "lead_id", "note"};

static void tell_choice(struct berth_ctx *c, const struct choice *x)
{
    host->json(c, "id", berth_i(x->id));
    host->json(c, "title", berth_s(x->title));
}

static void tell_found(struct berth_ctx *c, const struct line *l, const struct found *f, const struct berth_row *row)
{
    bool meant = f->is.id != 0 || (strstr(f->field, "_id") == NULL && !berth_is_empty(row, f->field));

    host->json_open(c, NULL, '{');
    host->json(c, "field", berth_s(f->field));
    host->json(c, "text", berth_s(f->from == f->to ? "" : line_text(l, f->from, f->to)));
    host->json(c, "understood", (struct berth_val){BERTH_BOOL, 0, {.i = meant}});
    if (f->is.id != 0)
        tell_choice(c, &f->is);
    host->json_open(c, "choices", '[');
    for (size_t i = 0; i < f->nchoice; i++) {
        host->json_open(c, NULL, '{');
        tell_choice(c, &f->choice[i]);
        host->json_close(c);
    }
    host->json_close(c);
    host->json_close(c);
}

/* A contact was named alone: the customer goes with it. */
static void tell_customer(struct berth_ctx *c, const struct line *l, struct berth_row *row)
{
    struct berth_row *customer = host->ref(c, row, "customer_id");

    for (size_t i = 0; i < l->nfound; i++)
        if (strcmp(l->found[i].field, "customer_id") == 0)
            return;
    if (customer == NULL)
        return;
    tell_found(c, l, &(struct found){.field = "customer_id", .is = {berth_number(customer, "id"), host->get(customer, "name").s}}, row);
}

int activity_line(struct berth_ctx *c)
{
    struct berth_val text = host->param(c, "text");
    struct berth_row *row = host->make(c, "activity");
    struct reading *r = host->alloc(c, sizeof(*r));

    if (text.type == BERTH_NULL || strlen(text.s) > LINE_MAX || text.s[strspn(text.s, " \t\r\n")] == '\0')
        return host->error(c, BERTH_INVALID, "text", "activities.err.line");
    read_line(c, r, text.s, row);
    host->json_open(c, NULL, '{');
    host->json_open(c, "values", '{');
    for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++)
        if (!berth_is_empty(row, told[i]))
            host->json(c, told[i], host->get(row, told[i]));
    host->json_close(c);
    host->json_open(c, "read", '[');
    for (size_t i = 0; i < r->l.nfound; i++)
        tell_found(c, &r->l, &r->l.found[i], row);
    tell_customer(c, &r->l, row);
    host->json_close(c);
    return host->json_close(c);
}

/* In Lua: a = berth.new("activity"), a.note = the line, berth.emit("activities.line", a), berth.save(a). */
int on_line(struct berth_ctx *c, struct berth_event *ev)
{
    struct berth_val note = host->get(ev->row, "note");
    struct reading *r = host->alloc(c, sizeof(*r));

    if (strcmp(host->table(ev->row), "activity") == 0 && note.type != BERTH_NULL && strlen(note.s) <= LINE_MAX)
        read_line(c, r, note.s, ev->row);
    return host->rc(c);
}
