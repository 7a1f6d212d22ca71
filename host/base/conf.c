/* conf.c - the option table, and what reads it: file, environment, command line. */
#include "base/conf.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/nearest.h"

/* The compiler refuses a row whose type does not fit its member. */
#define IS(type, m) _Generic(((struct conf *)0)->m, type : offsetof(struct conf, m))
#define BOOL(m) .name = #m, .type = CONF_BOOL, .offset = IS(bool, m)
#define INT(m, least, most)                                                                        \
    .name = #m, .type = CONF_INT, .offset = IS(int64_t, m), .min = (least), .max = (most)
#define SIZE(m, least, most)                                                                       \
    .name = #m, .type = CONF_SIZE, .offset = IS(int64_t, m), .min = (least), .max = (most)
#define TIME(m, least, most)                                                                       \
    .name = #m, .type = CONF_TIME, .offset = IS(int64_t, m), .min = (least), .max = (most)
#define TEXT(m) .name = #m, .type = CONF_TEXT, .offset = IS(const char *, m)
#define PICK(m, words)                                                                             \
    .name = #m, .type = CONF_PICK, .offset = IS(const char *, m), .choices = (words)
#define PATH(m) .name = #m, .type = CONF_PATH, .offset = IS(const char *, m)
#define LIST(m) .name = #m, .type = CONF_LIST, .offset = IS(struct conf_list, m)
#define PATHS(m) .name = #m, .type = CONF_PATHS, .offset = IS(struct conf_list, m)
#define PAIRS(m) .name = #m, .type = CONF_PAIRS, .offset = IS(struct conf_pairs, m)

#define KB (INT64_C(1) << 10)
#define MB (INT64_C(1) << 20)
#define GB (INT64_C(1) << 30)
#define SECOND INT64_C(1000)
#define HOUR (3600 * SECOND)
#define DAY (24 * HOUR)

