/* import_head.c - which row of a file holds the headers, and which field a column is by its header. */
#include "record/import_head.h"

#include <stdlib.h>
#include <string.h>

#include "record/find.h"
#include "text/keys.h"
#include "text/utf8.h"

/* How a header means a field, the surest first. */
enum way {
    OWN,  /* by its name, or its label in any language */
    ALSO, /* by the synonyms in the label "table.field~" ("tel|mobile") */
    KIN,  /* by what a field of the same name in another table is called: a customer's telephone as a lead's */
    PARTS, /* by parts of it, see header_parts() */
    OWN_WHOEVER, /* by its own names, although of those who stand in the column nobody is known */
    WAYS
};

struct name {
    const struct field *f;
    enum way way;
    struct name *next;
};

struct import_names {
    struct berth_ctx *c;
    const struct table *t;
    struct map by_key; /* letters and digits of what it is called, folded -> struct name * */
};

bool import_takes(struct berth_ctx *c, const struct field *f)
{
    return f->at >= F_DECLARED && !(f->flags & (BERTH_LOCKED | BERTH_SECRET)) && f->type != BERTH_FILE &&
           perm_field(c->who, f) == ACCESS_WRITE;
}

/* ---- what fields are called ------------------------------------------------------------------------------ */
static const char *key_of(struct berth_ctx *c, const char *text, size_t n)
{
    struct text_keys keys = TEXT_KEYS_INIT;
    const char *key;

    text_keys_of(&keys, TEXT_KEY_CODE, text, n, NULL);
    key = keys.n == 0 ? NULL : arena_strdup(c->a, text_key(&keys, 0));
    text_keys_free(&keys);
    return key;
}

static void add(struct import_names *names, const struct field *f, enum way way, const char *text, size_t n)
{
    const char *key = key_of(names->c, text, n);
    struct name *new;

    if (key == NULL)
        return;
    new = arena_alloc(names->c->a, sizeof(*new));
    *new = (struct name){f, way, NULL};
    new->next = map_put(&names->by_key, key, new);
}

static void add_own(struct import_names *names, const struct field *f, const struct field *as, enum way way)
{
    add(names, f, way, as->name, strlen(as->name));
    for (const char *const *loc = labels_locales; *loc != NULL; loc++) {
        const char *label = labels_field(names->c->st->labels, *loc, as->table->name, as->name);

        add(names, f, way, label, strlen(label));
    }
}

static void add_synonyms(struct import_names *names, const struct field *f, const struct field *as, enum way way)
{
    for (const char *const *loc = labels_locales; *loc != NULL; loc++) {
        const char *more = labels_on(names->c->st->labels, *loc, as->table->name, arena_fmt(names->c->a, "%s~", as->name));

        for (size_t n; more != NULL && *more != '\0'; more += n + (more[n] == '|')) {
            n = strcspn(more, "|");
            add(names, f, way, more, n);
        }
    }
}

static void add_kin(struct import_names *names, const struct field *f)
{
    const struct model *m = names->c->m;

    for (size_t i = 0; i < m->ntables; i++) {
        const struct field *k = model_field(&m->tables[i], f->name);

        if (k == NULL || k == f || k->type != f->type || (k->flags & BERTH_MANY) != (f->flags & BERTH_MANY))
            continue;
        /* names of companies are called alike, those of other things are not */
        if ((f == f->table->title || k == k->table->title) && (f->of == NULL || k->of == NULL || strcmp(f->of, k->of) != 0))
            continue;
        add_own(names, f, k, KIN);
        add_synonyms(names, f, k, KIN);
    }
}

struct import_names *import_names_new(struct berth_ctx *c, const struct table *t)
{
    struct import_names *names = arena_alloc(c->a, sizeof(*names));

    names->c = c;
    names->t = t;
    add_own(names, &t->fields[F_ID], &t->fields[F_ID], OWN);
    for (int i = F_DECLARED; i < t->nfields; i++) {
        const struct field *f = &t->fields[i];

        if (!import_takes(c, f))
            continue;
        add_own(names, f, f, OWN);
        add_synonyms(names, f, f, ALSO);
        add_kin(names, f);
    }
    return names;
}

