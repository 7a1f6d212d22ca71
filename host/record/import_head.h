/* import_head.h - which row of a file holds the headers, and which field a column is by its header. */
#ifndef BERTH_IMPORT_HEAD_H
#define BERTH_IMPORT_HEAD_H

#include "record/ctx.h"
#include "sheet/sheet.h"

struct import_head { /* the first rows of a file */
    const struct sheet_row *rows;
    int n, header; /* -1: there is none */
    uint32_t width;
};

struct import_names; /* all that the fields of a table are called by */
struct import_names *import_names_new(struct berth_ctx *c, const struct table *t);
void import_names_free(struct import_names **names);

bool import_takes(struct berth_ctx *c, const struct field *f); /* a column may go into it */
const char *import_cell(const struct sheet_row *row, uint32_t column);
const char *import_header(const struct import_head *h, uint32_t column);
/* The row of headers, whatever h->header is. */
int import_header_row(const struct import_names *names, struct import_head h);
/* By column: the field that it is called by, or NULL; in the ctx's arena. */
const struct field **import_suggest(const struct import_names *names, const struct import_head *h);
/* The column is called as the record's number and holds numbers of records that the user sees: a list that was taken from here. */
bool import_are_ids(const struct import_names *names, const struct import_head *h, uint32_t column);

#endif