/* clang-format off */
const struct conf_option conf_options[] = {
    {TEXT(listen), .def = "127.0.0.1:8080", .section = "server", .help = "address and port; port 0 takes a free one, * is every address"},
    {PATH(data), .def = "data", .section = "server", .help = "data directory: database, attachments, state"},
    {TEXT(database), .def = "sqlite:{data}/berth.db", .section = "server", .flags = CONF_SECRET, .help = "sqlite:FILE or postgresql://user:password@host/name"},
    {TEXT(public_url), .def = "", .section = "server", .help = "what users type, when a proxy stands in front: https://crm.example.com"},
    {LIST(allow_origin), .def = "", .section = "server", .help = "other web origins that may call the API from a browser"},
    {PICK(log_level, "debug info warn error"), .def = "info", .section = "server", .flags = CONF_LIVE, .help = "least important log line to write"},
    {PATH(ui), .def = "@ui", .section = "server", .help = "directory of the built web UI"},
    {PATH(share), .def = "@share", .section = "server", .help = "directory of labels and templates"},
    {BOOL(demo), .def = "no", .section = "server", .help = "a new database gets demo data and a demo user"},
    {PATH(backups), .def = "", .section = "server", .help = "folder of backups made in the browser; empty: backups in the data directory"},
    {BOOL(backup_download), .def = "no", .section = "server", .help = "administrators may download backups: all that the company knows"},
    {TEXT(smtp_url), .def = "", .section = "mail", .help = "mail server: smtp://host:587 or smtps://host; empty: mails wait"},
    {TEXT(smtp_user), .def = "", .section = "mail", .help = "user at the mail server"},
    {TEXT(smtp_password), .def = "", .section = "mail", .flags = CONF_SECRET, .help = "and the password"},
    {TEXT(smtp_from), .def = "", .section = "mail", .help = "address that mails come from"},
    {TEXT(smtp_ca), .def = "", .section = "mail", .help = "file with the certificate that signed the mail server's; empty: the system's"},
    {BOOL(smtp_plain), .def = "no", .section = "mail", .help = "without TLS: for a relay on this very machine"},
    {TEXT(imap_url), .def = "", .section = "mail", .help = "mailbox whose mails go to records: imaps://host/INBOX; empty: none"},
    {TEXT(imap_user), .def = "", .section = "mail", .help = "user at the mailbox"},
    {TEXT(imap_password), .def = "", .section = "mail", .flags = CONF_SECRET, .help = "and the password"},
    {TEXT(imap_ca), .def = "", .section = "mail", .help = "file with the certificate that signed the mailbox's; empty: the system's"},
    {BOOL(imap_plain), .def = "no", .section = "mail", .help = "without TLS: for a server on this very machine"},
    {TIME(imap_every, SECOND, DAY), .def = "1m", .section = "mail", .help = "between two looks into the mailbox"},
    {SIZE(imap_mail_max, 64 * KB, 256 * MB), .def = "20M", .section = "mail", .help = "of longer mails only the headers are read"},
    {LIST(net_hosts), .def = "", .section = "network", .help = "hosts adaptors may talk to: api.telegram.org *.example.com example.com:8443"},
    {BOOL(net_private), .def = "no", .section = "network", .help = "of those, also hosts with private addresses, and by plain http"},
    {TIME(net_timeout, 100, 60 * SECOND), .def = "10s", .section = "network", .help = "for one request to them"},
    {SIZE(net_answer, 1 * KB, 16 * MB), .def = "256K", .section = "network", .help = "the longest answer that is read"},
    {TEXT(scanner), .def = "", .section = "server", .help = "virus scanner that speaks clamd's protocol: /run/clamav/clamd.ctl or host:3310"},

    {INT(event_threads, 0, 256), .def = "0", .section = "limits", .help = "threads that talk to clients; 0: two a core"},
    {INT(pool_threads, 0, 256), .def = "0", .section = "limits", .help = "threads for slow work; 0: by the number of cores"},
    {TIME(inline_time, 0, SECOND), .def = "5ms", .section = "limits", .help = "for a read on the thread it came in by; a longer one begins again as slow work"},
    {INT(max_connections, 10, 1000000), .def = "10000", .section = "limits", .help = "open connections in all"},
    {INT(max_per_address, 1, 1000000), .def = "1000", .section = "limits", .flags = CONF_LIVE, .help = "open connections from one address"},
    {SIZE(header_max, 4 * KB, 1 * MB), .def = "16K", .section = "limits", .help = "request line and headers"},
    {SIZE(body_max, 1 * KB, 1 * GB), .def = "2M", .section = "limits", .flags = CONF_LIVE, .help = "JSON request body"},
    {SIZE(upload_max, 1 * KB, 16 * GB), .def = "100M", .section = "limits", .flags = CONF_LIVE, .help = "uploaded file"},
    {TIME(header_timeout, SECOND, HOUR), .def = "20s", .section = "limits", .flags = CONF_LIVE, .help = "for a client to send its request's headers"},
    {TIME(request_timeout, SECOND, HOUR), .def = "30s", .section = "limits", .flags = CONF_LIVE, .help = "for a whole request; jobs are not requests"},
    {TIME(idle_timeout, SECOND, HOUR), .def = "75s", .section = "limits", .flags = CONF_LIVE, .help = "until an idle connection is closed"},
    {TIME(stop_timeout, 0, HOUR), .def = "10s", .section = "limits", .flags = CONF_LIVE, .help = "for requests in flight at a stop or upgrade"},

    {LIST(plugins), .def = "base pools leads customers opportunities activities", .section = "plugins", .help = "plugins to load"},
    {PATHS(plugin_path), .def = "@plugins", .section = "plugins", .help = "directories that hold them, separated by colons"},
    {PAIRS(grant), .choices = "grant.PLUGIN", .def = "", .section = "plugins", .help = "powers granted to a plugin: grant.leads = sql, net"},
    {PATH(scripts), .def = "@scripts", .section = "plugins", .help = "directory of Lua rules, hooks and reports"},
    {BOOL(edit_scripts), .def = "no", .section = "plugins", .help = "administrators may change rules and hooks in the browser"},
    {SIZE(script_memory, 1 * MB, 4 * GB), .def = "32M", .section = "plugins", .help = "for Lua, a thread"},
    {TIME(rule_time, 1, 10 * SECOND), .def = "20ms", .section = "plugins", .flags = CONF_LIVE, .help = "for a rule or hook inside a request"},
    {TIME(script_time, 1, HOUR), .def = "10s", .section = "plugins", .flags = CONF_LIVE, .help = "for a report or a script in a job"},

    {TIME(session_idle, SECOND, 365 * DAY), .def = "12h", .section = "sessions", .flags = CONF_LIVE, .help = "until an unused sign-in ends"},
    {TIME(session_absolute, SECOND, 365 * DAY), .def = "7d", .section = "sessions", .flags = CONF_LIVE, .help = "until any sign-in ends"},
    {SIZE(password_memory, 8 * MB, 4 * GB), .def = "19M", .section = "sessions", .help = "argon2id, three passes: for one password check"},
    {INT(password_parallel, 1, 64), .def = "2", .section = "sessions", .help = "argon2id: checks at a time, others queue"},

    {TEXT(company), .def = "", .section = "company", .help = "name, used when the database is new"},
    {TEXT(country), .def = "CN", .section = "company", .help = "default country of phone numbers, ISO 3166"},
    {TEXT(currency), .def = "CNY", .section = "company", .help = "default currency, ISO 4217"},
    {TEXT(timezone), .def = "Asia/Shanghai", .section = "company", .help = "in which dates begin and reports count"},
    {PICK(language, "zh-CN zh-TW vi en"), .def = "zh-CN", .section = "company", .help = "for users who have not chosen one"},
    {0},
};
/* clang-format on */

