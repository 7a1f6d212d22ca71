/* mail.c - mails about a record over HTTP: from a template, as it would be sent, into the outbox. */
#include <string.h>

#include "record/audit.h"
#include "record/find.h"
#include "service/mail.h"
#include "web/app.h"

/* "files":[{"id":7,"name":"terms.pdf",...}]: a template's. */
static void files_json(struct call *k, struct json *j, const struct mail *m)
{
    json_key(j, "files");
    json_open(j, '[');
    for (size_t i = 0; i < m->nfiles; i++) {
        struct file f;

        if (file_get(&k->c, m->file[i], &f))
            file_json(j, &f);
    }
    json_close(j, ']');
}

/* "files":[7,12]: of the record, of the template, or of whatever the user sees. */
static void read_files(struct call *k, const json_t *o, struct mail *m)
{
    const json_t *list = json_object_get(o, "files"), *v;
    size_t i;

    if (list != NULL && !json_is_null(list) && !json_is_array(list))
        ctx_invalid(&k->c, "files", "err.list", NULL);
    if (json_array_size(list) > FILE_MAIL_MAX)
        ctx_invalid(&k->c, "files", "err.mail_files_count", "max", arena_fmt(k->req->arena, "%d", FILE_MAIL_MAX), NULL);
    else
        json_array_foreach ((json_t *)list, i, v)
            m->file[m->nfiles++] = json_integer_value(v); /* 0 is no file's */
}

/* {"template":3,"locale":"vi"}: what would be sent. */
static int fill(struct call *k)
{
    const json_t *o = call_object(k);
    struct berth_row *r = o == NULL ? NULL : find_one(&k->c, k->t, k->id);
    const char *locale = call_string(k, "locale");
    struct json j = call_json(k);
    struct mail m;

    if (r == NULL || mail_fill(&k->c, r, json_integer_value(json_object_get(o, "template")),
                               labels_locale(k->app->st->labels, locale == NULL ? k->c.locale : locale), &m) != BERTH_OK)
        return k->c.rc;
    json_open(&j, '{');
    json_text(&j, "to", m.to);
    json_text(&j, "subject", m.subject);
    json_text(&j, "text", m.text);
    files_json(k, &j, &m);
    json_close(&j, '}');
    return k->c.rc;
}

static int send(struct call *k)
{
    const json_t *o = call_object(k);
    struct berth_row *r = o == NULL ? NULL : find_one(&k->c, k->t, k->id);
    struct mail m = {.to = call_string(k, "to"), .subject = call_string(k, "subject"), .text = call_string(k, "text"), .about = r};
    struct json j;
    int64_t id;

    if (r == NULL)
        return k->c.rc;
    if (!perm_row(&k->c, r, DO_UPDATE)) /* it goes out in the company's name */
        return ctx_fail(&k->c, BERTH_DENIED, "denied", "err.denied");
    read_files(k, o, &m);
    if ((id = mail_put(&k->c, &m)) == 0)
        return k->c.rc;
    audit_add(&k->c, "mail", arena_fmt(k->req->arena, "%s %lld to %s, files: %zu", k->t->name, (long long)k->id, m.to, m.nfiles));
    k->req->status = 202;
    j = call_json(k);
    json_open(&j, '{');
    json_number(&j, "id", id);
    json_close(&j, '}');
    return k->c.rc;
}

const struct route_entry routes_mail[] = {
    {"POST", "/api/{table}/{id}/_mail", R_WRITE | R_INSIDE, send},
    {"POST", "/api/{table}/{id}/_mail/_fill", R_INSIDE, fill},
    {0},
};
