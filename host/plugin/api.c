/* api.c - what the host offers plugins, in terms of the record layer. */
#include "plugin/api.h"

#include <stdio.h>
#include <sodium.h>
#include <string.h>

#include "base/log.h"
#include "base/when.h"
#include "plugin/api_call.h"
#include "plugin/api_json.h"
#include "record/due.h"
#include "record/aggregate.h"
#include "record/find.h"
#include "record/hangs.h"
#include "record/hits.h"
#include "record/hook.h"
#include "record/save.h"
#include "record/session.h"
#include "record/titles.h"
#include "record/setting.h"
#include "record/workday.h"
#include "record/zone.h"
#include "service/alert.h"
#include "service/approval.h"
#include "service/channel.h"
#include "service/mail.h"
#include "text/fold.h"

enum { TOTALS_MS = 1000 };

static const struct table *table(struct berth_ctx *c, const char *name)
{
    const struct table *t = name == NULL ? NULL : model_table(c->m, name);

    if (t == NULL) {
        log_error("plugin", "%s asks for table %s, which does not exist", c->plugin, name == NULL ? "(null)" : name);
        ctx_fail(c, BERTH_BROKEN, "broken", "err.broken");
    }
    return t;
}

static void api_log(struct berth_ctx *c, enum berth_level level, const char *fmt, ...)
{
    static const enum log_level levels[] = {LOG_DEBUG_, LOG_INFO_, LOG_WARN_, LOG_ERROR_};
    struct buf b = BUF_INIT;
    va_list ap;

    va_start(ap, fmt);
    buf_addv(&b, fmt, ap);
    va_end(ap);
    log_line(levels[level & 3], c->plugin == NULL ? "plugin" : c->plugin, "%s", buf_str(&b));
    buf_free(&b);
}

static int api_error(struct berth_ctx *c, enum berth_rc rc, const char *field, const char *key)
{
    if (field != NULL && rc == BERTH_INVALID)
        return ctx_invalid(c, field, arena_strdup(c->a, key), NULL);
    return ctx_fail_at(c, rc, field, arena_strdup(c->a, key));
}

static int api_rc(struct berth_ctx *c)
{
    return c->rc;
}

static void *api_alloc(struct berth_ctx *c, size_t n)
{
    return arena_alloc(c->a, n);
}

static char *api_fmt(struct berth_ctx *c, const char *fmt, ...)
{
    va_list ap;
    char *s;

    va_start(ap, fmt);
    s = arena_vfmt(c->a, fmt, ap);
    va_end(ap);
    return s;
}

static size_t plugin_at(struct berth_ctx *c)
{
    size_t i = 0;

    while (i < c->st->nplugins && (c->plugin == NULL || strcmp(c->st->plugins[i]->name, c->plugin) != 0))
        i++;
    return i;
}

static void *api_state(struct berth_ctx *c)
{
    size_t i = plugin_at(c);

    return i == c->st->nplugins || c->st->plugin_states == NULL ? NULL : c->st->plugin_states[i];
}

static int64_t api_now(struct berth_ctx *c)
{
    return c->now;
}

static struct berth_row *api_make(struct berth_ctx *c, const char *name)
{
    const struct table *t = table(c, name);

    return t == NULL ? NULL : row_new(c, t);
}

static struct berth_row *api_load(struct berth_ctx *c, const char *name, int64_t id)
{
    const struct table *t = table(c, name);

    if (t == NULL || c->rc != BERTH_OK)
        return NULL;
    return c->writing ? save_load(c, t, id) : find_one(c, t, id);
}

static struct berth_rows *api_find(struct berth_ctx *c, const char *name, const char *where,
                                   const struct berth_val *args, size_t n)
{
    const struct table *t = table(c, name);
    struct where_query q;
    struct berth_rows *rows;

    if (t == NULL || c->rc != BERTH_OK || !where_text(c, t, where, args, n, &q))
        return NULL;
    rows = find_rows(c, t, &q);
    for (size_t i = 0; c->writing && i < rows->n; i++) /* ready to be changed and saved */
        rows->row[i]->old = row_copy(rows->row[i]);
    return rows;
}

