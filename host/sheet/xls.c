/* xls.c - reads .xls: the BIFF records of Excel 5 to 2003 ([MS-XLS]).
 *
 * Not FreeXL: it does not tell a cell's format, so percentages, codes with leading zeros and
 * Chinese dates would not come out as people see them; it does not tell hidden sheets; it holds
 * every cell of a file in memory; and its overflows would call for a process of its own.
 *
 * A record is a number, a length and up to 64 KB, read one at a time; long ones go on in CONTINUE
 * records.  No length or number in a file is believed: all reading goes through take(). */
#include "sheet/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sheet/numfmt.h"
#include "sheet/ole.h"
#include "sheet/texts.h"
#include "text/charset.h"
#include "text/utf8.h"

enum record_id {
    R_FORMULA = 0x06,
    R_EOF = 0x0a,
    R_DATEMODE = 0x22,
    R_FILEPASS = 0x2f,
    R_CONTINUE = 0x3c,
    R_CODEPAGE = 0x42,
    R_BOUNDSHEET = 0x85,
    R_MULRK = 0xbd,
    R_RSTRING = 0xd6,
    R_XF = 0xe0,
    R_SST = 0xfc,
    R_LABELSST = 0xfd,
    R_DIMENSIONS = 0x200,
    R_NUMBER = 0x203,
    R_LABEL = 0x204,
    R_BOOLERR = 0x205,
    R_STRING = 0x207,
    R_RK = 0x27e,
    R_FORMAT = 0x41e,
    R_BOF = 0x809
};

enum { RECORD_MAX = 65536, BIFF8 = 0x600, XLS_COLUMNS = 256, FORMAT_IDS = 0x10000 };

struct format {
    const char *code; /* NULL: not in the file */
    const struct numfmt *compiled;
};

struct xls {
    struct sheet head;
    struct ole *ole;
    uint64_t length; /* of the stream */
    bool biff8, base1904;
    const char *charset; /* of 8-bit text before BIFF8 */
    uint64_t *starts;    /* of the sheets in the stream */
    struct texts *texts;
    struct format *formats; /* by id, 65,536 of them */
    uint16_t *styles;       /* format id of each cell style */
    size_t style_count, code_count;
    /* the record in work */
    uint64_t next; /* where the one behind it starts */
    unsigned id;
    uint32_t len, at; /* at: what has been taken of it */
    uint8_t data[RECORD_MAX];
    /* the row in work */
    struct rowing row;
    uint32_t row_number;        /* 0: none */
    uint32_t last_row;          /* the one before, too */
    bool held, ended;           /* held: the record in work belongs to the next row */
    unsigned depth;             /* of substreams: charts lie within sheets */
    struct sheet_cell *formula; /* waits for its STRING record */
};

static int damaged(struct sheet_error *err, const char *what)
{
    return sheet_fail(err, SHEET_E_DAMAGED, what);
}

static double real(const uint8_t *p)
{
    uint64_t bits = (uint64_t)le32(p + 4) << 32 | le32(p);
    double v;

    memcpy(&v, &bits, sizeof(v));
    return v;
}

/* ---- Records ------------------------------------------------------------------------------- */

static int read_record(struct xls *x, struct sheet_error *err)
{
    uint8_t head[4];

    if (ole_read(x->ole, x->next, head, 4, err) < 0)
        return -1;
    x->id = le16(head);
    x->len = le16(head + 2);
    x->at = 0;
    if (ole_read(x->ole, x->next + 4, x->data, x->len, err) < 0)
        return -1;
    x->next += 4 + x->len;
    return 0;
}

static int short_record(struct sheet_error *err)
{
    return damaged(err, "a record is too short");
}

/* The next n bytes of the record; NULL when there are not that many. */
static const uint8_t *take(struct xls *x, uint32_t n)
{
    if (x->len - x->at < n)
        return NULL;
    x->at += n;
    return x->data + x->at - n;
}

/* Goes on in a CONTINUE record where this one is used up. */
static int more(struct xls *x, struct sheet_error *err)
{
    while (x->at == x->len) {
        if (read_record(x, err) < 0)
            return -1;
        if (x->id != R_CONTINUE)
            return damaged(err, "a text is cut off");
    }
    return 0;
}

