/* ole.c - one stream out of an OLE compound file: a small FAT file system ([MS-CFB]).
 *
 * Nothing in the file is believed: sector numbers are checked against its size, and a chain may
 * have no more links than there are sectors, so that it cannot run in a circle. */
#include "sheet/ole.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum {
    HEADER = 512,
    HEADER_DIFAT = 109, /* FAT sectors named in the header itself */
    ENTRY = 128,
    ENTRIES_MAX = 4096,
    MINI_SHIFT = 6,
    MINI_CUTOFF = 4096, /* shorter streams lie in the mini stream */
    WINDOW = 64 * 1024
};

static const uint32_t END_OF_CHAIN = 0xfffffffe;

struct entry {
    char name[33]; /* ASCII; other characters as ? */
    uint8_t type;  /* 2 stream, 5 root */
    uint32_t start;
    uint64_t size;
};

struct ole {
    int fd;
    uint64_t file_size;
    unsigned shift; /* a sector has 1 << shift bytes */
    uint32_t sectors;
    uint32_t *fat;
    size_t fat_len;
    struct entry *entries;
    size_t entry_count;
    uint32_t mini_fat_start;
    /* the open stream */
    uint32_t *chain; /* its sectors in order; NULL for a short one */
    size_t chain_len;
    uint64_t size;
    char *window; /* what was read last, or all of a short stream */
    uint64_t window_at;
    size_t window_len;
};

static int damaged(struct sheet_error *err, const char *what)
{
    return sheet_fail(err, SHEET_E_DAMAGED, what);
}

static int read_file(struct ole *o, uint64_t at, void *to, size_t len, struct sheet_error *err)
{
    ssize_t n = pread(o->fd, to, len, (off_t)at);

    if (n < 0)
        return sheet_fail(err, SHEET_E_READ, strerror(errno));
    memset((char *)to + n, 0, len - (size_t)n); /* the last sector may be cut short */
    return n > 0 ? 0 : damaged(err, "it is cut off");
}

static uint64_t sector_at(const struct ole *o, uint32_t sector)
{
    return ((uint64_t)sector + 1) << o->shift;
}

static int read_sector(struct ole *o, uint32_t sector, void *to, struct sheet_error *err)
{
    if (sector >= o->sectors)
        return damaged(err, "a sector lies outside the file");
    return read_file(o, sector_at(o, sector), to, (size_t)1 << o->shift, err);
}

/* ---- FAT ----------------------------------------------------------------------------------- */

static int add_fat(struct ole *o, uint32_t sector, struct sheet_error *err)
{
    size_t n = ((size_t)1 << o->shift) / 4;
    uint8_t *raw = mem_realloc(NULL, n * 4);
    int rc = read_sector(o, sector, raw, err);

    o->fat = mem_realloc(o->fat, (o->fat_len + n) * sizeof(*o->fat));
    for (size_t i = 0; i < n && rc == 0; i++)
        o->fat[o->fat_len + i] = le32(raw + i * 4);
    o->fat_len += rc == 0 ? n : 0;
    free(raw);
    return rc;
}

/* The list of FAT sectors goes on in a chain of sectors of its own. */
static int read_fat(struct ole *o, const uint8_t *header, struct sheet_error *err)
{
    uint32_t left = le32(header + 44), next = le32(header + 68);
    size_t per = ((size_t)1 << o->shift) / 4 - 1;
    uint32_t most = o->sectors / (uint32_t)(per + 1) + 1;
    uint8_t *raw;
    int rc = 0;

    if (left > most)
        return damaged(err, "its table of sectors is too long");
    for (size_t i = 0; i < HEADER_DIFAT && left > 0 && rc == 0; i++, left--)
        rc = add_fat(o, le32(header + 76 + i * 4), err);
    raw = mem_realloc(NULL, (per + 1) * 4);
    while (left > 0 && rc == 0) {
        rc = read_sector(o, next, raw, err);
        for (size_t i = 0; i < per && left > 0 && rc == 0; i++, left--)
            rc = add_fat(o, le32(raw + i * 4), err);
        next = le32(raw + per * 4);
    }
    free(raw);
    return rc;
}

