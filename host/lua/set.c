/* set.c - reads, checks and publishes the scripts of a folder; keeps what went wrong. */
#include "lua/set.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <lua.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/nearest.h"
#include "base/when.h"

enum { SOURCE_MAX = 256 << 10, OVERRUNS_MAX = 5 };
enum { HEAT_MAX = 4, COOL_MS = 30000 };

/* What was found when loading. */
struct refusal {
    struct refusal *next;
    const char *file, *message;
    int line;
};

struct scripts {
    uint64_t id;
    char *dir;
    char **left_out;
    size_t nleft_out;
    atomic_uint_least64_t generation;
    atomic_bool hooks;
    atomic_size_t memory;
    atomic_int_least64_t rule_ms;
    pthread_mutex_t lock; /* all below */
    struct script_set *set;
    struct refusal *refusals, **refusals_end; /* in the set's arena */
    struct tally *tallies;
    uint64_t seen; /* signature of the folder as last read */
    struct arena *arena;
    struct map globals; /* "string.rep" ...: what scripts may name */
};

/* ---- small things ------------------------------------------------------------------------ */

static uint64_t hash_more(uint64_t h, const void *data, size_t n)
{
    const unsigned char *p = data;

    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * 1099511628211u;
    return h;
}

static uint64_t hash_of(const void *data, size_t n)
{
    return hash_more(1469598103934665603u, data, n);
}

static const char *const folders[] = {
    [SCRIPT_RULE] = "rules", [SCRIPT_HOOK] = "hooks", [SCRIPT_REPORT] = "reports", [SCRIPT_CHANNEL] = "channels"};

/* By the folder it lies in: "…/reports/x.lua"; elsewhere it passes for a hook. */
static enum script_kind kind_of(const char *path)
{
    const char *end = strrchr(path, '/'), *from = end;

    while (from != NULL && from > path && from[-1] != '/')
        from--;
    for (enum script_kind k = 0; from != NULL && k < SCRIPT_KINDS; k++)
        if (strlen(folders[k]) == (size_t)(end - from) && strncmp(from, folders[k], (size_t)(end - from)) == 0)
            return k;
    return SCRIPT_HOOK;
}

static bool is_script(const char *name)
{
    size_t n = strlen(name);

    return n > 4 && name[0] != '.' && strcmp(name + n - 4, ".lua") == 0;
}

/* The file's text in the arena; NULL with err. */
static char *read_source(struct arena *a, const char *path, size_t *len, struct buf *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    char *text = NULL;
    ssize_t got;

    if (fd < 0 || fstat(fd, &st) < 0) {
        buf_addf(err, "cannot read: %s", strerror(errno));
    } else if (!S_ISREG(st.st_mode)) {
        buf_puts(err, "is not a file");
    } else if (st.st_size > SOURCE_MAX) {
        buf_addf(err, "is longer than %d KB", SOURCE_MAX >> 10);
    } else {
        text = arena_alloc(a, (size_t)st.st_size + 1);
        *len = 0;
        while (*len < (size_t)st.st_size &&
               (got = read(fd, text + *len, (size_t)st.st_size - *len)) > 0)
            *len += (size_t)got;
    }
    if (fd >= 0)
        close(fd);
    if (text != NULL &&
        strncmp(text, "\xef\xbb\xbf", 3) == 0) { /* as editors on Windows begin a file */
        text += 3;
        *len -= 3;
    }
    return text;
}

const char *script_type_text(enum berth_type type)
{
    static const char *const names[] = {
        [BERTH_INT] = "a whole number", [BERTH_REAL] = "a number",  [BERTH_BOOL] = "true or false",
        [BERTH_MONEY] = "money",        [BERTH_DATE] = "a date",    [BERTH_TIME] = "a time",
        [BERTH_REF] = "an id",          [BERTH_FILE] = "a file id", [BERTH_ROW] = "a record"};

    return type_is_text(type) ? "text"
           : (size_t)type < sizeof(names) / sizeof(*names) && names[type] != NULL
               ? names[type]
               : "something else";
}

/* ---- what a script may name ---------------------------------------------------------------- */

struct naming {
    struct map *map;
    struct arena *a;
};

static void name_all(lua_State *L, struct naming *n, const char *prefix)
{
    for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1)) {
        const char *name = arena_fmt(n->a, "%s%s", prefix, lua_tostring(L, -2));

        map_put(n->map, name, n->map);
        if (lua_istable(L, -1) && lua_getmetatable(L, -1)) {
            lua_getfield(L, -1, "__index");
            name_all(L, n, arena_fmt(n->a, "%s.", name));
            lua_pop(L, 2);
        }
    }
}

