/* setting.c - reading settings. */
#include "record/setting.h"

#include <string.h>

static const struct berth_field *declared(struct berth_ctx *c, const char *full)
{
    const char *dot = strchr(full, '.');

    for (size_t i = 0; dot != NULL && i < c->st->nplugins; i++) {
        const struct berth_plugin *p = c->st->plugins[i];

        if (strncmp(p->name, full, (size_t)(dot - full)) != 0 || p->name[dot - full] != '\0')
            continue;
        for (const struct berth_field *f = p->settings; f != NULL && f->name != NULL; f++)
            if (strcmp(f->name, dot + 1) == 0)
                return f;
    }
    return NULL;
}

struct berth_val setting_get(struct berth_ctx *c, const char *full)
{
    const struct berth_field *d = declared(c, full);
    struct berth_val v = berth_nil();
    struct field f;
    struct db_stmt *s;

    if (d == NULL || c->rc != BERTH_OK)
        return v;
    /* dictionaries and tables were checked when the value was set */
    f = (struct field){.name = d->name,
                       .type = d->type == BERTH_PICK  ? BERTH_TEXT
                               : d->type == BERTH_REF ? BERTH_INT
                                                      : d->type,
                       .max = 100000};
    s = db_prepare(c->conn, "SELECT value FROM setting WHERE name = ?");
    db_bind_text(s, 1, full, -1);
    if (db_step(s) == DB_ROW && !db_col_is_null(s, 0)) {
        size_t n;
        const char *text = db_col_text(s, 0, &n);

        val_from_text(c, &f, text, n, &v);
    } else if (d->def != NULL && d->def[0] != '@') {
        val_from_text(c, &f, d->def, strlen(d->def), &v);
    }
    db_reset(s);
    return v;
}