void import_names_free(struct import_names **names)
{
    map_free(&(*names)->by_key);
    *names = NULL;
}

/* f NULL: any field but the id. */
static bool is_called(const struct import_names *names, const struct field *f, enum way surest, enum way least, const char *key)
{
    const struct name *n = key == NULL ? NULL : map_get(&names->by_key, key);

    while (n != NULL && ((f == NULL ? n->f->at == F_ID : n->f != f) || n->way < surest || n->way > least))
        n = n->next;
    return n != NULL;
}

/* ---- headers of several parts ------------------------------------------------------------------------------- */
struct parts {
    const char *key[8];
    int n;
};

static void end_part(const struct import_names *names, struct parts *p, struct buf *part)
{
    const char *key = key_of(names->c, buf_str(part), part->len);

    if (key != NULL && p->n < (int)(sizeof(p->key) / sizeof(p->key[0])))
        p->key[p->n++] = key;
    buf_clear(part);
}

static bool is_han(uint32_t ch)
{
    return ch >= 0x2e80 && ch <= 0x9fff;
}

static bool is_latin(uint32_t ch)
{
    return (ch >= 'A' && ch <= 'Z') || (ch >= 'a' && ch <= 'z') || (ch >= 0xc0 && ch < 0x250) || (ch >= 0x1e00 && ch < 0x1f00);
}

static bool stands_in(uint32_t ch, const char *all)
{
    for (const char *end = all + strlen(all); all < end;)
        if (utf8_next(&all, end) == ch)
            return true;
    return false;
}

/* A header cut at its / and &, or, by_script, at its lines and where Chinese and Latin letters meet; what stands within
 * brackets left out, or nothing else taken. */
static struct parts header_parts(const struct import_names *names, const char *header, bool by_script, bool inside)
{
    struct parts p = {.n = 0};
    struct buf part = BUF_INIT;
    uint32_t last = 0;
    int depth = 0;

    for (const char *s = header, *end = header + strlen(header); s < end;) {
        const char *at = s;
        uint32_t ch = utf8_next(&s, end);
        bool letter = is_han(ch) || is_latin(ch), opens = stands_in(ch, "([{（［【「"), closes = stands_in(ch, ")]}）］】」");

        depth += opens;
        if ((depth > 0) == inside && !opens && !closes) {
            if (by_script ? ch == '\n' || (letter && last != 0 && is_han(ch) != is_han(last)) : stands_in(ch, "/|&、／＆；;"))
                end_part(names, &p, &part);
            buf_add(&part, at, (size_t)(s - at));
            last = letter ? ch : last;
        }
        depth -= closes && depth > 0;
    }
    end_part(names, &p, &part);
    buf_free(&part);
    return p;
}

static bool all_called(const struct import_names *names, const struct field *f, const struct parts *p)
{
    int i = 0;

    while (i < p->n && is_called(names, f, OWN, KIN, p->key[i]))
        i++;
    return i > 0 && i == p->n;
}

/* In two languages: 公司名称 Company Name.  Or, where several are named, by the first, if all are fields: 电话/手机.  What stands in
 * brackets is a remark, unless only that is known: Firma (公司). */
static bool called_by_parts(const struct import_names *names, const struct field *f, const char *header)
{
    for (int inside = 0; inside < 2; inside++) {
        const struct parts tongues = header_parts(names, header, true, inside != 0),
                           several = header_parts(names, header, false, inside != 0);

        if (all_called(names, f, &tongues) || (all_called(names, NULL, &several) && is_called(names, f, OWN, KIN, several.key[0])))
            return true;
        if (all_called(names, NULL, &several))
            return false; /* another field, and what stands in brackets is of that */
    }
    return false;
}

/* ---- columns --------------------------------------------------------------------------------------------------- */
const char *import_cell(const struct sheet_row *row, uint32_t column)
{
    return row != NULL && column < row->len ? row->cells[column].text : "";
}

