/* xlsx.c - reads .xlsx: the workbook at once, each sheet row by row as it unpacks. */
#include "sheet/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/when.h"
#include "sheet/escape.h"
#include "sheet/numfmt.h"
#include "sheet/part.h"
#include "sheet/texts.h"
#include "text/utf8.h"

enum { ROW_MAX = 1048576, NAME_MAX_ = 1024, RELATIONS_MAX = 4096, BEFORE_DATA = 256 };

/* A number format: compiled when the first cell wears it. */
struct format {
    const char *code;
    const struct numfmt *compiled;
};

enum cell_kind { C_NUMBER, C_SHARED, C_TEXT, C_BOOL, C_ERROR, C_ISO_DATE };

struct xlsx {
    struct sheet head;
    struct archive *zip;
    int64_t *sheet_parts;
    int64_t strings_part, styles_part; /* -1: none */
    bool base1904;
    struct texts *strings; /* NULL: not read yet */
    struct format **styles;
    size_t style_count;
    struct format general;
    /* the sheet in work */
    struct part *part;
    struct rowing row;
    uint32_t row_number, column;
    bool in_row, in_cell, in_phonetic, in_inline, collect, collect_formula, row_ready;
    enum cell_kind cell_kind;
    struct format *cell_format;
    struct buf value, formula;
    struct sheet_row ready;
};

static int damaged(struct sheet_error *err, const char *what)
{
    return sheet_fail(err, SHEET_E_DAMAGED, what);
}

static int nothing_at_end(void *user, const char *name, struct sheet_error *err)
{
    (void)user, (void)name, (void)err;
    return 0;
}

static int nothing_at_text(void *user, const char *s, size_t len, struct sheet_error *err)
{
    (void)user, (void)s, (void)len, (void)err;
    return 0;
}

/* Like part_read(), within the limits of a sheet. */
static int read_large(struct xlsx *x, int64_t number, const struct part_handler *handler,
                      void *user, struct sheet_error *err)
{
    struct part *p = part_open(x->zip, number, handler, user, err);
    uint64_t done;
    int rc = p == NULL ? -1 : part_run(p, &done, err);

    part_close(&p);
    return rc < 0 ? -1 : 0;
}

/* ---- Relations: which part plays which role -------------------------------------------------- */

struct relation {
    const char *id, *type, *target; /* type: behind its last slash; target: a name in the archive */
};

struct relations {
    struct arena *arena;
    const char *folder; /* of the part they belong to: "xl/" */
    struct relation *list;
    size_t len, cap;
};

/* "xl/" and "../a/b.xml" -> "a/b.xml"; NULL when it leads out of the archive. */
static const char *resolve(struct arena *a, const char *folder, const char *target)
{
    struct buf path = BUF_INIT;
    const char *result = NULL;
    bool out = false;

    buf_puts(&path, target[0] == '/' ? "" : folder);
    for (const char *p = target; *p != '\0' && !out;) {
        size_t n = strcspn(p, "/");

        if (n == 2 && memcmp(p, "..", 2) == 0) {
            out = path.len == 0;
            for (path.len -= path.len > 0; path.len > 0 && path.s[path.len - 1] != '/';)
                path.len--;
        } else if (n > 0 && !(n == 1 && *p == '.')) {
            buf_add(&path, p, n);
            if (p[n] == '/')
                buf_putc(&path, '/');
        }
        p += n + (p[n] == '/');
    }
    if (!out && path.len > 0)
        result = arena_strndup(a, path.s, path.len);
    buf_free(&path);
    return result;
}

static int relation_start(void *user, const char *name, const char **attributes,
                          struct sheet_error *err)
{
    struct relations *r = user;
    const char *id = part_attribute(attributes, "Id");
    const char *type = part_attribute(attributes, "Type");
    const char *target = part_attribute(attributes, "Target");
    const char *mode = part_attribute(attributes, "TargetMode");

    if (strcmp(name, "Relationship") != 0 || id == NULL || type == NULL || target == NULL ||
        (mode != NULL && strcmp(mode, "External") == 0))
        return 0;
    if (r->len >= RELATIONS_MAX || strlen(id) + strlen(type) + strlen(target) > NAME_MAX_)
        return damaged(err, "the list of its parts is out of bounds");
    const char *slash = strrchr(type, '/');