static int name_globals(lua_State *L)
{
    box_globals(L);
    name_all(L, lua_touserdata(L, 1), "");
    return 0;
}

static void learn_globals(struct map *map, struct arena *a)
{
    static const struct box_budget budget = {10000000, 1000, 1000};
    struct naming n = {map, a};
    struct vm *vm = vm_new(BOX_MEMORY_DEFAULT);
    struct buf err = BUF_INIT;

    box_run(vm_box(vm), &budget, name_globals, &n, &err, NULL);
    buf_free(&err);
    vm_free(&vm);
}

/* ---- tallies ------------------------------------------------------------------------------- */

static struct tally *tally_for(struct scripts *s, const char *file, uint64_t hash)
{
    struct tally *t = s->tallies;

    while (t != NULL && strcmp(t->file, file) != 0)
        t = t->next;
    if (t == NULL) {
        t = mem_alloc(sizeof(*t));
        snprintf(t->file, sizeof(t->file), "%s", file);
        t->next = s->tallies;
        s->tallies = t;
    }
    if (t->hash != hash) { /* another source: a new start */
        t->hash = hash;
        t->times = 0;
        atomic_store(&t->overruns, 0);
        atomic_store(&t->heat, 0);
        atomic_store(&t->stopped, false);
    }
    return t;
}

void tally_success(struct tally *t)
{
    if (atomic_load_explicit(&t->overruns, memory_order_relaxed) != 0)
        atomic_store_explicit(&t->overruns, 0, memory_order_relaxed);
}

void tally_failure(struct scripts *s, struct tally *t, const struct box_failure *f,
                   const char *message)
{
    int64_t now = when_now();
    bool stop = f->why != BOX_ERROR && atomic_fetch_add(&t->overruns, 1) + 1 >= OVERRUNS_MAX, tell;

    if (f->why != BOX_ERROR) {
        atomic_store(&t->hot_since, when_monotonic());
        if (atomic_load(&t->heat) < HEAT_MAX)
            atomic_fetch_add(&t->heat, 1);
    }
    pthread_mutex_lock(&s->lock);
    t->times++;
    t->at = now;
    t->line = f->line;
    snprintf(t->message, sizeof(t->message), "%s", message);
    tell = now - t->logged > 60000 || t->times == 1;
    if (tell)
        t->logged = now;
    stop = stop && !atomic_exchange(&t->stopped, true);
    pthread_mutex_unlock(&s->lock);
    if (tell)
        log_warn("script", "%s failed (%llu times so far): %s", t->file,
                 (unsigned long long)t->times, message);
    if (stop)
        log_error("script",
                  "%s overran %d times in a row and is no longer run until it changes: %s", t->file,
                  OVERRUNS_MAX, message);
}

/* ---- reading a folder ----------------------------------------------------------------------- */

struct reading {
    struct scripts *s;
    struct script_set *set;
    struct arena *a;
    struct refusal *first, **end;
    size_t nrefusals, room; /* room: in set->list */
    const struct map *globals;
    const struct model *m;
};

static void refused(void *arg, const char *file, int line, const char *message)
{
    struct reading *r = arg;
    struct refusal *p = arena_alloc(r->a, sizeof(*p));

    *p = (struct refusal){NULL, arena_strdup(r->a, file), arena_strdup(r->a, message), line};
    *r->end = p;
    r->end = &p->next;
    r->nrefusals++;
}

/* "hooks/x.lua:3: text" -> text */
static const char *without_place(const char *message, const char *file)
{
    size_t n = strlen(file);

    if (strncmp(message, file, n) != 0 || message[n] != ':')
        return message;
    message += n + 1;
    message += strspn(message, "0123456789");
    return message + strspn(message, ": ");
}

static bool find_rule(struct reading *r, struct script *script)
{
    const char *name = strrchr(script->file, '/') + 1;
    char *full = arena_strndup(r->a, name, strlen(name) - 4);
    struct nearest n = nearest_to(full);

    script->rule = map_get(&r->m->rule_by_name, full);
    if (script->rule != NULL) {
        script->args = script_args(r->a, r->m, script->rule->args, &script->nargs);
        return true;
    }
    for (size_t i = 0; i < r->m->nrules; i++)
        nearest_try(&n, r->m->rules[i].full);
    refused(r, script->file, 1,
            n.best == NULL
                ? arena_fmt(r->a, "no plugin asks a rule '%s'", full)
                : arena_fmt(r->a, "no plugin asks a rule '%s'; did you mean '%s'?", full, n.best));
    return false;
}

