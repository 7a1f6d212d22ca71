/* csv.c - reads .csv and .txt: any encoding, four separators, quotes as RFC 4180 says.
 *
 * The text lies in one buffer that starts with the row in work.  A row is scanned once, in pieces
 * if need be; its cells are then closed in place, so no text is copied.
 *
 * As Excel does, a quote counts only at the start of a cell, and text behind a closing quote is
 * kept.  The apostrophe that exports put before formulas is taken off. */
#include "sheet/reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "sheet/guard.h"
#include "text/charset.h"
#include "text/valid.h"

enum { CHUNK = 256 * 1024, SAMPLE = 64 * 1024, SNIFF_ROWS = 20 };

enum state { AT_CELL, IN_PLAIN, IN_QUOTES, BEHIND_QUOTE };

struct span {
    uint32_t start, end; /* from the start of the row */
    bool quoted;
};

struct csv {
    struct sheet head;
    struct text_decoder *decoder; /* NULL: the file is UTF-8 and only checked */
    char *raw;
    uint64_t offset; /* in the file, of what to read next */
    uint64_t body;   /* where the text starts, behind a byte order mark */
    struct buf in;
    size_t row_at;     /* in .in: the row in work */
    size_t pos;        /* in .in: what to scan next */
    size_t checked;    /* in .in: valid UTF-8 up to here */
    bool eof, suspect; /* suspect: a character that cannot be was seen, in this row or later */
    enum state state;
    size_t cell_at; /* from the start of the row */
    bool quoted;
    uint64_t line, quote_line;
    uint32_t number;  /* of the row in work */
    uint32_t columns; /* cells of it so far, those beyond the limit too */
    uint32_t quote_column;
    struct span *spans;
    struct sheet_cell *cells;
    uint32_t len, cap;
    bool stop_plain[256], stop_quoted[256];
};

/* ---- Input --------------------------------------------------------------------------------- */

/* How many bytes at the end of s belong to a character that is not complete. */
static size_t cut_off(const char *s, size_t len)
{
    for (size_t back = 1; back <= 3 && back <= len; back++) {
        unsigned char c = (unsigned char)s[len - back];

        if (c >= 0xc0)
            return (c >= 0xf0 ? 4u : c >= 0xe0 ? 3u : 2u) > back ? back : 0;
        if (c < 0x80)
            return 0;
    }
    return 0;
}

static void check_utf8(struct csv *c)
{
    size_t len = c->in.len - c->checked, cut = c->eof ? 0 : cut_off(c->in.s + c->checked, len);

    if (!text_valid(c->in.s + c->checked, len - cut))
        c->suspect = true;
    c->checked = c->in.len - cut;
}

static void drop_done_rows(struct csv *c)
{
    size_t left = c->in.len - c->row_at;

    if (c->row_at == 0)
        return;
    memmove(c->in.s, c->in.s + c->row_at, left + 1);
    c->in.len = left;
    c->pos -= c->row_at;
    c->checked = c->checked > c->row_at ? c->checked - c->row_at : 0;
    c->row_at = 0;
}

static int read_more(struct csv *c, struct sheet_error *err)
{
    ssize_t n = pread(c->head.fd, c->raw, CHUNK, (off_t)c->offset);

    if (n < 0)
        return sheet_fail(err, SHEET_E_READ, strerror(errno));
    drop_done_rows(c);
    c->offset += (uint64_t)n;
    c->head.done = c->offset;
    c->eof = n == 0;
    if (c->decoder == NULL) {
        buf_add(&c->in, c->raw, (size_t)n);
        check_utf8(c);
        return 0;
    }
    if (n > 0)
        text_decoder_feed(c->decoder, c->raw, (size_t)n, &c->in);
    else
        text_decoder_flush(c->decoder, &c->in);
    c->suspect = text_decoder_bad(c->decoder) > 0;
    return 0;
}

/* ---- One row ------------------------------------------------------------------------------- */

static int fail_line(struct sheet_error *err, enum sheet_code code, const struct csv *c)
{
    *err = (struct sheet_error){.code = code,
                                .row = c->number,
                                .column = c->quote_column,
                                .line = c->quote_line,
                                .limit = c->head.limits.cell_chars};
    return -1;
}