static int skip(struct xls *x, uint64_t n, struct sheet_error *err)
{
    while (n > 0) {
        if (more(x, err) < 0)
            return -1;
        uint32_t now = x->len - x->at < n ? x->len - x->at : (uint32_t)n;

        x->at += now;
        n -= now;
    }
    return 0;
}

/* ---- Texts --------------------------------------------------------------------------------- */

static void put_char(struct buf *out, uint32_t c)
{
    char s[4];

    if (c != 0)
        buf_add(out, s, utf8_put(s, c));
}

/* One unit of UTF-16; *high holds the first half of a pair until the second comes. */
static void put_unit(struct buf *out, uint32_t unit, uint32_t *high)
{
    bool first = unit >= 0xd800 && unit <= 0xdbff, second = unit >= 0xdc00 && unit <= 0xdfff;

    if (*high != 0 && second)
        put_char(out, 0x10000 + ((*high - 0xd800) << 10) + (unit - 0xdc00));
    else if (*high != 0 || second)
        put_char(out, UTF8_BAD);
    if (!first && !second)
        put_char(out, unit);
    *high = first ? unit : 0;
}

/* `chars` characters of BIFF8 text: each piece starts with a byte that tells how wide it is. */
static int read_chars(struct xls *x, uint32_t chars, uint8_t flags, struct buf *out,
                      struct sheet_error *err)
{
    uint32_t high = 0;

    while (chars > 0) {
        if (x->at == x->len) {
            if (more(x, err) < 0)
                return -1;
            flags = x->data[x->at++];
            continue;
        }
        const uint8_t *p = take(x, flags & 1 ? 2 : 1);

        if (p == NULL)
            return short_record(err);
        put_unit(out, flags & 1 ? le16(p) : p[0], &high);
        chars--;
    }
    if (high != 0)
        put_char(out, UTF8_BAD);
    return 0;
}

/* Text of BIFF8 with its flags, and behind it what makes it rich or phonetic, which is left out. */
static int read_unicode(struct xls *x, uint32_t chars, struct buf *out, struct sheet_error *err)
{
    const uint8_t *p = take(x, 1), *runs, *extra;
    uint64_t behind = 0;
    uint8_t flags;

    if (p == NULL)
        return chars == 0 ? 0 : short_record(err);
    flags = p[0];
    if (flags & 8) {
        runs = take(x, 2);
        if (runs == NULL)
            return short_record(err);
        behind += le16(runs) * 4u;
    }
    if (flags & 4) {
        extra = take(x, 4);
        if (extra == NULL)
            return short_record(err);
        behind += le32(extra);
    }
    return read_chars(x, chars, flags, out, err) < 0 ? -1 : skip(x, behind, err);
}

/* Text before BIFF8: bytes in the file's own charset. */
static int read_bytes(struct xls *x, uint32_t len, struct buf *out, struct sheet_error *err)
{
    const uint8_t *p = take(x, len);
    struct buf why = BUF_INIT;
    size_t to = out->len;

    if (p == NULL)
        return short_record(err);
    int rc = text_to_utf8(out, x->charset, (const char *)p, len, &why);

    for (size_t i = to; i < out->len; i++) /* no NULs */
        if (out->s[i] != '\0')
            out->s[to++] = out->s[i];
    if (out->len > to)
        out->s[out->len = to] = '\0';
    buf_free(&why);
    return rc < 0 ? sheet_fail(err, SHEET_E_CHARSET, x->charset) : 0;
}

static int read_text(struct xls *x, uint32_t len, struct buf *out, struct sheet_error *err)
{
    return (x->biff8 ? read_unicode : read_bytes)(x, len, out, err);
}

/* All different texts of the workbook. */
static int read_sst(struct xls *x, struct sheet_error *err)
{
    const uint8_t *p = take(x, 8);
    struct buf text = BUF_INIT;
    uint32_t left;
    int rc = 0;

    if (p == NULL)
        return short_record(err);
    left = le32(p + 4);
    for (; left > 0 && rc == 0; left--) {
        buf_clear(&text);
        rc = more(x, err);
        if (rc == 0 && (p = take(x, 2)) == NULL)
            rc = short_record(err);
        if (rc == 0)
            rc = read_unicode(x, le16(p), &text, err);
        if (rc == 0)
            rc = texts_add(x->texts, buf_str(&text), text.len, err);
    }
    buf_free(&text);
    return rc;
}

