/* import.c - berth import: a spreadsheet into a table, from the command line. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/datadir.h"
#include "cli/site.h"
#include "record/find.h"
#include "record/import.h"

static const struct cli_option options[] = {
    {"table", "NAME", "the table to fill, such as lead"},
    {"map", "COLUMN=FIELD", "a column by its header, letter or number; several: again, or with commas"},
    {"only-mapped", NULL, "leave out columns that are not named by --map (default: what their headers say)"},
    {"sheet", "NAME", "which sheet, by its name or counted from 1"},
    {"header-row", "N", "the row that holds the headers, 0: none"},
    {"encoding", "NAME", "of a text file: UTF-8, GB18030, Big5 ..."},
    {"separator", "CHAR", "of a text file"},
    {"pool", "NAME", "put new records without owner into this pool"},
    {"as", "LOGIN", "whose rights and name it runs with (default: the host's own)"},
    {"mode", "MODE", "create (default), both (also update what is there), update (create nothing)"},
    {"match", "FIELD", "find records by this field, not by the duplicate rules; several: with commas"},
    {"value", "FIELD:TEXT=KEY", "what a word of the file means; without KEY: nothing"},
    {"mapping", "NAME", "use a saved mapping; none: only what the headers say"},
    {"save-mapping", "NAME", "keep how this file was read, for files with the same headers"},
    {"shared", NULL, "and let colleagues use it"},
    {"update", NULL, "the same as --mode both"},
    {"totals", NULL, "take rows that only add up those above them, too: they stay out otherwise"},
    {"dry-run", NULL, "say what would become of every row and write nothing"},
    {"rejected", "FILE", "write the rows that did not go in, with the reason, to this .xlsx or .csv"},
    {"undo", "ID", "take the import with this number back; no FILE"},
    {"list", NULL, "the table's imports, newest first; no FILE"},
    {0},
};

struct task {
    struct cli *cli;
    struct site *site;
    const char *path, *table;
    const struct who *who;
    int64_t import, job;
    json_t *options;
    struct buf answer; /* of the look */
};

static int copy_file(const char *from, const char *to)
{
    int in = open(from, O_RDONLY | O_CLOEXEC), out = -1, rc = -1;
    struct stat st;

    if (in >= 0 && fstat(in, &st) == 0 && (out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)) >= 0) {
        off_t left = st.st_size;
        ssize_t n = 1;

        while (left > 0 && (n = sendfile(out, in, NULL, (size_t)left)) > 0)
            left -= n;
        rc = left == 0 ? 0 : -1;
    }
    if (in >= 0)
        close(in);
    if (out >= 0 && close(out) < 0)
        rc = -1;
    return rc;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? path : slash + 1;
}

static int take_body(struct berth_ctx *c, void *arg)
{
    struct task *t = arg;
    const struct table *table = model_table(c->m, t->table);

    c->who = t->who;
    t->import = import_new(c, table, base_name(t->path), arena_fmt(c->a, "%s/import-cli", c->st->files_dir));
    return c->rc;
}

/* Which column COLUMN of "COLUMN=FIELD" means: header, letter or number from 1; -1 none. */
static long column_of(const json_t *look, const char *name, size_t n)
{
    const json_t *columns = json_object_get(look, "columns");
    long count = (long)json_array_size(columns), number;
    size_t i;
    json_t *column;
    char *end;

    json_array_foreach (columns, i, column) {
        const char *header = json_string_value(json_object_get(column, "header"));

        if (header != NULL && strlen(header) == n && strncasecmp(header, name, n) == 0)
            return (long)i;
    }
    number = strtol(name, &end, 10);
    if (end != name + n)
        for (number = 0, i = 0; i < n && number <= count; i++)
            number = name[i] < 'A' || name[i] > 'Z' ? count + 1 : number * 26 + (name[i] - 'A' + 1);
    return number > 0 && number <= count ? number - 1 : -1;
}

