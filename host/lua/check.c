/* check.c - reads a script's source with its scopes and reports names that do not exist. */
#include "lua/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "lua/lex.h"

enum { ARGS_MAX = 16 };
enum what { ANY, ROW, ROWS, VALUE }; /* ROWS: what berth.find gives a for loop */

/* What is known about an expression. */
struct fact {
    enum what what;
    const struct table *table;
    enum berth_type type; /* of a VALUE */
};

struct name {
    const char *s;
    size_t len;
    struct fact fact;
};

struct reader {
    const struct check *c;
    const struct token *t;
    struct name names[1000]; /* Lua itself allows 200 a function */
    size_t nnames;
    int functions; /* how deep inside function bodies */
    bool returned; /* the rule's function was seen */
};

static struct fact expression(struct reader *r);
static void block(struct reader *r);
static void body(struct reader *r, const struct fact *args, size_t n);

/* ---- saying what is wrong ------------------------------------------------------------ */

static void problem(struct reader *r, int line, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    r->c->found(r->c->arg, r->c->file, line, arena_vfmt(r->c->a, fmt, ap));
    va_end(ap);
}

static const char *text(struct reader *r, const struct token *t)
{
    return arena_strndup(r->c->a, t->s, t->len);
}

/* "; did you mean 'x'?" or nothing. */
static const char *hint(struct reader *r, const struct nearest *n)
{
    return n->best == NULL ? "" : arena_fmt(r->c->a, "; did you mean '%s'?", n->best);
}

static const struct table *known_table(struct reader *r, const struct token *t)
{
    const struct table *table = map_getn(&r->c->m->table_by_name, t->s, t->len);
    struct nearest n = nearest_to(text(r, t));

    if (table != NULL)
        return table;
    for (size_t i = 0; i < r->c->m->ntables; i++)
        nearest_try(&n, r->c->m->tables[i].name);
    problem(r, t->line, "there is no table '%s'%s", n.word, hint(r, &n));
    return NULL;
}

static struct fact known_field(struct reader *r, const struct table *table, const struct token *t)
{
    const struct field *f = map_getn(&table->by_name, t->s, t->len);
    struct nearest n = nearest_to(text(r, t));

    if (f != NULL && r->c->reads != NULL && r->c->reads->of == table)
        atomic_store(&r->c->reads->field[f->at], true);
    if (f != NULL && (f->flags & BERTH_SECRET) == 0)
        return (struct fact){VALUE, f->ref, (f->flags & BERTH_MANY) != 0 ? BERTH_NULL : f->type};
    if (r->c->custom_unknown && (table->flags & BERTH_CUSTOM) != 0 && strncmp(n.word, "x_", 2) == 0)
        return (struct fact){0};
    for (int i = 0; i < table->nfields; i++)
        if ((table->fields[i].flags & BERTH_SECRET) == 0)
            nearest_try(&n, table->fields[i].name);
    problem(r, t->line, "%s has no field '%s'%s", table->name, n.word, hint(r, &n));
    return (struct fact){0};
}

/* The names in a filter text. */
static void known_names(struct reader *r, const struct table *table, const struct token *t)
{
    size_t len;

    for (const char *p = text(r, t); (p = model_filter_unknown(table, p, &len)) != NULL; p += len)
        known_field(r, table, &(struct token){TOKEN_NAME, t->line, p, len});
}

static void known_rule(struct reader *r, const struct token *t)
{
    struct nearest n = nearest_to(text(r, t));

    if (map_getn(&r->c->m->rule_by_name, t->s, t->len) != NULL)
        return;
    for (size_t i = 0; i < r->c->m->nrules; i++)
        nearest_try(&n, r->c->m->rules[i].full);
    problem(r, t->line, "there is no rule '%s'%s", n.word, hint(r, &n));
}

static void known_setting(struct reader *r, const struct token *t)
{
    struct nearest n = nearest_to(text(r, t));

    if (map_getn(&r->c->m->setting_by_name, t->s, t->len) != NULL)
        return;
    for (size_t i = 0; i < r->c->m->nsettings; i++)
        nearest_try(&n, r->c->m->settings[i].name);
    problem(r, t->line, "there is no setting '%s'%s", n.word, hint(r, &n));
}