/* ---- Workbook ------------------------------------------------------------------------------ */

static int read_boundsheet(struct xls *x, struct sheet_error *err)
{
    const uint8_t *p = take(x, 7);
    struct buf name = BUF_INIT;

    if (p == NULL)
        return short_record(err);
    if (p[5] != 0)
        return 0; /* a chart or macros */
    if (x->head.count >= x->head.limits.sheets)
        return sheet_fail_limit(err, SHEET_E_SHEETS, x->head.limits.sheets);
    if (read_text(x, p[6], &name, err) < 0) {
        buf_free(&name);
        return -1;
    }
    x->starts[x->head.count] = le32(p);
    x->head.sheets[x->head.count++] = (struct sheet_info){
        .name = arena_strdup(x->head.arena, buf_str(&name)), .hidden = (p[4] & 3) != 0};
    buf_free(&name);
    return 0;
}

static int read_format(struct xls *x, struct sheet_error *err)
{
    const uint8_t *p = take(x, 2), *len = take(x, x->biff8 ? 2 : 1);
    struct buf code = BUF_INIT;
    uint32_t id;
    int rc;

    if (p == NULL || len == NULL)
        return short_record(err);
    if (++x->code_count > x->head.limits.format_codes)
        return sheet_fail_limit(err, SHEET_E_FORMATS, x->head.limits.format_codes);
    id = le16(p);
    rc = read_text(x, x->biff8 ? le16(len) : len[0], &code, err);
    /* Those that every workbook has count as Excel shows them; programs write them in many ways. */
    bool ours = id < 50 && !(id >= 5 && id <= 8) && !(id >= 37 && id <= 44);

    if (rc == 0 && !ours && code.len <= 1024)
        x->formats[id].code = arena_strdup(x->head.arena, buf_str(&code));
    buf_free(&code);
    return rc;
}

static int read_xf(struct xls *x, struct sheet_error *err)
{
    const uint8_t *p = take(x, 4);

    if (p == NULL)
        return short_record(err);
    if (x->style_count >= x->head.limits.formats)
        return sheet_fail_limit(err, SHEET_E_FORMATS, x->head.limits.formats);
    if (x->style_count % 256 == 0)
        x->styles = mem_realloc(x->styles, (x->style_count + 256) * sizeof(*x->styles));
    x->styles[x->style_count++] = (uint16_t)le16(p + 2);
    return 0;
}

static int read_codepage(struct xls *x, struct sheet_error *err)
{
    const uint8_t *p = take(x, 2);
    uint32_t page = p != NULL ? le16(p) : 1252;
    char name[16];

    (void)err;
    if (page == 1200)
        return 0;                         /* UTF-16, as BIFF8 always is */
    if (page == 0x8001 || page == 0x8000) /* as Excel 5 spells 1252 */
        page = 1252;
    snprintf(name, sizeof(name), "cp%u", (unsigned)page);
    x->charset = arena_strdup(x->head.arena, name);
    return 0;
}

static int read_datemode(struct xls *x, struct sheet_error *err)
{
    const uint8_t *p = take(x, 2);

    (void)err;
    x->base1904 = p != NULL && le16(p) == 1;
    return 0;
}

static int refuse_password(struct xls *x, struct sheet_error *err)
{
    (void)x;
    return sheet_fail(err, SHEET_E_ENCRYPTED, NULL);
}

static const struct {
    unsigned id;
    int (*read)(struct xls *x, struct sheet_error *err);
} globals[] = {
    {R_DATEMODE, read_datemode},
    {R_FILEPASS, refuse_password},
    {R_CODEPAGE, read_codepage},
    {R_BOUNDSHEET, read_boundsheet},
    {R_XF, read_xf},
    {R_SST, read_sst},
    {R_FORMAT, read_format},
};