enum { OPTIONS = sizeof(conf_options) / sizeof(conf_options[0]) - 1 };

/* Places that come with the program: beside it in a build folder, below its prefix once installed.
 */
static const struct place {
    const char *name, *built, *installed;
} places[] = {
    {"@plugins", "plugins", "../lib/berth/plugins"},
    {"@scripts", "../scripts", "../share/berth/scripts"},
    {"@share", "../share", "../share/berth"},
    {"@ui", "share/ui", "../share/berth/ui"},
};

struct setting {
    const char *text, *origin;
    const char *folder; /* of the file it stands in, for relative paths; NULL: none */
    const char *key;    /* of CONF_PAIRS, else NULL */
    const struct conf_option *option;
    struct setting *next;
};

struct argument {
    const char *name, *text;
    struct argument *next;
};

struct conf_inside {
    struct arena *arena;
    const char *wanted_file, *file;
    struct argument *arguments, **arguments_end;
    struct setting *values[OPTIONS]; /* CONF_PAIRS: a chain, newest first */
    struct conf *older;              /* what reloads have replaced; strings may be in use */
};

struct conf *conf_new(void)
{
    struct conf *c = mem_alloc(sizeof(*c));

    c->inside = mem_alloc(sizeof(*c->inside));
    c->inside->arena = arena_new();
    c->inside->arguments_end = &c->inside->arguments;
    return c;
}

void conf_free(struct conf **c)
{
    if (*c == NULL)
        return;
    conf_free(&(*c)->inside->older);
    arena_free(&(*c)->inside->arena);
    free((*c)->inside);
    free(*c);
    *c = NULL;
}

/* ---- names ---- */

/* Is `name` this option, or a key of it ("grant.leads")? */
static bool is_named(const struct conf_option *o, const char *name)
{
    size_t n = strlen(o->name);

    if (o->type != CONF_PAIRS)
        return strcmp(o->name, name) == 0;
    return strncmp(o->name, name, n) == 0 && name[n] == '.' && name[n + 1] != '\0';
}

const struct conf_option *conf_find(const char *name, const char **nearest_r)
{
    struct nearest near = nearest_to(name);

    for (const struct conf_option *o = conf_options; o->name != NULL; o++) {
        if (is_named(o, name))
            return o;
        nearest_try(&near, o->type == CONF_PAIRS ? o->choices : o->name);
        if (strcmp(o->name, name) == 0)
            near.best = o->choices; /* the bare name of CONF_PAIRS */
    }
    if (nearest_r != NULL)
        *nearest_r = near.best;
    return NULL;
}

static char *with_dashes(struct arena *a, const char *name)
{
    char *s = arena_fmt(a, "--%s", name);

    for (char *p = s; *p != '\0' && *p != '.'; p++)
        if (*p == '_')
            *p = '-';
    return s;
}

void conf_argument(struct conf *c, const char *name, const char *text)
{
    struct argument *arg = arena_alloc(c->inside->arena, sizeof(*arg));

    *arg = (struct argument){arena_strdup(c->inside->arena, name),
                             arena_strdup(c->inside->arena, text), NULL};
    *c->inside->arguments_end = arg;
    c->inside->arguments_end = &arg->next;
}

