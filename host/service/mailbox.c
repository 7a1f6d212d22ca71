/* mailbox.c - mails read and handed to inbound.c.  Up to which mail all is done is written with
 * what the mail became, so that none is taken twice or lost.  One that cannot be fetched now is
 * passed over and tried again by itself, ever later; one that ends the process again and again is
 * let be.  Administrators hear of both. */
#include "service/mailbox.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/background.h"
#include "base/blame.h"
#include "base/log.h"
#include "base/when.h"
#include "record/commit.h"
#include "service/alert.h"
#include "service/file.h"
#include "service/inbound.h"
#include "service/mime.h"

enum { AT_ONCE = 50, TRIES = 3, WAITS = 50 };

struct mailbox {
    struct store *st;
    const struct imap_box *box;
    struct db_conn *conn; /* while it looks */
    struct background thread;
    int waits; /* how often the files of the next mail could not be kept */
};

/* ---- where it stands ---------------------------------------------------------------------------- */
struct standing {
    int64_t validity, uid; /* all up to this mail is done */
    int64_t trying, tries; /* the mail that is being read, and how often */
};

static struct standing load(struct mailbox *m)
{
    struct db_stmt *s = db_prepare(m->conn, "SELECT validity, uid, coalesce(trying, 0), "
                                            "coalesce(tries, 0) FROM mailbox WHERE name = ?");
    struct standing x = {0};

    db_bind_text(s, 1, m->box->url, -1);
    if (db_step(s) == DB_ROW)
        x = (struct standing){db_col_int(s, 0), db_col_int(s, 1), db_col_int(s, 2),
                              db_col_int(s, 3)};
    db_reset(s);
    db_settle(m->conn);
    return x;
}

/* A mail that is fetched by itself, behind the others. */
struct later {
    int64_t uid, tries, begun; /* begun: not ended, for the process ended before */
    enum { LATER_NONE, LATER_PUT, LATER_BEGUN, LATER_DONE, LATER_LEFT } deed;
    const char *error;
};

struct keeping {
    struct mailbox *m;
    struct standing x;
    struct later later;
    const struct mime_mail *mail; /* NULL: only where it stands */
    const struct in_file *files;
    size_t nfiles;
};

static int keep(struct berth_ctx *c, const struct keeping *k)
{
    struct db_stmt *s =
        db_prepare(c->conn, "INSERT INTO mailbox (name, validity, uid, trying, tries) VALUES (?1, "
                            "?2, ?3, ?4, ?5) ON CONFLICT (name)"
                            " DO UPDATE SET validity = ?2, uid = ?3, trying = ?4, tries = ?5");
    int rc;

    db_bind_text(s, 1, k->m->box->url, -1);
    db_bind_int(s, 2, k->x.validity);
    db_bind_int(s, 3, k->x.uid);
    db_bind_int(s, 4, k->x.trying);
    db_bind_int(s, 5, k->x.tries);
    rc = db_step(s);
    db_reset(s);
    if (rc >= 0) { /* under other numbers all is read anew */
        s = db_prepare(c->conn, "DELETE FROM mailbox_later WHERE name = ? AND validity <> ?");
        db_bind_text(s, 1, k->m->box->url, -1);
        db_bind_int(s, 2, k->x.validity);
        rc = db_step(s);
        db_reset(s);
    }
    return rc < 0 ? ctx_db(c, rc, "note where the mailbox stands") : (int)c->rc;
}

/* Once it has failed as often as a hiccup of the network explains; not again until it is over. */
static int tell(struct berth_ctx *c, const struct keeping *k)
{
    const struct later *l = &k->later;
    const char *key = arena_fmt(c->a, "mailbox:%s:%lld:%lld", k->m->box->url, (long long)k->x.validity, (long long)l->uid);

    if (l->deed == LATER_DONE)
        return alert_over(c, key);
    if (l->deed != LATER_LEFT && (l->deed != LATER_PUT || l->tries < TRIES))
        return c->rc;
    return alert_admins(c, (struct berth_alert){.text = l->deed == LATER_LEFT ? "alert.mail_left" : "alert.mail_unfetched",
                                                .key = l->deed == LATER_LEFT ? NULL : key,
                                                .args = (const char *const[]){"n", arena_fmt(c->a, "%lld", (long long)l->uid), "why",
                                                                              l->error == NULL ? "" : l->error, NULL}});
}

