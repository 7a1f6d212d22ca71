/* aggregate.c - walks the records that a question finds, once, and adds up as it goes.
 *
 * Adding up here instead of in SQL keeps it bounded: it stops when time is up and says so.  It also
 * knows the company's time zone and any database.  Parts that are seen with their parent are added up
 * over an index of theirs alone: which parents may be seen is found out once, not for each part. */
#include "record/aggregate.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/money.h"
#include "base/when.h"
#include "record/asof.h"
#include "record/find.h"
#include "record/scan.h"
#include "record/titles.h"
#include "record/span.h"
#include "record/view.h"
#include "record/zone.h"

enum { BY_MAX = 2, MEASURES_MAX = 16, GROUPS_MAX = 500, LOOK_EVERY = 512, PARTS_MAX = 32, SLOTS = 4096 };
enum { SLOT_MS = 900000 }; /* no time zone begins its day within a quarter of an hour */

enum what { SUM, AVG, MIN, MAX, WHATS };
static const char *const what_names[WHATS] = {"sum", "avg", "min", "max"};

struct measure {
    const struct field *f;
    enum what what;
    int col;
};

struct by {
    const struct field *f;
    int unit; /* enum span_unit, of dates and times */
};

__extension__ typedef __int128 wide; /* a million amounts do not fit into 64 bits */

struct tally { /* of one measure in one group */
    int64_t n;
    wide i;    /* sum, least or most */
    double d;
};

struct group {
    struct berth_val key[BY_MAX];
    int64_t count;
    struct tally *t;
    struct group *next;
};

struct day_slot {
    int64_t slot, day;
};

struct walk {
    struct berth_ctx *c;
    const struct aggregate *a;
    struct by by[BY_MAX];
    size_t nby;
    struct measure m[MEASURES_MAX];
    size_t nm;
    struct map groups;
    struct group *last; /* where the row before went: rows that an index puts together belong together */
    const uint64_t *parents; /* a bit for each that may be seen, or NULL */
    int64_t nparents;
    struct group *first, **end, *total, *other; /* other: more groups than we keep */
    size_t ngroups;
    struct day_slot *days; /* the zone's calendar is slow and asked a million times */
    bool exact, more;
};

/* ---- what is asked for -------------------------------------------------------------- */
static bool read_by(struct walk *w, const char *list)
{
    while (list != NULL && *list != '\0') {
        size_t n = strcspn(list, ",");

        if (w->nby == BY_MAX || (w->by[w->nby].f = view_group(w->c, w->a->t, list, n, &w->by[w->nby].unit)) == NULL) {
            ctx_invalid(w->c, "group", "err.aggregate", "name", arena_strndup(w->c->a, list, n), NULL);
            return false;
        }
        w->nby++;
        list += n + (list[n] == ',');
    }
    return true;
}

static bool fits(const struct field *f, enum what what)
{
    if (f->flags & BERTH_MANY)
        return false;
    if (f->type == BERTH_INT || f->type == BERTH_REAL || f->type == BERTH_MONEY)
        return true;
    return (what == MIN || what == MAX) && (f->type == BERTH_DATE || f->type == BERTH_TIME);
}

/* `latest`: of dates and times that one is told in the place of a sum. */
static bool read_measures(struct walk *w, enum what what, const char *list, bool latest)
{
    int unit;

    while (list != NULL && *list != '\0') {
        size_t n = strcspn(list, ",");
        const struct field *f = view_group(w->c, w->a->t, list, n, &unit);
        enum what is = latest && f != NULL && (f->type == BERTH_DATE || f->type == BERTH_TIME) ? MAX : what;

        if (f == NULL || !fits(f, is) || w->nm == MEASURES_MAX) {
            ctx_invalid(w->c, what_names[what], "err.aggregate", "name", arena_strndup(w->c->a, list, n), NULL);
            return false;
        }
        w->m[w->nm++] = (struct measure){f, is, 0};
        list += n + (list[n] == ',');
    }
    return true;
}

/* What is read of each row: groups, measures and, of parts, their parent. */
static size_t columns(struct walk *w, bool parent, const struct field **out)
{
    size_t n = 0;

    for (size_t i = 0; i < w->nby; i++)
        out[n++] = w->by[i].f;
    for (size_t i = 0; i < w->nm; i++) {
        w->m[i].col = (int)n;
        out[n++] = w->m[i].f;
    }
    if (parent)
        out[n++] = w->a->t->parent;
    return n;
}

/* ---- adding up ------------------------------------------------------------------------ */
static struct group *group_new(struct walk *w)
{
    struct group *g = arena_alloc(w->c->a, sizeof(*g));