static int read_globals(struct xls *x, struct sheet_error *err)
{
    const uint8_t *p;

    if (read_record(x, err) < 0)
        return -1;
    p = take(x, 4);
    if (x->id != R_BOF || p == NULL)
        return sheet_fail(err, SHEET_E_OTHER, "Excel 4");
    x->biff8 = le16(p) == BIFF8;
    while (x->id != R_EOF) {
        if (read_record(x, err) < 0)
            return -1;
        for (size_t i = 0; i < sizeof(globals) / sizeof(*globals); i++)
            if (globals[i].id == x->id) {
                if (globals[i].read(x, err) < 0)
                    return -1;
                break;
            }
    }
    return x->head.count > 0 ? 0 : damaged(err, "it has no sheets");
}

/* The records in front of the first cell tell how large a sheet is. */
static void read_dimensions(struct xls *x, size_t n)
{
    struct sheet_error ignored;

    x->next = x->starts[n];
    for (int i = 0; i < 64; i++) {
        if (read_record(x, &ignored) < 0 || x->id == R_EOF)
            return;
        if (x->id != R_DIMENSIONS)
            continue;
        if (x->len < (x->biff8 ? 12u : 8u))
            return;
        uint32_t rows = x->biff8 ? le32(x->data + 4) : le16(x->data + 2);
        uint32_t columns = le16(x->data + (x->biff8 ? 10 : 6));

        if (rows <= 65536 && columns <= XLS_COLUMNS) {
            x->head.sheets[n].rows = rows;
            x->head.sheets[n].columns = columns;
        }
        return;
    }
}

/* ---- Cells --------------------------------------------------------------------------------- */

static void show(struct xls *x, struct sheet_cell *c, uint32_t style, double v)
{
    uint32_t id = style < x->style_count ? x->styles[style] : 0;
    struct format *f = &x->formats[id];

    if (f->compiled == NULL)
        f->compiled = numfmt_new(x->head.arena, f->code != NULL ? f->code : numfmt_builtin(id));
    numfmt_show(f->compiled, v, NULL, x->base1904, &x->row.text, c);
}

/* 30 bits: an integer or the upper half of a double, perhaps times 100. */
static double rk(uint32_t v)
{
    uint64_t bits = (uint64_t)(v & 0xfffffffcu) << 32;
    double d;

    if (v & 2)
        d = (double)((int32_t)v >> 2);
    else
        memcpy(&d, &bits, sizeof(d));
    return v & 1 ? d / 100 : d;
}

static void show_error(struct xls *x, struct sheet_cell *c, uint8_t code)
{
    static const struct {
        uint8_t code;
        const char *text;
    } errors[] = {
        {0x00, "#NULL!"}, {0x07, "#DIV/0!"}, {0x0f, "#VALUE!"}, {0x17, "#REF!"},
        {0x1d, "#NAME?"}, {0x24, "#NUM!"},   {0x2a, "#N/A"},
    };
    const char *text = "#ERROR!";

    for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++)
        if (errors[i].code == code)
            text = errors[i].text;
    c->type = SHEET_ERROR;
    buf_puts(&x->row.text, text);
}

static void show_bool(struct xls *x, struct sheet_cell *c, bool yes)
{
    c->type = SHEET_BOOL;
    c->v.yes = yes;
    buf_puts(&x->row.text, yes ? "TRUE" : "FALSE");
}

static int show_shared(struct xls *x, struct sheet_cell *c, struct sheet_error *err)
{
    const uint8_t *p = take(x, 4);
    size_t before = x->row.text.len;
    int rc = p == NULL ? 0 : texts_get(x->texts, le32(p), &x->row.text, err);

    c->type = x->row.text.len > before ? SHEET_TEXT : SHEET_EMPTY;
    return rc > 0 ? 0 : rc < 0 ? -1 : damaged(err, "a cell names a text that is not in the file");
}

static int show_label(struct xls *x, struct sheet_cell *c, struct sheet_error *err)
{
    const uint8_t *p = take(x, 2);
    size_t before = x->row.text.len;

    if (p == NULL || read_text(x, le16(p), &x->row.text, err) < 0)
        return p == NULL ? short_record(err) : -1;
    c->type = x->row.text.len > before ? SHEET_TEXT : SHEET_EMPTY;
    return 0;
}

