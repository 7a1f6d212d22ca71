/* config_in.c - reading the configuration's file: every record through the save that everybody's go through,
 * in one transaction.  What names a record that comes later in the file waits for it. */
#include <stdlib.h>
#include <string.h>

#include "record/audit.h"
#include "record/config.h"
#include "record/config_key.h"
#include "record/find.h"
#include "record/save.h"

enum { ROUNDS = 50 }; /* how deep what the file adds may hang on each other */

struct config_item {
    const char *section;
    const json_t *row;
    const struct config_item *before; /* one known by the same, which goes in first; NULL: none */
    int64_t nth, id;                  /* of those alike; id: once it is there */
    bool done;
};

/* ---- telling ------------------------------------------------------------------------------------- */
const char *config_deed_name(enum config_deed d)
{
    static const char *const names[] = {"same", "add", "change", "remove", "only_here", "conflict"};

    return names[d];
}

void config_tell(struct berth_ctx *c, struct config_task *k, const struct config_line *l)
{
    k->count[l->deed]++;
    if (l->deed == CONFIG_SAME)
        return;
    if (k->nline == k->room) {
        struct config_line *more = arena_alloc(c->a, (k->room * 2 + 64) * sizeof(*more));

        if (k->nline > 0)
            memcpy(more, k->line, k->nline * sizeof(*more));
        k->line = more;
        k->room = k->room * 2 + 64;
    }
    k->line[k->nline++] = *l;
}

static void conflict(struct berth_ctx *c, struct config_task *k, const char *section, const char *name, const char *field, const char *key,
                     const char *value)
{
    const char *args[] = {"name", value == NULL ? "" : value, NULL};

    config_tell(c, k, &(struct config_line){CONFIG_CONFLICT, section, name, field, ctx_text(c, key, args), NULL, 0});
}

/* What the save said, in place of the request's own error. */
static void conflicts(struct berth_ctx *c, struct config_task *k, const char *section, const char *name)
{
    const char *message = ctx_text(c, c->key == NULL ? "err.broken" : c->key, c->args);

    if (c->problems == NULL)
        config_tell(c, k, &(struct config_line){CONFIG_CONFLICT, section, name, NULL, message, NULL, 0});
    for (const struct ctx_problem *p = c->problems; p != NULL; p = p->next)
        config_tell(c, k, &(struct config_line){CONFIG_CONFLICT, section, name, p->field, ctx_text(c, p->key, p->args), NULL, 0});
    ctx_clear(c);
}

/* ---- what the file says ------------------------------------------------------------------------------ */
static const char *name_of(struct berth_ctx *c, const struct table *t, const json_t *row)
{
    json_t *key = json_array();
    const char *text;

    for (size_t i = 0; i < t->nknown; i++) {
        json_t *part = json_object_get(row, t->known[i]->name);

        if (part != NULL)
            json_array_append(key, part);
    }
    text = config_key_text(c, key);
    json_decref(key);
    return text;
}

/* The known fields' values as one text, to count those alike. */
static const char *sameness(struct berth_ctx *c, const struct table *t, const json_t *row)
{
    struct buf b = BUF_INIT;
    const char *text;

    for (size_t i = 0; i < t->nknown; i++) {
        char *part = json_dumps(json_object_get(row, t->known[i]->name), JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);

        buf_addf(&b, "%s\n", part == NULL ? "null" : part);
        free(part);
    }
    text = arena_strdup(c->a, buf_str(&b));
    buf_free(&b);
    return text;
}

static void read_section(struct berth_ctx *c, struct config_task *k, const char *name, const json_t *rows)
{
    const struct table *t = model_table(c->m, name);
    struct map seen = {0};
    size_t i;
    json_t *row;

    if (strcmp(name, "scripts") == 0 && k->scripts != NULL)
        return;
    if (strcmp(name, "channels") == 0 && c->st->services.config_in != NULL)
        return;
    if (t == NULL || t->known == NULL || !json_is_array(rows)) {
        conflict(c, k, name, "", NULL, t == NULL || t->known == NULL ? "err.config_section" : "err.config_list", name);
        return;
    }
    json_array_foreach(rows, i, row) {
        struct config_item *item = &k->items[k->nitems], *before;

        if (!json_is_object(row)) {
            conflict(c, k, name, arena_fmt(c->a, "%zu", i + 1), NULL, "err.config_row", NULL);
            continue;
        }
        before = map_put(&seen, sameness(c, t, row), item);
        *item = (struct config_item){.section = t->name, .row = row, .before = before, .nth = before == NULL ? 1 : before->nth + 1};
        k->nitems++;
    }
    map_free(&seen);
}