static int end_cell(struct csv *c, size_t end, struct sheet_error *err)
{
    uint32_t column = c->columns++;

    c->state = AT_CELL;
    if (column >= c->head.limits.columns)
        return end == c->cell_at ? 0
                                 : sheet_fail_cell(err, SHEET_E_COLUMNS, c->number, column,
                                                   c->head.limits.columns);
    if (column >= c->cap) {
        c->cap = c->cap < 64 ? 64 : c->cap * 2;
        c->spans = mem_realloc(c->spans, c->cap * sizeof(*c->spans));
        c->cells = mem_realloc(c->cells, c->cap * sizeof(*c->cells));
    }
    c->spans[column] = (struct span){(uint32_t)c->cell_at, (uint32_t)end, c->quoted};
    c->len = column + 1;
    return 0;
}

/* The input ended in the middle of a row: is what there is too long already? */
static int check_growth(struct csv *c, struct sheet_error *err)
{
    size_t row = c->in.len - c->row_at, cell = c->in.len - c->row_at - c->cell_at;

    if (c->state == IN_QUOTES && cell > c->head.limits.cell_chars * 4)
        return fail_line(err, SHEET_E_OPEN_CELL, c);
    if (c->state == IN_PLAIN && cell > c->head.limits.cell_chars * 4)
        return sheet_fail_cell(err, SHEET_E_CELL, c->number, c->columns, c->head.limits.cell_chars);
    if (row > c->head.limits.row_bytes)
        return sheet_fail_cell(err, SHEET_E_ROW_BYTES, c->number, 0, c->head.limits.row_bytes);
    return 0;
}

/* Inside quotes: moves behind the closing one, or to the end of the input. */
static const char *scan_quoted(struct csv *c, const char *p)
{
    for (;; p++) {
        while (!c->stop_quoted[(unsigned char)*p])
            p++;
        if (*p == '\r' || (*p == '\n' && p[-1] != '\r'))
            c->line++;
        if (*p == '"') {
            c->state = BEHIND_QUOTE;
            return p + 1;
        }
        if (*p == '\0')
            return p; /* the end, or a NUL: the caller sees */
    }
}

/* 1: the row is complete, pos is behind it; 0: more input is needed; -1: an error. */
static int scan_row(struct csv *c, struct sheet_error *err)
{
    const char *base = c->in.s + c->row_at, *end = c->in.s + c->in.len, *p = c->in.s + c->pos;

    for (;;) {
        if (c->state == AT_CELL) {
            c->cell_at = (size_t)(p - base);
            c->quoted = *p == '"';
            if (p == end && !c->eof)
                return 0;
            c->state = c->quoted ? IN_QUOTES : IN_PLAIN;
            c->quote_line = c->line;
            c->quote_column = c->columns + 1;
            p += c->quoted;
        }
        if (c->state == IN_QUOTES)
            p = scan_quoted(c, p);
        if (c->state == BEHIND_QUOTE && p < end) {
            c->state = *p == '"' ? IN_QUOTES : IN_PLAIN;
            if (*p == '"') {
                p++;
                continue;
            }
        }
        if (c->state == IN_PLAIN)
            while (!c->stop_plain[(unsigned char)*p])
                p++;
        c->pos = (size_t)(p - c->in.s);
        if (p == end) {
            if (!c->eof)
                return 0;
            if (c->state == IN_QUOTES)
                return fail_line(err, SHEET_E_QUOTE, c);
            return end_cell(c, (size_t)(p - base), err) < 0 ? -1 : 1;
        }
        if (*p == '\0')
            return sheet_fail_cell(err, SHEET_E_NUL, c->number, c->columns, 0);
        if (*p == '\r' && p + 1 == end && !c->eof)
            return 0; /* is there a \n behind it? */
        if (end_cell(c, (size_t)(p - base), err) < 0)
            return -1;
        c->pos++;
        if (*p == '\n' || *p == '\r') {
            c->pos += *p == '\r' && p[1] == '\n';
            return 1;
        }
        p++;
    }
}

/* "a""b"c -> a"bc, in place. */
static size_t unquote(char *s, size_t len)
{
    size_t to = 0;
    bool inside = true;

    for (size_t i = 1; i < len; i++) {
        if (inside && s[i] == '"' && (i + 1 == len || s[i + 1] != '"'))
            inside = false;
        else if (inside && s[i] == '"')
            s[to++] = s[i++];
        else
            s[to++] = s[i];
    }
    return to;
}

static bool character_wrong(const struct csv *c, const char *s, size_t len)
{
    return c->decoder == NULL ? !text_valid(s, len) : memmem(s, len, "\xef\xbf\xbd", 3) != NULL;
}