static int keep_later(struct berth_ctx *c, const struct keeping *k)
{
    const struct later *l = &k->later;
    struct db_stmt *s;
    int rc;

    if (l->deed == LATER_NONE)
        return c->rc;
    if (l->deed == LATER_DONE || l->deed == LATER_LEFT) {
        s = db_prepare(c->conn, "DELETE FROM mailbox_later WHERE name = ?1 AND uid = ?2");
    } else {
        s = db_prepare(c->conn,
                       "INSERT INTO mailbox_later (name, uid, validity, tries, begun, run_at, error) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
                       " ON CONFLICT (name, uid) DO UPDATE SET validity = ?3, tries = ?4, begun = ?5, run_at = ?6, error = ?7");
        db_bind_int(s, 3, k->x.validity);
        db_bind_int(s, 4, l->tries);
        db_bind_int(s, 5, l->deed == LATER_BEGUN ? l->begun + 1 : l->begun);
        db_bind_int(s, 6, c->now + when_doubled(k->m->box->every, l->tries));
        db_bind_text(s, 7, l->error, -1);
    }
    db_bind_text(s, 1, k->m->box->url, -1);
    db_bind_int(s, 2, l->uid);
    rc = db_step(s);
    db_reset(s);
    return rc < 0 ? ctx_db(c, rc, "note a mail for later") : tell(c, k);
}

static int body(struct berth_ctx *c, void *arg)
{
    const struct keeping *k = arg;
    const struct mime_mail *mail = k->mail;

    if (keep_later(c, k) != BERTH_OK)
        return c->rc;

    if (mail != NULL && mail->bounced != NULL)
        inbound_bounced(c, mail->bounced, mail->why);
    else if (mail != NULL)
        inbound_put(c, &(struct in_message){.channel = "mail",
                                            .from = mail->from,
                                            .subject = mail->subject,
                                            .text = mail->text,
                                            .name = mail->id,
                                            .refs = mail->refs,
                                            .at = mail->at,
                                            .files = k->files,
                                            .nfiles = k->nfiles,
                                            .left_out = mail->left_out});
    return c->rc == BERTH_OK ? keep(c, k) : (int)c->rc;
}

static bool kept(const struct keeping *k)
{
    struct commit one = {.st = k->m->st, .what = "mailbox", .low = true, .body = body, .arg = (void *)k};

    return commit_run(&one) == 0;
}

/* ---- files ----------------------------------------------------------------------------------------- */
/* Those that may be kept, on the disk; what is of no known type or has a virus is left out.  False: it cannot be done now. */
static bool keep_files(struct mailbox *m, struct arena *a, struct mime_mail *mail, struct in_file *files, size_t *n)
{
    for (size_t i = 0; i < mail->nfiles; i++) {
        struct in_file *f = &files[*n];
        struct berth_ctx c;

        ctx_init(&c, m->st, m->conn, a, NULL, NULL);
        *f = (struct in_file){.name = file_name(&c, mail->file[i].name), .size = (int64_t)mail->file[i].n, .fd = -1};
        if (f->name != NULL && (f->fd = file_of(&c, mail->file[i].bytes, mail->file[i].n)) >= 0)
            file_keep(&c, f->name, f->fd, f->hash);
        db_settle(m->conn);
        if (c.rc == BERTH_OK) {
            ++*n;
            continue;
        }
        if (f->fd >= 0)
            close(f->fd);
        if (c.rc != BERTH_INVALID)
            return false;
        mail->left_out++;
    }
    return true;
}

static void close_files(struct in_file *files, size_t n)
{
    for (size_t i = 0; i < n; i++)
        close(files[i].fd);
}

/* False: the mail waits, and those behind it; not for ever, for then it goes without its files. */
static bool files_settled(struct mailbox *m, struct arena *a, struct mime_mail *mail, struct in_file *files, size_t *n)
{
    int64_t left_out = mail->left_out;

    if (!keep_files(m, a, mail, files, n)) {
        if (++m->waits < WAITS)
            return false;
        log_error("mailbox", "the files of mail %s cannot be kept: it is taken without them; they stay in the mailbox",
                  mail->id == NULL ? "" : mail->id);
        close_files(files, *n);
        *n = 0;
        mail->left_out = left_out + (int64_t)mail->nfiles;
    }
    m->waits = 0;
    return true;
}