static int64_t api_count(struct berth_ctx *c, const char *name, const char *where, const struct berth_val *args,
                         size_t n)
{
    const struct table *t = table(c, name);
    struct where_query q;

    if (t == NULL || c->rc != BERTH_OK || !where_text(c, t, where, args, n, &q))
        return 0;
    int64_t count = find_count(c, t, q.where, NULL);

    return count > COUNT_MAX ? COUNT_MAX : count;
}

static const char *api_table(const struct berth_row *r)
{
    return r == NULL ? "" : r->t->name;
}

static int api_save(struct berth_ctx *c, struct berth_row *r)
{
    if (r == NULL || c->rc != BERTH_OK)
        return c->rc;
    if (!c->writing) {
        log_error("plugin", "%s saves a %s outside a write transaction", c->plugin, r->t->name);
        return ctx_fail(c, BERTH_BROKEN, "broken", "err.broken");
    }
    return save_outside(c, r, row_save);
}

static int api_drop(struct berth_ctx *c, struct berth_row *r)
{
    return r == NULL || c->rc != BERTH_OK || !c->writing ? c->rc : save_outside(c, r, row_drop);
}

static int api_step(struct berth_ctx *c, int (*body)(struct berth_ctx *, void *), void *arg)
{
    int rc;

    if (c->rc != BERTH_OK || !c->writing)
        return c->rc != BERTH_OK ? c->rc : BERTH_BROKEN;
    rc = save_step(c, body, arg);
    ctx_clear(c);
    return rc;
}

static struct berth_rows *api_sql(struct berth_ctx *c, const char *sql, const struct berth_val *args, size_t n)
{
    (void)sql;
    (void)args;
    (void)n;
    ctx_fail(c, BERTH_DENIED, "denied", "err.no_sql"); /* comes with the reports */
    return NULL;
}

static struct berth_val api_rule(struct berth_ctx *c, const char *name, const struct berth_val *args, size_t n)
{
    const struct rule *r = model_rule(c->m, name);

    if (r == NULL) {
        log_error("plugin", "%s asks rule %s, which nobody declares", c->plugin, name);
        ctx_fail(c, BERTH_BROKEN, "broken", "err.broken");
        return berth_nil();
    }
    return rule_ask(c, r, args, n);
}

static int64_t api_user(struct berth_ctx *c)
{
    return c->who == NULL ? 0 : c->who->id;
}

static bool api_can(struct berth_ctx *c, const char *perm)
{
    return perm_has(c->who, perm);
}

static const char *api_tr(struct berth_ctx *c, const char *key)
{
    return ctx_text(c, key, NULL);
}

static struct berth_val api_param(struct berth_ctx *c, const char *name)
{
    return c->param == NULL ? berth_nil() : c->param(c->param_arg, name);
}

static int answer(struct berth_ctx *c, int status, struct buf *json)
{
    if (c->reply == NULL)
        return ctx_fail(c, BERTH_BROKEN, "broken", "err.broken");
    c->reply(c->reply_arg, status, json);
    return c->rc;
}

static int api_reply(struct berth_ctx *c, int status, const char *text)
{
    struct buf b = BUF_INIT;
    int rc;

    buf_puts(&b, text);
    rc = answer(c, status, &b);
    buf_free(&b);
    return rc;
}

static int api_reply_rows(struct berth_ctx *c, struct berth_rows *rows)
{
    struct buf b = BUF_INIT;
    struct json j = json_to(&b);
    int rc;

    if (rows == NULL || c->rc != BERTH_OK)
        return c->rc;
    c->told_once = true;
    json_open(&j, '{');
    json_key(&j, "rows");
    json_open(&j, '[');
    for (size_t i = 0; i < rows->n; i++)
        row_json(&j, rows->row[i]);
    json_close(&j, ']');
    titles_of_rows(c, &j, rows->row, rows->n);
    json_close(&j, '}');
    rc = answer(c, 200, &b);
    buf_free(&b);
    return rc;
}

static int api_reply_row(struct berth_ctx *c, struct berth_row *r)
{
    struct buf b = BUF_INIT;
    struct json j = json_to(&b);
    int rc;

    if (r == NULL || c->rc != BERTH_OK)
        return c->rc;
    c->told_once = true;
    json_open(&j, '{');
    json_key(&j, "row");
    row_json(&j, r);
    titles_of_rows(c, &j, &r, 1);
    json_close(&j, '}');
    rc = answer(c, 200, &b);
    buf_free(&b);
    return rc;
}