static void set(struct conf *c, const struct conf_option *o, const char *name, struct setting s)
{
    struct conf_inside *in = c->inside;
    struct setting *new = arena_alloc(in->arena, sizeof(*new));
    struct setting **at = &in->values[o - conf_options];

    *new = s;
    new->option = o;
    if (o->type == CONF_PAIRS) {
        new->key = arena_strdup(in->arena, name + strlen(o->name) + 1);
        new->next = *at;
    }
    *at = new;
}

/* ---- file ---- */

static char *trim(char *s)
{
    char *end;

    while (isspace((unsigned char)*s))
        s++;
    end = s + strlen(s);
    while (end > s && isspace((unsigned char)end[-1]))
        *--end = '\0';
    return s;
}

/* Cuts the comment off: a # at the start of the line or after a space, not within quotes. */
static void cut_comment(char *s)
{
    bool quoted = false;

    for (char *p = s; *p != '\0'; p++) {
        if (*p == '"')
            quoted = !quoted;
        if (*p == '#' && !quoted && (p == s || isspace((unsigned char)p[-1]))) {
            *p = '\0';
            return;
        }
    }
}

static char *unquote(char *s)
{
    size_t n = strlen(s);

    if (n < 2 || s[0] != '"' || s[n - 1] != '"')
        return s;
    s[n - 1] = '\0';
    return s + 1;
}

static int file_line(struct conf *c, const char *folder, const char *where, char *line,
                     struct buf *err)
{
    struct conf_inside *in = c->inside;
    const struct conf_option *o;
    const char *near = NULL;
    char *equals, *name;

    cut_comment(line);
    line = trim(line);
    if (*line == '\0')
        return 0;
    equals = strchr(line, '=');
    if (equals == NULL) {
        buf_addf(err, "%s: \"%s\" is not of the form key = value", where, line);
        return -1;
    }
    *equals = '\0';
    name = trim(line);
    o = conf_find(name, &near);
    if (o == NULL) {
        buf_addf(err, "%s: unknown option \"%s\"", where, name);
        if (near != NULL)
            buf_addf(err, "; did you mean \"%s\"?", near);
        return -1;
    }
    for (const struct setting *s = in->values[o - conf_options]; s != NULL; s = s->next) {
        if (s->folder != NULL &&
            (s->key == NULL || strcmp(s->key, name + strlen(o->name) + 1) == 0)) {
            buf_addf(err, "%s: %s is already set at %s", where, name, s->origin);
            return -1;
        }
    }
    set(c, o, name,
        (struct setting){.text = arena_strdup(in->arena, unquote(trim(equals + 1))),
                         .origin = where,
                         .folder = folder});
    return 0;
}

static int read_file(struct conf *c, const char *file, FILE *f, struct buf *err)
{
    struct arena *a = c->inside->arena;
    const char *slash = strrchr(file, '/');
    const char *folder = slash != NULL ? arena_strndup(a, file, (size_t)(slash - file)) : ".";
    char *line = NULL;
    size_t cap = 0;
    int rc = 0;

    for (int number = 1; rc == 0 && getline(&line, &cap, f) >= 0; number++)
        rc = file_line(c, folder, arena_fmt(a, "%s:%d", file, number), line, err);
    if (rc == 0 && ferror(f)) {
        buf_addf(err, "%s: %s", file, strerror(errno));
        rc = -1;
    }
    free(line);
    return rc;
}

static int load_file(struct conf *c, struct buf *err)
{
    static const char *const usual[] = {"berth.conf", "/etc/berth/berth.conf", NULL};
    const char *const named[] = {c->inside->wanted_file, NULL};
    int rc;

    for (const char *const *name = named[0] != NULL ? named : usual; *name != NULL; name++) {
        FILE *f = fopen(*name, "re");

        if (f == NULL && errno == ENOENT && named[0] == NULL)
            continue;
        if (f == NULL) {
            buf_addf(err, "cannot read %s: %s", *name, strerror(errno));
            return -1;
        }
        c->inside->file = *name;
        rc = read_file(c, *name, f, err);
        fclose(f);
        return rc;
    }
    return 0;
}

/* ---- environment and arguments ---- */

extern char **environ;

