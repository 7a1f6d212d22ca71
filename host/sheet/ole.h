/* ole.h - one stream out of an OLE compound file, which is what an .xls is. */
#ifndef BERTH_SHEET_OLE_H
#define BERTH_SHEET_OLE_H

#include "sheet/reader.h"

/* Numbers stand with their low byte first. */
static inline uint32_t le16(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static inline uint32_t le32(const uint8_t *p)
{
    return le16(p) | le16(p + 2) << 16;
}

struct ole;

/* fd stays the caller's. */
struct ole *ole_open(int fd, uint64_t size, struct sheet_error *err);
void ole_close(struct ole **o);

bool ole_has(const struct ole *o, const char *name);
/* Opens the stream of that name in place of the one before.  Its length, or -1. */
int64_t ole_stream(struct ole *o, const char *name, struct sheet_error *err);
/* Exactly len bytes at `at` of the stream. */
int ole_read(struct ole *o, uint64_t at, void *to, size_t len, struct sheet_error *err);

#endif
