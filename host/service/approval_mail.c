/* approval_mail.c - mails that ask for a decision, and the links in them.
 *
 * A link carries the ask's number and a secret of which the row keeps the hash.  It decides as whom it was sent to, with
 * their rights as they are then, once, and only as long as they are asked and two weeks at most. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "record/audit.h"
#include "record/find.h"
#include "record/session.h"
#include "service/alert.h"
#include "service/approval_in.h"
#include "service/mail.h"
#include "text/valid.h"

enum { LINK_DAYS = 14 };

static const char *secret_for(struct berth_ctx *c, int64_t ask)
{
    char secret[SECRET_TEXT], hash[SESSION_HASH_TEXT];
    struct db_stmt *s = db_prepare(c->conn, "UPDATE approval_ask SET secret = ?, secret_until = ? WHERE id = ?");
    int rc;

    session_secret("approve_", secret);
    session_secret_hash(secret, hash);
    db_bind_text(s, 1, hash, -1);
    db_bind_int(s, 2, c->now + LINK_DAYS * BERTH_DAY);
    db_bind_int(s, 3, ask);
    rc = db_step(s);
    db_reset(s);
    if (rc < 0)
        ctx_db(c, rc, "keep a link");
    return arena_strdup(c->a, secret);
}

/* One line, cut between characters. */
static const char *line(struct berth_ctx *c, const char *s)
{
    char *out = arena_strndup(c->a, s, text_limit(s, strlen(s), 150));

    for (char *p = out; *p != '\0'; p++)
        if ((unsigned char)*p < 0x20)
            *p = ' ';
    return out;
}

int approval_mail(struct berth_ctx *c, const struct approval *a, int64_t ask, int64_t user)
{
    struct berth_row *u = find_raw(c, model_table(c->m, "user"), user);
    struct berth_val to = u == NULL ? berth_nil() : row_get(u, "email"), lang = u == NULL ? berth_nil() : row_get(u, "locale");
    const char *url = c->st->public_url, *locale = c->locale, *title = a->row == NULL ? "" : row_title(a->row), *flow;
    const char *who = a->by == 0 ? "" : find_title(c, model_table(c->m, "user"), a->by);
    struct alert_pref pref;
    struct mail m = {.to = to.s};

    alert_pref(c, user, &pref);
    if (val_is_nil(to) || url == NULL || *url == '\0' || strcmp(pref.mail, "never") == 0)
        return c->rc;
    c->locale = val_is_nil(lang) ? c->st->company.locale : lang.s;
    flow = flow_said(c, a->plan.flow, &a->plan.said);
    m.subject = line(c, ctx_text(c, "approval.mail_subject", (const char *const[]){"flow", flow, "title", title, NULL}));
    m.text = ctx_text(c, "approval.mail_text", (const char *const[]){"flow", flow, "title", title, "who", who, "link",
                      arena_fmt(c->a, "%s/approve#%lld.%s", url, (long long)ask, secret_for(c, ask)), NULL});
    c->locale = locale;
    if (c->rc == BERTH_OK && mail_put(c, &m) == 0) { /* an address that is none must not keep anybody from being asked */
        log_warn("approval", "no mail to user %lld: the address is none", (long long)user);
        ctx_clear(c);
    }
    return c->rc;
}

const struct who *approval_link(struct berth_ctx *c, const char *token, int64_t *id, int64_t *ask)
{
    const char *dot = token == NULL ? NULL : strchr(token, '.');
    char hash[SESSION_HASH_TEXT];
    struct db_stmt *s;
    int64_t user = 0;
    const struct who *who;

    *ask = dot == NULL ? 0 : strtoll(token, NULL, 10);
    session_secret_hash(dot == NULL ? "" : dot + 1, hash);
    s = db_prepare(c->conn, "SELECT k.user_id, k.approval_id FROM approval_ask k JOIN approval a ON a.id = k.approval_id WHERE k.id = ? AND"
                            " k.secret = ? AND k.secret_until > ? AND k.state = 'open' AND a.state = 'open' AND a.step = k.step");
    db_bind_int(s, 1, *ask);
    db_bind_text(s, 2, hash, -1);
    db_bind_int(s, 3, c->now);
    if (db_step(s) == DB_ROW) {
        user = db_col_int(s, 0);
        *id = db_col_int(s, 1);
    }
    db_reset(s);
    who = user == 0 ? NULL : who_get(c->st, c->conn, c->m, user);
    if (who == NULL)
        ctx_fail(c, BERTH_DENIED, "denied", "err.approval_link");
    return who;
}