/* BERTH_GRANT_LEADS is grant.leads.  Names that are no option are left alone: container managers
 * set BERTH_... variables of their own. */
static void load_environment(struct conf *c)
{
    struct arena *a = c->inside->arena;

    for (char **e = environ; *e != NULL; e++) {
        const char *equals = strchr(*e, '=');

        if (equals == NULL || strncmp(*e, "BERTH_", 6) != 0)
            continue;
        char *name = arena_strndup(a, *e + 6, (size_t)(equals - *e) - 6);
        for (char *p = name; *p != '\0'; p++)
            *p = (char)tolower((unsigned char)*p);
        if (strncmp(name, "grant_", 6) == 0)
            name[5] = '.';
        const struct conf_option *o = conf_find(name, NULL);
        if (o != NULL)
            set(c, o, name,
                (struct setting){.text = arena_strdup(a, equals + 1),
                                 .origin = arena_strndup(a, *e, (size_t)(equals - *e))});
    }
}

static int load_arguments(struct conf *c, struct buf *err)
{
    for (const struct argument *arg = c->inside->arguments; arg != NULL; arg = arg->next) {
        const struct conf_option *o = conf_find(arg->name, NULL);

        if (o == NULL) {
            buf_addf(err, "unknown option --%s", arg->name);
            return -1;
        }
        set(c, o, arg->name,
            (struct setting){.text = arg->text,
                             .origin = with_dashes(c->inside->arena, arg->name)});
    }
    return 0;
}

/* ---- values ---- */

struct unit {
    const char *name;
    int64_t factor;
};

static const struct unit size_units[] = {{"", 1}, {"K", KB}, {"M", MB}, {"G", GB}, {NULL, 0}};
static const struct unit time_units[] = {{"ms", 1},   {"s", SECOND}, {"m", 60 * SECOND},
                                         {"h", HOUR}, {"d", DAY},    {NULL, 0}};
static const struct unit no_units[] = {{"", 1}, {NULL, 0}};

/* By enum conf_type: how a number of that kind is written. */
static const struct {
    const struct unit *units;
    const char *example;
} numbers[] = {
    [CONF_INT] = {no_units, "a whole number"},
    [CONF_SIZE] = {size_units, "a size such as 512K, 50M or 2G"},
    [CONF_TIME] = {time_units, "a time such as 100ms, 30s, 10m, 12h or 7d"},
};

static void show_number(const struct conf_option *o, int64_t v, struct buf *out)
{
    const struct unit *best = numbers[o->type].units;

    for (const struct unit *u = best; u->name != NULL; u++)
        if (v != 0 && v % u->factor == 0)
            best = u;
    buf_addf(out, "%lld%s", (long long)(v / best->factor), v == 0 ? "" : best->name);
}

static int parse_number(const struct conf_option *o, const char *text, int64_t *out,
                        struct buf *err)
{
    char *end;
    long long v;

    errno = 0;
    v = strtoll(text, &end, 10);
    if (end != text && errno == 0) {
        for (const struct unit *u = numbers[o->type].units; u->name != NULL; u++) {
            if (strcasecmp(end, u->name) != 0 && !(v == 0 && *end == '\0'))
                continue;
            if (__builtin_mul_overflow(v, u->factor, out))
                break;
            if ((o->min != 0 || o->max != 0) && (*out < o->min || *out > o->max)) {
                buf_addf(err, "%s is not between ", text);
                show_number(o, o->min, err);
                buf_puts(err, " and ");
                show_number(o, o->max, err);
                return -1;
            }
            return 0;
        }
    }
    buf_addf(err, "\"%s\" is not %s", text, numbers[o->type].example);
    return -1;
}

static int parse_bool(const char *text, bool *out, struct buf *err)
{
    static const char *const words[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcasecmp(text, words[i]) == 0) {
            *out = i % 2 == 1;
            return 0;
        }
    }
    buf_addf(err, "\"%s\" is neither yes nor no", text);
    return -1;
}

static struct conf_list split(struct arena *a, const char *text, const char *separators)
{
    const char **at = arena_alloc(a, (strlen(text) + 2) * sizeof(*at));
    size_t n = 0;

    for (;;) {
        size_t len;

        text += strspn(text, separators);
        len = strcspn(text, separators);
        if (len == 0)
            break;
        at[n++] = arena_strndup(a, text, len);
        text += len;
    }
    return (struct conf_list){at, n};
}