/* The sectors from start on, at most as many as hold `bytes`. */
static int read_chain(struct ole *o, uint32_t start, uint64_t bytes, uint32_t **list, size_t *len,
                      struct sheet_error *err)
{
    uint64_t want = (bytes + ((uint64_t)1 << o->shift) - 1) >> o->shift;
    size_t n = 0, cap = 0;

    *list = NULL;
    if (want > o->sectors)
        want = o->sectors;
    for (uint32_t s = start; s != END_OF_CHAIN && n < want; s = o->fat[s]) {
        if (s >= o->fat_len || s >= o->sectors) {
            free(*list);
            *list = NULL;
            return damaged(err, "a chain of sectors leads nowhere");
        }
        if (n == cap) {
            cap = cap * 2 + 64;
            *list = mem_realloc(*list, cap * sizeof(**list));
        }
        (*list)[n++] = s;
    }
    *len = n;
    return 0;
}

/* ---- Directory ----------------------------------------------------------------------------- */

static void parse_entry(const uint8_t *raw, struct entry *e)
{
    uint32_t len = le16(raw + 64) / 2;

    for (uint32_t i = 0; i + 1 < len && i < 32; i++)
        e->name[i] = (char)(le16(raw + i * 2) < 0x80 ? raw[i * 2] : '?');
    e->type = raw[66];
    e->start = le32(raw + 116);
    e->size = le32(raw + 120);
}

static int read_directory(struct ole *o, uint32_t start, struct sheet_error *err)
{
    size_t sector = (size_t)1 << o->shift, len;
    uint8_t *raw = mem_realloc(NULL, sector);
    uint32_t *chain;
    int rc = read_chain(o, start, (uint64_t)ENTRIES_MAX * ENTRY, &chain, &len, err);

    o->entries = mem_alloc(ENTRIES_MAX * sizeof(*o->entries));
    for (size_t i = 0; rc == 0 && i < len; i++) {
        rc = read_sector(o, chain[i], raw, err);
        for (size_t k = 0; rc == 0 && k < sector / ENTRY && o->entry_count < ENTRIES_MAX; k++)
            parse_entry(raw + k * ENTRY, &o->entries[o->entry_count++]);
    }
    free(chain);
    free(raw);
    return rc;
}

static const struct entry *find(const struct ole *o, const char *name)
{
    for (size_t i = 0; i < o->entry_count; i++)
        if (o->entries[i].type == 2 && strcasecmp(o->entries[i].name, name) == 0)
            return &o->entries[i];
    return NULL;
}

bool ole_has(const struct ole *o, const char *name)
{
    return find(o, name) != NULL;
}

/* ---- Streams ------------------------------------------------------------------------------- */

/* Fills the window with whole sectors from `at` on. */
static int fill_window(struct ole *o, uint64_t at, struct sheet_error *err)
{
    size_t i = (size_t)(at >> o->shift), n = 0, sector = (size_t)1 << o->shift;

    o->window_at = (uint64_t)i << o->shift;
    o->window_len = 0;
    while (n + sector <= WINDOW && i < o->chain_len) {
        size_t run = 1; /* sectors that lie side by side are read at once */

        while (i + run < o->chain_len && o->chain[i + run] == o->chain[i] + run &&
               n + (run + 1) * sector <= WINDOW)
            run++;
        if (read_file(o, sector_at(o, o->chain[i]), o->window + n, run * sector, err) < 0)
            return -1;
        n += run * sector;
        i += run;
    }
    o->window_len = n;
    return 0;
}