static int show_formula(struct xls *x, struct sheet_cell *c, uint32_t style,
                        struct sheet_error *err)
{
    const uint8_t *p = take(x, 8);

    if (p == NULL)
        return short_record(err);
    if (le16(p + 6) != 0xffff)
        show(x, c, style, real(p));
    else if (p[0] == 0)
        x->formula = c; /* its text is in the STRING record to come */
    else if (p[0] == 1)
        show_bool(x, c, p[2] != 0);
    else if (p[0] == 2)
        show_error(x, c, p[2]);
    return 0;
}

static int show_number(struct xls *x, struct sheet_cell *c, uint32_t style, struct sheet_error *err)
{
    const uint8_t *p = take(x, x->id == R_RK ? 4 : 8);

    if (p == NULL)
        return short_record(err);
    show(x, c, style, x->id == R_RK ? rk(le32(p)) : real(p));
    return 0;
}

static int show_boolerr(struct xls *x, struct sheet_cell *c, struct sheet_error *err)
{
    const uint8_t *p = take(x, 2);

    if (p == NULL)
        return short_record(err);
    if (p[1] != 0)
        show_error(x, c, p[0]);
    else
        show_bool(x, c, p[0] != 0);
    return 0;
}

static int fill_cell(struct xls *x, struct sheet_cell *c, uint32_t style, struct sheet_error *err)
{
    c->type = SHEET_EMPTY;
    switch (x->id) {
    case R_LABELSST:
        return show_shared(x, c, err);
    case R_LABEL:
    case R_RSTRING:
        return show_label(x, c, err);
    case R_NUMBER:
    case R_RK:
        return show_number(x, c, style, err);
    case R_BOOLERR:
        return show_boolerr(x, c, err);
    case R_FORMULA:
        return show_formula(x, c, style, err);
    }
    return 0;
}

static int one_cell(struct xls *x, uint32_t column, struct sheet_error *err)
{
    const uint8_t *p = take(x, 2);
    struct sheet_cell *c = rowing_cell(&x->row, x->row_number, column, err);

    if (p == NULL)
        return short_record(err);
    if (c == NULL || fill_cell(x, c, le16(p), err) < 0)
        return -1;
    return x->formula != NULL ? 0 : rowing_end(&x->row, c, x->row_number, err);
}

/* Several numbers side by side. */
static int cells_of_mulrk(struct xls *x, uint32_t column, struct sheet_error *err)
{
    const uint8_t *p;

    for (; x->len - x->at >= 8 && (p = take(x, 6)) != NULL; column++) {
        struct sheet_cell *c = rowing_cell(&x->row, x->row_number, column, err);

        if (c == NULL)
            return -1;
        show(x, c, le16(p), rk(le32(p + 2)));
        if (rowing_end(&x->row, c, x->row_number, err) < 0)
            return -1;
    }
    return 0;
}

/* The text of the formula before. */
static int formula_text(struct xls *x, struct sheet_error *err)
{
    struct sheet_cell *c = x->formula;

    x->formula = NULL;
    if (show_label(x, c, err) < 0)
        return -1;
    return rowing_end(&x->row, c, x->row_number, err);
}

static bool is_cell(unsigned id)
{
    static const unsigned ids[] = {R_FORMULA, R_MULRK, R_RSTRING, R_LABELSST,
                                   R_NUMBER,  R_LABEL, R_BOOLERR, R_RK};

    for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++)
        if (ids[i] == id)
            return true;
    return false;
}

/* ---- Reader -------------------------------------------------------------------------------- */

static int xls_select(struct sheet *s, size_t n, struct sheet_error *err)
{
    struct xls *x = (struct xls *)s;
    uint64_t end = x->length;

    for (size_t i = 0; i < s->count; i++)
        if (x->starts[i] > x->starts[n] && x->starts[i] < end)
            end = x->starts[i];
    s->total = end > x->starts[n] ? end - x->starts[n] : 1;
    x->next = x->starts[n];
    x->row_number = x->last_row = 0;
    x->held = x->ended = false;
    x->depth = 0;
    x->formula = NULL;
    rowing_start(&x->row);
    if (read_record(x, err) < 0)
        return -1;
    return x->id == R_BOF ? 0 : damaged(err, "a sheet is not where it should be");
}