    g->t = arena_alloc(w->c->a, (w->nm + 1) * sizeof(*g->t));
    return g;
}

static int64_t day_of(struct walk *w, int64_t ms)
{
    int64_t slot = ms >= 0 ? ms / SLOT_MS : -((-ms + SLOT_MS - 1) / SLOT_MS);
    struct day_slot *d;

    if (w->days == NULL)
        w->days = arena_alloc(w->c->a, SLOTS * sizeof(*w->days));
    d = &w->days[(uint64_t)slot % SLOTS];
    if (d->slot != slot || d->day == 0)
        *d = (struct day_slot){slot, zone_day(w->c->st->company.zone, ms)};
    return d->day;
}

static struct berth_val bucket(struct walk *w, const struct by *by, struct berth_val v)
{
    if (val_is_nil(v) || (by->f->type != BERTH_DATE && by->f->type != BERTH_TIME))
        return v;
    if (by->f->type == BERTH_TIME)
        v.i = day_of(w, v.i);
    v.i = span_begin((enum span_unit)by->unit, v.i, 0);
    return v;
}

/* The map's keys are strings: numbers go as printable digits, six bits each. */
static void key_text(struct buf *b, struct berth_val v)
{
    uint64_t u = (uint64_t)v.i;

    if (val_is_nil(v)) {
        buf_putc(b, '\2');
    } else if (type_is_text((enum berth_type)v.type)) {
        buf_add(b, v.s, v.len < 0 ? strlen(v.s) : (size_t)v.len);
    } else {
        if (v.type == BERTH_REAL)
            memcpy(&u, &v.d, sizeof(u));
        for (; u != 0; u >>= 6)
            buf_putc(b, (char)('0' + (u & 63)));
    }
    buf_putc(b, '\1');
}

static struct berth_val keep(struct berth_ctx *c, struct berth_val v)
{
    if (!val_is_nil(v) && type_is_text((enum berth_type)v.type))
        v.s = arena_strndup(c->a, v.s, v.len < 0 ? strlen(v.s) : (size_t)v.len);
    return v;
}

static bool is_key(const struct walk *w, const struct group *g, const struct berth_val *key)
{
    for (size_t i = 0; i < w->nby; i++)
        if (g->key[i].type != key[i].type || g->key[i].i != key[i].i || type_is_text((enum berth_type)key[i].type) ||
            key[i].type == BERTH_REAL)
            return false;
    return true;
}

static struct group *group_of(struct walk *w, const struct berth_val *key, struct buf *b)
{
    struct group *g = w->last;

    if (g != NULL && is_key(w, g, key))
        return g;
    buf_clear(b);
    for (size_t i = 0; i < w->nby; i++)
        key_text(b, key[i]);
    if ((g = map_getn(&w->groups, b->s, b->len)) != NULL)
        return w->last = g;
    if (w->ngroups == GROUPS_MAX) {
        w->more = true;
        return w->other;
    }
    g = group_new(w);
    for (size_t i = 0; i < w->nby; i++)
        g->key[i] = keep(w->c, key[i]);
    map_put(&w->groups, arena_strdup(w->c->a, b->s), g);
    *w->end = g;
    w->end = &g->next;
    w->ngroups++;
    return g;
}

static void add(struct walk *w, struct group *g, const struct berth_val *v)
{
    g->count++;
    for (size_t i = 0; i < w->nm; i++) {
        struct tally *t = &g->t[i];
        bool least = w->m[i].what == MIN, first = t->n == 0;

        if (val_is_nil(v[i]))
            continue;
        t->n++;
        if (w->m[i].what == SUM || w->m[i].what == AVG) {
            t->i += v[i].i;
            t->d += v[i].d;
        } else if (v[i].type == BERTH_REAL) {
            t->d = first || (least ? v[i].d < t->d : v[i].d > t->d) ? v[i].d : t->d;
        } else {
            t->i = first || (least ? v[i].i < t->i : v[i].i > t->i) ? v[i].i : t->i;
        }
    }
}

