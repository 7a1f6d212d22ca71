/* line_names.c - which customer, lead and person a line is about: words of it that are the name, or a part of the
 * name, of something the user may see.  Where several fit, nobody is chosen. */
#include "line.h"

#include <ctype.h>

enum { LOOKS = 60, LONGEST = 12, LATIN_LONGEST = 6, NEAR = 8, STAFF = 200 };

/* Words that no name begins or ends with, and those behind which one often stands. */
#define LINKS "at|of|from|with|to|in|by|for|the|a|an|and|about|on|re|voi|cua|tai|o|ben|cho|va|ve|cong ty|cty|给|跟|和|与|的|在|到|去|向|对|约|拜访"
#define FILLING "we|i|he|she|they|had|have|spoke|talked|talk|said|wants|want|needs|need|asked|asks|quote|rate|price|da|vua|den|di|minh|toi|can|hoi|bao|gia|我|联系|联络|收到|发给|邀请|参加|请|了|们|说|要|问|聊|过|让|把"
#define BEFORE "mr|mrs|ms|miss|madam|dr|anh|chi|ong|ba|co|em"
#define BEHIND "先生|小姐|女士|总|经理|老师|主任|总监"

struct look {
    struct line *l;
    int but, left; /* how often may still be searched */
    size_t person_from, person_to;
};

/* ---- does a name hold the words? -------------------------------------------------------------------- */
static bool is_wordy(const char *s)
{
    return isalnum((unsigned char)*s);
}

static bool holds(const char *name, const char *words)
{
    size_t len = strlen(words);

    if (len == 0) /* a lone accent folds to nothing */
        return false;
    for (const char *p = name; (p = strstr(p, words)) != NULL; p++)
        if (!((p > name && is_wordy(p - 1) && is_wordy(p)) || (is_wordy(p + len - 1) && is_wordy(p + len))))
            return true;
    return false;
}

static const char *folded(struct berth_ctx *c, const struct berth_row *r, const char *field)
{
    struct berth_val v = host->get(r, field);

    return v.type == BERTH_NULL ? "" : host->fold(c, v.s);
}

/* 2: it is the name, 1: part of it */
static int fits(struct berth_ctx *c, const struct berth_row *r, const char *words)
{
    static const char *const names[] = {"name", "short_name", "english_name"};
    int best = 0;

    for (size_t i = 0; i < (strcmp(host->table(r), "customer") == 0 ? 3 : 1); i++) {
        const char *name = folded(c, r, names[i]);

        if (strcmp(name, words) == 0)
            return 2;
        if (holds(name, words))
            best = 1;
    }
    return best;
}

/* ---- the best of several ---------------------------------------------------------------------------- */
struct best {
    struct choice at[NEAR];
    bool whole[NEAR], own[NEAR];
    size_t n;
};

static void consider(struct berth_ctx *c, struct best *b, const struct berth_row *r, int fit)
{
    if (fit == 0 || b->n == NEAR)
        return;
    b->whole[b->n] = fit == 2;
    b->own[b->n] = berth_number(r, "owner_id") == host->user(c);
    b->at[b->n++] = (struct choice){berth_number(r, "id"), host->get(r, "name").s};
}

static const struct choice *only(const struct best *b, const bool *of)
{
    const struct choice *one = NULL;

    for (size_t i = 0; i < b->n; i++)
        if (of == NULL || of[i]) {
            if (one != NULL)
                return NULL;
            one = &b->at[i];
        }
    return one;
}

static bool tell(struct line *l, const char *field, size_t from, size_t to, const struct best *b, struct berth_row *row)
{
    const struct choice *one = only(b, NULL);
    struct found *f;

    if (b->n == 0 || (f = line_found(l, field, from, to)) == NULL)
        return false;
    if (one == NULL && (one = only(b, b->whole)) == NULL)
        one = only(b, b->own);
    if (one != NULL) {
        f->is = *one;
        host->set(row, field, berth_i(one->id));
    }
    for (size_t i = 0; b->n > 1 && i < b->n && f->nchoice < LINE_CHOICES; i++)
        f->choice[f->nchoice++] = b->at[i];
    return true;
}