static int add_map(struct task *t, const json_t *look, json_t *map, const char *text)
{
    while (*text != '\0') {
        size_t n = strcspn(text, ","), eq = strcspn(text, "=");
        char key[24], field[64];
        long at;

        if (eq + 1 >= n)
            return cli_misused(t->cli, "--map wants COLUMN=FIELD, not \"%.*s\"", (int)n, text);
        at = column_of(look, text, eq);
        if (at < 0)
            return cli_fail(t->cli, "there is no column \"%.*s\" in the file", (int)eq, text);
        snprintf(key, sizeof(key), "%ld", at);
        snprintf(field, sizeof(field), "%.*s", (int)(n - eq - 1), text + eq + 1);
        json_object_set_new(map, key, json_string(field));
        text += n + (text[n] == ',');
    }
    return 0;
}

static json_t *reading(const struct task *t)
{
    const char *sheet = cli_value(t->cli, "sheet"), *header = cli_value(t->cli, "header-row");
    const char *encoding = cli_value(t->cli, "encoding"), *separator = cli_value(t->cli, "separator");
    json_t *o = json_object();

    if (sheet != NULL)
        json_object_set_new(o, "sheet", json_string(sheet));
    if (header != NULL)
        json_object_set_new(o, "header_row", json_integer(strtol(header, NULL, 10)));
    if (encoding != NULL)
        json_object_set_new(o, "encoding", json_string(encoding));
    if (separator != NULL)
        json_object_set_new(o, "separator", json_string(separator));
    return o;
}

/* FIELD:TEXT=KEY */
static int add_value(struct task *t, json_t *values, const char *text)
{
    const char *colon = strchr(text, ':'), *eq = strrchr(text, '=');
    const struct table *table = model_table(atomic_load(&t->site->st.model), t->table);
    char name[64];
    const struct field *f;
    json_t *of;

    if (colon == NULL || eq == NULL || eq < colon)
        return cli_misused(t->cli, "--value wants FIELD:TEXT=KEY, not \"%s\"", text);
    snprintf(name, sizeof(name), "%.*s", (int)(colon - text), text);
    f = model_field(table, name);
    if (f == NULL || (f->type != BERTH_PICK && f->type != BERTH_REF))
        return cli_fail(t->cli, "%s is no field of %s that refers to a dictionary or a record", name, t->table);
    of = json_object_get(values, name);
    if (of == NULL)
        json_object_set_new(values, name, of = json_object());
    return json_object_setn_new(of, colon + 1, (size_t)(eq - colon - 1),
                                eq[1] == '\0' ? json_null() : f->type == BERTH_REF ? json_integer(strtoll(eq + 1, NULL, 10))
                                                                                 : json_string(eq + 1)) < 0;
}

/* What a saved mapping said counts unless the command line says otherwise. */
static int add_how(struct task *t, const json_t *look)
{
    const json_t *saved = json_object_get(look, "mapping");
    const char *mode = cli_value(t->cli, "mode"), *name = cli_value(t->cli, "save-mapping");
    json_t *values = json_deep_copy(json_object_get(saved, "values")), *match = json_array();
    int rc = 0;

    if (!json_is_object(values)) {
        json_decref(values);
        values = json_object();
    }
    for (int k = 0; cli_value_at(t->cli, "value", k) != NULL && rc == 0; k++)
        rc = add_value(t, values, cli_value_at(t->cli, "value", k));
    for (int k = 0; cli_value_at(t->cli, "match", k) != NULL; k++)
        for (const char *s = cli_value_at(t->cli, "match", k); *s != '\0'; s += strcspn(s, ",") + (s[strcspn(s, ",")] == ','))
            json_array_append_new(match, json_stringn(s, strcspn(s, ",")));
    json_object_set_new(t->options, "values", values);
    if (mode == NULL)
        mode = cli_has(t->cli, "update") ? "both" : json_string_value(json_object_get(saved, "mode"));
    if (mode != NULL)
        json_object_set_new(t->options, "mode", json_string(mode));
    if (json_array_size(match) > 0)
        json_object_set(t->options, "match", match);
    else if (json_is_array(json_object_get(saved, "match")))
        json_object_set(t->options, "match", json_object_get(saved, "match"));
    json_decref(match);
    if (name != NULL)
        json_object_set_new(t->options, "save_as", json_pack("{s:s, s:b}", "name", name, "shared", cli_has(t->cli, "shared")));
    return rc;
}

