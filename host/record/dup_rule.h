/* dup_rule.h - what makes two records possible duplicates, and what happens then: the fields that
 * plugins declare (BERTH_DUPLICATE) and the administrators' rules (table dup_rule), read once.
 *
 * A rule of the administrator's on one declared field replaces what the plugin declared. */
#ifndef BERTH_DUP_RULE_H
#define BERTH_DUP_RULE_H

#include "record/row.h"
#include "text/keys.h"

enum dup_when { DUP_CREATE, DUP_EDIT, DUP_IMPORT, DUP_CONVERT, DUP_WHENS };
enum dup_act { DUP_REPORT, DUP_WARN, DUP_BLOCK }; /* the stricter the larger */
enum { DUP_FIELDS = 4, DUP_SIMILAR_MAX = 40 /* characters of a name that are compared */ };

struct dup_way { /* one rule, of one table */
    const struct field *f[DUP_FIELDS];
    enum text_key_kind kind[DUP_FIELDS];
    size_t n;
    const char *group; /* rules of one group meet, whatever their tables */
    bool similar;      /* all but one character the same, in names of at least ... */
    size_t shortest;   /* ... this many */
    enum dup_act act[DUP_WHENS];
};
struct dup_ways {
    struct dup_way *way;
    size_t n;
    bool *used;       /* by place of the field: keys are made from it */
    const void *plan; /* changes with the rules */
};

/* Of one table, as the rules are now; n is 0 when nothing of it is compared. */
const struct dup_ways *dup_ways(struct berth_ctx *c, const struct table *t);

/* dup_rule is saved (custom.c): checks it, and has the keys made anew. */
int dup_rule_check(struct berth_ctx *c, struct berth_row *r);
int dup_rule_saved(struct berth_ctx *c, struct berth_row *r, uint32_t deed);
/* A row for each declared field that has none, for administrators to change. */
int dup_rule_install(struct berth_ctx *c);
void dup_rules_read_again(struct store *st);

#endif