/* False: it is no such file. */
static bool read_file(struct berth_ctx *c, struct config_task *k)
{
    json_t *sections = json_object_get(k->file, "sections"), *rows;
    const char *name;
    size_t n = 0;

    if (json_integer_value(json_object_get(k->file, "berth_config")) != CONFIG_FORM || !json_is_object(sections)) {
        conflict(c, k, "", "", "berth_config", "err.config_form", NULL);
        return false;
    }
    json_object_foreach(sections, name, rows)
        n += json_array_size(rows);
    if (n > CONFIG_ROWS_MAX) {
        conflict(c, k, "", "", "sections", "err.config_rows", arena_fmt(c->a, "%d", CONFIG_ROWS_MAX));
        return false;
    }
    k->items = arena_alloc(c->a, (n + 1) * sizeof(*k->items));
    json_object_foreach(sections, name, rows)
        read_section(c, k, name, rows);
    return true;
}

/* ---- one record ---------------------------------------------------------------------------------------- */
struct record {
    struct config_task *k;
    struct config_item *item;
    const struct table *t;
    const char *name;
    struct berth_row *r;
    bool add;
};

static enum config_got find_row(struct berth_ctx *c, struct record *w)
{
    struct berth_val *known = arena_alloc(c->a, w->t->nknown * sizeof(*known));
    bool any = false;

    for (size_t i = 0; i < w->t->nknown; i++) {
        enum config_got got = config_part(c, w->t->known[i], json_object_get(w->item->row, w->t->known[i]->name), &known[i]);

        if (got != GOT)
            return got;
        any = any || !val_is_nil(known[i]);
    }
    if (!any && (w->t->known[0]->flags & BERTH_REQUIRED)) { /* a working week without a country is everybody's */
        ctx_invalid(c, w->t->known[0]->name, "err.required", NULL);
        return GOT_BAD;
    }
    w->item->id = config_find_nth(c, w->t, known, w->item->nth);
    w->add = w->item->id == 0;
    w->r = w->add ? row_new(c, w->t) : save_load(c, w->t, w->item->id);
    return w->r == NULL ? GOT_BAD : GOT;
}

/* The file's values into the record: filters and the like last, for which the rest says what they are about. */
static enum config_got fill(struct berth_ctx *c, struct record *w)
{
    const char *name;
    json_t *v, *in;

    for (int late = 0; late < 2; late++)
        json_object_foreach((json_t *)w->item->row, name, v) {
            const struct field *f = model_field(w->t, name);
            enum config_got got;

            if (f == NULL || !config_field(f)) {
                ctx_invalid(c, name, "err.unknown_field", "name", name, NULL);
                return GOT_BAD;
            }
            if (config_is_late(f) != (late == 1))
                continue;
            got = config_value_in(w->r, f, v, &in);
            if (got == GOT && !((f->flags & BERTH_LOCKED) ? val_from_json(c, f, in, &w->r->v[f->at]) : row_set_json(w->r, name, in)))
                got = GOT_BAD;
            json_decref(in);
            if (got != GOT)
                return got;
        }
    return GOT;
}

static const char *told(const struct berth_row *r, const struct field *f)
{
    json_t *v = config_value(r, f);
    char *text = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);
    const char *out = arena_strdup(r->c->a, text == NULL ? "null" : text);

    free(text);
    json_decref(v);
    return out;
}

static struct config_line line_of(struct berth_ctx *c, const struct record *w)
{
    struct config_change *ch = arena_alloc(c->a, (size_t)w->t->nfields * sizeof(*ch));
    struct config_line l = {w->add ? CONFIG_ADD : CONFIG_SAME, w->item->section, w->name, NULL, NULL, ch, 0};

    for (int i = F_DECLARED; !w->add && i < w->t->nfields; i++) {
        const struct field *f = &w->t->fields[i];

        if (!config_field(f) || val_equal(w->r->v[i], w->r->old->v[i]))
            continue;
        if (f->type == BERTH_JSON && strcmp(told(w->r->old, f), told(w->r, f)) == 0) { /* members in another order */
            w->r->v[i] = w->r->old->v[i];
            continue;
        }
        l.deed = CONFIG_CHANGE;
        ch[l.nchanges++] = (struct config_change){f->name, told(w->r->old, f), told(w->r, f)};
    }
    return l;
}