static int make_options(struct task *t, const json_t *look)
{
    json_t *map = json_object();
    size_t i;
    json_t *column;
    int rc = 0;

    for (int k = 0; cli_value_at(t->cli, "map", k) != NULL && rc == 0; k++)
        rc = add_map(t, look, map, cli_value_at(t->cli, "map", k));
    json_array_foreach (json_object_get(look, "columns"), i, column) {
        const char *field = json_string_value(json_object_get(column, "field"));
        char key[24];
        const char *k;
        json_t *v;
        bool taken = false;

        snprintf(key, sizeof(key), "%zu", i);
        json_object_foreach (map, k, v)
            taken = taken || (field != NULL && strcmp(json_string_value(v), field) == 0);
        if (!cli_has(t->cli, "only-mapped") && field != NULL && !taken && json_object_get(map, key) == NULL)
            json_object_set_new(map, key, json_string(field));
    }
    t->options = reading(t);
    json_object_set_new(t->options, "map", map);
    json_object_set(t->options, "sheet", json_object_get(look, "sheet"));
    json_object_set(t->options, "header_row", json_object_get(look, "header_row"));
    json_object_set_new(t->options, "dry", json_boolean(cli_has(t->cli, "dry-run")));
    if (cli_has(t->cli, "totals"))
        json_object_set_new(t->options, "totals", json_true());
    return rc != 0 ? rc : add_how(t, look);
}

static int start_body(struct berth_ctx *c, void *arg)
{
    struct task *t = arg;
    const char *pool = cli_value(t->cli, "pool");

    c->who = t->who;
    if (pool != NULL) {
        struct field f = {.name = "pool", .type = BERTH_REF, .ref = model_table(c->m, "pool")};
        int64_t id = f.ref == NULL ? 0 : find_ref_by_text(c, &f, pool, strlen(pool));

        if (id == 0)
            return ctx_invalid(c, "pool", "err.ref_name", "value", pool, NULL);
        json_object_set_new(t->options, "pool_id", json_integer(id));
    }
    t->job = import_start(c, &t->import, t->options);
    return c->rc;
}

/* Words that neither a dictionary nor a record has; each once, for --value. */
static void unknown_words(const json_t *result)
{
    size_t i;
    json_t *w;

    json_array_foreach (json_object_get(result, "values"), i, w)
        if (!json_is_true(json_object_get(w, "known")))
            printf("unknown    %s:%s in %lld rows\n", json_string_value(json_object_get(w, "field")),
                   json_string_value(json_object_get(w, "value")), (long long)json_integer_value(json_object_get(w, "rows")));
}

