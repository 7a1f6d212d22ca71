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

/* What a pool keeps from those who have not claimed a record in it: the pools that leave a field out, that mask it. */
struct veil {
    struct ids none, mask;
};

struct rights {
    enum scope scope[3]; /* by DO_READ, DO_UPDATE, DO_DELETE */
    const struct ids *owners[3]; /* whose records that covers, where not everybody's */
    const struct ids *pools[3];  /* and in which pools what nobody owns */
    struct ids shared[2]; /* and single records beyond that, to read and to update */
    struct ids asked;     /* of them to read: what the user has to approve */
    bool asked_only;      /* reads because of that alone */
    bool create, export_, import;
    bool public_only; /* reads because of BERTH_PUBLIC alone: title and list fields */
    unsigned char *access; /* by field->at; NULL: write everywhere */
    struct veil *veil;     /* by field->at, behind the fields by enum hangs; NULL: no pool hides anything */
};

/* Somebody who is away, and what the one who stands in for them has of it. */
struct standin {
    int64_t user, until;
    const char *name;
    const struct who *who;
};

struct who {
    int64_t id;
    bool admin;
    const char *name, *login, *locale;
    const struct model *m;
    uint64_t gen;
    struct rights *rights; /* by table->at */
    int64_t from, until;   /* ms: until when it counts; then a share, a deputy or a helper begins or ends */
    struct ids users[SCOPES]; /* whose records each scope covers; OWN holds only the user */
    struct ids sets[3][SCOPES]; /* the same by deed, with those whom the user helps */
    struct ids helps[2];     /* whose records the user sees, and works on, as their helper */
    struct ids departments;  /* the user's own */
    bool through;            /* what belongs to a record is read by whoever reads that */
    const struct who *self;  /* what the user may without standing in for others; NULL: all of this */
    const struct standin *away; /* for whom the user stands in now */
    size_t naway;
    struct ids pools;        /* pools the user is a member of */
    size_t people;           /* how many there are in all */
    struct map perms;        /* full name -> itself */
    struct arena *arena;
};

/* The user's snapshot, from the cache or computed on conn.  NULL: no such active user.  An old one is kept for ten minutes
 * after another took its place: whatever takes longer asks again, step by step. */
const struct who *who_get(struct store *st, struct db_conn *conn, const struct model *m, int64_t user);

/* The same as it is committed, for who is on the writer: that transaction may yet be undone, and what it sees must not be
 * remembered. */
const struct who *who_committed(struct berth_ctx *c, int64_t user);

/* What somebody reads of a table, and of each field, as a hash: another one as soon as any of that changes.  It covers the
 * rights to the table and its fields, and, of a part, those to what it is part of; not those to tables that it belongs to by a
 * reference. */
enum { PERM_PRINT = 33 }; /* room for it */
void perm_print(const struct who *w, const struct table *t, char out[PERM_PRINT]);

/* With the commit: rights are read again. */
void perm_changed(struct berth_ctx *c);

/* Somebody who did not sign in and may do nothing. */
const struct who *perm_nobody(struct arena *a, const struct model *m);

bool perm_may(const struct who *w, const struct table *t, enum deed deed); /* anything at all */
bool perm_has(const struct who *w, const char *full_perm);
enum access perm_field(const struct who *w, const struct field *f);

