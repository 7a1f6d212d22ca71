/* texts.h - a numbered list of texts of any size in bounded memory. */
#ifndef BERTH_SHEET_TEXTS_H
#define BERTH_SHEET_TEXTS_H

#include "sheet/reader.h"

struct texts;

struct texts *texts_new(const struct sheet_limits *limits, const char *temp_dir);
void texts_free(struct texts **s);

/* Appends a text; its number is how many there were before. */
int texts_add(struct texts *s, const char *text, size_t len, struct sheet_error *err);
uint64_t texts_count(const struct texts *s);
/* Appends text number i to out.  1; 0 when there is no such number; -1: an error. */
int texts_get(struct texts *s, uint64_t i, struct buf *out, struct sheet_error *err);

#endif
