/* perm.h - who may see and do what: one compiled predicate for every channel.
 *
 * A `struct who` is a snapshot of one user's rights, computed from roles, the org tree and pool
 * memberships.  Snapshots are cached and keyed by the rights generation, which grows in the same
 * commit that changes any of these: a change acts on the next request. */
#ifndef BERTH_PERM_H
#define BERTH_PERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "model/model.h"

struct store;
struct db_conn;
struct berth_ctx;
struct berth_row;

enum scope { SCOPE_NONE, SCOPE_OWN, SCOPE_TEAM, SCOPE_DEPARTMENT, SCOPE_TREE, SCOPE_ALL, SCOPES };
enum access { ACCESS_NONE, ACCESS_MASK, ACCESS_READ, ACCESS_WRITE };
enum deed { DO_READ, DO_UPDATE, DO_DELETE, DO_CREATE, DO_EXPORT, DO_IMPORT };

struct ids { /* sorted */
    int64_t *v;
    size_t n;
};

struct rights {
    enum scope scope[3]; /* by DO_READ, DO_UPDATE, DO_DELETE */
    bool create, export_, import;
    bool public_only; /* reads because of BERTH_PUBLIC alone: title and list fields */
    unsigned char *access; /* by field->at; NULL: write everywhere */
};

struct who {
    int64_t id;
    bool admin;
    const char *name, *login, *locale;
    const struct model *m;
    uint64_t gen;
    struct rights *rights; /* by table->at */
    struct ids users[SCOPES]; /* whose records each scope covers; OWN holds only the user */
    struct ids pools;        /* pools the user is a member of */
    struct map perms;        /* full name -> itself */
    struct arena *arena;
};

/* The user's snapshot, from the cache or computed on conn.  NULL: no such active user.  Valid for
 * as long as the process lives (old snapshots are kept until store_close). */
const struct who *who_get(struct store *st, struct db_conn *conn, const struct model *m, int64_t user);

/* Somebody who did not sign in and may do nothing. */
const struct who *perm_nobody(struct arena *a, const struct model *m);

bool perm_may(const struct who *w, const struct table *t, enum deed deed); /* anything at all */
bool perm_has(const struct who *w, const char *full_perm);
enum access perm_field(const struct who *w, const struct field *f);

/* One way of reaching rows: rows are the union of a predicate's branches, which never overlap.
 * Each is SQL over the table's plain column names behind `prefix` ("t."), e.g. "t.owner_id = 7". */
enum { PERM_OWNERS = 8, PERM_BRANCHES = PERM_OWNERS + 1 }; /* so many owners get a branch each */
enum { PERM_ANY = -2, PERM_SET = -1, PERM_POOL = 0 };
struct perm_sql {
    const char *branch[PERM_BRANCHES];
    int64_t owner[PERM_BRANCHES]; /* whose rows the branch holds: one user's, or one of PERM_* */
    size_t n; /* 0: nothing is visible; one empty string: everything */
};
void perm_where(struct berth_ctx *c, const struct table *t, enum deed deed, const char *prefix,
                struct perm_sql *out);
/* The same as one SQL condition: "1=1", "1=0", "(a OR b)". */
void perm_where_one(struct berth_ctx *c, const struct table *t, enum deed deed, const char *prefix,
                    struct buf *out);
/* Whether f is BERTH_BELONGS and the user may read the record id that it names: then all that belongs to
 * that record may be read there. */
bool perm_through(struct berth_ctx *c, const struct field *f, int64_t id);
/* The same decision for a loaded record; row's values decide (for updates: pass the old row). */
bool perm_row(struct berth_ctx *c, const struct berth_row *row, enum deed deed);

bool ids_have(const struct ids *s, int64_t id);

#endif