static int save_body(struct berth_ctx *c, void *arg)
{
    struct record *w = arg;

    c->waits = 0;
    if (row_save(c, w->r) == BERTH_OK && c->waits != 0) /* a file is taken over as a whole, and what waits is told */
        ctx_fail(c, BERTH_CONFLICT, "waiting", "err.approval_by_itself");
    if (c->rc == BERTH_OK)
        w->item->id = row_id(w->r);
    return c->rc;
}

/* False: what it names is not there yet. */
static bool take(struct berth_ctx *c, struct config_task *k, struct config_item *item)
{
    struct record w = {.k = k, .item = item, .t = model_table(c->m, item->section)};
    enum config_got got = find_row(c, &w);
    struct config_line l;

    w.name = name_of(c, w.t, item->row);
    if (got == GOT && item->before != NULL && !item->before->done)
        got = GOT_NONE;
    if (got == GOT)
        got = fill(c, &w);
    if (got == GOT_NONE)
        return false;
    item->done = true;
    if (got == GOT && c->rc == BERTH_OK) {
        l = line_of(c, &w);
        if (l.deed == CONFIG_SAME || save_step(c, save_body, &w) == BERTH_OK) {
            config_tell(c, k, &l);
            return true;
        }
    }
    conflicts(c, k, item->section, w.name);
    return true;
}

/* ---- what it does not name ------------------------------------------------------------------------------ */
static int drop_body(struct berth_ctx *c, void *arg)
{
    return row_drop_now(c, arg);
}

static bool named(const struct config_task *k, const char *section, int64_t id)
{
    for (size_t i = 0; i < k->nitems; i++)
        if (k->items[i].id == id && strcmp(k->items[i].section, section) == 0)
            return true;
    return false;
}

static void beyond(struct berth_ctx *c, struct config_task *k, const struct table *t)
{
    struct db_stmt *s = db_prepare(c->conn, arena_fmt(c->a, "SELECT id FROM %s ORDER BY id DESC LIMIT %d", t->sql, CONFIG_ROWS_MAX));
    int64_t *ids = arena_alloc(c->a, CONFIG_ROWS_MAX * sizeof(*ids));
    size_t n = 0;

    while (db_step(s) == DB_ROW)
        ids[n++] = db_col_int(s, 0);
    db_reset(s);
    for (size_t i = 0; i < n; i++) {
        struct berth_row *r = named(k, t->name, ids[i]) ? NULL : find_raw(c, t, ids[i]);
        json_t *key = r == NULL || !config_carries(c, r) ? NULL : config_key(c, r);
        const char *name = key == NULL ? NULL : config_key_text(c, key);

        json_decref(key);
        if (key == NULL)
            continue;
        if (!k->remove || save_step(c, drop_body, r) == BERTH_OK)
            config_tell(c, k, &(struct config_line){k->remove ? CONFIG_REMOVE : CONFIG_ONLY_HERE, t->name, name, NULL, NULL, NULL, 0});
        else
            conflicts(c, k, t->name, name);
    }
}

/* ---- all of it ------------------------------------------------------------------------------------------- */
/* Custom fields and dictionaries first: the rest is held against them. */
static bool declares(const char *section)
{
    return strcmp(section, "custom_field") == 0 || strcmp(section, "dict_item") == 0;
}

static void redeclare(struct berth_ctx *c, struct config_task *k)
{
    if (c->redeclared && store_remodel(c) != BERTH_OK)
        conflicts(c, k, "custom_field", "");
    else if (c->redeclared)
        k->made[k->made[0] == NULL ? 0 : 1] = c->m;
    c->redeclared = false;
}

static void rounds(struct berth_ctx *c, struct config_task *k, bool declarations)
{
    bool more = true;

    for (int round = 0; round < ROUNDS && more; round++) {
        more = false;
        for (size_t i = 0; i < k->nitems; i++)
            if (!k->items[i].done && declares(k->items[i].section) == declarations && take(c, k, &k->items[i]))
                more = true;
    }
    for (size_t i = 0; i < k->nitems; i++) {
        struct config_item *item = &k->items[i];

        if (!item->done && declares(item->section) == declarations)
            conflict(c, k, item->section, name_of(c, model_table(c->m, item->section), item->row), NULL, "err.config_missing", NULL);
    }
}

