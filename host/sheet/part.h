/* part.h - one XML part of an .xlsx, unpacked and parsed as it streams, within the limits. */
#ifndef BERTH_SHEET_PART_H
#define BERTH_SHEET_PART_H

#include "sheet/reader.h"

struct archive;
struct part;

/* The zip file behind fd, which stays the caller's. */
struct archive *archive_open(int fd, uint64_t size, const struct sheet_limits *limits,
                             struct sheet_error *err);
void archive_close(struct archive **z);
/* Number of a part by its name, whose case does not count as in Excel; -1: not there. */
int64_t archive_find(struct archive *z, const char *name);

/* Element names come without their namespace prefix. */
struct part_handler {
    int (*start)(void *user, const char *name, const char **attributes, struct sheet_error *err);
    int (*end)(void *user, const char *name, struct sheet_error *err);
    int (*text)(void *user, const char *s, size_t len, struct sheet_error *err);
};

/* What a handler returns to stop for now; part_run() then returns 1 and goes on when called again.
 */
enum { PART_PAUSE = 1 };

struct part *part_open(struct archive *z, int64_t number, const struct part_handler *handler,
                       void *user, struct sheet_error *err);
/* 1: paused; 0: the end; -1: an error.  *done is what has been unpacked so far. */
int part_run(struct part *p, uint64_t *done, struct sheet_error *err);
uint64_t part_size(const struct part *p); /* unpacked, as the archive claims */
/* Opens, runs to the end or the first pause, closes; for parts other than sheets and texts. */
int part_read(struct archive *z, int64_t number, const struct part_handler *handler, void *user,
              struct sheet_error *err);
void part_close(struct part **p);

/* The value of an attribute, whatever its prefix; NULL: not there. */
const char *part_attribute(const char **attributes, const char *name);

#endif
