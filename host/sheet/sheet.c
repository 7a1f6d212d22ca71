/* sheet.c - opens a file as what its first bytes say it is, and passes calls to its reader. */
#include "sheet/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

const struct sheet_limits sheet_limits_default = {
#define SHEET_X(name, value, meaning) .name = value,
    SHEET_LIMITS(SHEET_X)
#undef SHEET_X
};

/* What a reader starts from. */
void *reader_new(size_t size, const struct reader *reader, enum sheet_kind kind, int fd,
                 uint64_t file_size, const struct sheet_options *o)
{
    const char *temp = o->temp_dir != NULL ? o->temp_dir : getenv("TMPDIR");
    struct sheet *s = mem_alloc(size);

    s->reader = reader;
    s->kind = kind;
    s->fd = fd;
    s->size = file_size;
    s->limits = o->limits != NULL ? *o->limits : sheet_limits_default;
    s->arena = arena_new();
    s->temp_dir = arena_strdup(s->arena, temp != NULL ? temp : "/tmp");
    s->selected = SIZE_MAX;
    return s;
}

void reader_free(struct sheet *s)
{
    arena_free(&s->arena);
    free(s);
}

/* ---- What kind of file is it --------------------------------------------------------------- */

enum { HEAD = 4096 };

static bool starts(const char *head, size_t len, const char *with)
{
    return len >= strlen(with) && strncasecmp(head, with, strlen(with)) == 0;
}

/* Files people send as spreadsheets that are none: recognised to say what to do about it.  Their kinds are called alike in
 * every language. */
static const struct {
    const char *start;
    enum sheet_code code;
    const char *detail;
} impostors[] = {
    {"<!doctype html", SHEET_E_HTML, NULL},
    {"<html", SHEET_E_HTML, NULL},
    {"<table", SHEET_E_HTML, NULL},
    {"<meta", SHEET_E_HTML, NULL},
    {"<?xml", SHEET_E_OTHER, "XML"},
    {"%PDF-", SHEET_E_OTHER, "PDF"},
    {"Rar!", SHEET_E_OTHER, "RAR"},
    {"7z\xbc\xaf\x27\x1c", SHEET_E_OTHER, "7z"},
    {"\x1f\x8b", SHEET_E_OTHER, "gzip"},
    {"\x89PNG", SHEET_E_OTHER, "PNG"},
    {"\xff\xd8\xff", SHEET_E_OTHER, "JPEG"},
    {"GIF8", SHEET_E_OTHER, "GIF"},
    {"{\\rtf", SHEET_E_OTHER, "RTF"},
    {"\x7f"
     "ELF",
     SHEET_E_TYPE, NULL},
};

static int refuse_impostor(const char *head, size_t len, struct sheet_error *err)
{
    if (starts(head, len, "\xef\xbb\xbf"))
        head += 3, len -= 3;
    while (len > 0 && (*head == ' ' || *head == '\r' || *head == '\n' || *head == '\t'))
        head++, len--;
    for (size_t i = 0; i < sizeof(impostors) / sizeof(*impostors); i++)
        if (starts(head, len, impostors[i].start))
            return sheet_fail(err, impostors[i].code, impostors[i].detail);
    return 0;
}

static int open_fd(int fd, uint64_t size, const struct sheet_options *o, struct sheet **out,
                   struct sheet_error *err)
{
    char head[HEAD];
    ssize_t n = pread(fd, head, sizeof(head), 0);