static int fill_cells(struct csv *c, struct sheet_row *row, struct sheet_error *err)
{
    char *base = c->in.s + c->row_at;
    uint32_t used = 0;

    for (uint32_t i = 0; i < c->len; i++) {
        char *s = base + c->spans[i].start;
        size_t len = c->spans[i].end - c->spans[i].start;

        if (c->spans[i].quoted)
            len = unquote(s, len);
        if (guard_stands(s, len))
            s++, len--;
        s[len] = '\0';
        if (len > c->head.limits.cell_chars && text_count(s, len) > c->head.limits.cell_chars)
            return sheet_fail_cell(err, SHEET_E_CELL, c->number, i, c->head.limits.cell_chars);
        if (c->suspect && character_wrong(c, s, len)) {
            sheet_fail(err, SHEET_E_ENCODING, c->head.encoding);
            err->row = c->number;
            err->column = i + 1;
            return -1;
        }
        c->cells[i] = (struct sheet_cell){
            .text = s, .len = (uint32_t)len, .type = len > 0 ? SHEET_TEXT : SHEET_EMPTY};
        if (len > 0)
            used = i + 1;
    }
    *row = (struct sheet_row){.number = c->number, .len = used, .cells = c->cells};
    return 0;
}

static void start_row(struct csv *c)
{
    c->row_at = c->pos;
    c->state = AT_CELL;
    c->columns = 0;
    c->len = 0;
    c->number++;
}

static int csv_next(struct sheet *s, struct sheet_row *row, struct sheet_error *err)
{
    struct csv *c = (struct csv *)s;

    for (;;) {
        start_row(c);
        if (c->eof && c->pos == c->in.len)
            return 0;
        for (int rc = 0; rc == 0;) {
            rc = scan_row(c, err);
            if (rc < 0 || (rc == 0 && (check_growth(c, err) < 0 || read_more(c, err) < 0)))
                return -1;
        }
        c->line++;
        if (fill_cells(c, row, err) < 0)
            return -1;
        if (row->len > 0)
            return 1;
    }
}

/* ---- Which encoding, which separator -------------------------------------------------------- */

/* Reads a sample from the first line on that is not plain ASCII: the start of a long file often
 * says nothing about its encoding.  Length, or -1. */
static ssize_t sample(struct csv *c)
{
    uint64_t at = 0;
    ssize_t n;

    while ((n = pread(c->head.fd, c->raw, SAMPLE, (off_t)at)) > 0) {
        ssize_t i = 0, line = 0;

        for (; i < n && (unsigned char)c->raw[i] < 0x80 && c->raw[i] != '\0'; i++)
            if (c->raw[i] == '\n')
                line = i + 1;
        if (i < n)
            return pread(c->head.fd, c->raw, SAMPLE, (off_t)(at + (uint64_t)line));
        at += (uint64_t)n;
    }
    return n;
}

static bool is_utf8(const char *name)
{
    return strcasecmp(name, "utf-8") == 0 || strcasecmp(name, "utf8") == 0;
}

static int find_encoding(struct csv *c, const char *wanted, struct sheet_error *err)
{
    struct buf why = BUF_INIT;
    ssize_t n = wanted != NULL ? 0 : sample(c);

    if (n < 0)
        return sheet_fail(err, SHEET_E_READ, strerror(errno));
    if (wanted == NULL && n > 0)
        wanted = text_charset_guess(c->raw, (size_t)n);
    c->head.encoding = wanted != NULL ? arena_strdup(c->head.arena, wanted) : "UTF-8";
    if (is_utf8(c->head.encoding)) {
        char mark[3];

        if (pread(c->head.fd, mark, 3, 0) == 3 && memcmp(mark, "\xef\xbb\xbf", 3) == 0)
            c->body = 3;
        return 0;
    }
    c->decoder = text_decoder_new(c->head.encoding, &why);
    buf_free(&why);
    return c->decoder != NULL ? 0 : sheet_fail(err, SHEET_E_CHARSET, c->head.encoding);
}

