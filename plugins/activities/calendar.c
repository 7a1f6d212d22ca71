/* calendar.c - iCalendar feeds (RFC 5545) that phones and mail programs subscribe to. */
#include "activities.h"

#include <stdio.h>
#include <time.h>

/* ---- text that grows -------------------------------------------------------------------- */
struct text {
    struct berth_ctx *c;
    char *s;
    size_t len, room;
};

static void add(struct text *t, const char *s, size_t n)
{
    if (t->len + n + 1 > t->room) {
        char *more = host->alloc(t->c, (t->room = (t->len + n + 1) * 2));

        if (t->len > 0)
            memcpy(more, t->s, t->len);
        t->s = more;
    }
    memcpy(t->s + t->len, s, n);
    t->len += n;
    t->s[t->len] = '\0';
}

/* One line of the feed, folded at 75 bytes between characters, as the standard wants. */
static void line(struct text *t, const char *name, const char *value)
{
    enum { FOLD = 73 };
    size_t at = strlen(name) + 1, n = strlen(value);

    add(t, name, strlen(name));
    add(t, ":", 1);
    for (size_t i = 0; i < n;) {
        size_t len = 1;

        while (i + len < n && ((unsigned char)value[i + len] & 0xc0) == 0x80)
            len++;
        if (at + len > FOLD) {
            add(t, "\r\n ", 3);
            at = 1;
        }
        add(t, value + i, len);
        at += len;
        i += len;
    }
    add(t, "\r\n", 2);
}

static void line_text(struct text *t, const char *name, struct berth_val v)
{
    struct text plain = {.c = t->c};

    if (v.type == BERTH_NULL)
        return;
    add(&plain, "", 0);
    for (const char *s = v.s; *s != '\0'; s++) {
        if (*s == '\n')
            add(&plain, "\\n", 2);
        else if (strchr("\\,;", *s) != NULL)
            add(&plain, (const char[]){'\\', *s}, 2);
        else if ((unsigned char)*s >= ' ' || *s == '\t')
            add(&plain, s, 1);
    }
    line(t, name, plain.s);
}

static void line_time(struct text *t, const char *name, int64_t ms)
{
    time_t at = (time_t)(ms / 1000);
    struct tm tm;
    char out[20];

    gmtime_r(&at, &tm);
    strftime(out, sizeof(out), "%Y%m%dT%H%M%SZ", &tm);
    line(t, name, out);
}

static void line_day(struct text *t, const char *name, int64_t day)
{
    time_t at = (time_t)(day * 86400);
    struct tm tm;
    char out[12];

    gmtime_r(&at, &tm);
    strftime(out, sizeof(out), "%Y%m%d", &tm);
    line(t, name, out);
}

/* ---- the feed ---------------------------------------------------------------------------- */
static void begin(struct text *t, const struct berth_row *r, const char *kind)
{
    line(t, "BEGIN", kind);
    line(t, "UID", host->fmt(t->c, "%s-%lld@berth", host->table(r), (long long)berth_number(r, "id")));
    line_time(t, "DTSTAMP", berth_number(r, "updated_at"));
    line(t, "SEQUENCE", host->fmt(t->c, "%lld", (long long)berth_number(r, "version")));
    line_text(t, "SUMMARY", host->get(r, "subject"));
}

/* ATTENDEE;CN="...";PARTSTAT=ACCEPTED:mailto:... */
static void attendee(struct text *t, const struct berth_row *invitation)
{
    static const char *const answers[][2] = {{"accepted", "ACCEPTED"}, {"maybe", "TENTATIVE"}, {"declined", "DECLINED"}};
    struct berth_row *who = host->ref(t->c, invitation, berth_is_empty(invitation, "contact_id") ? "owner_id" : "contact_id");
    const char *says_ = "NEEDS-ACTION", *at;
    char *name;

    if (who == NULL)
        return;
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
        if (berth_says(invitation, "answer", answers[i][0]))
            says_ = answers[i][1];
    name = host->fmt(t->c, "%s", host->get(who, "name").s);
    for (char *s = name; *s != '\0'; s++)
        if (*s == '"' || (unsigned char)*s < ' ')
            *s = ' ';
    at = berth_is_empty(who, "email") ? host->fmt(t->c, "urn:berth:%s:%lld", host->table(who), (long long)berth_number(who, "id"))
                                : host->fmt(t->c, "mailto:%s", host->get(who, "email").s);
    line(t, host->fmt(t->c, "ATTENDEE;CN=\"%s\";PARTSTAT=%s", name, says_), at);
}