/* Several picks or refs: the record counts in the group of each. */
static void add_parts(struct walk *w, struct berth_val *key, size_t i, const struct berth_val *v, struct buf *b)
{
    const struct field *f;
    struct berth_val all;
    const char *s;

    if (i == w->nby) {
        add(w, group_of(w, key, b), v);
        return;
    }
    f = w->by[i].f;
    all = key[i];
    if (!(f->flags & BERTH_MANY) || val_is_nil(all)) {
        key[i] = bucket(w, &w->by[i], all);
        add_parts(w, key, i + 1, v, b);
        key[i] = all;
        return;
    }
    s = all.s;
    for (int n = 0; n < PARTS_MAX && *s == '|' && s[1] != '\0'; n++) {
        size_t len = strcspn(++s, "|");

        key[i] = f->type == BERTH_REF ? berth_i(strtoll(s, NULL, 10))
                                      : (struct berth_val){BERTH_PICK, (int32_t)len, {.s = s}};
        add_parts(w, key, i + 1, v, b);
        s += len;
    }
    key[i] = all;
}

static struct berth_val number(const struct field *f, struct db_stmt *s, int col)
{
    if (db_col_is_null(s, col))
        return berth_nil();
    if (f->type == BERTH_REAL)
        return (struct berth_val){BERTH_REAL, 0, {.d = db_col_real(s, col)}};
    return berth_i(db_col_int(s, col));
}

static int32_t text_len(struct db_stmt *s, int col)
{
    size_t n;

    db_col_text(s, col, &n);
    return (int32_t)n;
}

/* ---- parts of what may be seen ------------------------------------------------------------- */
static bool names(const struct where *w, const struct field *f)
{
    bool yes = w != NULL && w->f == f;

    for (size_t i = 0; w != NULL && i < w->nkids && !yes; i++)
        yes = names(w->kids[i], f);
    return yes;
}

/* Whether rows are seen with their parents, and more than some parents' rows are asked for. */
static bool by_parents(const struct walk *w)
{
    const struct table *t = w->a->t;
    struct reach r;

    return t->parent != NULL && t->parent->ref != NULL && w->a->search == NULL && !names(w->a->where, t->parent) &&
           perm_reach(w->c, t, DO_READ, "t.", &r) && *r.sql != '\0';
}

enum { PARENTS_MOST = 1 << 26 }; /* ids: 8 MB of bits */

/* false: there are none, or ids too large for it. */
static bool see_parents(struct walk *w)
{
    const struct table *parent = w->a->t->parent->ref;
    const struct field *of = &parent->fields[F_ID];
    struct db_stmt *s = scan_all(w->c, parent, &of, 1, NULL, NULL);
    uint64_t *bits = NULL;
    int64_t room = 0;
    bool fits = true;
    int rc = DB_DONE;

    while (s != NULL && fits && (rc = db_step(s)) == DB_ROW) {
        int64_t id = db_col_int(s, 0);

        fits = id > 0 && id < PARENTS_MOST;
        if (fits && id >= room) {
            int64_t more = id * 2 + 4096;
            uint64_t *larger = arena_alloc(w->c->a, ((size_t)more / 64 + 1) * sizeof(*bits));

            if (room > 0)
                memcpy(larger, bits, ((size_t)room / 64 + 1) * sizeof(*bits));
            bits = larger;
            room = more;
        }
        if (fits)
            bits[id / 64] |= UINT64_C(1) << (id % 64);
    }
    db_reset(s);
    if (rc < 0)
        ctx_db(w->c, rc, "add up records");
    w->parents = bits;
    w->nparents = room;
    return fits && bits != NULL && w->c->rc == BERTH_OK;
}

static bool is_seen(const struct walk *w, int64_t parent)
{
    return parent > 0 && parent < w->nparents && (w->parents[parent / 64] >> (parent % 64) & 1) != 0;
}

/* All rows: whose parent may be seen is looked at here. */
static struct db_stmt *parts(struct walk *w, const struct field *const *fields, size_t n)
{
    bool before = w->c->all;
    struct db_stmt *s;

    w->c->all = true;
    s = scan_all(w->c, w->a->t, fields, n, w->a->where, NULL);
    w->c->all = before;
    return s;
}