/* ---- reading ------------------------------------------------------------------------------------ */
/* What became of a fetch. */
enum got { GOT, GOT_NOTHING, GOT_NOT, GOT_WAITS }; /* not: it is tried again; waits: its files cannot be kept now */

struct fetched {
    struct mime_mail mail;
    struct in_file files[MIME_FILES];
    size_t nfiles;
};

static enum got fetch_one(struct mailbox *m, struct arena *a, struct imap *i, const struct standing *x, uint32_t uid, struct fetched *f,
                          struct buf *why)
{
    struct buf text = BUF_INIT;
    bool whole = true;
    int rc = imap_fetch(i, (uint32_t)x->validity, uid, &text, &whole, why);
    enum got got = rc < 0 ? GOT_NOT : GOT_NOTHING;

    if (rc == 0 && mime_read(a, buf_str(&text), text.len, whole, &f->mail)) {
        if (f->mail.id == NULL)
            f->mail.id = arena_fmt(a, "%lld.%lu", (long long)x->validity, (unsigned long)uid);
        got = files_settled(m, a, &f->mail, f->files, &f->nfiles) ? GOT : GOT_WAITS;
        if (got == GOT_WAITS)
            buf_puts(why, "its files cannot be kept now; it is tried again");
    }
    buf_free(&text);
    return got;
}

/* What came of one, with its mail if there is one.  False: no more now. */
static bool put_away(struct keeping *k, const struct fetched *f, enum got got)
{
    k->mail = got == GOT ? &f->mail : NULL;
    k->files = f->files;
    k->nfiles = f->nfiles;
    return kept(k) && (got == GOT || got == GOT_NOTHING);
}

/* The next mail, begun before it is looked at: what ends the process three times is not looked at again.  False: no more now. */
static bool take(struct mailbox *m, struct imap *i, struct standing *x, uint32_t uid, struct buf *why)
{
    struct arena *a = arena_new();
    struct fetched *f = arena_alloc(a, sizeof(*f));
    struct keeping k = {.m = m};
    enum got got = GOT_NOTHING;
    bool ok;

    x->tries = x->trying == uid ? x->tries + 1 : 1;
    x->trying = uid;
    k.x = *x;
    ok = kept(&k);
    if (ok && x->tries <= TRIES)
        got = fetch_one(m, a, i, x, uid, f, why);
    if (ok && x->tries > TRIES) {
        log_error("mailbox", "mail %lu cannot be read; it stays in the mailbox", (unsigned long)uid);
        k.later = (struct later){.uid = uid, .deed = LATER_LEFT};
    }
    if (got == GOT_NOT && background_stopping(&m->thread)) { /* broken off is not tried */
        x->tries--;
    } else {
        x->trying = x->tries = 0;
        if (got != GOT_WAITS)
            x->uid = uid;
        if (got == GOT_NOT)
            k.later = (struct later){.uid = uid, .tries = 1, .deed = LATER_PUT, .error = buf_str(why)};
    }
    k.x = *x;
    ok = ok && put_away(&k, f, got);
    close_files(f->files, f->nfiles);
    arena_free(&a);
    return ok;
}

/* One that could not be fetched before.  False: no more now. */
static bool take_later(struct mailbox *m, struct imap *i, const struct standing *x, struct later l, struct buf *why)
{
    struct arena *a = arena_new();
    struct fetched *f = arena_alloc(a, sizeof(*f));
    struct keeping k = {.m = m, .x = *x, .later = l};
    enum got got = GOT_NOTHING;
    bool ok;

    k.later.deed = LATER_BEGUN;
    ok = kept(&k);
    k.later.deed = LATER_DONE;
    if (ok && l.begun >= TRIES) {
        log_error("mailbox", "mail %lld cannot be read; it stays in the mailbox", (long long)l.uid);
        k.later.deed = LATER_LEFT;
    } else if (ok) {
        got = fetch_one(m, a, i, x, (uint32_t)l.uid, f, why);
    }
    if (got == GOT_NOT || got == GOT_WAITS) {
        k.later.deed = LATER_PUT;
        k.later.begun = 0;
        k.later.tries += got == GOT_NOT && !background_stopping(&m->thread);
        k.later.error = buf_str(why);
    }
    ok = ok && put_away(&k, f, got);
    close_files(f->files, f->nfiles);
    arena_free(&a);
    return ok;
}