/* What answers the same, whenever and whoever asks, until a setting is changed. */
static bool is_steady(const char *global)
{
    static const char *const steady[] = {"add_months", "weekday", "date", "date_text", "money", "days_between",
                                         "setting",    "has",     "log",       "tr",    NULL};

    if (strncmp(global, "berth.", 6) != 0)
        return strcmp(global, "berth") != 0;
    for (size_t i = 0; steady[i] != NULL; i++)
        if (strcmp(global + 6, steady[i]) == 0)
            return true;
    return false;
}

static void looks_at(struct reader *r, const char *global)
{
    struct reads *reads = r->c->reads;

    if (reads == NULL)
        return;
    reads->loose = reads->loose || !is_steady(global);
    reads->settings = reads->settings || strcmp(global, "berth.setting") == 0;
}

static bool known_global(struct reader *r, int line, const char *name)
{
    struct nearest n = nearest_to(name);

    if (map_get(r->c->globals, name) != NULL)
        return true;
    for (size_t i = 0; i < r->c->globals->cap; i++)
        if (r->c->globals->slots[i].key != NULL)
            nearest_try(&n, r->c->globals->slots[i].key);
    problem(r, line, "unknown name '%s'%s", name, hint(r, &n));
    return false;
}

/* ---- scopes --------------------------------------------------------------------------- */

static void declare(struct reader *r, const struct token *t, struct fact fact)
{
    if (r->nnames < sizeof(r->names) / sizeof(*r->names))
        r->names[r->nnames++] = (struct name){t->s, t->len, fact};
    else
        problem(r, t->line, "too many local names");
}

static const struct name *local(const struct reader *r, const struct token *t)
{
    for (size_t i = r->nnames; i-- > 0;)
        if (r->names[i].len == t->len && memcmp(r->names[i].s, t->s, t->len) == 0)
            return &r->names[i];
    return NULL;
}

/* ---- tokens --------------------------------------------------------------------------- */

static bool at(const struct reader *r, const char *what)
{
    return token_is(r->t, what);
}

static void skip(struct reader *r)
{
    if (r->t->kind != TOKEN_END)
        r->t++;
}

static bool accept(struct reader *r, const char *what)
{
    if (!at(r, what))
        return false;
    skip(r);
    return true;
}

static bool at_any(const struct reader *r, const char *const *list)
{
    for (; *list != NULL; list++)
        if (at(r, *list))
            return true;
    return false;
}

/* ---- expressions ------------------------------------------------------------------------ */

/* What is left of a path such as berth.load when its call is read. */
struct path {
    char global[64]; /* "berth.load", "" when it does not start at a global */
    int line;
};

/* on("lead", "before_update", function(lead, old) ... end) */
static void hook_call(struct reader *r)
{
    const struct table *table = NULL;
    struct fact args[2] = {{0}, {0}};

    if (r->t->kind == TOKEN_STRING) {
        if (memchr(r->t->s, '.', r->t->len) == NULL) /* else a topic */
            table = known_table(r, r->t);
        skip(r);
    }
    accept(r, ",");
    if (r->t->kind == TOKEN_STRING && table != NULL)
        skip(r), accept(r, ",");
    if (table != NULL)
        args[0] = args[1] = (struct fact){ROW, table, BERTH_ROW};
    if (accept(r, "function"))
        body(r, args, 2);
}

/* Behind "berth.load(" and the like: what a literal first argument names. */
static struct fact literal_call(struct reader *r, const char *global)
{
    static const struct {
        const char *name;
        enum what what;
        void (*known)(struct reader *, const struct token *); /* NULL: a table's name */
    } calls[] = {{"berth.load", ROW, NULL},
                 {"berth.new", ROW, NULL},
                 {"berth.first", ROW, NULL},
                 {"berth.find", ROWS, NULL},
                 {"berth.count", VALUE, NULL},
                 {"berth.rule", ANY, known_rule},
                 {"berth.setting", ANY, known_setting}};

    for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
        const struct table *table;

        if (strcmp(calls[i].name, global) != 0 || r->t->kind != TOKEN_STRING)
            continue;
        if (calls[i].known != NULL) {
            calls[i].known(r, r->t);
            return (struct fact){0};
        }
        table = known_table(r, r->t);
        if (table == NULL)
            return (struct fact){0};
        if (token_is(r->t + 1, ",") && r->t[2].kind == TOKEN_STRING)
            known_names(r, table, r->t + 2);
        return (struct fact){calls[i].what, table, BERTH_INT};
    }
    return (struct fact){0};
}

static struct fact call(struct reader *r, const struct path *path)
{
    struct fact fact = {0};