/* ---- words that may be a name ------------------------------------------------------------------------- */
static bool may_hold(const struct look *k, size_t i)
{
    const struct word *w = &k->l->w[i];

    return !w->taken && w->part != k->but && (i < k->person_from || i >= k->person_to);
}

static bool may_end(const struct line *l, size_t i)
{
    return !l->w[i].mark && line_match(l, i, LINKS "|" FILLING) == 0 && (i == 0 || line_match(l, i - 1, LINKS "|" FILLING) < 2);
}

static bool is_enough(const struct line *l, size_t from, size_t to)
{
    size_t wide = 0, letters = 0;

    for (size_t i = from; i < to; i++) {
        wide += l->w[i].wide;
        letters += l->w[i].wide || l->w[i].digits ? 0 : strlen(l->w[i].is);
    }
    return wide >= 2 || letters >= 3;
}

static bool look_up(struct look *k, const char *table, const char *field, size_t from, size_t to, struct berth_row *row)
{
    struct line *l = k->l;
    const char *text = line_text(l, from, to), *words = host->fold(l->c, text);
    struct best b = {.n = 0};
    struct berth_rows *rows;

    if (k->left-- <= 0)
        return false;
    rows = host->search(l->c, table, text, 20);
    for (struct berth_row *r; (r = host->next(rows)) != NULL;)
        consider(l->c, &b, r, fits(l->c, r, words));
    return tell(l, field, from, to, &b, row);
}

/* The longest name first, of those that begin at i. */
static bool begins_at(struct look *k, size_t i, const char *const tables[][2], struct berth_row *row)
{
    struct line *l = k->l;
    size_t most = l->w[i].wide ? LONGEST : LATIN_LONGEST, words = 0, end = i;

    if (!may_hold(k, i) || !may_end(l, i) || !line_apart(l, i))
        return false;
    while (end < l->n && may_hold(k, end) && l->w[end].part == l->w[i].part &&
           (!l->w[end].mark || strchr(".-&/'", *l->w[end].is) != NULL)) {
        words += line_apart(l, end);
        if (words > most)
            break;
        end++;
    }
    for (; end > i; end--)
        if (line_apart(l, end) && may_end(l, end - 1) && is_enough(l, i, end))
            for (size_t t = 0; tables[t][0] != NULL; t++)
                if (host->has(l->c, tables[t][0]) && look_up(k, tables[t][0], tables[t][1], i, end, row))
                    return true;
    return false;
}

static bool find_name(struct look *k, const char *const tables[][2], struct berth_row *row)
{
    struct line *l = k->l;

    for (size_t i = 0; i < l->n; i++) { /* "at Hoa Phat", "给宏发" */
        size_t n = line_match(l, i, LINKS);

        if (n > 0 && i + n < l->n && begins_at(k, i + n, tables, row))
            return true;
    }
    for (size_t i = 0; i < l->n; i++)
        if ((i == 0 || !l->w[i].wide || !may_hold(k, i - 1) || !l->w[i - 1].wide || !may_end(l, i - 1)) && begins_at(k, i, tables, row))
            return true;
    return false;
}

/* ---- people --------------------------------------------------------------------------------------------- */
static bool is_capital(const struct line *l, size_t i)
{
    const char *s = l->text + l->w[i].from;

    return isupper((unsigned char)*s) || ((unsigned char)*s >= 0xc3 && !l->w[i].wide && strncmp(s, l->w[i].is, 2) != 0);
}

