/* install.c - the first start with a plugin. */
#include "record/install.h"

#include <stdio.h>
#include <string.h>

#include "record/dup_rule.h"
#include "record/flow.h"

static bool installed(struct berth_ctx *c, const char *plugin)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT 1 FROM setting WHERE name = ?");
    bool yes;

    db_bind_text(s, 1, arena_fmt(c->a, "installed.%s", plugin), -1);
    yes = db_step(s) == DB_ROW;
    db_reset(s);
    return yes;
}

static int mark(struct berth_ctx *c, const struct berth_plugin *p)
{
    struct db_stmt *s = db_prepare(c->conn, "INSERT INTO setting (version, created_at, updated_at, name, value)"
                                            " VALUES (1, ?1, ?1, ?2, ?3)");

    db_bind_int(s, 1, c->now);
    db_bind_text(s, 2, arena_fmt(c->a, "installed.%s", p->name), -1);
    db_bind_text(s, 3, p->version, -1);
    return ctx_write(c, s, "note a plugin's installation");
}

static int64_t role(struct berth_ctx *c, const char *name)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT id FROM role WHERE name = ?");
    int64_t id = 0;

    db_bind_text(s, 1, name, -1);
    id = db_one_int(s);
    if (id != 0)
        return id;
    s = db_prepare(c->conn, "INSERT INTO role (version, created_at, updated_at, name) VALUES (1, ?1, ?1, ?2)");
    db_bind_int(s, 1, c->now);
    db_bind_text(s, 2, name, -1);
    return ctx_write(c, s, "make a role") == BERTH_OK ? db_last_id(c->conn) : 0;
}

static bool word(const char *list, const char *w)
{
    size_t n = strlen(w);

    for (const char *s = list; (s = strstr(s, w)) != NULL; s += n)
        if ((s == list || s[-1] == ' ') && (s[n] == ' ' || s[n] == '\0'))
            return true;
    return false;
}

/* "own create import" */
static int grant(struct berth_ctx *c, const struct table *t, const char *name, const char *words)
{
    static const char *const scopes[] = {"own", "team", "department", "tree", "all"};
    const char *scope = "none";
    struct db_stmt *s;

    for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++)
        if (word(words, scopes[i]))
            scope = scopes[i];
    s = db_prepare(c->conn, "INSERT INTO role_table (version, created_at, updated_at, role_id, on_table, read_scope,"
                            " update_scope, delete_scope, can_create, can_import, can_export)"
                            " VALUES (1, ?1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");
    db_bind_int(s, 1, c->now);
    db_bind_int(s, 2, role(c, name));
    db_bind_text(s, 3, t->name, -1);
    db_bind_text(s, 4, scope, -1);
    db_bind_text(s, 5, word(words, "read") ? "none" : scope, -1);
    db_bind_text(s, 6, word(words, "delete") ? scope : "none", -1);
    db_bind_int(s, 7, word(words, "create"));
    db_bind_int(s, 8, word(words, "import"));
    db_bind_int(s, 9, word(words, "export"));
    return ctx_write(c, s, "grant rights");
}

static const char *trimmed(struct berth_ctx *c, const char *s, size_t n)
{
    while (n > 0 && *s == ' ')
        s++, n--;
    while (n > 0 && s[n - 1] == ' ')
        n--;
    return arena_strndup(c->a, s, n);
}

static void grant_table(struct berth_ctx *c, const struct table *t)
{
    const char *s = t->rights;

    while (s != NULL && *s != '\0' && c->rc == BERTH_OK) {
        size_t n = strcspn(s, ";"), name = strcspn(s, ":");

        if (name < n)
            grant(c, t, trimmed(c, s, name), trimmed(c, s + name + 1, n - name - 1));
        s += n + (s[n] == ';');
    }
}

static void grant_perm(struct berth_ctx *c, const struct perm *p)
{
    const char *s = p->roles;

    while (s != NULL && *s != '\0' && c->rc == BERTH_OK) {
        size_t n = strcspn(s, ",");
        struct db_stmt *st;
        int64_t id = role(c, trimmed(c, s, n));

        st = db_prepare(c->conn, "INSERT INTO role_perm (version, created_at, updated_at, role_id, perm) VALUES (1, ?1, ?1, ?2, ?3)");
        db_bind_int(st, 1, c->now);
        db_bind_int(st, 2, id);
        db_bind_text(st, 3, p->full, -1);
        ctx_write(c, st, "grant a permission");
        s += n + (s[n] == ',');
    }
}

static bool belongs(const char *full, const char *plugin)
{
    size_t n = strlen(plugin);

    return strncmp(full, plugin, n) == 0 && full[n] == '.';
}

int install_plugins(struct berth_ctx *c)
{
    for (size_t i = 0; i < c->m->nplugins && c->rc == BERTH_OK; i++) {
        const struct berth_plugin *p = c->m->plugins[i];

        if (installed(c, p->name))
            continue;
        for (size_t k = 0; k < c->m->ntables; k++)
            if (strcmp(c->m->tables[k].plugin, p->name) == 0)
                grant_table(c, &c->m->tables[k]);
        for (size_t k = 0; k < c->m->nperms; k++)
            if (belongs(c->m->perms[k].full, p->name))
                grant_perm(c, &c->m->perms[k]);
        mark(c, p);
    }
    return c->rc == BERTH_OK && dup_rule_install(c) == BERTH_OK ? flow_install(c) : (int)c->rc;
}