    target = resolve(r->arena, r->folder, target);
    if (target == NULL)
        return damaged(err, "a part's name leads out of the file");
    if (r->len == r->cap) {
        struct relation *old = r->list;

        r->cap = r->cap * 2 + 16;
        r->list = arena_alloc(r->arena, r->cap * sizeof(*r->list));
        if (r->len > 0)
            memcpy(r->list, old, r->len * sizeof(*old));
    }
    r->list[r->len++] =
        (struct relation){arena_strdup(r->arena, id),
                          arena_strdup(r->arena, slash != NULL ? slash + 1 : type), target};
    return 0;
}

static const struct part_handler relation_handler = {relation_start, nothing_at_end,
                                                     nothing_at_text};

/* The relations of the part `owner`, "" for the archive itself. */
static int read_relations(struct xlsx *x, const char *owner, struct relations *r,
                          struct sheet_error *err)
{
    const char *slash = strrchr(owner, '/');
    size_t folder = slash != NULL ? (size_t)(slash - owner) + 1 : 0;
    struct arena *a = x->head.arena;

    *r = (struct relations){.arena = a, .folder = arena_strndup(a, owner, folder)};
    return part_read(
        x->zip, archive_find(x->zip, arena_fmt(a, "%s_rels/%s.rels", r->folder, owner + folder)),
        &relation_handler, r, err);
}

static const char *by_type(const struct relations *r, const char *type)
{
    for (size_t i = 0; i < r->len; i++)
        if (strcmp(r->list[i].type, type) == 0)
            return r->list[i].target;
    return NULL;
}

static const struct relation *by_id(const struct relations *r, const char *id)
{
    for (size_t i = 0; i < r->len; i++)
        if (strcmp(r->list[i].id, id) == 0)
            return &r->list[i];
    return NULL;
}

/* ---- Workbook: the list of sheets ------------------------------------------------------------ */

struct workbook {
    struct xlsx *x;
    const struct relations *relations;
    bool seen;
};

static bool is_true(const char *s)
{
    return s != NULL && (strcmp(s, "1") == 0 || strcmp(s, "true") == 0);
}

static int add_sheet(struct workbook *w, const char **attributes, struct sheet_error *err)
{
    struct xlsx *x = w->x;
    const char *name = part_attribute(attributes, "name");
    const char *state = part_attribute(attributes, "state");
    const char *id = part_attribute(attributes, "id");
    const struct relation *r = id != NULL ? by_id(w->relations, id) : NULL;

    if (r == NULL || name == NULL)
        return damaged(err, "a sheet has no part");
    if (strcmp(r->type, "worksheet") != 0)
        return 0; /* a chart or a macro sheet */
    if (x->head.count >= x->head.limits.sheets)
        return sheet_fail_limit(err, SHEET_E_SHEETS, x->head.limits.sheets);
    if (strlen(name) > NAME_MAX_)
        return damaged(err, "a sheet's name is too long");
    x->sheet_parts[x->head.count] = archive_find(x->zip, r->target);
    x->head.sheets[x->head.count++] =
        (struct sheet_info){.name = arena_strdup(x->head.arena, name),
                            .hidden = state != NULL && strcmp(state, "visible") != 0};
    return 0;
}

static int workbook_start(void *user, const char *name, const char **attributes,
                          struct sheet_error *err)
{
    struct workbook *w = user;

    if (!w->seen && strcmp(name, "workbook") != 0)
        return sheet_fail(err, SHEET_E_TYPE, NULL);
    w->seen = true;
    if (strcmp(name, "workbookPr") == 0)
        w->x->base1904 = is_true(part_attribute(attributes, "date1904"));
    return strcmp(name, "sheet") == 0 ? add_sheet(w, attributes, err) : 0;
}

static const struct part_handler workbook_handler = {workbook_start, nothing_at_end,
                                                     nothing_at_text};

/* ---- Styles: which number format a cell wears ------------------------------------------------ */

struct style_sheet {
    struct xlsx *x;
    struct map formats; /* "164" -> struct format */
    size_t codes, cap;
    bool in_formats, in_cells;
};