    if (n < 0)
        return sheet_fail(err, SHEET_E_READ, strerror(errno));
    if (starts(head, (size_t)n, "PK\x03\x04") || starts(head, (size_t)n, "PK\x05\x06"))
        return xlsx_open(fd, size, o, out, err);
    if (starts(head, (size_t)n, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"))
        return xls_open(fd, size, o, out, err);
    if (refuse_impostor(head, (size_t)n, err) < 0)
        return -1;
    return csv_open(fd, size, o, out, err);
}

int sheet_open(const char *path, const struct sheet_options *options, struct sheet **out,
               struct sheet_error *err)
{
    static const struct sheet_options none = {0};
    const struct sheet_options *o = options != NULL ? options : &none;
    const struct sheet_limits *limits = o->limits != NULL ? o->limits : &sheet_limits_default;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;
    int rc;

    *out = NULL;
    if (fd < 0)
        return sheet_fail(err, SHEET_E_OPEN, strerror(errno));
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        rc = sheet_fail(err, SHEET_E_OPEN, "not a regular file");
    else if (st.st_size == 0)
        rc = sheet_fail(err, SHEET_E_EMPTY, NULL);
    else if ((uint64_t)st.st_size > limits->file_bytes)
        rc = sheet_fail_limit(err, SHEET_E_FILE_SIZE, limits->file_bytes);
    else
        rc = open_fd(fd, (uint64_t)st.st_size, o, out, err);
    if (rc < 0)
        close(fd);
    return rc;
}

void sheet_close(struct sheet **s)
{
    if (*s == NULL)
        return;
    int fd = (*s)->fd;

    (*s)->reader->close(*s);
    close(fd);
    *s = NULL;
}

/* ---- Asking about it ----------------------------------------------------------------------- */

enum sheet_kind sheet_kind(const struct sheet *s)
{
    return s->kind;
}

size_t sheet_count(const struct sheet *s)
{
    return s->count;
}

const struct sheet_info *sheet_info(const struct sheet *s, size_t n)
{
    return n < s->count ? &s->sheets[n] : NULL;
}

const char *sheet_encoding(const struct sheet *s)
{
    return s->encoding;
}

char sheet_separator(const struct sheet *s)
{
    return s->separator;
}

double sheet_progress(const struct sheet *s)
{
    if (s->total == 0 || s->selected == SIZE_MAX)
        return 0;
    return s->done >= s->total ? 1 : (double)s->done / (double)s->total;
}

/* ---- Reading ------------------------------------------------------------------------------- */

int sheet_select(struct sheet *s, size_t n, struct sheet_error *err)
{
    if (n >= s->count)
        return sheet_fail(err, SHEET_E_NO_SHEET, NULL);
    s->failed.code = SHEET_OK;
    s->returned = 0;
    s->done = 0;
    s->selected = n;
    if (s->reader->select(s, n, &s->failed) == 0)
        return 0;
    s->failed.sheet = (uint32_t)n + 1;
    *err = s->failed;
    return -1;
}

static size_t first_visible(const struct sheet *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (!s->sheets[i].hidden)
            return i;
    return 0;
}

int sheet_next(struct sheet *s, struct sheet_row *row, struct sheet_error *err)
{
    if (s->selected == SIZE_MAX && sheet_select(s, first_visible(s), err) < 0)
        return -1;
    int rc = s->failed.code != SHEET_OK ? -1 : s->reader->next(s, row, &s->failed);

    if (rc > 0 && ++s->returned > s->limits.rows)
        rc = sheet_fail_limit(&s->failed, SHEET_E_ROWS, s->limits.rows);
    if (rc < 0) {
        s->failed.sheet = (uint32_t)s->selected + 1;
        *err = s->failed;
    }
    return rc;
}

static struct sheet_row row_copy(struct arena *a, const struct sheet_row *row)
{
    struct sheet_cell *cells = arena_alloc(a, row->len * sizeof(*cells));

    for (uint32_t i = 0; i < row->len; i++) {
        cells[i] = row->cells[i];
        cells[i].text = arena_strndup(a, cells[i].text, cells[i].len);
    }
    return (struct sheet_row){.number = row->number, .len = row->len, .cells = cells};
}

int sheet_peek(struct sheet *s, struct arena *a, size_t max, struct sheet_row **rows_r,
               struct sheet_error *err)
{
    struct sheet_row *rows = arena_alloc(a, max * sizeof(*rows)), row;
    size_t n = 0;
    int rc = 1;

    if (sheet_select(s, s->selected != SIZE_MAX ? s->selected : first_visible(s), err) < 0)
        return -1;
    while (n < max && (rc = sheet_next(s, &row, err)) > 0)
        rows[n++] = row_copy(a, &row);
    *rows_r = rows;
    if (rc < 0 || sheet_select(s, s->selected, err) < 0)
        return -1;
    return (int)n;
}

const char *sheet_column_name(uint32_t column, char out[8])
{
    char digits[8];
    int n = 0, at = 0;

    for (uint64_t c = (uint64_t)column + 1; c > 0; c = (c - 1) / 26)
        digits[n++] = (char)('A' + (c - 1) % 26);
    while (n > 0)
        out[at++] = digits[--n];
    out[at] = '\0';
    return out;
}