    if (r->t->kind == TOKEN_STRING) {
        fact = literal_call(r, path->global);
        skip(r);
        return fact;
    }
    if (at(r, "{")) {
        expression(r);
        return fact;
    }
    skip(r); /* ( */
    if (strcmp(path->global, "on") == 0)
        hook_call(r);
    else
        fact = literal_call(r, path->global);
    accept(r, ",");
    while (r->t->kind != TOKEN_END && !accept(r, ")")) {
        expression(r);
        accept(r, ",");
    }
    return fact;
}

/* Behind a dot. */
static struct fact member(struct reader *r, struct fact of, struct path *path)
{
    struct fact fact = {0};

    if (of.what == ROW) {
        fact = known_field(r, of.table, r->t);
    } else if (path->global[0] != '\0') {
        size_t n = strlen(path->global);

        snprintf(path->global + n, sizeof(path->global) - n, ".%s", text(r, r->t));
        if (!known_global(r, r->t->line, path->global))
            path->global[0] = '\0';
    }
    if (of.what == ROW)
        path->global[0] = '\0';
    skip(r);
    return fact;
}

static struct fact primary(struct reader *r, struct path *path)
{
    const struct name *name;
    struct fact fact = {0};

    if (accept(r, "(")) {
        fact = expression(r);
        accept(r, ")");
        return fact;
    }
    if (r->t->kind != TOKEN_NAME) {
        skip(r);
        return fact;
    }
    name = local(r, r->t);
    path->line = r->t->line;
    if (name != NULL)
        fact = name->fact;
    else
        snprintf(path->global, sizeof(path->global), "%s", text(r, r->t));
    skip(r);
    return fact;
}

/* A name with everything that hangs on it.  *path tells whether it is a bare global in the end. */
static struct fact suffixed(struct reader *r, struct path *path, bool target)
{
    struct fact fact = primary(r, path);

    if (path->global[0] != '\0' && !(target && (at(r, "=") || at(r, ","))) &&
        !known_global(r, path->line, path->global))
        path->global[0] = '\0';
    for (;;) {
        if (accept(r, ".")) {
            fact = member(r, fact, path);
        } else if (accept(r, "[")) {
            if (fact.what == ROW && r->t->kind == TOKEN_STRING && token_is(r->t + 1, "]"))
                fact = known_field(r, fact.table, r->t), skip(r);
            else
                expression(r), fact = (struct fact){0};
            accept(r, "]");
            path->global[0] = '\0';
        } else if (accept(r, ":")) {
            if (fact.what == ROW)
                problem(r, r->t->line, "records have no functions of their own; see berth.*");
            skip(r);
            path->global[0] = '\0';
            fact = call(r, path);
        } else if (at(r, "(") || at(r, "{") || r->t->kind == TOKEN_STRING) {
            looks_at(r, path->global);
            fact = call(r, path);
            path->global[0] = '\0';
        } else {
            looks_at(r, path->global); /* kept under another name */
            return fact;
        }
    }
}

static void table_constructor(struct reader *r)
{
    while (r->t->kind != TOKEN_END && !accept(r, "}")) {
        if (accept(r, "[")) {
            expression(r);
            accept(r, "]");
            accept(r, "=");
        } else if (r->t->kind == TOKEN_NAME && token_is(r->t + 1, "=")) {
            skip(r);
            skip(r);
        }
        expression(r);
        if (!accept(r, ","))
            accept(r, ";");
    }
}

static struct fact simple(struct reader *r)
{
    static const char *const unary[] = {"not", "-", "#", "~", NULL};
    static const char *const constant[] = {"nil", "true", "false", "...", NULL};
    struct path path = {0};

    while (at_any(r, unary))
        skip(r);
    if (accept(r, "function")) {
        body(r, NULL, 0);
    } else if (accept(r, "{")) {
        table_constructor(r);
    } else if (r->t->kind == TOKEN_NUMBER) {
        skip(r);
        return (struct fact){VALUE, NULL, BERTH_REAL};
    } else if (r->t->kind == TOKEN_STRING || at_any(r, constant)) {
        skip(r);
    } else {
        return suffixed(r, &path, false);
    }
    return (struct fact){0};
}

/* Money and numbers are of different kinds, which Lua calls unequal without asking anybody. */
static void equality(struct reader *r, int line, struct fact a, struct fact b)
{
    if (a.what == VALUE && b.what == VALUE && (a.type == BERTH_MONEY) != (b.type == BERTH_MONEY) &&
        (a.type == BERTH_REAL || b.type == BERTH_REAL))
        problem(r, line, "money never equals a plain number; compare with berth.money(...)");
}

