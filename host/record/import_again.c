/* import_again.c - the same file once more: rows that went in with it before, and are there, do not go in again.
 *
 * Most rows are known by their keys anyway.  This is for those without: a table that has none, a row whose key
 * fields are empty. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "record/import_run.h"

enum { HASH_BYTES = 16 };

/* "3f0a…/0": of what is in the file, and which sheet; NULL when it cannot be read. */
static const char *hash_of(struct arena *a, const char *path, int64_t sheet)
{
    crypto_generichash_state h;
    unsigned char out[HASH_BYTES], *block;
    char hex[2 * HASH_BYTES + 1];
    FILE *f = fopen(path, "rb");
    size_t n, size = 1 << 18;

    if (f == NULL)
        return NULL;
    block = mem_alloc(size);
    crypto_generichash_init(&h, NULL, 0, HASH_BYTES);
    while ((n = fread(block, 1, size, f)) > 0)
        crypto_generichash_update(&h, block, n);
    crypto_generichash_final(&h, out, HASH_BYTES);
    n = (size_t)ferror(f);
    fclose(f);
    free(block);
    sodium_bin2hex(hex, sizeof(hex), out, HASH_BYTES);
    return n != 0 ? NULL : arena_fmt(a, "%s/%lld", hex, (long long)sheet);
}

static void add_part(struct run *r, int64_t id, const char *numbers)
{
    uint32_t row;

    for (; (row = import_next_row(&numbers)) != 0; id++)
        if (id <= UINT32_MAX)
            import_set_put(&r->before, row, (uint32_t)id);
}

static int keep_hash(struct job *j, struct db_conn *w, void *arg)
{
    const char *hash = arg;
    struct db_stmt *s = db_prepare(w, "UPDATE import SET hash = ? WHERE id = ?");
    int rc;

    db_bind_text(s, 1, hash, -1);
    db_bind_int(s, 2, json_integer_value(json_object_get(j->args, "import")));
    rc = db_step(s);
    db_reset(s);
    return rc < 0 ? rc : 0;
}

void import_again_open(struct run *r, struct berth_ctx *c, const char *path, int64_t sheet)
{
    const char *hash = hash_of(c->a, path, sheet);
    struct db_stmt *s;

    if (hash == NULL) {
        log_warn("import", "import %lld: its file cannot be known again", (long long)r->import);
        return;
    }
    s = db_prepare(c->conn,
                   "SELECT p.first_id, p.numbers FROM import i JOIN import_part p ON p.import_id = i.id WHERE i.hash = ? AND i.on_table = ?"
                   " AND i.id <> ? AND p.first_id > 0");
    db_bind_text(s, 1, hash, -1);
    db_bind_text(s, 2, r->table, -1);
    db_bind_int(s, 3, r->import);
    while (db_step(s) == DB_ROW)
        add_part(r, db_col_int(s, 0), db_col_text(s, 1, NULL));
    db_reset(s);
    s = db_prepare(c->conn,
                   "SELECT p.record_id, p.row FROM import i JOIN import_row p ON p.import_id = i.id WHERE i.hash = ? AND i.on_table = ?"
                   " AND i.id <> ? AND p.outcome = 'kept' AND p.record_id IS NOT NULL"); /* by an undo */
    db_bind_text(s, 1, hash, -1);
    db_bind_text(s, 2, r->table, -1);
    db_bind_int(s, 3, r->import);
    while (db_step(s) == DB_ROW)
        if (db_col_int(s, 0) <= UINT32_MAX)
            import_set_put(&r->before, db_col_int(s, 1), (uint32_t)db_col_int(s, 0));
    db_reset(s);
    if (!r->dry && job_step(r->j, keep_hash, (void *)hash) != 0) /* no reason not to take it this once */
        log_warn("import", "import %lld: that it had this file cannot be noted", (long long)r->import);
}

int64_t import_again(struct run *r, struct berth_ctx *c, const struct prep *p)
{
    uint32_t id = r->before.n == 0 ? 0 : import_set_get(&r->before, p->number);
    struct db_stmt *s;
    bool there;

    if (id == 0)
        return 0;
    s = db_prepare(c->conn, r->t->select_one);
    db_bind_int(s, 1, id);
    there = db_step(s) == DB_ROW;
    db_reset(s);
    return there ? id : 0;
}