static bool row_done(struct xls *x, struct sheet_row *row)
{
    uint32_t number = x->row_number;

    x->row_number = 0;
    return number != 0 && rowing_done(&x->row, number, row);
}

/* A record with cells: 1 when it starts a new row while one is in work. */
static int cell_record(struct xls *x, struct sheet_error *err)
{
    const uint8_t *p = take(x, 4);

    if (p == NULL)
        return short_record(err);
    uint32_t row = le16(p) + 1, column = le16(p + 2);

    if (x->row_number != 0 && row != x->row_number)
        return 1;
    if (x->row_number == 0) {
        if (row <= x->last_row)
            return damaged(err, "its rows are not in order");
        x->row_number = x->last_row = row;
        rowing_start(&x->row);
    }
    return x->id == R_MULRK ? cells_of_mulrk(x, column, err) : one_cell(x, column, err);
}

static int xls_next(struct sheet *s, struct sheet_row *row, struct sheet_error *err)
{
    struct xls *x = (struct xls *)s;

    for (;;) {
        if (x->ended)
            return 0;
        if (!x->held && read_record(x, err) < 0)
            return -1;
        x->held = false;
        s->done = x->next - x->starts[s->selected];
        if (x->id == R_BOF) {
            x->depth++;
        } else if (x->id == R_EOF && x->depth > 0) {
            x->depth--;
        } else if (x->id == R_EOF) {
            x->ended = true;
            return row_done(x, row);
        } else if (x->id == R_STRING && x->formula != NULL) {
            if (formula_text(x, err) < 0)
                return -1;
        } else if (x->depth == 0 && is_cell(x->id)) {
            x->formula = NULL;
            int rc = cell_record(x, err);

            if (rc < 0)
                return -1;
            if (rc > 0) {
                x->held = true;
                x->at = 0;
                if (row_done(x, row))
                    return 1;
            }
        }
    }
}

static void xls_close(struct sheet *s)
{
    struct xls *x = (struct xls *)s;

    ole_close(&x->ole);
    texts_free(&x->texts);
    rowing_free(&x->row);
    free(x->formats);
    free(x->styles);
    reader_free(s);
}

static const struct reader xls_reader = {xls_close, xls_select, xls_next};

static int read_workbook(struct xls *x, struct sheet_error *err)
{
    bool book8 = ole_has(x->ole, "Workbook");
    int64_t length;

    if (ole_has(x->ole, "EncryptedPackage"))
        return sheet_fail(err, SHEET_E_ENCRYPTED, NULL);
    if (!book8 && !ole_has(x->ole, "Book"))
        return sheet_fail(err, SHEET_E_OTHER, "Office");
    length = ole_stream(x->ole, book8 ? "Workbook" : "Book", err);
    if (length < 0)
        return -1;
    x->length = (uint64_t)length;
    if (read_globals(x, err) < 0)
        return -1;
    for (size_t i = 0; i < x->head.count; i++)
        read_dimensions(x, i);
    return 0;
}

int xls_open(int fd, uint64_t size, const struct sheet_options *o, struct sheet **out,
             struct sheet_error *err)
{
    struct xls *x = reader_new(sizeof(*x), &xls_reader, SHEET_XLS, fd, size, o);

    x->row.limits = &x->head.limits;
    x->charset = "cp1252";
    x->formats = mem_alloc(FORMAT_IDS * sizeof(*x->formats));
    x->head.sheets = arena_alloc(x->head.arena, x->head.limits.sheets * sizeof(*x->head.sheets));
    x->starts = arena_alloc(x->head.arena, x->head.limits.sheets * sizeof(*x->starts));
    x->texts = texts_new(&x->head.limits, x->head.temp_dir);
    x->ole = ole_open(fd, size, err);
    if (x->ole == NULL || read_workbook(x, err) < 0) {
        xls_close(&x->head);
        return -1;
    }
    *out = &x->head;
    return 0;
}