static int body(struct berth_ctx *c, void *arg)
{
    struct config_task *k = arg;
    json_t *sections = json_object_get(k->file, "sections"), *scripts = json_object_get(sections, "scripts"),
           *channels = json_object_get(sections, "channels");

    if (!read_file(c, k))
        return -1;
    rounds(c, k, true);
    redeclare(c, k);
    rounds(c, k, false);
    for (size_t i = c->m->ntables; i-- > 0;) /* details before what they hang on */
        if (c->m->tables[i].known != NULL && json_is_array(json_object_get(sections, c->m->tables[i].name)))
            beyond(c, k, &c->m->tables[i]);
    redeclare(c, k);
    if (channels != NULL && c->st->services.config_in != NULL)
        c->st->services.config_in(c, k, channels);
    if (scripts != NULL && k->scripts != NULL)
        k->scripts(c, k, scripts);
    if (k->dry || k->count[CONFIG_CONFLICT] > 0)
        return -1;
    if (k->count[CONFIG_ADD] + k->count[CONFIG_CHANGE] + k->count[CONFIG_REMOVE] > 0)
        audit_add(c, "config", arena_fmt(c->a, "%lld added, %lld changed, %lld removed", (long long)k->count[CONFIG_ADD],
                                         (long long)k->count[CONFIG_CHANGE], (long long)k->count[CONFIG_REMOVE]));
    return c->rc;
}

int config_apply(struct berth_ctx *c, struct config_task *k)
{
    if (c->who != NULL && !c->who->admin)
        return ctx_fail(c, BERTH_DENIED, "denied", "err.denied");
    c->together = true;
    if (save_step(c, body, k) != BERTH_OK)
        for (int i = 0; i < 2; i++)
            if (k->made[i] != NULL)
                store_undeclared(c, k->made[i]);
    c->together = false;
    return c->rc;
}

/* What is no table has a name of its own. */
static const char *section_label(struct berth_ctx *c, const char *section)
{
    const char *label = model_table(c->m, section) != NULL ? labels_get(c->st->labels, c->locale, arena_fmt(c->a, "%s.*", section))
                                                           : labels_find(c->st->labels, c->locale, arena_fmt(c->a, "config.%s", section));

    return label != NULL ? label : section;
}

static const char *called(struct berth_ctx *c, const char *section, const char *field)
{
    return field == NULL || model_table(c->m, section) == NULL ? field : labels_field(c->st->labels, c->locale, section, field);
}

/* ---- the plan ---------------------------------------------------------------------------------------------- */
static void line_json(struct berth_ctx *c, struct json *j, const struct config_line *l)
{
    json_open(j, '{');
    json_text(j, "what", config_deed_name(l->deed));
    json_text(j, "section", l->section);
    json_text(j, "label", section_label(c, l->section));
    json_text(j, "name", l->name);
    if (l->deed == CONFIG_CONFLICT) {
        json_text(j, "field", l->field);
        json_text(j, "field_label", called(c, l->section, l->field));
        json_text(j, "message", l->message);
    }
    json_key(j, "changes");
    json_open(j, '[');
    for (size_t i = 0; i < l->nchanges; i++) {
        const struct config_change *ch = &l->changes[i];

        json_open(j, '{');
        json_text(j, "field", ch->field);
        json_text(j, "label", called(c, l->section, ch->field));
        json_key(j, "from");
        json_raw(j, ch->from, strlen(ch->from));
        json_key(j, "to");
        json_raw(j, ch->to, strlen(ch->to));
        json_close(j, '}');
    }
    json_close(j, ']');
    json_close(j, '}');
}

void config_plan_json(struct berth_ctx *c, struct json *j, const struct config_task *k)
{
    json_open(j, '{');
    json_flag(j, "applied", !k->dry && k->count[CONFIG_CONFLICT] == 0);
    json_key(j, "count");
    json_open(j, '{');
    for (int d = 0; d < CONFIG_DEEDS; d++) {
        json_key(j, config_deed_name((enum config_deed)d));
        json_int(j, k->count[d]);
    }
    json_close(j, '}');
    json_key(j, "lines");
    json_open(j, '[');
    for (size_t i = 0; i < k->nline; i++)
        line_json(c, j, &k->line[i]);
    json_close(j, ']');
    json_close(j, '}');
}
