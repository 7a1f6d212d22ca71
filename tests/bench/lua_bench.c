/* lua_bench.c - what asking a rule costs; prints a table, checks nothing. */
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "base/log.h"
#include "lua/script.h"

#include "../unit/lua_company.h"

enum { TIMES = 1000000 };

static const struct {
    const char *what, *rule, *body;
} cases[] = {
    {"no script: the default", "leads.due", NULL},
    {"a constant", "leads.hint", "return 'x'"},
    {"two fields", "leads.release_days",
     "if lead.is_key and lead.status == 'open' then return 60 end return 30"},
    {"money compared", "leads.may_claim", "return lead.budget > 10"},
    {"a loop of 100", "leads.price", "local n = 0 for i = 1, 100 do n = n + i end return n"},
};

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t); /* the machine may be busy */
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void given_scripts(void)
{
    mkdir("rules", 0700);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char path[128];
        FILE *f;

        snprintf(path, sizeof(path), "rules/%s.lua", cases[i].rule);
        if (cases[i].body == NULL || (f = fopen(path, "w")) == NULL)
            continue;
        fprintf(f, "-- %s\nreturn function(lead)\n  %s\nend\n", cases[i].what, cases[i].body);
        fclose(f);
    }
}

int main(void)
{
    struct small_company k = {0};
    struct buf err = BUF_INIT;
    struct scripts *s;
    struct script_ops ops;
    struct arena *scratch = arena_new();
    double since;

    log_set_level(LOG_WARN_);
    company_open(&k, &err);
    given_scripts();
    s = scripts_open(".", NULL, &SCRIPT_LIMITS, k.m);
    ops = scripts_ops(s);
    k.c.a = scratch; /* the answers' */
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const struct rule *r = model_rule(k.m, cases[i].rule);
        const struct berth_val args[] = {berth_r(k.lead)};
        struct berth_val v;

        since = seconds();
        for (int n = 0; n < TIMES; n++) {
            ops.rule(&k.c, r, args, 1, &v);
            if (n % 1000 == 0)
                arena_reset(scratch);
        }
        printf("%-24s %6.0f ns\n", cases[i].what, (seconds() - since) * 1e9 / TIMES);
    }
    since = seconds();
    for (int n = 0; n < 20; n++)
        scripts_reload(s, NULL);
    printf("%-24s %6.2f ms\n", "four files read again", (seconds() - since) * 1e3 / 20);
    scripts_close(&s);
    arena_free(&scratch);
    company_close(&k);
    return 0;
}