/* Looks at the job until it has ended; its result goes to stdout. */
static int follow(struct task *t, struct db_conn *conn, struct arena *a)
{
    bool tty = isatty(STDERR_FILENO);

    for (;;) {
        struct buf text = BUF_INIT;
        struct berth_ctx c;
        json_t *job;
        const char *state;
        bool ended;

        ctx_init(&c, &t->site->st, conn, a, NULL, NULL);
        job_json(&c, t->job, &text);
        job = json_loadb(buf_str(&text), text.len, 0, NULL);
        buf_free(&text);
        state = json_string_value(json_object_get(job, "state"));
        ended = state == NULL || (strcmp(state, "queued") != 0 && strcmp(state, "running") != 0);
        if (tty || ended)
            fprintf(stderr, "%s%lld rows%s", tty ? "\r" : "", (long long)json_integer_value(json_object_get(job, "done")),
                    ended ? "\n" : "");
        if (ended) {
            const json_t *result = json_object_get(job, "result");
            static const char *const back[] = {"undone", "restored", "others", "kept", "gone"};
            bool done = state != NULL && strcmp(state, "done") == 0;

            if (json_object_get(result, "undone") != NULL)
                for (size_t i = 0; i < sizeof(back) / sizeof(back[0]); i++)
                    printf("%-10s %lld\n", back[i], (long long)json_integer_value(json_object_get(result, back[i])));
            for (const char *const *b = import_buckets; *b != NULL && json_object_get(result, "undone") == NULL; b++)
                if (json_integer_value(json_object_get(result, *b)) > 0 || strcmp(*b, "new") == 0)
                    printf("%-10s %lld\n", *b, (long long)json_integer_value(json_object_get(result, *b)));
            if (json_integer_value(json_object_get(result, "totals")) > 0)
                printf("totals     %lld of the invalid ones: they add others up, --totals takes them in\n",
                       (long long)json_integer_value(json_object_get(result, "totals")));
            unknown_words(result);
            if (!done)
                cli_fail(t->cli, "%s", json_string_value(json_object_get(job, "error")));
            json_decref(job);
            return done ? 0 : -1;
        }
        json_decref(job);
        db_settle(conn);
        usleep(20000);
    }
}

static int rejected(struct task *t, struct db_conn *conn, struct arena *a, const char *to)
{
    struct berth_ctx c;

    ctx_init(&c, &t->site->st, conn, a, NULL, NULL);
    if (import_rejected(&c, t->import, cli_sheet_form(to), NULL, to) == BERTH_OK)
        return 0;
    return cli_fail(t->cli, "write %s: %s", to, ctx_text(&c, c.key, c.args));
}

static int user_of(struct task *t, struct db_conn *conn)
{
    const char *login = cli_value(t->cli, "as");

    if (login == NULL)
        return 0;
    t->who = site_who(t->site, conn, login);
    return t->who == NULL ? cli_fail(t->cli, "there is no active user with the login %s", login) : 0;
}

/* --mapping NAME: the file is looked at again that way. */
static int with_mapping(struct task *t, struct berth_ctx *c, json_t **look)
{
    const char *name = cli_value(t->cli, "mapping");
    json_t *o, *m, *id = NULL;
    size_t i;
    int rc;

    if (name == NULL)
        return 0;
    json_array_foreach (json_object_get(*look, "mappings"), i, m)
        if (strcmp(json_string_value(json_object_get(m, "name")), name) == 0)
            id = json_object_get(m, "id");
    if (id == NULL && strcmp(name, "none") != 0)
        return cli_fail(t->cli, "there is no saved mapping called %s", name);
    o = reading(t);
    json_object_set(o, "mapping", id == NULL ? json_null() : id);
    buf_clear(&t->answer);
    rc = import_look(c, t->import, o, &t->answer);
    json_decref(o);
    if (rc != BERTH_OK)
        return cli_fail(t->cli, "%s", ctx_text(c, c->key, c->args));
    json_decref(*look);
    *look = json_loadb(t->answer.s, t->answer.len, 0, NULL);
    return 0;
}

static int undo_body(struct berth_ctx *c, void *arg)
{
    struct task *t = arg;

    c->who = t->who;
    t->job = import_undo(c, t->import);
    return c->rc;
}

static int take_back(struct task *t, struct db_conn *conn, struct arena *a)
{
    struct buf err = BUF_INIT;
    struct jobs *jobs;
    int rc = user_of(t, conn);

    t->import = strtoll(cli_value(t->cli, "undo"), NULL, 10);
    if (rc == 0 && site_write(t->site, undo_body, t, &err) < 0)
        rc = cli_fail(t->cli, "%s", buf_str(&err));
    if (rc == 0 && (jobs = jobs_start(&t->site->st, &err)) != NULL) {
        rc = follow(t, conn, a) < 0 ? CLI_FAILED : CLI_OK;
        jobs_stop(&jobs);
    }
    buf_free(&err);
    return rc;
}

