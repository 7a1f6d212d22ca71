/* user.c - berth user: people who may sign in, from the command line. */
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/datadir.h"
#include "cli/site.h"
#include "record/find.h"
#include "record/handover.h"
#include "record/save.h"
#include "record/session.h"

static const struct cli_option options[] = {
    {"name", "TEXT", "the person's name (add)"},
    {"admin", NULL, "an administrator (add)"},
    {"role", "NAME", "a role; may be given several times (add)"},
    {"to", "LOGIN", "who gets it; may be given several times (handover)"},
    {"dry-run", NULL, "only say what it is (handover)"},
    {"password", "TEXT", "instead of asking; others on this machine may see it"},
    {0},
};

struct task {
    struct cli *cli;
    struct site *site;
    const char *login, *hash;
};

/* From the terminal without showing it, or the first line of stdin. */
static bool ask(char *out, size_t cap)
{
    struct termios before, quiet;
    bool tty = tcgetattr(STDIN_FILENO, &before) == 0;
    bool ok;

    if (tty) {
        quiet = before;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(STDIN_FILENO, TCSANOW, &quiet);
        fputs("password: ", stderr);
    }
    ok = fgets(out, (int)cap, stdin) != NULL;
    if (tty) {
        tcsetattr(STDIN_FILENO, TCSANOW, &before);
        fputc('\n', stderr);
    }
    out[strcspn(out, "\n")] = '\0';
    return ok && *out != '\0';
}

static struct berth_row *find_user(struct berth_ctx *c, const char *login)
{
    const struct table *t = c->m->users;
    struct db_stmt *s = db_prepare(c->conn, "SELECT id FROM \"user\" WHERE login = ?");
    int64_t id = 0;

    db_bind_text(s, 1, login, -1);
    id = db_one_int(s);
    if (id == 0) {
        ctx_invalid(c, "login", "err.ref_name", "value", login, NULL);
        return NULL;
    }
    return save_load(c, t, id);
}

static void give_role(struct berth_ctx *c, int64_t user, const char *name)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT id FROM role WHERE name = ?");
    struct berth_row *r;
    int64_t id = 0;

    db_bind_text(s, 1, name, -1);
    id = db_one_int(s);
    if (id == 0) {
        ctx_invalid(c, "role", "err.ref_name", "value", name, NULL);
        return;
    }
    r = row_new(c, model_table(c->m, "user_role"));
    row_set(r, "user_id", berth_i(user));
    row_set(r, "role_id", berth_i(id));
    row_save(c, r);
}

static int add_body(struct berth_ctx *c, void *arg)
{
    struct task *t = arg;
    struct berth_row *u = row_new(c, c->m->users);
    const char *name = cli_value(t->cli, "name");

    row_set(u, "login", berth_s(t->login));
    row_set(u, "name", berth_s(name == NULL ? t->login : name));
    row_set(u, "password_hash", berth_s(t->hash));
    row_set(u, "admin", berth_i(cli_has(t->cli, "admin")));
    row_set(u, "active", berth_i(1));
    if (row_save(c, u) != BERTH_OK)
        return c->rc;
    for (int i = 0; cli_value_at(t->cli, "role", i) != NULL; i++)
        give_role(c, row_id(u), cli_value_at(t->cli, "role", i));
    return c->rc;
}

static int password_body(struct berth_ctx *c, void *arg)
{
    struct task *t = arg;
    struct berth_row *u = find_user(c, t->login);

    if (u != NULL && session_set_hash(c, row_id(u), t->hash) == BERTH_OK)
        session_end_all(c, row_id(u), NULL);
    return c->rc;
}

static int set_active(struct berth_ctx *c, const struct task *t, int64_t active)
{
    struct berth_row *u = find_user(c, t->login);

    row_set(u, "active", berth_i(active));
    return u == NULL ? (int)c->rc : row_save(c, u);
}

static int disable_body(struct berth_ctx *c, void *arg)
{
    return set_active(c, arg, 0);
}

static int enable_body(struct berth_ctx *c, void *arg)
{
    return set_active(c, arg, 1);
}

static void tell_owned(struct berth_ctx *c, int64_t user)
{
    struct buf b = BUF_INIT;
    json_t *j, *t;
    size_t i;

    handover_preview(c, user, &b);
    j = json_loadb(b.s, b.len, 0, NULL);
    if (json_array_size(json_object_get(j, "tables")) == 0)
        puts("nothing is theirs");
    json_array_foreach (json_object_get(j, "tables"), i, t)
        printf("%8lld %s\n", (long long)json_integer_value(json_object_get(t, "count")), json_string_value(json_object_get(t, "label")));
    json_decref(j);
    buf_free(&b);
}