static struct format *format_of(struct style_sheet *s, const char *id, const char *code)
{
    struct format *f = map_get(&s->formats, id);

    if (f == NULL) {
        f = arena_alloc(s->x->head.arena, sizeof(*f));
        map_put(&s->formats, arena_strdup(s->x->head.arena, id), f);
    }
    if (code != NULL)
        f->code = arena_strdup(s->x->head.arena, code);
    if (f->code == NULL)
        f->code = numfmt_builtin((unsigned)strtoul(id, NULL, 10));
    return f;
}

static int add_code(struct style_sheet *s, const char **attributes, struct sheet_error *err)
{
    const char *id = part_attribute(attributes, "numFmtId");
    const char *code = part_attribute(attributes, "formatCode");

    if (id == NULL || code == NULL || strlen(id) > 10)
        return 0;
    if (++s->codes > s->x->head.limits.format_codes)
        return sheet_fail_limit(err, SHEET_E_FORMATS, s->x->head.limits.format_codes);
    format_of(s, id, strlen(code) <= NAME_MAX_ ? code : "General");
    return 0;
}

static int add_style(struct style_sheet *s, const char **attributes, struct sheet_error *err)
{
    struct xlsx *x = s->x;
    const char *id = part_attribute(attributes, "numFmtId");

    if (x->style_count >= x->head.limits.formats)
        return sheet_fail_limit(err, SHEET_E_FORMATS, x->head.limits.formats);
    if (x->style_count == s->cap) {
        s->cap = s->cap * 2 + 64;
        x->styles = mem_realloc(x->styles, s->cap * sizeof(*x->styles));
    }
    x->styles[x->style_count++] =
        id != NULL && strlen(id) <= 10 ? format_of(s, id, NULL) : &x->general;
    return 0;
}

static int style_start(void *user, const char *name, const char **attributes,
                       struct sheet_error *err)
{
    struct style_sheet *s = user;

    if (strcmp(name, "numFmts") == 0)
        s->in_formats = true;
    else if (strcmp(name, "cellXfs") == 0)
        s->in_cells = true;
    else if (s->in_formats && strcmp(name, "numFmt") == 0)
        return add_code(s, attributes, err);
    else if (s->in_cells && strcmp(name, "xf") == 0)
        return add_style(s, attributes, err);
    return 0;
}

static int style_end(void *user, const char *name, struct sheet_error *err)
{
    struct style_sheet *s = user;

    (void)err;
    if (strcmp(name, "numFmts") == 0)
        s->in_formats = false;
    else if (strcmp(name, "cellXfs") == 0)
        s->in_cells = false;
    return 0;
}

static const struct part_handler style_handler = {style_start, style_end, nothing_at_text};

static int read_styles(struct xlsx *x, struct sheet_error *err)
{
    struct style_sheet s = {.x = x};
    int rc = x->styles_part < 0 ? 0 : part_read(x->zip, x->styles_part, &style_handler, &s, err);

    map_free(&s.formats);
    return rc;
}

/* ---- Dimensions: as the sheet claims --------------------------------------------------------- */

/* "AB12" -> column 27, row 12; false when it is no such thing or beyond what Excel has. */
static bool parse_ref(const char *s, uint32_t *column, uint32_t *row)
{
    uint32_t c = 0, r = 0;
    const char *p = s;

    for (; *p >= 'A' && *p <= 'Z' && p - s < 4; p++)
        c = c * 26 + (uint32_t)(*p - 'A' + 1);
    if (c == 0 || c > 16384)
        return false;
    for (; *p >= '0' && *p <= '9' && r <= ROW_MAX; p++)
        r = r * 10 + (uint32_t)(*p - '0');
    *column = c - 1;
    *row = r;
    return r > 0 && r <= ROW_MAX;
}

struct dimension {
    struct sheet_info *info;
    int events;
};

static int dimension_start(void *user, const char *name, const char **attributes,
                           struct sheet_error *err)
{
    struct dimension *d = user;
    uint32_t column, row;