/* Records of s in which sep stands as often as in most, outside quotes; *first: in the first. */
static int agreement(const char *s, size_t len, bool whole, char sep, int *first)
{
    int counts[SNIFF_ROWS], rows = 0, count = 0, best = 0;
    bool inside = false, at_cell = true;

    for (size_t i = 0; i < len && rows < SNIFF_ROWS; i++) {
        char ch = s[i];

        if (ch == '"' && (inside || at_cell))
            inside = !inside;
        else if (!inside && ch == sep)
            count++;
        else if (!inside && (ch == '\n' || ch == '\r') && i > 0 && s[i - 1] != '\n' &&
                 s[i - 1] != '\r')
            counts[rows++] = count, count = 0;
        at_cell = ch == sep || ch == '\n' || ch == '\r';
    }
    if (whole && rows < SNIFF_ROWS && count > 0)
        counts[rows++] = count;
    for (int i = 0; i < rows; i++) {
        int same = 0;

        for (int k = 0; k < rows; k++)
            same += counts[i] > 0 && counts[k] == counts[i];
        best = same > best ? same : best;
    }
    *first = rows > 0 ? counts[0] : count;
    return best;
}

static char find_separator(const char *s, size_t len, bool whole)
{
    static const char candidates[] = "\t;,|";
    int most = 0, most_first = 0;
    char found = ',';

    for (const char *sep = candidates; *sep != '\0'; sep++) {
        int first, rows = agreement(s, len, whole, *sep, &first);

        if (rows > most || (rows == most && rows > 0 && first > most_first)) {
            most = rows;
            most_first = first;
            found = *sep;
        }
    }
    return found;
}

/* "sep=;" as the first line, which Excel reads and does not show: its length, or 0. */
static size_t separator_line(const char *s, size_t len, char *sep)
{
    size_t quote = len > 0 && s[0] == '"', n = quote + 5 + quote;

    if (len < n || strncasecmp(s + quote, "sep=", 4) != 0 || (quote && s[n - 1] != '"'))
        return 0;
    *sep = s[quote + 4];
    if (len > n && s[n] == '\r')
        n++;
    if (len > n && s[n] == '\n')
        n++;
    return n == len || s[n - 1] == '\n' || s[n - 1] == '\r' ? n : 0;
}

static void set_separator(struct csv *c, char sep)
{
    c->head.separator = sep;
    c->stop_plain[(unsigned char)sep] = true;
    c->stop_plain['\r'] = c->stop_plain['\n'] = c->stop_plain['\0'] = true;
    c->stop_quoted['\r'] = c->stop_quoted['\n'] = c->stop_quoted['\0'] = true;
    c->stop_quoted['"'] = true;
}

/* ---- Reader -------------------------------------------------------------------------------- */

static int csv_select(struct sheet *s, size_t n, struct sheet_error *err)
{
    struct csv *c = (struct csv *)s;
    struct buf why = BUF_INIT;
    char sep = 0;

    (void)n;
    if (c->decoder != NULL) {
        text_decoder_free(&c->decoder);
        c->decoder = text_decoder_new(c->head.encoding, &why);
        buf_free(&why);
    }
    buf_clear(&c->in);
    c->row_at = c->pos = c->checked = 0;
    c->suspect = false;
    c->number = 0;
    c->line = 1;
    c->offset = c->body;
    if (read_more(c, err) < 0)
        return -1;
    c->pos = separator_line(buf_str(&c->in), c->in.len, &sep);
    c->line += c->pos > 0;
    return 0;
}

static void csv_close(struct sheet *s)
{
    struct csv *c = (struct csv *)s;

    text_decoder_free(&c->decoder);
    free(c->raw);
    free(c->spans);
    free(c->cells);
    buf_free(&c->in);
    reader_free(s);
}

static const struct reader csv_reader = {csv_close, csv_select, csv_next};

static int sniff(struct csv *c, const struct sheet_options *o, struct sheet_error *err)
{
    char told = 0;

    if (find_encoding(c, o->encoding, err) < 0 || csv_select(&c->head, 0, err) < 0)
        return -1;
    const char *text = buf_str(&c->in) + c->pos;
    size_t len = c->in.len - c->pos;

    separator_line(buf_str(&c->in), c->in.len, &told);
    if (o->separator != 0)
        told = o->separator;
    set_separator(c, told != 0 ? told : find_separator(text, len, c->offset >= c->head.size));
    return 0;
}

int csv_open(int fd, uint64_t size, const struct sheet_options *o, struct sheet **out,
             struct sheet_error *err)
{
    struct csv *c = reader_new(sizeof(*c), &csv_reader, SHEET_CSV, fd, size, o);
    static struct sheet_info one = {.name = ""};

    c->head.sheets = &one;
    c->head.count = 1;
    c->head.total = size;
    c->raw = mem_realloc(NULL, CHUNK);
    if (sniff(c, o, err) < 0) {
        csv_close(&c->head);
        return -1;
    }
    *out = &c->head;
    return 0;
}