/* The first line says what the script decides. */
static bool find_about(struct reading *r, struct script *script)
{
    const char *p = script->source;

    if (strncmp(p, "--", 2) != 0) {
        refused(r, script->file, 1,
                "begin with a comment that says in business words what this decides");
        return false;
    }
    p += 2 + strspn(p + 2, "- ");
    script->about = arena_strndup(r->a, p, strcspn(p, "\r\n"));
    return true;
}

static struct reads *reads_new(struct arena *a, const struct script *script)
{
    struct reads *x;

    if (script->nargs == 0 || script->args[0].table == NULL)
        return NULL;
    x = arena_alloc(a, sizeof(*x));
    x->of = script->args[0].table;
    x->field = arena_alloc(a, (size_t)x->of->nfields * sizeof(*x->field));
    return x;
}

/* Who may start its jobs. */
static void find_rights(struct reading *r, const struct script *script, const struct vm *vm)
{
    int line = 0;
    const char *what, *name = vm_jobs_unknown(vm, r->m, &line, &what);

    if (name != NULL)
        refused(r, script->file, line, arena_fmt(r->a, "there is no %s '%s'", what, name));
}

/* Compiles it, reads its names, runs it once; everything wrong becomes a refusal. */
static bool script_is_sound(struct reading *r, struct script *script)
{
    size_t before = r->nrefusals;
    struct check check = {.a = r->a,
                          .m = r->m,
                          .globals = r->globals,
                          .kind = script->kind,
                          .file = script->file,
                          .custom_unknown = r->s == NULL,
                          .found = refused,
                          .arg = r};
    struct box_failure f = {0};
    struct buf err = BUF_INIT;
    struct vm *vm;

    if (script->kind == SCRIPT_RULE && !find_rule(r, script))
        return false;
    if (!find_about(r, script))
        return false;
    check.rule = script->rule;
    check.reads = script->reads = reads_new(r->a, script);
    vm = vm_new(BOX_MEMORY_DEFAULT);
    if (vm_compile(vm, script, &err, &f) == 0)
        script_check(&check, script->source, script->len);
    if (f.why == BOX_FINE && r->nrefusals == before && script->kind == SCRIPT_REPORT)
        report_read(vm, r->a, r->m, script, r->s == NULL, &err, &f);
    else if (f.why == BOX_FINE && r->nrefusals == before)
        vm_load(vm, script, &err, &f);
    if (f.why != BOX_FINE)
        refused(r, script->file, f.line, without_place(buf_str(&err), script->file));
    else if (r->nrefusals == before)
        find_rights(r, script, vm);
    buf_free(&err);
    vm_free(&vm);
    return r->nrefusals == before;
}

static bool is_left_out(const struct scripts *s, const char *file)
{
    for (size_t i = 0; i < s->nleft_out; i++)
        if (strcmp(s->left_out[i], file) == 0)
            return true;
    return false;
}

/* The version that is in force now, when the new one is not sound. */
static bool keep_older(struct reading *r, struct script *script)
{
    const struct script_set *now = r->s->set;

    for (size_t i = 0; now != NULL && i < now->n; i++) {
        const struct script *old = &now->list[i];
        size_t before = r->nrefusals;
        struct refusal **end = r->end;

        if (strcmp(old->file, script->file) != 0)
            continue;
        *script = (struct script){.file = script->file,
                                  .kind = old->kind,
                                  .len = old->len,
                                  .hash = old->hash,
                                  .source = arena_strndup(r->a, old->source, old->len),
                                  .older = true,
                                  .tally = script->tally};
        if (script_is_sound(r, script))
            return true;
        *end = NULL; /* the model moved on, too: one list of complaints is enough */
        r->end = end;
        r->nrefusals = before;
        return false;
    }
    return false;
}