static int parse_pick(struct arena *a, const struct conf_option *o, const char *text,
                      const char **out, struct buf *err)
{
    struct conf_list choices = split(a, o->choices, " ");

    for (size_t i = 0; i < choices.n; i++) {
        if (strcasecmp(text, choices.at[i]) == 0) {
            *out = choices.at[i];
            return 0;
        }
    }
    buf_addf(err, "\"%s\" is not one of: %s", text, o->choices);
    return -1;
}

/* The folder the program stands in. */
static const char *program_folder(struct arena *a)
{
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path));

    while (n > 0 && path[n - 1] != '/')
        n--;
    return n > 1 ? arena_strndup(a, path, (size_t)n - 1) : ".";
}

static const char *resolve_path(struct arena *a, const char *text, const char *folder)
{
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (strcmp(text, places[i].name) == 0) {
            const char *here = program_folder(a), *name = strrchr(here, '/');
            bool installed = name != NULL && strcmp(name, "/bin") == 0;
            const char *path =
                arena_fmt(a, "%s/%s", here, installed ? places[i].installed : places[i].built);
            char *real = realpath(path, NULL);

            if (real != NULL)
                path = arena_strdup(a, real);
            free(real);
            return path;
        }
    }
    if (*text == '/' || *text == '\0' || folder == NULL || strcmp(folder, ".") == 0)
        return text;
    return arena_fmt(a, "%s/%s", folder, text);
}

static struct conf_list resolve_paths(struct arena *a, const char *text, const char *folder)
{
    struct conf_list list = split(a, text, ":");
    const char **at = arena_alloc(a, (list.n + 1) * sizeof(*at));

    for (size_t i = 0; i < list.n; i++)
        at[i] = resolve_path(a, list.at[i], folder);
    return (struct conf_list){at, list.n};
}

/* The newest setting of each key, in the order in which they were given. */
static struct conf_pairs collect_pairs(struct arena *a, const struct setting *newest)
{
    size_t n = 0, most = 0;
    struct conf_pair *at;

    for (const struct setting *s = newest; s != NULL; s = s->next)
        most++;
    at = arena_alloc(a, (most + 1) * sizeof(*at));
    for (const struct setting *s = newest; s != NULL; s = s->next) {
        struct conf_pairs sofar = {at + most - n, n};

        if (s->key != NULL && conf_pair(&sofar, s->key) == NULL)
            at[most - ++n] = (struct conf_pair){s->key, s->text};
    }
    return (struct conf_pairs){at + most - n, n};
}

static int parse(struct conf *c, const struct setting *s, void *member, struct buf *err)
{
    struct arena *a = c->inside->arena;
    const struct conf_option *o = s->option;

    switch (o->type) {
    case CONF_BOOL:
        return parse_bool(s->text, member, err);
    case CONF_INT:
    case CONF_SIZE:
    case CONF_TIME:
        return parse_number(o, s->text, member, err);
    case CONF_PICK:
        return parse_pick(a, o, s->text, member, err);
    case CONF_TEXT:
        *(const char **)member = s->text;
        return 0;
    case CONF_PATH:
        *(const char **)member = resolve_path(a, s->text, s->folder);
        return 0;
    case CONF_LIST:
        *(struct conf_list *)member = split(a, s->text, ", \t");
        return 0;
    case CONF_PATHS:
        *(struct conf_list *)member = resolve_paths(a, s->text, s->folder);
        return 0;
    case CONF_PAIRS:
        *(struct conf_pairs *)member = collect_pairs(a, s);
        return 0;
    }
    return -1;
}

/* The one default that depends on another option. */
static const char *fill_in_data(struct conf *c, const char *text)
{
    const char *at = strstr(text, "{data}");

    if (at == NULL)
        return text;
    return arena_fmt(c->inside->arena, "%.*s%s%s", (int)(at - text), text, c->data, at + 6);
}