static int walk_rows(struct walk *w)
{
    const struct field *read[BY_MAX + MEASURES_MAX + 1];
    bool through = by_parents(w) && see_parents(w);
    size_t n = columns(w, through, read);
    struct db_stmt *s = w->c->rc != BERTH_OK ? NULL
                        : through            ? parts(w, read, n)
                                             : scan_all(w->c, w->a->t, read, n, w->a->where, w->a->search);
    struct berth_val key[BY_MAX], v[MEASURES_MAX];
    struct buf b = BUF_INIT;
    int64_t seen = 0;
    int rc = DB_DONE;

    while (s != NULL && (rc = db_step(s)) == DB_ROW) {
        if (++seen % LOOK_EVERY == 0 && when_monotonic() > w->a->until) {
            w->exact = false;
            break;
        }
        if (through && !is_seen(w, db_col_int(s, (int)n - 1)))
            continue;
        for (size_t i = 0; i < w->nby; i++) {
            const struct field *f = w->by[i].f;

            if (db_col_is_null(s, (int)i))
                key[i] = berth_nil();
            else if (field_is_text(f)) /* not copied: most rows find their group */
                key[i] = (struct berth_val){BERTH_TEXT, text_len(s, (int)i), {.s = db_col_text(s, (int)i, NULL)}};
            else
                key[i] = number(f, s, (int)i);
        }
        for (size_t i = 0; i < w->nm; i++)
            v[i] = number(w->m[i].f, s, w->m[i].col);
        add(w, w->total, v);
        if (w->nby > 0)
            add_parts(w, key, 0, v, &b);
    }
    db_reset(s);
    buf_free(&b);
    return rc < 0 ? ctx_db(w->c, rc, "add up records") : w->c->rc;
}

/* ---- as it was ------------------------------------------------------------------------------ */
struct then {
    struct walk *w;
    struct buf b;
};

/* A value of a record as the walk over rows has it. */
static struct berth_val value(const struct berth_row *r, const struct field *f)
{
    struct berth_val v = r->v[f->at];

    if (val_is_nil(v) || f->type == BERTH_REAL)
        return v;
    return field_is_text(f) ? (struct berth_val){BERTH_TEXT, v.len < 0 ? (int32_t)strlen(v.s) : v.len, {.s = v.s}} : berth_i(v.i);
}

static void add_then(const struct berth_row *r, void *arg)
{
    struct then *x = arg;
    struct walk *w = x->w;
    struct berth_val key[BY_MAX] = {0}, v[MEASURES_MAX] = {0};

    for (size_t i = 0; i < w->nby; i++)
        key[i] = value(r, w->by[i].f);
    for (size_t i = 0; i < w->nm; i++)
        v[i] = value(r, w->m[i].f);
    add(w, w->total, v);
    if (w->nby > 0)
        add_parts(w, key, 0, v, &x->b);
}

static void walk_then(struct walk *w)
{
    struct then x = {w, BUF_INIT};

    w->exact = asof_each(w->c, w->a->t, w->a->where, w->a->at, w->a->until, add_then, &x);
    buf_free(&x.b);
}

/* ---- the answer -------------------------------------------------------------------------- */
static void tally_json(struct json *j, const struct measure *m, const struct tally *t)
{
    const struct field *f = m->f;
    double d = f->type == BERTH_REAL ? t->d : (double)t->i;
    wide i = t->i;

    if (t->n == 0) {
        if (m->what == SUM && f->type == BERTH_MONEY)
            json_str(j, "0.00");
        else if (m->what == SUM)
            json_int(j, 0);
        else
            json_nil(j);
        return;
    }
    if (m->what == AVG && f->type == BERTH_MONEY)
        i = (i + (i >= 0 ? t->n / 2 : -(t->n / 2))) / t->n;
    if (f->type != BERTH_REAL && f->type != BERTH_MONEY && m->what == AVG)
        json_double(j, d / (double)t->n);
    else if (f->type == BERTH_REAL)
        json_double(j, m->what == AVG ? d / (double)t->n : d);
    else if (i > INT64_MAX || i < INT64_MIN)
        json_double(j, f->type == BERTH_MONEY ? d / (double)MONEY_UNIT : d);
    else
        val_json(j, f, (struct berth_val){f->type, 0, {.i = (int64_t)i}});
}

static void numbers_json(struct walk *w, struct json *j, const struct group *g)
{
    json_number(j, "count", g->count);
    for (int what = 0; what < WHATS; what++) {
        bool any = false;

        for (size_t i = 0; i < w->nm; i++) {
            if ((int)w->m[i].what != what)
                continue;
            if (!any) {
                json_key(j, what_names[what]);
                json_open(j, '{');
                any = true;
            }
            json_key(j, w->m[i].f->name);
            tally_json(j, &w->m[i], &g->t[i]);
        }
        if (any)
            json_close(j, '}');
    }
}

static void key_json(struct walk *w, struct json *j, const struct group *g, struct titles_wanted **refs)
{
    json_key(j, "key");
    json_open(j, '[');
    for (size_t i = 0; i < w->nby; i++) {
        struct field one = *w->by[i].f;
        char date[WHEN_DATE_MAX];

        one.flags &= ~(uint32_t)BERTH_MANY;
        if (val_is_nil(g->key[i])) {
            json_nil(j);
        } else if (one.type == BERTH_DATE || one.type == BERTH_TIME) {
            when_date_format(g->key[i].i, date);
            json_str(j, date);
        } else {
            val_json(j, &one, g->key[i]);
            titles_want(w->c, refs, &one, g->key[i]);
        }
    }
    json_close(j, ']');
}

