/* audit.c - writing the audit trail. */
#include "record/audit.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "record/save.h"
#include "record/seal.h"

enum { DETAIL_MAX = 500 };

/* What strangers typed ends up here: one line, of bounded length, cut between characters. */
static const char *plain(struct arena *a, const char *s)
{
    size_t n = strnlen(s, DETAIL_MAX);
    char *out;

    while (n > 0 && s[n] != '\0' && ((unsigned char)s[n] & 0xc0) == 0x80)
        n--;
    out = arena_strndup(a, s, n);
    for (char *p = out; *p != '\0'; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = ' ';
    return out;
}

int audit_as(struct berth_ctx *c, int64_t user, const char *what, const char *detail)
{
    const struct who *who = c->who;
    struct berth_row *r = row_new(c, model_table(c->m, "audit"));

    if (c->rc != BERTH_OK)
        return c->rc;
    row_set(r, "at", berth_i(c->now));
    row_set(r, "user_id", berth_i(user));
    row_set(r, "what", berth_s(what));
    row_set(r, "detail", berth_s(plain(c->a, detail)));
    row_set(r, "ip", c->ip == NULL ? berth_nil() : berth_s(c->ip));
    c->who = NULL; /* the host writes it, whoever acts */
    row_save(c, r);
    c->who = who;
    seal_wanted(c->st);
    return c->rc;
}

int audit_add(struct berth_ctx *c, const char *what, const char *detail)
{
    return audit_as(c, c->who == NULL ? 0 : c->who->id, what, detail);
}

static bool told(const struct berth_row *r, int i, uint32_t deed)
{
    if (r->t->fields[i].flags & BERTH_SECRET)
        return false;
    return deed == BERTH_UPDATE && r->old != NULL ? !val_equal(r->v[i], r->old->v[i]) : !val_is_nil(r->v[i]);
}

int audit_row(struct berth_ctx *c, const struct berth_row *r, uint32_t deed)
{
    const char *word = deed == BERTH_INSERT ? "create" : deed == BERTH_DELETE ? "delete" : "update";
    struct buf b = BUF_INIT;

    if (c->who == NULL)
        return c->rc; /* the host itself: installing, the command line */
    buf_addf(&b, "%s %lld %s:", r->t->name, (long long)row_id(r), word);
    for (int i = F_DECLARED; i < r->t->nfields; i++) {
        const struct field *f = &r->t->fields[i];
        struct json j = json_to(&b);

        if (!told(r, i, deed))
            continue;
        buf_addf(&b, " %s=", f->name);
        if (deed == BERTH_UPDATE && r->old != NULL) {
            val_json(&j, f, r->old->v[i]);
            buf_puts(&b, "->");
            j = json_to(&b);
        }
        val_json(&j, f, r->v[i]);
    }
    audit_add(c, "rights", buf_str(&b));
    buf_free(&b);
    return c->rc;
}

/* ---- behind others --------------------------------------------------------------------- */
struct later {
    struct db_work work;
    struct store *st;
    int64_t user;
    char what[32], ip[64], detail[DETAIL_MAX + 4];
};

static atomic_int waiting;

static int later_body(struct db_conn *w, void *arg)
{
    struct later *l = arg;
    struct arena *a = arena_new();
    struct berth_ctx c;
    int rc;

    ctx_init(&c, l->st, w, a, NULL, NULL);
    c.writing = true;
    c.ip = l->ip;
    rc = audit_as(&c, l->user, l->what, l->detail);
    arena_free(&a);
    return rc == BERTH_OK ? 0 : -1000;
}

static void later_done(void *arg, int rc)
{
    struct later *l = arg;

    if (rc != 0)
        log_warn("audit", "not written: %s by user %lld from %s", l->what, (long long)l->user, l->ip);
    free(l);
    atomic_fetch_sub(&waiting, 1);
}

void audit_later(struct store *st, int64_t user, const char *what, const char *detail, const char *ip)
{
    struct later *l;

    if (atomic_fetch_add(&waiting, 1) >= AUDIT_WAITING) {
        atomic_fetch_sub(&waiting, 1);
        log_warn("audit", "too many at once: %s by user %lld from %s", what, (long long)user, ip);
        return;
    }
    l = mem_alloc(sizeof(*l));
    l->work = (struct db_work){.body = later_body, .done = later_done, .arg = l, .low = true};
    l->st = st;
    l->user = user;
    snprintf(l->what, sizeof(l->what), "%s", what);
    snprintf(l->ip, sizeof(l->ip), "%s", ip == NULL ? "" : ip);
    snprintf(l->detail, sizeof(l->detail), "%s", detail);
    if (db_submit(st->db, &l->work) != 0)
        later_done(l, -1);
}