/* What is owned, and then the job that moves it when the server runs. */
static int handover_body(struct berth_ctx *c, void *arg)
{
    const struct task *t = arg;
    struct berth_row *u = find_user(c, t->login), *to;
    json_t *body, *heirs;
    int64_t handover;

    if (u == NULL)
        return c->rc;
    heirs = json_array();
    for (int i = 0; cli_value_at(t->cli, "to", i) != NULL && (to = find_user(c, cli_value_at(t->cli, "to", i))) != NULL; i++)
        json_array_append_new(heirs, json_integer(row_id(to)));
    body = json_pack("{s:o}", "to", heirs);
    if (c->rc == BERTH_OK)
        tell_owned(c, row_id(u));
    if (c->rc == BERTH_OK && !cli_has(t->cli, "dry-run") && handover_give(c, row_id(u), body, &handover) != 0)
        printf("handover %lld: the server moves it as soon as it runs\n", (long long)handover);
    json_decref(body);
    return c->rc;
}

static int list_body(struct berth_ctx *c, void *arg)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT login, name, coalesce(admin, 0), active FROM \"user\" ORDER BY login");

    (void)arg;
    while (db_step(s) == DB_ROW)
        printf("%-20s %s%s%s\n", db_col_text(s, 0, NULL), db_col_text(s, 1, NULL), db_col_int(s, 2) ? "  (administrator)" : "",
               db_col_int(s, 3) ? "" : "  (disabled)");
    db_reset(s);
    return c->rc;
}

static const struct user_deed {
    const char *name;
    bool login, password;
    int (*body)(struct berth_ctx *, void *);
} deeds[] = {
    {"add", true, true, add_body},        {"disable", true, false, disable_body}, {"enable", true, false, enable_body},
    {"list", false, false, list_body},    {"password", true, true, password_body},
    {"handover", true, false, handover_body},
};

static int work(struct task *t, const struct user_deed *d)
{
    struct buf err = BUF_INIT;
    struct arena *a = arena_new();
    char typed[600];
    const char *password = cli_value(t->cli, "password");
    int rc = 0;

    if (d->password && password == NULL)
        password = ask(typed, sizeof(typed)) ? typed : "";
    if (d->password) {
        struct db_conn *conn = db_reader(t->site->st.db, &err);
        struct berth_ctx c;

        ctx_init(&c, &t->site->st, conn, a, NULL, NULL);
        session_limits(t->cli->conf);
        t->hash = session_hash(&c, t->login, password);
        if (t->hash == NULL)
            rc = cli_fail(t->cli, "%s", ctx_text(&c, c.problems != NULL ? c.problems->key : "err.broken", NULL));
        db_conn_close(&conn);
    }
    if (rc == 0 && site_write(t->site, d->body, t, &err) < 0)
        rc = cli_fail(t->cli, "%s", buf_str(&err));
    arena_free(&a);
    buf_free(&err);
    return rc;
}

static int run(struct cli *cli)
{
    struct site site;
    struct task t = {.cli = cli, .site = &site, .login = cli->nargs > 1 ? cli->args[1] : NULL};
    const struct user_deed *d = NULL;
    struct buf err = BUF_INIT;
    int rc, lock;

    for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++)
        if (strcmp(deeds[i].name, cli->args[0]) == 0)
            d = &deeds[i];
    if (d == NULL)
        return cli_misused(cli, "what is to be done: add, list, password, handover, disable or enable?");
    if (d->login && t.login == NULL)
        return cli_misused(cli, "whose?  Give a login: berth user %s LOGIN", d->name);
    lock = datadir_lock(cli->conf->data, 0, &err);
    if (lock < 0)
        rc = cli_fail(cli, "%s; while the server runs, administrators do this in the browser", buf_str(&err));
    else if (site_load(&site, cli->conf, &err) < 0 || site_open(&site, NULL, &err) < 0)
        rc = cli_fail(cli, "%s", buf_str(&err));
    else
        rc = work(&t, d);
    if (lock >= 0) {
        site_close(&site);
        close(lock);
    }
    buf_free(&err);
    return rc;
}

const struct cli_command cli_user = {
    .name = "user",
    .summary = "add people, set passwords, disable accounts",
    .usage = "add|list|password|handover|disable|enable [LOGIN] [options]",
    .help = "  berth user add lan --name 'Nguyễn Thị Lan' --role sales\n"
            "  berth user add root --admin\n"
            "  berth user password lan            asks for it; also reads it from a pipe\n"
            "  berth user handover lan --to minh --dry-run\n"
            "  berth user disable lan             ends all sessions; leads fall back to their pool\n"
            "  berth user list\n"
            "\n"
            "The server must not be running on the same data.\n",
    .options = options,
    .min_args = 1,
    .max_args = 2,
    .run = run,
};