/* "Mr Chen", "chị Lan", "陈先生": the words of the name alone. */
static bool find_person(struct look *k, size_t *whole_from, size_t *whole_to)
{
    struct line *l = k->l;

    for (size_t i = 0; i < l->n; i++) {
        size_t n = line_match(l, i, BEFORE), to = i + n;

        if (n > 0) {
            to += to < l->n && strcmp(l->w[to].is, ".") == 0;
            k->person_from = to;
            while (to < l->n && to < k->person_from + 4 && !l->w[to].taken && !l->w[to].mark && may_end(l, to) &&
                   (to == k->person_from || is_capital(l, to)))
                to++;
            k->person_to = to;
            *whole_from = i;
            *whole_to = to;
            if (to > k->person_from)
                return true;
        }
        n = l->w[i].wide ? line_match(l, i, BEHIND) : 0;
        if (n > 0 && i > 0 && l->w[i - 1].wide && !l->w[i - 1].taken) {
            size_t from = i - 1, run = i;

            while (run > 0 && l->w[run - 1].wide && !l->w[run - 1].taken && may_end(l, run - 1) && l->w[run - 1].part == l->w[i].part)
                run--;
            if (i - run <= 3 && run < i)
                from = run; /* the whole name stands between other words */
            k->person_from = *whole_from = from;
            k->person_to = i;
            *whole_to = i + n;
            return true;
        }
    }
    k->person_from = k->person_to = 0;
    return false;
}

/* Of the people of a customer: whoever is named in full, or as "Mr Chen". */
static bool find_staff(struct look *k, int64_t customer, size_t from, size_t to, struct berth_row *row)
{
    struct line *l = k->l;
    const char *called = to > from ? host->fold(l->c, line_text(l, k->person_from, k->person_to)) : NULL;
    struct berth_rows *rows =
        host->find(l->c, "contact", "customer_id = ? and has_left = false order by id limit 200", BERTH_ARGS(berth_i(customer)));
    struct best named = {.n = 0}, titled = {.n = 0};
    size_t at = 0, end = 0;

    for (struct berth_row *r; (r = host->next(rows)) != NULL;) {
        const char *name = folded(l->c, r, "name");
        size_t n;

        for (size_t i = 0; *name != '\0' && i < l->n; i++)
            if (l->w[i].part != k->but && (n = line_match(l, i, name)) > 0) {
                consider(l->c, &named, r, 2);
                at = i;
                end = i + n;
                break;
            }
        if (called != NULL && (l->w[k->person_from].wide ? strncmp(name, called, strlen(called)) == 0 : holds(name, called)))
            consider(l->c, &titled, r, 1);
    }
    /* 黄志勇 is found by "Mr Huang" as well */
    rows = called == NULL || named.n + titled.n > 0 ? NULL : host->search(l->c, "contact", called, 20);
    for (struct berth_row *r; (r = host->next(rows)) != NULL;)
        if (berth_number(r, "customer_id") == customer)
            consider(l->c, &titled, r, 1);
    if (named.n > 0)
        return tell(l, "contact_id", at, end, &named, row);
    return to > from && tell(l, "contact_id", from, to, &titled, row);
}

/* "at Hoa Phat", which nobody knows: said, not guessed. */
static void unknown_company(struct look *k)
{
    struct line *l = k->l;

    for (size_t i = 0; i < l->n; i++) {
        size_t from = i + line_match(l, i, "at|of|from|with|to|o|tai|ben|cong ty|cty"), to = from;

        while (from > i && to < l->n && may_hold(k, to) && l->w[to].part == l->w[i].part && is_capital(l, to) && !l->w[to].mark &&
               !l->w[to].digits)
            to++;
        if (to > from) {
            line_found(l, "customer_id", from, to);
            return;
        }
    }
}

void line_names(struct line *l, int but, struct berth_row *row)
{
    static const char *const companies[][2] = {{"customer", "customer_id"}, {"lead", "lead_id"}, {NULL, NULL}},
                             *const people[][2] = {{"contact", "contact_id"}, {NULL, NULL}};
    struct look k = {.l = l, .but = but, .left = LOOKS};
    size_t from = 0, to = 0;
    bool person = find_person(&k, &from, &to), company = find_name(&k, companies, row), there = false;

    if (host->has(l->c, "contact") && !berth_is_empty(row, "customer_id")) {
        there = find_staff(&k, berth_number(row, "customer_id"), from, to, row);
    } else if (host->has(l->c, "contact") && !company) {
        struct look all = {.l = l, .but = but, .left = LOOKS / 2};

        there = person ? begins_at(&all, k.person_from, people, row) : find_name(&all, people, row);
    }
    if (person && !there)
        line_found(l, "contact_id", from, to); /* nobody of that name */
    if (!company && berth_is_empty(row, "contact_id"))
        unknown_company(&k);
}