static int list(struct task *t, struct db_conn *conn, struct arena *a)
{
    const struct table *table = model_table(atomic_load(&t->site->st.model), t->table);
    struct buf out = BUF_INIT;
    struct berth_ctx c;
    json_t *all, *x;
    size_t i;

    if (table == NULL)
        return cli_fail(t->cli, "there is no table %s", t->table);
    ctx_init(&c, &t->site->st, conn, a, NULL, NULL);
    import_list(&c, table, 0, 100, &out);
    all = json_loadb(buf_str(&out), out.len, 0, NULL);
    json_array_foreach (json_object_get(all, "imports"), i, x) {
        const json_t *r = json_object_get(x, "result");

        printf("%-6lld %s  %-9s new %lld, updated %lld  %s%s\n", (long long)json_integer_value(json_object_get(x, "import")),
               json_string_value(json_object_get(x, "at")), json_string_value(json_object_get(x, "state")),
               (long long)json_integer_value(json_object_get(r, "new")), (long long)json_integer_value(json_object_get(r, "updated")),
               json_string_value(json_object_get(x, "name")),
               json_is_true(json_object_get(r, "dry"))           ? "  (dry run)"
               : json_is_string(json_object_get(x, "undone_at")) ? "  (undone)"
                                                                 : "");
    }
    json_decref(all);
    buf_free(&out);
    return CLI_OK;
}

static int work(struct task *t, struct db_conn *conn, struct arena *a)
{
    struct buf err = BUF_INIT;
    struct jobs *jobs;
    struct berth_ctx c;
    json_t *look, *how = reading(t);
    int rc = user_of(t, conn);

    if (rc == 0 && model_table(atomic_load(&t->site->st.model), t->table) == NULL)
        rc = cli_fail(t->cli, "there is no table %s", t->table);
    if (rc == 0 && copy_file(t->path, arena_fmt(a, "%s/import-cli", t->site->files_dir)) < 0)
        rc = cli_fail(t->cli, "read %s: %s", t->path, strerror(errno));
    if (rc == 0 && site_write(t->site, take_body, t, &err) < 0)
        rc = cli_fail(t->cli, "%s", buf_str(&err));
    ctx_init(&c, &t->site->st, conn, a, t->who, NULL);
    if (rc == 0 && import_look(&c, t->import, how, &t->answer) != BERTH_OK)
        rc = cli_fail(t->cli, "%s", ctx_text(&c, c.key, c.args));
    json_decref(how);
    if (rc != 0) {
        buf_free(&err);
        return rc;
    }
    look = json_loadb(t->answer.s, t->answer.len, 0, NULL);
    rc = with_mapping(t, &c, &look);
    if (rc == 0 && json_array_size(json_object_get(look, "columns")) == 0)
        rc = cli_fail(t->cli, "nothing is in this sheet, or from the header row on; --sheet and --header-row name others");
    if (rc == 0)
        rc = make_options(t, look);
    if (rc == 0 && site_write(t->site, start_body, t, &err) < 0)
        rc = cli_fail(t->cli, "%s", buf_str(&err));
    if (rc == 0 && (jobs = jobs_start(&t->site->st, &err)) != NULL) {
        rc = follow(t, conn, a) < 0 ? CLI_FAILED : CLI_OK;
        jobs_stop(&jobs);
        if (rc == 0 && cli_value(t->cli, "rejected") != NULL)
            rc = rejected(t, conn, a, cli_value(t->cli, "rejected"));
    }
    json_decref(look);
    json_decref(t->options);
    buf_free(&err);
    return rc;
}

/* Asked before all the work that the file would tell of. */
static bool may_be_made(const char *path)
{
    char *copy = mem_strdup(path);
    bool may = access(dirname(copy), W_OK | X_OK) == 0;

    free(copy);
    return may;
}

