/* labels.h - texts in the languages of the UI, read from i18n/<locale>.json files: the host's own
 * in share/i18n and each plugin's beside its .so.  Flat objects {"lead.phone": "Phone"}.
 * Keys: "lead" one record, "lead.*" many, "lead.phone" field, "lead.group.contact",
 * "lead.action.claim", "lead.view.mine", "leads.status.open" dictionary item,
 * "leads.err.limit" error; "lead.phone?" help under a field. */
#ifndef BERTH_LABELS_H
#define BERTH_LABELS_H

#include <stddef.h>

#include "base/buf.h"

struct labels;

extern const char *const labels_locales[]; /* "zh-CN", "zh-TW", "vi", "en", NULL */

struct labels *labels_new(void);
/* Adds every <locale>.json of a folder; later files win.  0 or -1. */
int labels_load(struct labels *l, const char *dir, struct buf *err);
/* Administrators' overrides and custom fields. */
void labels_put(struct labels *l, const char *locale, const char *key, const char *text);
/* The text, else English, else NULL.  locale may be anything a client sent. */
const char *labels_find(const struct labels *l, const char *locale, const char *key);
/* Like labels_find but never NULL: ends with the key itself. */
const char *labels_get(const struct labels *l, const char *locale, const char *key);
/* The supported locale nearest to a name or an Accept-Language list; "en" when none. */
const char *labels_locale(const char *wanted);
/* "{name}" in text replaced from pairs key, value, ..., NULL. */
void labels_fill(struct buf *out, const char *text, const char *const *pairs);

#endif