    (void)err;
    if (strcmp(name, "dimension") == 0) {
        const char *ref = part_attribute(attributes, "ref");
        const char *colon = ref != NULL ? strchr(ref, ':') : NULL;

        /* "A1" is what programs write that do not know yet */
        if (colon != NULL && parse_ref(colon + 1, &column, &row)) {
            d->info->rows = row;
            d->info->columns = column + 1;
        }
        return PART_PAUSE;
    }
    return strcmp(name, "sheetData") == 0 || ++d->events > BEFORE_DATA ? PART_PAUSE : 0;
}

static int dimension_text(void *user, const char *s, size_t len, struct sheet_error *err)
{
    (void)s, (void)len, (void)err;
    return ++((struct dimension *)user)->events > BEFORE_DATA ? PART_PAUSE : 0;
}

static const struct part_handler dimension_handler = {dimension_start, nothing_at_end,
                                                      dimension_text};

static int read_dimensions(struct xlsx *x, struct sheet_error *err)
{
    for (size_t i = 0; i < x->head.count; i++) {
        struct dimension d = {.info = &x->head.sheets[i]};

        if (x->sheet_parts[i] >= 0 &&
            read_large(x, x->sheet_parts[i], &dimension_handler, &d, err) < 0)
            return -1;
    }
    return 0;
}

/* ---- Shared strings -------------------------------------------------------------------------- */

/* What XML cannot hold, Excel writes as _x000D_; turned back in place. */
static void unescape(struct buf *b)
{
    size_t to = 0;

    if (b->len < 7 || memmem(b->s, b->len, "_x", 2) == NULL)
        return;
    for (size_t i = 0; i < b->len;) {
        int code = escape_code(b->s + i, b->len - i);

        if (code >= 0) {
            to += code > 0 ? utf8_put(b->s + to, (uint32_t)code) : 0; /* a NUL is left out */
            i += 7;
        } else {
            b->s[to++] = b->s[i++];
        }
    }
    b->len = to;
    b->s[to] = '\0';
}

/* Collects text of a cell; longer than any cell may be is an error. */
static int collect(struct xlsx *x, struct buf *to, const char *s, size_t len,
                   struct sheet_error *err)
{
    if (to->len + len > x->head.limits.cell_chars * 7) /* _x000D_ counts as one */
        return sheet_fail_cell(err, SHEET_E_CELL, x->row_number, x->column,
                               x->head.limits.cell_chars);
    buf_add(to, s, len);
    return 0;
}

static int string_start(void *user, const char *name, const char **attributes,
                        struct sheet_error *err)
{
    struct xlsx *x = user;

    (void)attributes, (void)err;
    if (strcmp(name, "si") == 0)
        buf_clear(&x->value);
    else if (strcmp(name, "rPh") == 0)
        x->in_phonetic = true;
    else if (strcmp(name, "t") == 0)
        x->collect = !x->in_phonetic;
    return 0;
}

static int string_end(void *user, const char *name, struct sheet_error *err)
{
    struct xlsx *x = user;

    if (strcmp(name, "t") == 0)
        x->collect = false;
    else if (strcmp(name, "rPh") == 0)
        x->in_phonetic = false;
    else if (strcmp(name, "si") == 0) {
        unescape(&x->value);
        return texts_add(x->strings, buf_str(&x->value), x->value.len, err);
    }
    return 0;
}

static int string_text(void *user, const char *s, size_t len, struct sheet_error *err)
{
    struct xlsx *x = user;

    return x->collect ? collect(x, &x->value, s, len, err) : 0;
}

static const struct part_handler string_handler = {string_start, string_end, string_text};

static int read_strings(struct xlsx *x, struct sheet_error *err)
{
    if (x->strings != NULL)
        return 0;
    x->strings = texts_new(&x->head.limits, x->head.temp_dir);
    if (x->strings_part < 0)
        return 0;
    if (read_large(x, x->strings_part, &string_handler, x, err) == 0)
        return 0;
    texts_free(&x->strings);
    return -1;
}

/* ---- Rows ------------------------------------------------------------------------------------ */

static enum cell_kind kind_of(const char *type)
{
    static const struct {
        const char *name;
        enum cell_kind kind;
    } kinds[] = {
        {"s", C_SHARED}, {"inlineStr", C_TEXT}, {"str", C_TEXT},
        {"b", C_BOOL},   {"e", C_ERROR},        {"d", C_ISO_DATE},
    };

    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
        if (strcmp(type, kinds[i].name) == 0)
            return kinds[i].kind;
    return C_NUMBER;
}

