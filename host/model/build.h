/* build.h - what the files that build a model share; only host/model includes it.
 *
 * Building goes on after a problem, so that one run tells all of them; the model is thrown away
 * at the end. */
#ifndef BERTH_MODEL_BUILD_H
#define BERTH_MODEL_BUILD_H

#include "model/model.h"

struct build {
    struct arena *a;
    struct model *m; /* its lists are filled by build_...() in the order below */
    const struct model_extra *extra;
    struct buf *err, notes;
    size_t problems;
    struct table *tables; /* m->tables while they may be changed */
};

/* Walks a list that ends with {0}; `name` is the member that is never empty. */
#define EACH(type, x, list, name)                                                                  \
    for (const struct type *x = (list); x != NULL && x->name != NULL; x++)

/* Adds a line to the problems.  plugin, table and field may be NULL. */
void problem(struct build *b, const char *plugin, const char *table, const char *field,
             const char *fmt, ...) __attribute__((format(printf, 5, 6)));
void note(struct build *b, const char *plugin, const char *table, const char *field,
          const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* "a, b" cut at commas, without blanks, in the arena; *n_r may be NULL.  Never NULL, ends with
 * NULL. */
char **names_split(struct arena *a, const char *list, size_t *n_r);
/* False, with the problem told, when a name is not [a-z][a-z0-9_]*. */
bool name_check(struct build *b, const char *plugin, const char *table, const char *what,
                const char *name);
bool name_is_plain(const char *name);

void build_dicts(struct build *b);
void build_tables(struct build *b);  /* with fields, indexes, title, parent */
void build_perms(struct build *b);
void build_rules(struct build *b);
void build_settings(struct build *b);
void build_routes(struct build *b);
void build_timers(struct build *b);
void build_actions(struct build *b);
void build_views(struct build *b);
void build_hooks(struct build *b);
void build_places(struct build *b);
void build_tiles(struct build *b);
void build_reports(struct build *b);
void build_approvals(struct build *b);

/* Fields of a form that belongs to no table; self: the table that "@self" means, or NULL; what: for
 * messages. */
const struct field *form_fields(struct build *b, const char *plugin, const char *what, const char *self,
                                const struct berth_field *form, size_t *n_r);

/* One field from its declaration; the rest of it is told by field_link() once all tables exist. */
struct field field_from(struct build *b, const struct berth_field *d, const char *plugin);
/* Resolves .of, checks flags and default.  table is for messages. */
void field_link(struct build *b, struct field *f, const char *table);
/* Tells about names in a filter text that are no fields of t. */
void filter_check(struct build *b, const struct table *t, const char *plugin, const char *what,
                  const char *filter);
/* Tables an `on` means: one name, "@pooled", "*"; at = 0 to begin with.  NULL at the end. */
struct table *on_next(struct build *b, const char *on, size_t *at);

#endif