static int api_json_end(struct berth_ctx *c)
{
    return api_json_close(c, answer);
}

static int api_emit(struct berth_ctx *c, const char *topic, struct berth_row *r)
{
    return c->rc != BERTH_OK ? c->rc : hook_emit(c, topic, r);
}

static int api_note(struct berth_ctx *c, struct berth_row *r, const char *op, const char *text)
{
    return r == NULL || c->rc != BERTH_OK || !c->writing ? c->rc : history_note(c, r, op, text);
}

static int needs_all_rows(struct berth_ctx *c)
{
    size_t i = plugin_at(c);

    if (c->rc != BERTH_OK || (i < c->st->nplugins && (c->st->plugins[i]->caps & BERTH_CAP_ALL_ROWS)))
        return c->rc;
    log_error("plugin", "%s wants all rows without BERTH_CAP_ALL_ROWS", c->plugin);
    return ctx_fail(c, BERTH_DENIED, "denied", "err.denied");
}

static int api_as_user(struct berth_ctx *c, int64_t user, int (*body)(struct berth_ctx *, void *), void *arg)
{
    const struct who *before = c->who;
    bool all = c->all;
    int rc;

    if (needs_all_rows(c) != BERTH_OK)
        return c->rc;
    c->who = who_get(c->st, c->conn, c->m, user);
    if (c->who == NULL) {
        c->who = before;
        return ctx_fail(c, BERTH_NOT_FOUND, "not_found", "err.not_found");
    }
    c->all = false;
    rc = body(c, arg);
    c->who = before;
    c->all = all;
    return c->rc != BERTH_OK ? (int)c->rc : rc;
}

static int api_all_rows(struct berth_ctx *c, int (*body)(struct berth_ctx *, void *), void *arg)
{
    bool before = c->all;
    int rc;

    if (needs_all_rows(c) != BERTH_OK)
        return c->rc;
    c->all = true;
    rc = body(c, arg);
    c->all = before;
    return c->rc != BERTH_OK ? (int)c->rc : rc;
}

/* A plugin built with an older header hands over a shorter struct. */
static int api_alert(struct berth_ctx *c, const struct berth_alert *a, size_t size)
{
    struct berth_alert mine = {0};

    if (c->rc != BERTH_OK)
        return c->rc;
    memcpy(&mine, a, size < sizeof(mine) ? size : sizeof(mine));
    if (c->writing && mine.text != NULL)
        return alert_raise(c, &mine);
    log_error("plugin", "%s raises an alert %s", c->plugin, mine.text == NULL ? "without text" : "outside a write transaction");
    return ctx_fail(c, BERTH_BROKEN, "broken", "err.broken");
}

static int api_alert_over(struct berth_ctx *c, const char *key)
{
    return c->rc != BERTH_OK || !c->writing || key == NULL ? c->rc : alert_over(c, key);
}

static int api_ask(struct berth_ctx *c, struct berth_row *r, const char *flow, const char *note)
{
    if (r != NULL && c->rc == BERTH_OK && c->writing)
        approval_ask(c, r, flow, note);
    return c->rc;
}

static const char *api_approval(struct berth_ctx *c, const struct berth_row *r, const char *flow)
{
    return r == NULL || c->rc != BERTH_OK ? NULL : approval_state(c, r, flow);
}

static int64_t api_today(struct berth_ctx *c)
{
    return where_today(c);
}

static int64_t api_months(int64_t day, int32_t n)
{
    return when_months(day, n);
}

static int64_t api_midnight(struct berth_ctx *c, int64_t day)
{
    return zone_midnight(c->st->company.zone, day);
}

static int64_t api_workday(struct berth_ctx *c, const char *country, int64_t day, int32_t n)
{
    return workday_after(c->st, c->conn, country, day, n);
}

