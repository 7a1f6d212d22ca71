/* strings.h - a numbered list of texts of any size in bounded memory. */
#ifndef BERTH_SHEET_STRINGS_H
#define BERTH_SHEET_STRINGS_H

#include "sheet/reader.h"

struct strings;

struct strings *strings_new(const struct sheet_limits *limits, const char *temp_dir);
void strings_free(struct strings **s);

/* Appends a text; its number is how many there were before. */
int strings_add(struct strings *s, const char *text, size_t len, struct sheet_error *err);
uint64_t strings_count(const struct strings *s);
/* Appends text number i to out.  1; 0 when there is no such number; -1: an error. */
int strings_get(struct strings *s, uint64_t i, struct buf *out, struct sheet_error *err);

#endif