static void event(struct text *t, const struct berth_row *a)
{
    bool own = strcmp(host->table(a), "activity") == 0;
    int64_t from = berth_number(a, "start_at"), to = berth_is_empty(a, "end_at") ? from + 30 * 60000 : berth_number(a, "end_at");

    begin(t, a, "VEVENT");
    line_time(t, "DTSTART", from);
    line_time(t, "DTEND", to);
    line_text(t, "LOCATION", host->get(a, "place"));
    line_text(t, "DESCRIPTION", host->get(a, "goal"));
    line(t, "STATUS", own || berth_says(a, "answer", "accepted") ? "CONFIRMED" : "TENTATIVE");
    if (own && berth_number(a, "invited") != 0) {
        struct berth_rows *rows = host->find(t->c, "invitation", "activity_id = ? order by id limit 200", BERTH_ARGS(host->get(a, "id")));

        for (struct berth_row *i; (i = host->next(rows)) != NULL;)
            attendee(t, i);
    }
    line(t, "END", "VEVENT");
}

static void todo(struct text *t, const struct berth_row *task)
{
    begin(t, task, "VTODO");
    line_day(t, "DUE;VALUE=DATE", berth_number(task, "due_on"));
    line_text(t, "DESCRIPTION", host->get(task, "goal"));
    line(t, "PERCENT-COMPLETE", host->fmt(t->c, "%lld", (long long)berth_number(task, "progress")));
    line(t, "STATUS", berth_says(task, "status", "done") ? "COMPLETED" : "NEEDS-ACTION");
    line(t, "END", "VTODO");
}

/* From 90 days back on, newest first: what a phone wants to know. */
static int feed_body(struct berth_ctx *c, void *arg)
{
    struct text t = {.c = c};
    struct berth_rows *rows;

    (void)arg;
    line(&t, "BEGIN", "VCALENDAR");
    line(&t, "VERSION", "2.0");
    line(&t, "PRODID", "-//Berth//Berth CRM//EN");
    line(&t, "X-WR-CALNAME", "Berth");
    rows = host->find(c, "activity", "owner_id = @me and start_at >= ? and status <> 'cancelled' order by start_at desc limit 1000",
                      BERTH_ARGS(berth_i(host->now(c) - 90 * BERTH_DAY)));
    for (struct berth_row *a; (a = host->next(rows)) != NULL;)
        event(&t, a);
    rows = host->find(c, "invitation",
                      "owner_id = @me and contact_id empty and start_at >= ? and answer in ('invited', 'accepted', 'maybe') "
                      "order by start_at desc limit 500",
                      BERTH_ARGS(berth_i(host->now(c) - 90 * BERTH_DAY)));
    for (struct berth_row *i; (i = host->next(rows)) != NULL;)
        event(&t, i);
    rows = host->find(c, "task", "owner_id = @me and due_on >= ? and status in ('new', 'accepted', 'doing', 'done') "
                      "order by due_on limit 500", BERTH_ARGS(berth_i(host->today(c) - 30)));
    for (struct berth_row *task; (task = host->next(rows)) != NULL;)
        todo(&t, task);
    line(&t, "END", "VCALENDAR");
    return host->reply_text(c, 200, "text/calendar; charset=utf-8", t.s);
}

struct found {
    const char *key;
    int64_t user;
};

static int find_feed(struct berth_ctx *c, void *arg)
{
    struct found *f = arg;
    struct berth_row *feed = host->next(host->find(c, "calendar_feed", "key_hash = ? limit 1",
                                                   BERTH_ARGS(berth_s(host->hash(c, f->key)))));

    f->user = feed == NULL ? 0 : berth_number(feed, "owner_id");
    return host->rc(c);
}

/* GET /api/calendar.ics?key=...: the key is all that a calendar program can show. */
int feed_read(struct berth_ctx *c)
{
    struct berth_val key = host->param(c, "key");
    struct found f = {.key = key.type == BERTH_NULL ? "" : key.s};

    if (host->all_rows(c, find_feed, &f) != BERTH_OK)
        return host->rc(c);
    if (f.user == 0)
        return host->error(c, BERTH_NOT_FOUND, NULL, "activities.err.feed");
    return host->as_user(c, f.user, feed_body, NULL);
}

/* POST /api/calendar/feed {"name"}: the address is told once; deleting the calendar_feed ends it. */
int feed_make(struct berth_ctx *c)
{
    struct berth_row *feed = host->make(c, "calendar_feed");
    struct berth_val name = host->param(c, "name");
    const char *key = host->secret(c);

    host->set(feed, "name", name.type == BERTH_NULL ? berth_s("Calendar") : name);
    host->set(feed, "key_hash", berth_s(host->hash(c, key)));
    if (host->save(c, feed) != BERTH_OK)
        return host->rc(c);
    return host->reply(c, 201, host->fmt(c, "{\"id\":%lld,\"path\":\"/api/calendar.ics?key=%s\"}",
                                         (long long)berth_number(feed, "id"), key));
}