static int api_send(struct berth_ctx *c, const char *channel, const char *to, const char *subject, const char *text,
                    const struct berth_row *about)
{
    if (c->rc == BERTH_OK && !c->writing) {
        log_error("plugin", "%s sends a message outside a write transaction", c->plugin);
        return ctx_fail(c, BERTH_BROKEN, "broken", "err.broken");
    }
    channel_write(c, &(struct out_message){.channel = channel, .to = to, .subject = subject, .text = text, .about = about});
    return c->rc;
}

static const char *api_secret(struct berth_ctx *c)
{
    unsigned char raw[24];
    char *out = arena_alloc(c->a, 33);

    c->told_once = true;
    randombytes_buf(raw, sizeof(raw));
    sodium_bin2base64(out, 33, raw, sizeof(raw), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return out;
}

static const char *api_hash(struct berth_ctx *c, const char *text)
{
    char *out = arena_alloc(c->a, SESSION_HASH_TEXT);

    session_secret_hash(text, out);
    return out;
}

static int api_reply_text(struct berth_ctx *c, int status, const char *mime, const char *text)
{
    c->reply_type = arena_strdup(c->a, mime);
    return api_reply(c, status, text);
}

static bool api_has(struct berth_ctx *c, const char *name)
{
    return model_table(c->m, name) != NULL;
}

static struct berth_row *api_ref(struct berth_ctx *c, const struct berth_row *r, const char *name)
{
    const struct field *f = r == NULL ? NULL : model_field(r->t, name);
    int64_t id = f == NULL ? 0 : row_int(r, f->at);

    if (id == 0 || f->type != BERTH_REF || f->ref == NULL || c->rc != BERTH_OK || !find_exists(c, f->ref, id))
        return NULL;
    return c->writing ? save_load(c, f->ref, id) : find_one(c, f->ref, id);
}

static const char *const *api_tables(struct berth_ctx *c, uint32_t flags)
{
    const char **names = arena_alloc(c->a, (c->m->ntables + 1) * sizeof(*names));
    size_t n = 0;

    for (size_t i = 0; i < c->m->ntables; i++)
        if ((c->m->tables[i].flags & flags) == flags)
            names[n++] = c->m->tables[i].name;
    return names;
}

static int api_due(struct berth_ctx *c, struct berth_row *r, struct berth_due *out)
{
    struct due_asking k = {.c = c};
    struct due_answer a;
    struct due d;
    int64_t waits;

    *out = (struct berth_due){0};
    if (r == NULL || c->rc != BERTH_OK || r->t->at_due < 0)
        return c->rc;
    waits = row_get(r, "remind_at").i;
    row_set(r, "remind_at", berth_nil()); /* told now: the next one is a later one */
    if (!due_now(c, r, &a, &d))
        return c->rc;
    *out = (struct berth_due){.at = d.at, .pool_id = d.pool, .why = d.why};
    k.t = r->t;
    k.plan = due_plan(c);
    for (size_t i = 0; d.at != 0 && waits != 0 && i < a.nremind; i++) {
        int64_t at = due_remind_at(&k, r, &a, i);

        if (at >= waits && at <= c->now)
            out->remind[out->nremind++] =
                (struct berth_remind){at, (uint32_t)a.remind[i].to, a.remind[i].high, a.remind[i].text};
    }
    return c->rc;
}

static int api_totals(struct berth_ctx *c, const char *name, const char *where, const struct berth_val *args, size_t n,
                      const char *group, const char *sum,
                      int (*each)(struct berth_ctx *, const struct berth_total *, void *), void *arg)
{
    const struct table *t = table(c, name);
    struct where_query q;

    if (t == NULL || c->rc != BERTH_OK || !where_text(c, t, where, args, n, &q))
        return c->rc;
    return aggregate_each(c, &(struct aggregate){.t = t, .where = q.where, .group = group, .sum = sum,
                                                 .until = when_monotonic() + TOTALS_MS}, each, arg);
}

static int api_carry(struct berth_ctx *c, const struct berth_row *from, const struct berth_row *to)
{
    if (c->rc == BERTH_OK && from != NULL && to != NULL && row_id(from) != 0 && row_id(to) != 0)
        hangs_carry(c, from, to);
    return c->rc;
}

static int api_carry_back(struct berth_ctx *c, const struct berth_row *from)
{
    return c->rc == BERTH_OK && from != NULL ? hangs_return(c, from) : (int)c->rc;
}

static struct berth_rows *api_search(struct berth_ctx *c, const char *name, const char *text, int32_t most)
{
    const struct table *t = table(c, name);
    struct berth_rows *rows;
    int64_t ids[HITS_MOST];
    size_t n;

    if (t == NULL || c->rc != BERTH_OK || text == NULL || most < 1)
        return NULL;
    n = hits_of(c, t, text, most < HITS_MOST ? (size_t)most : HITS_MOST, ids);
    rows = arena_alloc(c->a, sizeof(*rows));
    *rows = (struct berth_rows){.c = c, .t = t, .row = arena_alloc(c->a, (n + 1) * sizeof(struct berth_row *))};
    for (size_t i = 0; i < n && c->rc == BERTH_OK; i++) {
        struct berth_row *r = c->writing ? save_load(c, t, ids[i]) : find_one(c, t, ids[i]);

        if (r != NULL)
            rows->row[rows->n++] = r;
    }
    return rows;
}

static const char *api_fold(struct berth_ctx *c, const char *text)
{
    struct buf b = BUF_INIT;
    const char *s;

    text_fold(&b, text, strlen(text));
    s = arena_strndup(c->a, buf_str(&b), b.len);
    buf_free(&b);
    return s;
}

static int api_mail(struct berth_ctx *c, const struct berth_row *about, int64_t template_id, const char *to, const char *locale)
{
    struct mail m = {0};

    if (c->rc != BERTH_OK || about == NULL ||
        mail_fill(c, about, template_id, locale == NULL ? c->st->company.locale : locale, &m) != BERTH_OK)
        return c->rc;
    if (m.subject == NULL)
        return ctx_fail(c, BERTH_NOT_FOUND, NULL, "err.not_found");
    if (to != NULL)
        m.to = to;
    mail_put(c, &m);
    return c->rc;
}

static void api_succeeds(struct berth_ctx *c, const struct berth_row *r)
{
    for (size_t i = 0; i < sizeof(c->succeeds) / sizeof(c->succeeds[0]); i++)
        if (c->succeeds[i] == NULL) {
            c->succeeds[i] = r;
            return;
        }
}

const struct berth_api plugin_api = {
    .size = sizeof(struct berth_api),
    .abi_major = BERTH_ABI_MAJOR,
    .abi_minor = BERTH_ABI_MINOR,
    .log = api_log,
    .error = api_error,
    .rc = api_rc,
    .alloc = api_alloc,
    .fmt = api_fmt,
    .state = api_state,
    .now = api_now,
    .make = api_make,
    .load = api_load,
    .find = api_find,
    .next = find_next,
    .count = api_count,
    .table = api_table,
    .get = row_get,
    .set = row_set,
    .save = api_save,
    .drop = api_drop,
    .step = api_step,
    .sql = api_sql,
    .rule = api_rule,
    .setting = setting_get,
    .user = api_user,
    .can = api_can,
    .tr = api_tr,
    .emit = api_emit,
    .note = api_note,
    .param = api_param,
    .reply = api_reply,
    .reply_row = api_reply_row,
    .reply_rows = api_reply_rows,
    .all_rows = api_all_rows,
    .alert = api_alert,
    .alert_over = api_alert_over,
    .has = api_has,
    .ref = api_ref,
    .today = api_today,
    .midnight = api_midnight,
    .as_user = api_as_user,
    .secret = api_secret,
    .hash = api_hash,
    .reply_text = api_reply_text,
    .tables = api_tables,
    .due = api_due,
    .totals = api_totals,
    .succeeds = api_succeeds,
    .carry = api_carry,
    .carry_back = api_carry_back,
    .json_open = api_json_open,
    .json = api_json,
    .json_close = api_json_end,
    .mail = api_mail,
    .workday = api_workday,
    .ask = api_ask,
    .approval = api_approval,
    .send = api_send,
    .act = api_act,
    .call = api_call,
    .json_at = api_json_at,
    .attach = api_attach,
    .file = api_file,
    .search = api_search,
    .fold = api_fold,
    .share = api_share,
    .unshare = api_unshare,
    .shares = api_shares,
    .months = api_months,
};