const char *import_header(const struct import_head *h, uint32_t column)
{
    return h->header < 0 ? "" : sheet_header_text(h->rows, h->header, column);
}

static bool may_hold(struct berth_ctx *c, const struct field *f, const char *text)
{
    if (f->type == BERTH_REF && !(f->flags & BERTH_MANY))
        return find_ref_by_text(c, f, text, strlen(text)) > 0;
    return (f->type != BERTH_DATE && f->type != BERTH_TIME) || strpbrk(text, "0123456789") != NULL || strstr(text, "\xef\xbc") != NULL; /* full width */
}

/* "Person in charge" is our owner in our own files and somebody at the customer's in others, "next step" a day or what is to be
 * done: the values tell. */
static bool may_mean(struct berth_ctx *c, const struct import_head *h, uint32_t column, const struct field *f)
{
    bool any = false;

    for (int r = h->header + 1; r < h->n; r++) {
        const char *text = import_cell(&h->rows[r], column);

        if (*text != '\0' && may_hold(c, f, text))
            return true;
        any = any || *text != '\0';
    }
    return !any;
}

static bool means(const struct import_names *names, const struct import_head *h, uint32_t column, const struct field *f, enum way way)
{
    const char *header = import_header(h, column);
    enum way as = way == OWN_WHOEVER ? OWN : way;

    if (way == PARTS ? !called_by_parts(names, f, header) : !is_called(names, f, as, as, key_of(names->c, header, strlen(header))))
        return false;
    return way == OWN_WHOEVER ? f->type == BERTH_REF : may_mean(names->c, h, column, f);
}

const struct field **import_suggest(const struct import_names *names, const struct import_head *h)
{
    const struct table *t = names->t;
    const struct field **found = arena_alloc(names->c->a, (h->width + 1) * sizeof(*found));
    bool *taken = arena_alloc(names->c->a, (size_t)t->nfields * sizeof(*taken));

    for (int way = 0; way < WAYS; way++)
        for (uint32_t column = 0; column < h->width; column++)
            for (int i = F_DECLARED; i < t->nfields && found[column] == NULL && *import_header(h, column) != '\0'; i++)
                if (!taken[i] && import_takes(names->c, &t->fields[i]) && means(names, h, column, &t->fields[i], (enum way)way)) {
                    found[column] = &t->fields[i];
                    taken[i] = true;
                }
    return found;
}

bool import_are_ids(const struct import_names *names, const struct import_head *h, uint32_t column)
{
    const struct table *t = names->t;
    const char *header = import_header(h, column);
    bool hit = is_called(names, &t->fields[F_ID], OWN, OWN, key_of(names->c, header, strlen(header))), any = false;

    for (int r = h->header + 1; r < h->n && hit; r++) {
        const char *text = import_cell(&h->rows[r], column);
        char *end;
        long long id = strtoll(text, &end, 10);
        const struct berth_row *row = *text == '\0' || *end != '\0' ? NULL : find_raw(names->c, t, id);

        hit = *text == '\0' || (row != NULL && perm_row(names->c, row, DO_READ));
        any = any || row != NULL;
    }
    return hit && any;
}

/* ---- rows -------------------------------------------------------------------------------------------------------- */
static uint32_t known(const struct import_names *names, const struct import_head *h)
{
    const struct field **found = import_suggest(names, h);
    uint32_t n = 0;

    for (uint32_t i = 0; i < h->width; i++)
        n += found[i] != NULL;
    return n;
}

/* The row that looks like one of headers; the next where more fields are known by it, for above it stand groups of columns. */
int import_header_row(const struct import_names *names, struct import_head h)
{
    struct import_head next;

    h.header = sheet_header_guess(h.rows, (size_t)h.n);
    next = h;
    next.header = h.header + 1;
    return h.header >= 0 && next.header < h.n && known(names, &next) > known(names, &h) ? next.header : h.header;
}