static int start_cell(struct xlsx *x, const char **attributes, struct sheet_error *err)
{
    const char *ref = NULL, *type = "n", *style = NULL;
    uint32_t row;

    for (; *attributes != NULL; attributes += 2) {
        if (strcmp(attributes[0], "r") == 0)
            ref = attributes[1];
        else if (strcmp(attributes[0], "t") == 0)
            type = attributes[1];
        else if (strcmp(attributes[0], "s") == 0)
            style = attributes[1];
    }
    if (ref == NULL)
        x->column++; /* from UINT32_MAX at the start of the row */
    else if (!parse_ref(ref, &x->column, &row))
        return damaged(err, "a cell is in no column");
    size_t n = style != NULL ? strtoul(style, NULL, 10) : 0;

    x->cell_format = n < x->style_count ? x->styles[n] : &x->general;
    x->cell_kind = kind_of(type);
    x->in_cell = true;
    buf_clear(&x->value);
    buf_clear(&x->formula);
    return 0;
}

static int start_row(struct xlsx *x, const char **attributes, struct sheet_error *err)
{
    const char *r = part_attribute(attributes, "r");
    unsigned long n = r != NULL ? strtoul(r, NULL, 10) : x->row_number + 1ul;

    if (n == 0 || n > ROW_MAX)
        return damaged(err, "a row's number is beyond what a sheet has");
    if (n <= x->row_number)
        return damaged(err, "its rows are not in order");
    x->row_number = (uint32_t)n;
    x->column = UINT32_MAX;
    x->in_row = true;
    rowing_start(&x->row);
    return 0;
}

static int sheet_start(void *user, const char *name, const char **attributes,
                       struct sheet_error *err)
{
    struct xlsx *x = user;

    if (x->in_cell) {
        x->in_inline |= strcmp(name, "is") == 0;
        x->in_phonetic |= strcmp(name, "rPh") == 0;
        x->collect = (name[0] == 'v' && name[1] == '\0') ||
                     (x->in_inline && !x->in_phonetic && strcmp(name, "t") == 0);
        x->collect_formula = name[0] == 'f' && name[1] == '\0';
        return 0;
    }
    if (x->in_row && name[0] == 'c' && name[1] == '\0')
        return start_cell(x, attributes, err);
    return !x->in_row && strcmp(name, "row") == 0 ? start_row(x, attributes, err) : 0;
}