static int by_key(const void *a, const void *b)
{
    const struct group *x = *(const struct group *const *)a, *y = *(const struct group *const *)b;

    return (x->key[0].i > y->key[0].i) - (x->key[0].i < y->key[0].i);
}

static int by_count(const void *a, const void *b)
{
    const struct group *x = *(const struct group *const *)a, *y = *(const struct group *const *)b;

    return (x->count < y->count) - (x->count > y->count);
}

/* Dates in their order, all others the largest first. */
static struct group **sorted(struct walk *w)
{
    struct group **all = arena_alloc(w->c->a, (w->ngroups + 1) * sizeof(struct group *));
    bool dates = w->nby > 0 && (w->by[0].f->type == BERTH_DATE || w->by[0].f->type == BERTH_TIME);
    size_t n = 0;

    for (struct group *g = w->first; g != NULL; g = g->next)
        all[n++] = g;
    qsort(all, n, sizeof(struct group *), dates ? by_key : by_count);
    return all;
}

/* Adds up; false with the ctx's error. */
static bool tallied(struct walk *w, bool latest)
{
    struct berth_ctx *c = w->c;
    const struct aggregate *a = w->a;

    w->end = &w->first;
    if (!perm_may(c->who, a->t, DO_READ)) {
        ctx_fail(c, BERTH_DENIED, "denied", "err.denied");
        return false;
    }
    if (!read_by(w, a->group) || !read_measures(w, SUM, a->sum, latest) || !read_measures(w, AVG, a->avg, false) ||
        !read_measures(w, MIN, a->min, false) || !read_measures(w, MAX, a->max, false))
        return false;
    w->total = group_new(w);
    w->other = group_new(w);
    if (a->at != 0)
        walk_then(w);
    else
        walk_rows(w);
    map_free(&w->groups);
    return c->rc == BERTH_OK;
}

static struct berth_val summed(const struct measure *m, const struct tally *t)
{
    if (m->what == MAX && t->n == 0)
        return berth_nil();
    if (m->f->type == BERTH_REAL)
        return (struct berth_val){BERTH_REAL, 0, {.d = t->d}};
    return (struct berth_val){(int32_t)m->f->type, 0,
                              {.i = t->i > INT64_MAX ? INT64_MAX : t->i < INT64_MIN ? INT64_MIN : (int64_t)t->i}};
}

int aggregate_each(struct berth_ctx *c, const struct aggregate *a,
                   int (*each)(struct berth_ctx *, const struct berth_total *, void *), void *arg)
{
    struct walk *w = arena_alloc(c->a, sizeof(*w));
    struct group **all;

    *w = (struct walk){.c = c, .a = a, .exact = true};
    if (!tallied(w, true))
        return c->rc;
    c->cut = c->cut || !w->exact;
    all = sorted(w);
    for (size_t i = 0; i < w->ngroups && c->rc == BERTH_OK; i++) {
        struct berth_total t = {.count = all[i]->count};

        memcpy(t.key, all[i]->key, sizeof(t.key));
        for (size_t m = 0; m < w->nm && m < sizeof(t.sum) / sizeof(t.sum[0]); m++)
            t.sum[m] = summed(&w->m[m], &all[i]->t[m]);
        if (each(c, &t, arg) != BERTH_OK)
            break;
    }
    return c->rc;
}

int aggregate_json(struct berth_ctx *c, const struct aggregate *a, struct buf *out)
{
    struct walk *w = arena_alloc(c->a, sizeof(*w));
    struct titles_wanted *refs = NULL;
    struct json j = json_to(out);
    struct group **all;

    *w = (struct walk){.c = c, .a = a, .exact = true};
    if (!tallied(w, false))
        return c->rc;
    all = sorted(w);
    json_open(&j, '{');
    json_key(&j, "groups");
    json_open(&j, '[');
    for (size_t i = 0; i < w->ngroups; i++) {
        json_open(&j, '{');
        key_json(w, &j, all[i], &refs);
        numbers_json(w, &j, all[i]);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_key(&j, "total");
    json_open(&j, '{');
    numbers_json(w, &j, w->total);
    json_close(&j, '}');
    json_flag(&j, "exact", w->exact);
    json_flag(&j, "more", w->more);
    titles_json(c, &j, refs);
    json_close(&j, '}');
    return c->rc;
}
