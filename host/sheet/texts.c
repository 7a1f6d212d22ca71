/* texts.c - a numbered list of texts of any size in bounded memory.
 *
 * The texts lie one behind the other, each with its length in front: first in memory, and once
 * they are more than limits.string_memory, in a file without a name, which is gone with its
 * descriptor.  An index tells where every 16th starts.  Reads go through a cache of small pages:
 * sheets name texts mostly in the order of the list, so nearly every read finds its page. */
#include "sheet/texts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STEP = 16, PAGE = 4096, PAGES = 2048, WRITE_AT = 256 * 1024 };

struct texts {
    const struct sheet_limits *limits;
    const char *temp_dir;
    struct buf tail;  /* what is not in the file (yet) */
    uint64_t in_file; /* bytes */
    int fd;           /* -1: all in memory */
    uint64_t count;
    uint64_t *index;
    size_t index_cap;
    char *cache;       /* PAGES pages */
    uint64_t *page_no; /* page number + 1 of each cached one; 0 empty */
};

struct texts *texts_new(const struct sheet_limits *limits, const char *temp_dir)
{
    struct texts *s = mem_alloc(sizeof(*s));

    s->limits = limits;
    s->temp_dir = temp_dir;
    s->fd = -1;
    return s;
}

void texts_free(struct texts **s)
{
    if (*s == NULL)
        return;
    if ((*s)->fd >= 0)
        close((*s)->fd);
    buf_free(&(*s)->tail);
    free((*s)->index);
    free((*s)->cache);
    free((*s)->page_no);
    free(*s);
    *s = NULL;
}

uint64_t texts_count(const struct texts *s)
{
    return s->count;
}

/* Not every file system knows files without a name. */
static int open_temp(const char *dir)
{
    char path[512];
    int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    if (fd >= 0)
        return fd;
    if (snprintf(path, sizeof(path), "%s/berth-sheet-XXXXXX", dir) >= (int)sizeof(path))
        return -1;
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path);
    return fd;
}

static int to_file(struct texts *s, struct sheet_error *err)
{
    size_t done = 0;

    if (s->fd < 0) {
        s->fd = open_temp(s->temp_dir);
        if (s->fd < 0)
            return sheet_fail(err, SHEET_E_TEMP, strerror(errno));
        s->cache = mem_realloc(NULL, (size_t)PAGES * PAGE);
        s->page_no = mem_alloc(PAGES * sizeof(*s->page_no));
    }
    while (done < s->tail.len) {
        ssize_t n = pwrite(s->fd, s->tail.s + done, s->tail.len - done, (off_t)(s->in_file + done));

        if (n <= 0)
            return sheet_fail(err, SHEET_E_TEMP, strerror(errno));
        done += (size_t)n;
    }
    s->in_file += done;
    if (s->tail.cap > WRITE_AT * 2)
        buf_free(&s->tail);
    buf_clear(&s->tail);
    return 0;
}

int texts_add(struct texts *s, const char *text, size_t len, struct sheet_error *err)
{
    uint32_t len32 = (uint32_t)len;

    if (s->count >= s->limits->strings)
        return sheet_fail_limit(err, SHEET_E_STRINGS, s->limits->strings);
    if (s->in_file + s->tail.len + len > s->limits->string_bytes)
        return sheet_fail_limit(err, SHEET_E_STRING_BYTES, s->limits->string_bytes);
    if (s->count % STEP == 0) {
        if (s->count / STEP >= s->index_cap) {
            s->index_cap = s->index_cap < 64 ? 64 : s->index_cap * 2;
            s->index = mem_realloc(s->index, s->index_cap * sizeof(*s->index));
        }
        s->index[s->count / STEP] = s->in_file + s->tail.len;
    }
    s->count++;
    buf_add(&s->tail, (const char *)&len32, sizeof(len32));
    buf_add(&s->tail, text, len);
    return s->tail.len > (s->fd < 0 ? s->limits->string_memory : WRITE_AT) ? to_file(s, err) : 0;
}

/* A run of bytes at `at`, as long as is at hand in one piece. */
static const char *at_hand(struct texts *s, uint64_t at, size_t *len, struct sheet_error *err)
{
    if (at >= s->in_file) {
        *len = s->tail.len - (size_t)(at - s->in_file);
        return s->tail.s + (at - s->in_file);
    }
    uint64_t page = at / PAGE;
    size_t slot = page % PAGES, from = at % PAGE;
    uint64_t left = s->in_file - page * PAGE;
    size_t whole = left < PAGE ? (size_t)left : PAGE;
    char *p = s->cache + slot * PAGE;

    if (s->page_no[slot] != page + 1) {
        ssize_t n = pread(s->fd, p, whole, (off_t)(page * PAGE));

        s->page_no[slot] = 0;
        if (n != (ssize_t)whole) {
            sheet_fail(err, SHEET_E_TEMP, n < 0 ? strerror(errno) : "cut off");
            return NULL;
        }
        s->page_no[slot] = page + 1;
    }
    *len = whole - from;
    return p + from;
}

/* Copies len bytes and moves *at behind them. */
static int take(struct texts *s, uint64_t *at, char *to, size_t len, struct sheet_error *err)
{
    while (len > 0) {
        size_t n;
        const char *from = at_hand(s, *at, &n, err);

        if (from == NULL)
            return -1;
        n = n < len ? n : len;
        memcpy(to, from, n);
        to += n;
        *at += n;
        len -= n;
    }
    return 0;
}

int texts_get(struct texts *s, uint64_t i, struct buf *out, struct sheet_error *err)
{
    uint32_t len;

    if (i >= s->count)
        return 0;
    uint64_t at = s->index[i / STEP];

    for (uint64_t k = i % STEP;; k--) {
        if (take(s, &at, (char *)&len, sizeof(len), err) < 0)
            return -1;
        if (k == 0)
            break;
        at += len;
    }
    char *to = buf_room(out, len);

    if (take(s, &at, to, len, err) < 0)
        return -1;
    out->len += len;
    out->s[out->len] = '\0';
    return 1;
}
