/* numfmt.h - Excel's number formats: what a person sees of a number, and whether it is a date. */
#ifndef BERTH_SHEET_NUMFMT_H
#define BERTH_SHEET_NUMFMT_H

#include "sheet/sheet.h"

struct numfmt;

/* The format with this code, such as "yyyy-mm-dd" or "#,##0.00;[Red]-#,##0.00". */
const struct numfmt *numfmt_new(struct arena *a, const char *code);
/* The code of a format every workbook has without declaring it; "General" when there is none. */
const char *numfmt_builtin(unsigned id);

/* Appends what is seen of v and fills c->type and c->v.  raw: how the file spells the number, or
 * NULL; it keeps the digits of integers that a double cannot hold. */
void numfmt_show(const struct numfmt *f, double v, const char *raw, bool base1904, struct buf *out,
                 struct sheet_cell *c);

/* A number without a format: all its digits, never an exponent below 1e21. */
void numfmt_general(double v, struct buf *out);

#endif