/* Fields that pools hide.  The record's owner and pool decide (0: none); in SQL such a field is empty. */
enum access perm_field_at(const struct who *w, const struct field *f, int64_t owner, int64_t pool);
enum access perm_field_of(const struct berth_row *r, const struct field *f);
/* Whether the reader may write every field of the record: of most, and then none has to be asked for. */
bool perm_fields_all(const struct berth_row *r);
/* Where a pool may name it as hidden: a field's place, files' and notes' behind them; -1: nothing it can hide. */
int perm_veil_place(const struct table *t, const char *name);
bool perm_veils(const struct berth_ctx *c, const struct field *f); /* on some record */
bool perm_veils_any(const struct berth_ctx *c, const struct table *t);
/* Empties what the user may not read of r when it is as `now`: whose it was then does not show what is hidden now. */
void perm_hide(struct berth_row *r, const struct berth_row *now);
bool perm_veiled(const struct berth_row *r); /* anything of this record */
const char *perm_column(struct berth_ctx *c, const struct field *f, const char *prefix);
/* The same of what lists are sorted by. */
const char *perm_order_column(struct berth_ctx *c, const struct field *f, const char *prefix);
/* That a record's pool hides the field from the user, as a condition; "" where none does. */
const char *perm_veil_sql(struct berth_ctx *c, const struct field *f, const char *prefix);
/* Files and notes of a record: whether the user sees them.  Mail tells what fields say: seen by whom nothing is hidden. */
enum hangs { HANGS_FILES, HANGS_NOTES, HANGS_MAIL, HANGS };
bool perm_hangs(const struct berth_row *r, enum hangs what);

/* How far somebody reaches into a table: the rows that fulfil .sql, and of them everybody's, or those of
 * .owners, those that nobody owns in .pools, and the few in .shared. */
struct reach {
    const char *sql; /* of details: that their parent may be seen; "" none */
    bool all;
    struct ids owners, pools;
    struct ids shared; /* and these records, whosever they are */
};
/* False: nothing.  Column names of SQL get `prefix` ("t."). */
bool perm_reach(struct berth_ctx *c, const struct table *t, enum deed deed, const char *prefix, struct reach *out);
/* Without a branch that the processor would have to guess: a walk asks for each row. */
static inline bool ids_have(const struct ids *s, int64_t id)
{
    const int64_t *v = s->v;

    for (size_t n = s->n, half; n > 1; n -= half) {
        half = n / 2;
        v += (size_t)(v[half] <= id) * half;
    }
    return s->n > 0 && *v == id;
}
static inline bool reach_has(const struct reach *r, int64_t owner, int64_t pool) /* 0: none */
{
    return r->all || (owner != 0 ? ids_have(&r->owners, owner) : ids_have(&r->pools, pool));
}
/* Whose rows, without .shared, as one condition that no index is used for but the owners' of what is in pools. */
const char *reach_sql(struct berth_ctx *c, const struct table *t, const struct reach *r, const char *prefix);
/* The owners' rows alone, by any index that begins with the owner. */
const char *reach_owners_sql(struct berth_ctx *c, const struct reach *r, const char *prefix);
/* All of it as one SQL condition. */
void perm_where_one(struct berth_ctx *c, const struct table *t, enum deed deed, const char *prefix,
                    struct buf *out);
/* Whether f is BERTH_BELONGS and the user may read the record id that it names: then all that belongs to
 * that record may be read there. */
bool perm_through(struct berth_ctx *c, const struct field *f, int64_t id);
/* Marks in the search index, so that it finds what somebody may see without looking at rows: "@7" on
 * what user 7 owns, "#3" on what lies in pool 3.  They only make a search quick: the reach has the
 * last word. */
void perm_mark(const struct berth_row *r, struct buf *out); /* appended, a blank before it */
/* The marks of all within reach; 0 where none tell it, or where they are of so many people that it
 * takes longer to ask for them than to pass over what few others own. */
enum { PERM_MARKS = 128 };
size_t perm_marks(struct berth_ctx *c, const struct reach *r, const char *marks[PERM_MARKS]);
/* The same decision for a loaded record; row's values decide (for updates: pass the old row). */
bool perm_row(struct berth_ctx *c, const struct berth_row *row, enum deed deed);

/* The same where id, owner and pool (0: none) are all that is known; not for details of other tables. */
bool perm_owned(struct berth_ctx *c, const struct table *t, int64_t id, int64_t owner, int64_t pool, enum deed deed);
/* Whether the user reaches the record only because it was shared: such guests do not give it away. */
bool perm_guest(struct berth_ctx *c, const struct berth_row *row, enum deed deed);
/* In whose place the user may do that; NULL: in their own. */
const struct standin *perm_for(struct berth_ctx *c, const struct berth_row *row, enum deed deed);

#endif