static struct fact expression(struct reader *r)
{
    static const char *const binary[] = {"+",  "-",  "*", "/",   "//", "%",  "^",  "..",
                                         "==", "~=", "<", "<=",  ">",  ">=", "<<", ">>",
                                         "&",  "|",  "~", "and", "or", NULL};
    struct fact fact = simple(r), left = fact;

    while (at_any(r, binary)) {
        bool equal = at(r, "==") || at(r, "~=");
        int line = r->t->line;
        struct fact right;

        skip(r);
        right = simple(r);
        if (equal)
            equality(r, line, left, right);
        left = right;
        fact = (struct fact){0};
    }
    return fact;
}

/* ---- statements --------------------------------------------------------------------------- */

static void scoped_block(struct reader *r)
{
    size_t names = r->nnames;

    block(r);
    r->nnames = names;
}

/* Behind "function" or its name: (a, b) ... end */
static void body(struct reader *r, const struct fact *args, size_t n)
{
    size_t names = r->nnames;

    accept(r, "(");
    for (size_t i = 0; r->t->kind != TOKEN_END && !accept(r, ")"); i++) {
        if (r->t->kind == TOKEN_NAME)
            declare(r, r->t, i < n ? args[i] : (struct fact){0});
        skip(r);
        accept(r, ",");
    }
    r->functions++;
    block(r);
    r->functions--;
    accept(r, "end");
    r->nnames = names;
}

static void for_loop(struct reader *r)
{
    const struct token *first = r->t;
    size_t names = r->nnames;
    struct fact fact;

    while (r->t->kind == TOKEN_NAME) {
        skip(r);
        accept(r, ",");
    }
    if (!accept(r, "in"))
        accept(r, "=");
    fact = expression(r);
    while (accept(r, ","))
        expression(r);
    for (const struct token *t = first; t->kind == TOKEN_NAME; t += token_is(t + 1, ",") ? 2 : 1)
        declare(r, t,
                t == first && fact.what == ROWS ? (struct fact){ROW, fact.table, BERTH_ROW}
                                                : (struct fact){0});
    accept(r, "do");
    block(r);
    accept(r, "end");
    r->nnames = names;
}

static void local_statement(struct reader *r)
{
    const struct token *first = r->t;
    struct fact facts[8] = {{0}};
    size_t n = 0;

    if (accept(r, "function")) {
        declare(r, r->t, (struct fact){0});
        skip(r);
        body(r, NULL, 0);
        return;
    }
    while (r->t->kind == TOKEN_NAME) {
        skip(r);
        if (accept(r, "<")) {
            skip(r);
            accept(r, ">");
        }
        if (!accept(r, ","))
            break;
    }
    if (accept(r, "=")) {
        do {
            struct fact fact = expression(r);

            if (n < sizeof(facts) / sizeof(*facts))
                facts[n++] = fact;
        } while (accept(r, ","));
    }
    n = 0;
    for (const struct token *t = first; t->kind == TOKEN_NAME; t++) {
        declare(r, t, n < sizeof(facts) / sizeof(*facts) ? facts[n] : (struct fact){0});
        n++;
        if (token_is(t + 1, "<"))
            t += 3;
        if (!token_is(t + 1, ","))
            break;
        t++;
    }
}

static void forget(struct reader *r, const struct token *t)
{
    struct name *name = (struct name *)local(r, t);

    if (name != NULL)
        name->fact = (struct fact){0};
}

/* An assignment or a call. */
static void expression_statement(struct reader *r)
{
    do {
        const struct token *first = r->t;
        struct path path = {0};

        suffixed(r, &path, true);
        if (!at(r, "=") && !at(r, ","))
            continue;
        if (path.global[0] != '\0')
            problem(r, path.line,
                    strchr(path.global, '.') == NULL ? "assignment to global '%s': write local"
                                                     : "'%s' cannot be changed",
                    path.global);
        else if (r->t == first + 1)
            forget(r, first);
        else if (r->c->kind == SCRIPT_RULE && r->t == first + 3 && local(r, first) != NULL &&
                 local(r, first)->fact.what == ROW)
            problem(r, first->line, "a rule only answers: it cannot change a record");
    } while (accept(r, ","));
    if (accept(r, "="))
        do
            expression(r);
        while (accept(r, ","));
}

