/* company.h - company names without their legal form; for this folder's own files. */
#ifndef BERTH_TEXT_COMPANY_H
#define BERTH_TEXT_COMPANY_H

#include <stddef.h>

#include "base/buf.h"

/* Appends the folded name without punctuation, blanks (but one between words) and legal form ("Co.,
 * Ltd", 有限公司, "Công ty TNHH") at either end; the whole name when nothing else is left. */
void text_company(struct buf *out, const char *s, size_t len);

/* Length of the folded name s, written together, without a legal form in Chinese at its end; len
 * when there is nothing else. */
size_t text_company_core(const char *s, size_t len);

/* Moves *from and *to inwards over legal forms at either end of what somebody typed, folded; never over
 * all of it.  A word at the very end may be unfinished: there two letters are no legal form yet. */
void text_company_typed(const char *s, size_t *from, size_t *to);

#endif