int ole_read(struct ole *o, uint64_t at, void *to, size_t len, struct sheet_error *err)
{
    char *p = to;

    if (at > o->size || len > o->size - at)
        return damaged(err, "it is cut off");
    while (len > 0) {
        if (at < o->window_at || at >= o->window_at + o->window_len) {
            if (o->chain == NULL || at >> o->shift >= o->chain_len)
                return damaged(err, "it is cut off");
            if (fill_window(o, at, err) < 0)
                return -1;
        }
        size_t from = (size_t)(at - o->window_at), n = o->window_len - from;

        n = n < len ? n : len;
        memcpy(p, o->window + from, n);
        p += n;
        at += n;
        len -= n;
    }
    return 0;
}

static void close_stream(struct ole *o)
{
    free(o->chain);
    o->chain = NULL;
    o->chain_len = o->window_len = 0;
    o->size = o->window_at = 0;
}

static int open_long(struct ole *o, uint32_t start, uint64_t size, struct sheet_error *err)
{
    close_stream(o);
    o->size = size;
    return read_chain(o, start, size, &o->chain, &o->chain_len, err);
}

/* A stream within the root's stream, cut into pieces of 64 bytes with a FAT of their own. */
static int open_short(struct ole *o, const struct entry *e, struct sheet_error *err)
{
    const struct entry *root = o->entries;
    char content[MINI_CUTOFF];
    uint32_t pieces[MINI_CUTOFF >> MINI_SHIFT], piece = e->start;
    size_t n = (e->size + (1u << MINI_SHIFT) - 1) >> MINI_SHIFT;
    uint8_t raw[4] = {0};

    if (open_long(o, o->mini_fat_start, UINT64_C(1) << 30, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        pieces[i] = piece;
        if (i + 1 < n && ole_read(o, (uint64_t)piece * 4, raw, 4, err) < 0)
            return -1;
        piece = le32(raw);
    }
    if (open_long(o, root->start, root->size, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (ole_read(o, (uint64_t)pieces[i] << MINI_SHIFT, content + (i << MINI_SHIFT),
                     1 << MINI_SHIFT, err) < 0)
            return -1;
    close_stream(o);
    o->size = e->size;
    memcpy(o->window, content, n << MINI_SHIFT);
    o->window_len = n << MINI_SHIFT;
    return 0;
}

int64_t ole_stream(struct ole *o, const char *name, struct sheet_error *err)
{
    const struct entry *e = find(o, name);

    if (e == NULL || e->size > o->file_size)
        return damaged(err, "its directory is wrong");
    int rc = e->size < MINI_CUTOFF ? open_short(o, e, err) : open_long(o, e->start, e->size, err);

    return rc < 0 ? -1 : (int64_t)o->size;
}

struct ole *ole_open(int fd, uint64_t size, struct sheet_error *err)
{
    struct ole *o = mem_alloc(sizeof(*o));
    uint8_t header[HEADER];

    o->fd = fd;
    o->file_size = size;
    o->window = mem_realloc(NULL, WINDOW);
    if (size < HEADER * 2 || read_file(o, 0, header, HEADER, err) < 0) {
        damaged(err, "it is cut off");
        ole_close(&o);
        return NULL;
    }
    o->shift = le16(header + 30);
    if ((o->shift != 9 && o->shift != 12) || le16(header + 32) != MINI_SHIFT ||
        le32(header + 56) != MINI_CUTOFF) {
        damaged(err, "its header is wrong");
        ole_close(&o);
        return NULL;
    }
    o->sectors = (uint32_t)((size - 1) >> o->shift); /* behind the header; the last may be short */
    o->mini_fat_start = le32(header + 60);
    if (read_fat(o, header, err) < 0 || read_directory(o, le32(header + 48), err) < 0)
        ole_close(&o);
    return o;
}

void ole_close(struct ole **o)
{
    if (*o == NULL)
        return;
    close_stream(*o);
    free((*o)->window);
    free((*o)->fat);
    free((*o)->entries);
    free(*o);
    *o = NULL;
}