/* Those whose time has come; how many, -1: it could not be read. */
static int read_later(struct mailbox *m, const struct standing *x, struct later *l, int max)
{
    struct db_stmt *s = db_prepare(
        m->conn, "SELECT uid, tries, begun FROM mailbox_later WHERE name = ? AND validity = ? AND run_at <= ? ORDER BY run_at LIMIT ?");
    int n = 0, rc = DB_DONE;

    db_bind_text(s, 1, m->box->url, -1);
    db_bind_int(s, 2, x->validity);
    db_bind_int(s, 3, store_now(m->st));
    db_bind_int(s, 4, max);
    while (n < max && (rc = db_step(s)) == DB_ROW)
        l[n++] = (struct later){.uid = db_col_int(s, 0), .tries = db_col_int(s, 1), .begun = db_col_int(s, 2)};
    db_reset(s);
    db_settle(m->conn);
    return rc < 0 ? -1 : n;
}

/* The new ones first: what failed before holds up nobody. */
static void look_again(struct mailbox *m, struct imap *i, const struct standing *x, struct buf *why)
{
    struct later l[AT_ONCE];
    int n = read_later(m, x, l, AT_ONCE), done = 0;

    while (done < n && !background_stopping(&m->thread) && take_later(m, i, x, l[done], why))
        done++;
}

/* True: there may be more at once. */
static bool look_now(struct mailbox *m, struct buf *why)
{
    struct imap *i = imap_open(m->box, &m->thread.stop);
    struct standing x = load(m);
    uint32_t validity = 0, next = 0, uids[AT_ONCE];
    int n = -1, done = 0;

    if (imap_status(i, &validity, &next, why) == 0) {
        if (x.validity != validity) /* all numbers are new: mails that are known by their Message-ID
                                       are not taken again */
            x = (struct standing){.validity = validity};
        n = next <= x.uid + 1 ? 0 : imap_new(i, (uint32_t)x.uid, uids, AT_ONCE, why);
    }
    while (done < n && !background_stopping(&m->thread) && take(m, i, &x, uids[done], why))
        done++;
    if (n >= 0 && (n < AT_ONCE || done < n))
        look_again(m, i, &x, why);
    imap_close(&i);
    return n == AT_ONCE && done == n;
}

static bool look(struct mailbox *m, struct buf *why)
{
    bool more;

    if ((m->conn = db_reader(m->st->db, NULL)) == NULL)
        return false;
    more = look_now(m, why);
    db_conn_close(&m->conn);
    return more;
}

static void *work(void *arg)
{
    struct mailbox *m = arg;
    struct buf why = BUF_INIT, last = BUF_INIT;

    blame_thread();
    do {
        bool more = true;

        while (more && !background_stopping(&m->thread)) {
            buf_clear(&why);
            more = look(m, &why);
        }
        if (why.len > 0 && !background_stopping(&m->thread) && strcmp(buf_str(&why), buf_str(&last)) != 0)
            log_warn("mailbox", "%s", buf_str(&why));
        buf_clear(&last);
        buf_puts(&last, buf_str(&why));
    } while (background_rest(&m->thread, m->box->every));
    buf_free(&why);
    buf_free(&last);
    return NULL;
}

struct mailbox *mailbox_start(struct store *st, const struct imap_box *box)
{
    struct mailbox *m = mem_alloc(sizeof(*m));

    m->st = st;
    m->box = box;
    mime_ready();
    if (background_start(&m->thread, work, m) == 0)
        return m;
    free(m);
    return NULL;
}

void mailbox_stop(struct mailbox **pm)
{
    background_stop(&(*pm)->thread);
    free(*pm);
    *pm = NULL;
}
