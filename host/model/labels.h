/* labels.h - texts in the languages of the UI, read from i18n/<locale>.json files: the host's own
 * in share/i18n and each plugin's beside its .so.  Flat objects {"lead.phone": "Phone"}.
 * Keys: "lead" one record, "lead.*" many, "lead.phone" field, "lead.group.contact",
 * "lead.action.claim", "lead.view.mine", "leads.status.open" dictionary item,
 * "leads.err.limit" error; "leads.setting.keep_days" setting; "leads.perm.claim" permission; "leads.timer.release" timer;
 * "ui.role.sales" what people call a role that rights name; "leads" the plugin; "lead.phone?" help under a field; "lead.phone~" what else sheets call it,
 * "tel|telephone", for imports; "*.owner_id" a column of every table; "*.op.claim" what the
 * history calls a change; "err.required", "sheet.empty" the host's own errors. */
#ifndef BERTH_LABELS_H
#define BERTH_LABELS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct labels; /* may be read and added to by many threads; texts stay valid until labels_free() */
struct model;

enum { LABELS_LOCALES = 4 };
extern const char *const labels_locales[LABELS_LOCALES + 1]; /* "zh-CN", "zh-TW", "vi", "en", NULL */

struct labels *labels_new(void);
void labels_free(struct labels **l);
/* Adds every <locale>.json of a folder; later files win.  0 or -1. */
int labels_load(struct labels *l, const char *dir, struct buf *err);
/* Languages beyond the four, and other words for these: <language>.json files of a folder ("ja.json"); what they
 * leave out stands in English.  "language" is a language's own name, "ui.home" a word of the web UI's.  A file that
 * cannot be read is told in err (a line each) and the others are taken; -1 then.  No such folder: 0. */
int labels_add(struct labels *l, const char *dir, struct buf *err);
/* The i-th of the languages added, with its own name; NULL behind the last. */
const char *labels_added(const struct labels *l, size_t i, const char **title_r);
/* Every key of that very locale that begins so; one may come twice.  each() asks for no text. */
void labels_each(const struct labels *l, const char *locale, const char *prefix, void (*each)(void *arg, const char *key),
                 void *arg);
struct model_word;
/* What administrators call what they declared, all of it, in the place of what they called it before. */
void labels_declared(struct labels *l, const struct model_word *words, size_t n);
/* What administrators say instead of a text, at once for everybody; NULL: the text itself again. */
void labels_instead(struct labels *l, const char *locale, const char *key, const char *text);
/* The text of that very locale, whatever administrators say instead of it; or NULL. */
const char *labels_built(const struct labels *l, const char *locale, const char *key);
/* Whether that very locale has a text. */
bool labels_has(const struct labels *l, const char *locale, const char *key);
/* The text, else English, else NULL.  locale may be anything a client sent. */
const char *labels_find(const struct labels *l, const char *locale, const char *key);
/* Like labels_find but never NULL: ends with the key itself. */
const char *labels_get(const struct labels *l, const char *locale, const char *key);
/* What one table calls something, else what all do: "lead.action.claim", "*.action.claim"; or NULL. */
const char *labels_on(const struct labels *l, const char *locale, const char *table,
                      const char *what);
/* "lead.phone", else "*.phone", else the field's name. */
const char *labels_field(const struct labels *l, const char *locale, const char *table,
                         const char *field);
/* The supported locale nearest to a name or an Accept-Language list; "en" when none.  l: with the languages
 * added, NULL: the four. */
const char *labels_locale(const struct labels *l, const char *wanted);
/* "{name}" in text replaced from pairs key, value, ..., NULL. */
void labels_fill(struct buf *out, const char *text, const char *const *pairs);

/* Every key that a plugin's declarations (NULL: everyone's) want a text for; help is left out. */
void labels_wanted(const struct model *m, const char *plugin,
                   void (*each)(void *arg, const char *key), void *arg);
/* A line "vi: lead.phone" for each wanted text that is missing; returns their number. */
size_t labels_missing(const struct labels *l, const struct model *m, const char *plugin,
                      struct buf *out);

#endif