static void function_statement(struct reader *r)
{
    if (local(r, r->t) == NULL)
        problem(r, r->t->line, "assignment to global '%s': write local function", text(r, r->t));
    skip(r);
    while (accept(r, ".") || accept(r, ":"))
        skip(r);
    body(r, NULL, 0);
}

/* "return function(lead) ... end", the one thing a rule's file is for. */
static void rule_function(struct reader *r)
{
    size_t declared, given = 0;
    const struct script_arg *args = script_args(r->c->a, r->c->m, r->c->rule->args, &declared);
    struct fact facts[ARGS_MAX] = {{0}};

    for (const struct token *t = r->t; t->kind != TOKEN_END && !token_is(t, ")"); t++) {
        if (token_is(t, "..."))
            problem(r, t->line, "name the arguments: %s", r->c->rule->args);
        given += t->kind == TOKEN_NAME;
    }
    if (given > declared)
        problem(r, r->t->line, "%s is asked with %zu argument%s (%s), not %zu", r->c->rule->full,
                declared, declared == 1 ? "" : "s",
                r->c->rule->args == NULL ? "" : r->c->rule->args, given);
    for (size_t i = 0; i < declared; i++)
        if (args[i].table != NULL)
            facts[i] = (struct fact){ROW, args[i].table, BERTH_ROW};
    r->returned = true;
    body(r, facts, ARGS_MAX);
}

static void return_statement(struct reader *r)
{
    static const char *const end[] = {"end", "else", "elseif", "until", ";", NULL};

    if (r->functions == 0 && r->c->kind == SCRIPT_RULE && accept(r, "function"))
        rule_function(r);
    while (r->t->kind != TOKEN_END && !at_any(r, end)) {
        expression(r);
        if (!accept(r, ","))
            break;
    }
    accept(r, ";");
}

static void if_statement(struct reader *r)
{
    do {
        expression(r);
        accept(r, "then");
        scoped_block(r);
    } while (accept(r, "elseif"));
    if (accept(r, "else"))
        scoped_block(r);
    accept(r, "end");
}

static void statement(struct reader *r)
{
    const struct token *before = r->t;

    if (accept(r, ";") || accept(r, "break"))
        return;
    if (accept(r, "::")) {
        skip(r);
        accept(r, "::");
    } else if (at(r, "goto") && r->t[1].kind == TOKEN_NAME) {
        skip(r);
        skip(r);
    } else if (accept(r, "do")) {
        scoped_block(r);
        accept(r, "end");
    } else if (accept(r, "while")) {
        expression(r);
        accept(r, "do");
        scoped_block(r);
        accept(r, "end");
    } else if (accept(r, "repeat")) {
        size_t names = r->nnames;

        block(r);
        accept(r, "until");
        expression(r); /* sees the block's names */
        r->nnames = names;
    } else if (accept(r, "if")) {
        if_statement(r);
    } else if (accept(r, "for")) {
        for_loop(r);
    } else if (accept(r, "function")) {
        function_statement(r);
    } else if (accept(r, "local")) {
        local_statement(r);
    } else if (accept(r, "return")) {
        return_statement(r);
    } else {
        expression_statement(r);
    }
    if (r->t == before) /* whatever it is, get past it */
        skip(r);
}

static void block(struct reader *r)
{
    static const char *const end[] = {"end", "else", "elseif", "until", NULL};

    while (r->t->kind != TOKEN_END && !at_any(r, end))
        statement(r);
}

/* ---- a whole file --------------------------------------------------------------------------- */

void script_check(const struct check *c, const char *source, size_t len)
{
    struct reader r = {.c = c, .t = lex(c->a, source, len)};

    while (r.t->kind != TOKEN_END) {
        block(&r);
        skip(&r);
    }
    if (c->kind == SCRIPT_RULE && !r.returned)
        problem(&r, r.t->line, "a rule's file ends with: return function(%s) ... end",
                c->rule->args == NULL ? "" : c->rule->args);
}

const struct script_arg *script_args(struct arena *a, const struct model *m, const char *list,
                                     size_t *n)
{
    struct script_arg *args = arena_alloc(a, sizeof(*args) * ARGS_MAX);
    char *rest = list == NULL ? NULL : arena_strdup(a, list), *one;

    *n = 0;
    while ((one = strsep(&rest, ",")) != NULL && *n < ARGS_MAX) {
        one += strspn(one, " ");
        one[strcspn(one, " ")] = '\0';
        if (*one != '\0')
            args[(*n)++] = (struct script_arg){one, map_get(&m->table_by_name, one)};
    }
    return args;
}