/* What is wrong with options before any file is read. */
static int options_ok(const struct cli *cli)
{
    static const char *const numbers[] = {"header-row", "undo"};
    const char *to = cli_value(cli, "rejected");

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        const char *v = cli_value(cli, numbers[i]);

        if (v != NULL && (*v == '\0' || v[strspn(v, "0123456789")] != '\0'))
            return cli_misused(cli, "--%s wants a number, not \"%s\"", numbers[i], v);
    }
    if (to != NULL && cli_sheet_form(to) == NULL)
        return cli_misused(cli, "--rejected wants a name that ends in .xlsx or .csv, not \"%s\"", to);
    if (to != NULL && !may_be_made(to))
        return cli_fail(cli, "--rejected: %s cannot be written there: %s", to, strerror(errno));
    return CLI_OK;
}

static int run(struct cli *cli)
{
    struct site site;
    struct task t = {.cli = cli, .site = &site, .path = cli->nargs > 0 ? cli->args[0] : NULL, .table = cli_value(cli, "table")};
    struct buf err = BUF_INIT;
    struct arena *a;
    struct db_conn *conn = NULL;
    int rc = options_ok(cli), lock;

    if (rc != CLI_OK)
        return rc;
    if (t.table == NULL && !cli_has(cli, "undo"))
        return cli_misused(cli, "--table is missing: which table is to be filled?");
    if (t.path == NULL && !cli_has(cli, "undo") && !cli_has(cli, "list"))
        return cli_misused(cli, "FILE is missing: which file is to be read?");
    a = arena_new();
    lock = datadir_lock(cli->conf->data, 0, &err);
    if (lock < 0) {
        rc = cli_fail(cli, "%s; while the server runs, import in the browser or through the REST interface", buf_str(&err));
    } else if (site_load(&site, cli->conf, &err) < 0 || site_open(&site, NULL, &err) < 0 ||
               (conn = db_reader(site.st.db, &err)) == NULL) {
        rc = cli_fail(cli, "%s", buf_str(&err));
    } else {
        rc = cli_has(cli, "list") ? list(&t, conn, a) : cli_has(cli, "undo") ? take_back(&t, conn, a) : work(&t, conn, a);
        db_conn_close(&conn);
    }
    if (lock >= 0) {
        site_close(&site);
        close(lock);
    }
    buf_free(&t.answer);
    buf_free(&err);
    arena_free(&a);
    return rc;
}

const struct cli_command cli_import = {
    .name = "import",
    .summary = "put a spreadsheet's rows into a table",
    .usage = "FILE --table NAME [options]",
    .help = "Reads .xlsx, .xls and .csv.  Columns whose headers are known (in any of the four languages)\n"
            "find their fields by themselves; --map names the others, and how a file was read is remembered\n"
            "for the next one with these headers.  Each row is told apart: new, updated, same, duplicate,\n"
            "held (by a colleague), pool, elsewhere (in another table), conflict, missing, invalid.  The\n"
            "server must not be running on the same data.\n"
            "\n"
            "First see what would become of every row, and which words of the file mean nothing yet:\n"
            "  berth import leads.xlsx --table lead --dry-run\n"
            "then say what they mean, and go:\n"
            "  berth import leads.xlsx --table lead --value country:大陆=CN --value source:Messe=exhibition\n"
            "\n"
            "  berth import leads.csv --table lead --map 'Firma=name,Tel=phone' --pool 深圳公海\n"
            "  berth import prices.csv --table lead --mode update --match id --map 'No=id,City=city'\n"
            "  berth import leads.xls --table lead --as demo.manager --rejected left-over.xlsx\n"
            "  berth import --table lead --list        what was imported, with its numbers\n"
            "  berth import --undo 17                  takes one back, but for what was worked on since\n",
    .options = options,
    .min_args = 0,
    .max_args = 1,
    .run = run,
};
