/* where.h - filters: text such as "status = 'open' and owner_id = ?" or the JSON form of
 * share/doc/rest.md become one checked tree, which becomes SQL with bound values or is asked about
 * one record in memory.  Fields the user may not read do not exist. */
#ifndef BERTH_WHERE_H
#define BERTH_WHERE_H

#include <jansson.h>

#include "record/ctx.h"

enum where_op { W_AND, W_OR, W_NOT, W_EQ, W_NE, W_LT, W_LE, W_GT, W_GE, W_CONTAINS, W_BEGINS,
                W_IN, W_NOT_IN, W_EMPTY, W_NOT_EMPTY, W_TAGGED };

struct where {
    enum where_op op;
    const struct where **kids; /* W_AND, W_OR, W_NOT */
    size_t nkids;
    const struct field *f; /* W_TAGGED: the id */
    struct berth_val *v;   /* W_IN, W_TAGGED: several */
    size_t nv;
};

struct where_sort {
    const struct field *f;
    bool down;
};
enum { WHERE_SORTS = 4 };

struct where_query {
    const struct where *where; /* NULL: everything */
    struct where_sort sort[WHERE_SORTS];
    size_t nsort;
    int64_t limit; /* 0: none given */
};

/* Text with ? for args and an optional "order by a desc, b limit 10" behind it.  On an error the
 * ctx fails, naming what was not understood, and false comes back. */
bool where_text(struct berth_ctx *c, const struct table *t, const char *text,
                const struct berth_val *args, size_t nargs, struct where_query *out);
/* The JSON form; NULL or JSON null: no condition. */
bool where_json(struct berth_ctx *c, const struct table *t, const json_t *j, const struct where **out);
bool where_sort(struct berth_ctx *c, const struct table *t, const char *text, struct where_query *out);

/* A declaration's filter, without "order by".  about: the record whose fields "@field" means, or NULL; written: "@me" and
 * "@field" stay texts.  *moves: it depends on who asks, when, or about what.  NULL: it is wrong, the ctx has failed. */
struct where_terms {
    const struct berth_row *about;
    bool written;
};
const struct where *where_declared(struct berth_ctx *c, const struct table *t, const struct where_terms *terms, const char *text,
                                   bool *moves);

const struct where *where_and(struct berth_ctx *c, const struct where *a, const struct where *b);

struct binds {
    struct berth_val *v;
    size_t n, cap;
};
void binds_add(struct berth_ctx *c, struct binds *b, struct berth_val v);
int binds_to(struct db_stmt *s, int from, const struct binds *b); /* the next free place */

/* Appends a condition in brackets; columns get `prefix`. */
void where_sql(struct berth_ctx *c, const struct where *w, const char *prefix, struct buf *sql,
               struct binds *b);
/* A comparison with values alone, whoever asks. */
void where_value(struct berth_ctx *c, const struct where *w, const char *prefix, struct buf *sql, struct binds *b);
/* Whether texts of a field are compared by the keys that lists are sorted by. */
bool where_by_key(const struct berth_ctx *c, const struct field *f);
struct berth_val where_part(struct berth_ctx *c, struct berth_val v); /* as a list of several keeps it */

int64_t where_today(struct berth_ctx *c); /* in the company's zone, days */

#endif
