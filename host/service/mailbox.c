/* mailbox.c - mails read and handed to inbound.c.  Up to which mail all is done is written with
 * what the mail became, so that none is taken twice or lost; one that a server or its own form
 * makes fail again and again is let be. */
#include "service/mailbox.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/background.h"
#include "base/blame.h"
#include "base/log.h"
#include "record/commit.h"
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

/* ---- where it stands
 * --------------------------------------------------------------------------------- */
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

struct keeping {
    struct mailbox *m;
    struct standing x;
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
    return rc < 0 ? ctx_db(c, rc, "note where the mailbox stands") : (int)c->rc;
}

static int body(struct berth_ctx *c, void *arg)
{
    const struct keeping *k = arg;
    const struct mime_mail *mail = k->mail;

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
        log_error("mailbox", "the files of mail %s cannot be kept: it is taken without them; they stay in the mailbox", mail->id == NULL ? "" : mail->id);
        close_files(files, *n);
        *n = 0;
        mail->left_out = left_out + (int64_t)mail->nfiles;
    }
    m->waits = 0;
    return true;
}

/* ---- reading
 * ------------------------------------------------------------------------------------------- */
/* One mail, begun before it is looked at: what ends the process three times is not looked at again.
 */
static bool take(struct mailbox *m, struct imap *i, struct standing *x, uint32_t uid,
                 struct buf *why)
{
    struct arena *a = arena_new();
    struct buf text = BUF_INIT;
    struct mime_mail mail;
    struct in_file files[MIME_FILES];
    struct keeping k = {.m = m, .files = files};
    bool whole = true, ok = false;
    int rc = 0;

    x->tries = x->trying == uid ? x->tries + 1 : 1;
    x->trying = uid;
    k.x = *x;
    if (kept(&k) && (x->tries > TRIES || (rc = imap_fetch(i, (uint32_t)x->validity, uid,
                                                          &text, &whole, why)) >= 0)) {
        bool known =
            x->tries <= TRIES && rc == 0 && mime_read(a, buf_str(&text), text.len, whole, &mail);
        bool ready = !known || files_settled(m, a, &mail, files, &k.nfiles);

        if (x->tries > TRIES)
            log_error("mailbox", "mail %lu cannot be read; it stays in the mailbox",
                      (unsigned long)uid);
        if (known && mail.id == NULL)
            mail.id = arena_fmt(a, "%lld.%lu", (long long)x->validity, (unsigned long)uid);
        if (ready)
            x->uid = uid;
        else
            buf_puts(why, "its files cannot be kept now; it is tried again");
        x->trying = x->tries = 0;
        k.x = *x;
        k.mail = known && ready ? &mail : NULL;
        ok = kept(&k) && ready;
    } else if (background_stopping(&m->thread) && x->tries <= TRIES) { /* broken off is not tried */
        x->tries--;
        k.x = *x;
        kept(&k);
    }
    close_files(files, k.nfiles);
    buf_free(&text);
    arena_free(&a);
    return ok;
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