static void add_script(struct reading *r, const char *path, const char *file, enum script_kind kind)
{
    struct script script = {.file = file, .kind = kind};
    struct buf err = BUF_INIT;
    struct script_set *set = r->set;
    bool sound = false;

    script.source = read_source(r->a, path, &script.len, &err);
    if (script.source == NULL) {
        refused(r, file, 0, buf_str(&err));
    } else {
        script.hash = hash_of(script.source, script.len);
        script.tally = tally_for(r->s, file, script.hash);
        if (is_left_out(r->s, file))
            refused(r, file, 0, "left out after crashes; see berth quarantine");
        else
            sound = script_is_sound(r, &script) || keep_older(r, &script);
    }
    buf_free(&err);
    if (!sound || set->n == r->room)
        return;
    set->list[set->n] = script;
    if (kind == SCRIPT_RULE)
        map_put(&set->rules, script.rule->full, &set->list[set->n]);
    else if (kind == SCRIPT_HOOK)
        set->hooks = true;
    set->n++;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int filter(const struct dirent *d)
{
    return is_script(d->d_name);
}

/* Calls fn for every script of the folder, in order of kind and name; returns how many. */
static size_t each_file(const char *dir,
                        void (*fn)(void *, const char *path, const char *file, enum script_kind),
                        void *arg)
{
    size_t count = 0;

    for (enum script_kind kind = 0; kind < SCRIPT_KINDS; kind++) {
        struct dirent **names;
        struct buf path = BUF_INIT, file = BUF_INIT;
        int n;

        buf_addf(&path, "%s/%s", dir, folders[kind]);
        n = scandir(path.s, &names, filter, by_name);
        for (int i = 0; i < n; i++) {
            buf_clear(&path);
            buf_clear(&file);
            buf_addf(&path, "%s/%s/%s", dir, folders[kind], names[i]->d_name);
            buf_addf(&file, "%s/%s", folders[kind], names[i]->d_name);
            if (fn != NULL && file.len < SCRIPT_NAME)
                fn(arg, path.s, file.s, kind);
            count++;
            free(names[i]);
        }
        if (n >= 0)
            free(names);
        buf_free(&path);
        buf_free(&file);
    }
    return count;
}

static void read_one(void *arg, const char *path, const char *file, enum script_kind kind)
{
    struct reading *r = arg;

    add_script(r, path, arena_strdup(r->a, file), kind);
}

static void sign_one(void *arg, const char *path, const char *file, enum script_kind kind)
{
    uint64_t *h = arg;
    struct stat st;

    (void)kind;
    *h = hash_more(*h, file, strlen(file));
    if (stat(path, &st) < 0)
        return;
    *h = hash_more(*h, &st.st_mtim, sizeof(st.st_mtim));
    *h = hash_more(*h, &st.st_size, sizeof(st.st_size));
    *h = hash_more(*h, &st.st_ino, sizeof(st.st_ino));
}

static uint64_t signature(const char *dir)
{
    uint64_t h = hash_of("", 0);

    each_file(dir, sign_one, &h);
    return h;
}

/* ---- publishing --------------------------------------------------------------------------------- */

void set_drop(struct script_set *set)
{
    if (atomic_fetch_sub(&set->refs, 1) != 1)
        return;
    map_free(&set->rules);
    arena_free(&set->arena);
    free(set);
}

struct script_set *set_current(struct scripts *s)
{
    struct script_set *set;

    pthread_mutex_lock(&s->lock);
    set = s->set;
    atomic_fetch_add(&set->refs, 1);
    pthread_mutex_unlock(&s->lock);
    return set;
}

uint64_t scripts_generation(const struct scripts *s)
{
    return atomic_load_explicit(&s->generation, memory_order_acquire);
}

uint64_t scripts_id(const struct scripts *s)
{
    return s->id;
}

bool scripts_have_hooks(const struct scripts *s)
{
    return atomic_load_explicit(&s->hooks, memory_order_acquire);
}

static size_t reload(struct scripts *s, const struct model *m)
{
    struct script_set *set = mem_alloc(sizeof(*set)), *before = s->set;
    struct reading r = {.s = s, .set = set, .a = arena_new(), .globals = &s->globals};

    r.end = &r.first;
    r.m = set->m = m != NULL ? m : before->m;
    set->refs = 1;
    set->arena = r.a;
    set->generation = before == NULL ? 1 : before->generation + 1;
    s->seen = signature(s->dir); /* before reading: what changes meanwhile is seen next time */
    r.room = each_file(s->dir, NULL, NULL); /* what appears meanwhile waits for the next time */
    set->list = arena_alloc(r.a, (r.room + 1) * sizeof(*set->list));
    each_file(s->dir, read_one, &r);
    s->set = set;
    s->refusals = r.first;
    atomic_store(&s->hooks, set->hooks);
    atomic_store(&s->generation, set->generation);
    if (before != NULL)
        set_drop(before);
    for (const struct refusal *p = r.first; p != NULL; p = p->next)
        log_warn("script", "%s:%d: %s", p->file, p->line, p->message);
    log_info("script", "%zu scripts in force, %zu problems", set->n, r.nrefusals);
    return r.nrefusals;
}

size_t scripts_reload(struct scripts *s, const struct model *m)
{
    size_t n;

    pthread_mutex_lock(&s->lock);
    n = reload(s, m);
    pthread_mutex_unlock(&s->lock);
    return n;
}

bool scripts_changed(struct scripts *s, const struct model *m)
{
    uint64_t now = signature(s->dir);
    bool changed;

    pthread_mutex_lock(&s->lock);
    changed = now != s->seen || (m != NULL && m != s->set->m);
    pthread_mutex_unlock(&s->lock);
    return changed;
}

void scripts_set_limits(struct scripts *s, const struct script_limits *limits)
{
    atomic_store(&s->memory, limits->memory);
    atomic_store(&s->rule_ms, limits->rule_ms);
}

size_t scripts_memory(const struct scripts *s)
{
    return atomic_load(&s->memory);
}

/* How often it overran lately. */
static int heat_of(struct tally *t)
{
    int heat = atomic_load_explicit(&t->heat, memory_order_relaxed);

    if (heat > 0 && when_monotonic() - atomic_load(&t->hot_since) > COOL_MS) {
        atomic_store(&t->heat, --heat);
        atomic_store(&t->hot_since, when_monotonic());
    }
    return heat;
}

/* Fuel decides, so that a busy machine changes no answer; the clocks are for what fuel misjudges.
 * A script that overruns for some records only gets less and less for a while: what it does for
 * the others goes on, and everybody else's writes no longer wait for it. */
struct box_budget scripts_budget(const struct scripts *s, struct tally *t)
{
    int64_t ms = atomic_load_explicit(&s->rule_ms, memory_order_relaxed);

    return (struct box_budget){.fuel = (ms * 100000) >> heat_of(t),
                               .cpu_ms = (int)(ms * 4),
                               .wall_ms = (int)(ms * 20 + 500)};
}

struct scripts *scripts_open(const char *dir, const struct conf_list *left_out,
                             const struct script_limits *limits, const struct model *m)
{
    static atomic_uint_least64_t last_id;
    struct scripts *s = mem_alloc(sizeof(*s));

    s->id = atomic_fetch_add(&last_id, 1) + 1;
    scripts_set_limits(s, limits);
    s->dir = mem_strdup(dir);
    s->nleft_out = left_out == NULL ? 0 : left_out->n;
    s->left_out = mem_alloc((s->nleft_out + 1) * sizeof(*s->left_out));
    for (size_t i = 0; i < s->nleft_out; i++)
        s->left_out[i] = mem_strdup(left_out->at[i]);
    s->arena = arena_new();
    pthread_mutex_init(&s->lock, NULL);
    learn_globals(&s->globals, s->arena);
    scripts_reload(s, m);
    return s;
}

void scripts_close(struct scripts **at)
{
    struct scripts *s = *at;

    if (s == NULL)
        return;
    set_drop(s->set);
    while (s->tallies != NULL) {
        struct tally *t = s->tallies;

        s->tallies = t->next;
        free(t);
    }
    map_free(&s->globals);
    arena_free(&s->arena);
    pthread_mutex_destroy(&s->lock);
    for (size_t i = 0; i < s->nleft_out; i++)
        free(s->left_out[i]);
    free(s->left_out);
    free(s->dir);
    free(s);
    *at = NULL;
}

/* ---- telling ------------------------------------------------------------------------------------ */

struct script_problem *scripts_problems(struct scripts *s, struct arena *a, size_t *n)
{
    struct script_problem *list;
    size_t max = 0;

    pthread_mutex_lock(&s->lock);
    for (const struct refusal *p = s->refusals; p != NULL; p = p->next)
        max++;
    for (const struct tally *t = s->tallies; t != NULL; t = t->next)
        max++;
    list = arena_alloc(a, (max + 1) * sizeof(*list));
    *n = 0;
    for (const struct refusal *p = s->refusals; p != NULL; p = p->next)
        list[(*n)++] = (struct script_problem){.file = arena_strdup(a, p->file),
                                               .line = p->line,
                                               .message = arena_strdup(a, p->message),
                                               .times = 1};
    for (const struct tally *t = s->tallies; t != NULL; t = t->next)
        if (t->times > 0)
            list[(*n)++] = (struct script_problem){
                .file = arena_strdup(a, t->file),
                .line = t->line,
                .message = arena_strdup(a, without_place(t->message, t->file)),
                .at_run = true,
                .stopped = atomic_load(&t->stopped),
                .times = t->times,
                .at = t->at};
    pthread_mutex_unlock(&s->lock);
    return list;
}

const char *scripts_source(struct scripts *s, const char *rule, struct arena *a)
{
    struct script_set *set = set_current(s);
    const struct script *script = map_get(&set->rules, rule);
    const char *text = script == NULL ? NULL : arena_strndup(a, script->source, script->len);

    set_drop(set);
    return text;
}

struct script_info *scripts_list(struct scripts *s, struct arena *a, size_t *n)
{
    struct script_set *set = set_current(s);
    struct script_info *list = arena_alloc(a, (set->n + 1) * sizeof(*list));

    *n = set->n;
    for (size_t i = 0; i < set->n; i++)
        list[i] = (struct script_info){arena_strdup(a, set->list[i].file),
                                       arena_strdup(a, set->list[i].about),
                                       set->list[i].kind == SCRIPT_RULE, set->list[i].older};
    set_drop(set);
    return list;
}

size_t scripts_reports(struct scripts *s, const char *name, void (*fn)(void *arg, const struct script_report *r), void *arg)
{
    struct script_set *set = set_current(s);
    size_t n = 0;

    for (size_t i = 0; i < set->n; i++) {
        const struct script_report *r = set->list[i].report;

        if (r == NULL || r->idle || (name != NULL && strcmp(r->name, name) != 0))
            continue;
        fn(arg, r);
        n++;
    }
    set_drop(set);
    return n;
}

bool set_sound(struct scripts *s, const struct model *m, struct arena *a, struct script *script, struct buf *err)
{
    struct reading r = {.s = s, .a = a, .globals = &s->globals, .m = m};

    r.end = &r.first;
    script->hash = hash_of(script->source, script->len);
    if (script_is_sound(&r, script))
        return true;
    for (const struct refusal *p = r.first; p != NULL; p = p->next)
        buf_addf(err, "%s%d: %s", err->len > 0 ? "\n" : "", p->line, p->message);
    return false;
}

const char *scripts_dir(const struct scripts *s)
{
    return s->dir;
}

struct script_problem *scripts_check(struct scripts *s, const struct model *m, const char *file, const char *text, size_t len,
                                     struct arena *a, size_t *n)
{
    struct reading r = {.s = s, .a = a, .globals = &s->globals, .m = m};
    struct script script = {.file = file, .source = text, .len = len, .hash = hash_of(text, len)};
    struct script_problem *list;

    r.end = &r.first;
    script.kind = kind_of(file);
    script.tally = &(struct tally){.times = 1, .logged = INT64_MAX / 2}; /* its author is told, the log is not */
    if (len > SOURCE_MAX)
        refused(&r, file, 0, arena_fmt(a, "is longer than %d KB", SOURCE_MAX >> 10));
    else
        script_is_sound(&r, &script);
    list = arena_alloc(a, (r.nrefusals + 1) * sizeof(*list));
    *n = 0;
    for (const struct refusal *p = r.first; p != NULL; p = p->next)
        list[(*n)++] = (struct script_problem){.file = p->file, .line = p->line, .message = p->message, .times = 1};
    return list;
}

struct script_problem *script_check_file(const struct model *m, const char *path, struct arena *a,
                                         size_t *n)
{
    struct map globals = {0};
    struct reading r = {.a = a, .globals = &globals, .m = m};
    const char *base = strrchr(path, '/');
    struct script script = {.kind = kind_of(path)};
    struct script_problem *list;
    struct buf err = BUF_INIT;

    r.end = &r.first;
    script.file = arena_fmt(a, "%s/%s", folders[script.kind], base == NULL ? path : base + 1);
    script.source = read_source(a, path, &script.len, &err);
    learn_globals(&globals, a);
    if (!is_script(script.file))
        refused(&r, script.file, 0, "a script's name ends with .lua");
    else if (script.source == NULL)
        refused(&r, script.file, 0, buf_str(&err));
    else
        script_is_sound(&r, &script);
    map_free(&globals);
    buf_free(&err);
    list = arena_alloc(a, (r.nrefusals + 1) * sizeof(*list));
    *n = 0;
    for (const struct refusal *p = r.first; p != NULL; p = p->next)
        list[(*n)++] = (struct script_problem){
            .file = p->file, .line = p->line, .message = p->message, .times = 1};
    return list;
}