int conf_load(struct conf *c, const char *file, struct buf *err)
{
    struct conf_inside *in = c->inside;

    in->wanted_file = file != NULL ? arena_strdup(in->arena, file) : NULL;
    if (load_file(c, err) < 0)
        return -1;
    load_environment(c);
    if (load_arguments(c, err) < 0)
        return -1;
    for (const struct conf_option *o = conf_options; o->name != NULL; o++) {
        const struct setting by_default = {.option = o, .text = o->def, .origin = "default"};
        const struct setting *s = in->values[o - conf_options];
        struct buf why = BUF_INIT;

        if (parse(c, s != NULL ? s : &by_default, (char *)c + o->offset, &why) < 0) {
            buf_addf(err, "%s: %s%s%s", s != NULL ? s->origin : o->name,
                     s != NULL && s->folder != NULL ? o->name : "",
                     s != NULL && s->folder != NULL ? ": " : "", buf_str(&why));
            buf_free(&why);
            return -1;
        }
    }
    c->database = fill_in_data(c, c->database);
    return 0;
}

int conf_reload(struct conf *c, struct buf *err)
{
    struct conf *fresh = conf_new();

    for (const struct argument *arg = c->inside->arguments; arg != NULL; arg = arg->next)
        conf_argument(fresh, arg->name, arg->text);
    if (conf_load(fresh, c->inside->wanted_file, err) < 0) {
        conf_free(&fresh);
        return -1;
    }
    for (const struct conf_option *o = conf_options; o->name != NULL; o++) {
        void *to = (char *)c + o->offset;
        const void *from = (const char *)fresh + o->offset;

        if (!(o->flags & CONF_LIVE))
            continue;
        if (o->type == CONF_BOOL)
            __atomic_store_n((bool *)to, *(const bool *)from, __ATOMIC_RELEASE);
        else /* numbers and strings; lists are never live */
            __atomic_store_n((int64_t *)to, *(const int64_t *)from, __ATOMIC_RELEASE);
        c->inside->values[o - conf_options] = fresh->inside->values[o - conf_options];
    }
    fresh->inside->older = c->inside->older;
    c->inside->older = fresh;
    return 0;
}

/* ---- showing ---- */

const char *conf_file(const struct conf *c)
{
    return c->inside->file;
}

const char *conf_origin(const struct conf *c, const struct conf_option *o)
{
    const struct setting *s = c->inside->values[o - conf_options];

    return s != NULL ? s->origin : "default";
}

/* postgresql://user:password@host -> postgresql://user:***@host */
static void show_secret(const char *url, struct buf *out)
{
    const char *scheme = strstr(url, "://");
    const char *at = strrchr(url, '@');
    const char *colon = scheme != NULL ? strchr(scheme + 3, ':') : NULL;

    if (at == NULL || colon == NULL || colon > at)
        buf_puts(out, url);
    else
        buf_addf(out, "%.*s:***%s", (int)(colon - url), url, at);
}

static void show_list(const struct conf_list *list, const char *separator, struct buf *out)
{
    for (size_t i = 0; i < list->n; i++)
        buf_addf(out, "%s%s", i > 0 ? separator : "", list->at[i]);
}

void conf_show(const struct conf *c, const struct conf_option *o, struct buf *out)
{
    const void *member = (const char *)c + o->offset;
    const struct conf_pairs *pairs = member;

    switch (o->type) {
    case CONF_BOOL:
        buf_puts(out, *(const bool *)member ? "yes" : "no");
        break;
    case CONF_INT:
    case CONF_SIZE:
    case CONF_TIME:
        show_number(o, *(const int64_t *)member, out);
        break;
    case CONF_TEXT:
    case CONF_PICK:
    case CONF_PATH:
        if (o->flags & CONF_SECRET)
            show_secret(*(const char *const *)member, out);
        else
            buf_puts(out, *(const char *const *)member);
        break;
    case CONF_LIST:
        show_list(member, " ", out);
        break;
    case CONF_PATHS:
        show_list(member, ":", out);
        break;
    case CONF_PAIRS:
        for (size_t i = 0; i < pairs->n; i++)
            buf_addf(out, "%s%s: %s", i > 0 ? "; " : "", pairs->at[i].name, pairs->at[i].value);
        break;
    }
}

const char *conf_pair(const struct conf_pairs *pairs, const char *name)
{
    for (size_t i = 0; i < pairs->n; i++)
        if (strcmp(pairs->at[i].name, name) == 0)
            return pairs->at[i].value;
    return NULL;
}

bool conf_has(const struct conf_list *list, const char *name)
{
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->at[i], name) == 0)
            return true;
    return false;
}