/* Most numbers in sheets are short decimals: exact by one division, and much faster. */
static bool parse_number(const char *s, double *v)
{
    static const double powers[] = {1,   1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    const char *p = s + (*s == '-'), *point = NULL;
    int64_t n = 0;
    char *end;

    for (; p - s < 17 && ((*p >= '0' && *p <= '9') || (*p == '.' && point == NULL)); p++) {
        if (*p == '.')
            point = p;
        else
            n = n * 10 + (*p - '0');
    }
    if (*p == '\0' && p - s <= 15 && p > s + (*s == '-') + (point != NULL)) {
        *v = (double)n / powers[point != NULL ? p - point - 1 : 0];
        *v = *s == '-' ? -*v : *v;
        return true;
    }
    if (strspn(s, "0123456789.+-eE") != strlen(s))
        return false; /* no hexadecimal, no "inf" */
    *v = strtod(s, &end);
    return end != s && *end == '\0' && *v - *v == 0;
}

static int fill_shared(struct xlsx *x, struct sheet_cell *c, struct sheet_error *err)
{
    char *end;
    unsigned long long i = strtoull(x->value.s, &end, 10);
    size_t before = x->row.text.len;
    int rc = end == x->value.s || *end != '\0' ? 0 : texts_get(x->strings, i, &x->row.text, err);

    if (rc == 0) {
        damaged(err, "a cell names a text that is not in the file");
        err->row = x->row_number;
        err->column = x->column + 1;
        return -1;
    }
    c->type = x->row.text.len > before ? SHEET_TEXT : SHEET_EMPTY;
    return rc < 0 ? -1 : 0;
}

/* 2026-11-22 or 2026-11-22T08:30:00, as a strict workbook may hold it. */
static void fill_iso(const struct buf *value, struct buf *text, struct sheet_cell *c)
{
    const char *s = value->s;
    char zoned[40];

    if (when_date_parse(s, value->len, &c->v.days)) {
        c->type = SHEET_DATE;
    } else {
        snprintf(zoned, sizeof(zoned), "%s%s", s, s[value->len - 1] == 'Z' ? "" : "Z");
        c->type = when_time_parse(zoned, strlen(zoned), &c->v.ms) ? SHEET_DATETIME : SHEET_TEXT;
    }
    for (; *s != '\0'; s++)
        buf_putc(text, c->type == SHEET_DATETIME && *s == 'T' ? ' ' : *s);
}

static void fill_number(struct xlsx *x, struct sheet_cell *c)
{
    struct format *f = x->cell_format;
    double v;

    if (!parse_number(x->value.s, &v)) {
        c->type = SHEET_TEXT;
        buf_add(&x->row.text, x->value.s, x->value.len);
        return;
    }
    if (f->compiled == NULL)
        f->compiled = numfmt_new(x->head.arena, f->code);
    numfmt_show(f->compiled, v, x->value.s, x->base1904, &x->row.text, c);
}

static int fill_cell(struct xlsx *x, struct sheet_cell *c, struct sheet_error *err)
{
    struct buf *text = &x->row.text;

    c->type = SHEET_TEXT;
    switch (x->cell_kind) {
    case C_SHARED:
        return fill_shared(x, c, err);
    case C_TEXT:
        unescape(&x->value);
        c->type = x->value.len > 0 ? SHEET_TEXT : SHEET_EMPTY;
        buf_add(text, x->value.s, x->value.len);
        return 0;
    case C_BOOL:
        c->type = SHEET_BOOL;
        c->v.yes = is_true(x->value.s);
        buf_puts(text, c->v.yes ? "TRUE" : "FALSE");
        return 0;
    case C_ERROR:
        c->type = SHEET_ERROR;
        buf_add(text, x->value.s, x->value.len);
        return 0;
    case C_ISO_DATE:
        fill_iso(&x->value, text, c);
        return 0;
    case C_NUMBER:
        fill_number(x, c);
        return 0;
    }
    return 0;
}

static int end_cell(struct xlsx *x, struct sheet_error *err)
{
    x->in_cell = x->in_inline = x->in_phonetic = x->collect = x->collect_formula = false;
    if (x->value.len == 0 && (x->formula.len == 0 || x->cell_kind == C_TEXT))
        return 0;
    struct sheet_cell *c = rowing_cell(&x->row, x->row_number, x->column, err);

    if (c == NULL)
        return -1;
    if (x->value.len == 0) { /* written by a program that does not calculate */
        c->type = SHEET_ERROR;
        buf_putc(&x->row.text, '=');
        buf_add(&x->row.text, x->formula.s, x->formula.len);
    } else if (fill_cell(x, c, err) < 0) {
        return -1;
    }
    return rowing_end(&x->row, c, x->row_number, err);
}

static int sheet_end(void *user, const char *name, struct sheet_error *err)
{
    struct xlsx *x = user;

    if (x->in_cell) {
        x->collect = x->collect_formula = false;
        if (strcmp(name, "rPh") == 0)
            x->in_phonetic = false;
        return name[0] == 'c' && name[1] == '\0' ? end_cell(x, err) : 0;
    }
    if (!x->in_row || strcmp(name, "row") != 0)
        return 0;
    x->in_row = false;
    x->row_ready = rowing_done(&x->row, x->row_number, &x->ready);
    return x->row_ready ? PART_PAUSE : 0;
}

static int sheet_text(void *user, const char *s, size_t len, struct sheet_error *err)
{
    struct xlsx *x = user;

    if (x->collect)
        return collect(x, &x->value, s, len, err);
    return x->collect_formula ? collect(x, &x->formula, s, len, err) : 0;
}

static const struct part_handler sheet_handler = {sheet_start, sheet_end, sheet_text};

/* ---- Reader ---------------------------------------------------------------------------------- */

static int xlsx_select(struct sheet *s, size_t n, struct sheet_error *err)
{
    struct xlsx *x = (struct xlsx *)s;

    part_close(&x->part);
    x->row_number = 0;
    x->in_row = x->in_cell = x->in_inline = x->in_phonetic = x->collect = x->collect_formula =
        false;
    if (read_strings(x, err) < 0)
        return -1;
    x->part = part_open(x->zip, x->sheet_parts[n], &sheet_handler, x, err);
    if (x->part == NULL)
        return -1;
    s->total = part_size(x->part);
    return 0;
}

static int xlsx_next(struct sheet *s, struct sheet_row *row, struct sheet_error *err)
{
    struct xlsx *x = (struct xlsx *)s;

    if (x->part == NULL)
        return 0;
    int rc = part_run(x->part, &s->done, err);

    if (rc > 0)
        *row = x->ready;
    else
        part_close(&x->part); /* the end, said again by further calls */
    return rc;
}

static void xlsx_close(struct sheet *s)
{
    struct xlsx *x = (struct xlsx *)s;

    part_close(&x->part);
    archive_close(&x->zip);
    texts_free(&x->strings);
    rowing_free(&x->row);
    buf_free(&x->value);
    buf_free(&x->formula);
    free(x->styles);
    reader_free(s);
}

static const struct reader xlsx_reader = {xlsx_close, xlsx_select, xlsx_next};

static bool ends(const char *s, const char *with)
{
    size_t n = strlen(s), k = strlen(with);

    return n >= k && strcmp(s + n - k, with) == 0;
}

/* The part that lists the sheets, or NULL and why this archive is no .xlsx. */
static const char *find_workbook(struct xlsx *x, struct sheet_error *err)
{
    struct relations top;

    if (archive_find(x->zip, "mimetype") >= 0) {
        sheet_fail(err, SHEET_E_OTHER, "OpenDocument");
        return NULL;
    }
    if (archive_find(x->zip, "_rels/.rels") < 0) {
        sheet_fail(err, SHEET_E_OTHER, "ZIP");
        return NULL;
    }
    if (read_relations(x, "", &top, err) < 0)
        return NULL;
    const char *target = by_type(&top, "officeDocument");

    if (target == NULL || ends(target, "document.xml") || ends(target, "presentation.xml")) {
        sheet_fail(err, SHEET_E_OTHER, "Office");
        return NULL;
    }
    if (ends(target, ".bin")) {
        sheet_fail(err, SHEET_E_OTHER, ".xlsb");
        return NULL;
    }
    return target;
}

static int read_workbook(struct xlsx *x, struct sheet_error *err)
{
    struct relations relations = {0};
    struct workbook w = {.x = x, .relations = &relations};
    const char *path = find_workbook(x, err), *strings, *styles;

    if (path == NULL || read_relations(x, path, &relations, err) < 0 ||
        part_read(x->zip, archive_find(x->zip, path), &workbook_handler, &w, err) < 0)
        return -1;
    if (x->head.count == 0)
        return damaged(err, "it has no sheets");
    strings = by_type(&relations, "sharedStrings");
    styles = by_type(&relations, "styles");
    x->strings_part = strings != NULL ? archive_find(x->zip, strings) : -1;
    x->styles_part = styles != NULL ? archive_find(x->zip, styles) : -1;
    return read_styles(x, err) < 0 ? -1 : read_dimensions(x, err);
}

int xlsx_open(int fd, uint64_t size, const struct sheet_options *o, struct sheet **out,
              struct sheet_error *err)
{
    struct xlsx *x = reader_new(sizeof(*x), &xlsx_reader, SHEET_XLSX, fd, size, o);

    x->row.limits = &x->head.limits;
    x->general.code = "General";
    x->head.sheets = arena_alloc(x->head.arena, x->head.limits.sheets * sizeof(*x->head.sheets));
    x->sheet_parts = arena_alloc(x->head.arena, x->head.limits.sheets * sizeof(*x->sheet_parts));
    x->zip = archive_open(fd, size, &x->head.limits, err);
    if (x->zip == NULL || read_workbook(x, err) < 0) {
        xlsx_close(&x->head);
        return -1;
    }
    *out = &x->head;
    return 0;
}
