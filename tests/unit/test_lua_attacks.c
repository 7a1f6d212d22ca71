/* test_lua_attacks.c - runs every script of tests/lua/attacks against the host and looks whether
 * the host still stands: the attack ended as its first line says, within its budget, and the next
 * ordinary rule is answered correctly.
 *
 * First line of an attack:
 *   -- over              it is stopped: out of fuel, time or memory
 *   -- error: text       it fails with an error that holds this text
 *   -- answer: text      it is harmless and returns this (its beginning) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <lauxlib.h>
#include <lua.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "lua/set.h"
#include "lua/value.h"
#include "lua_company.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

/* What a rule in a request gets, and (with LONG set) the most that anything may ever get. */
static const struct box_budget budgets[] = {{2000000, SANITIZED ? 2000 : 400, 30000},
                                            {100000000, 700, 30000}};
enum { CPU_MAX_MS = 1000, MEMORY_MAX = 32 << 20, RSS_MAX_KB = 80 << 10 };

struct attack {
    const char *source;
    size_t len;
    struct small_company *k;
    char answer[128];
};

static int run_attack(lua_State *L)
{
    struct attack *a = lua_touserdata(L, 1);
    size_t len;
    const char *s;

    box_load(L, a->source, a->len, "attack");
    value_push_row(L, a->k->lead, false);
    value_push_row(L, a->k->user, false);
    lua_call(L, 2, 1);
    s = box_text(L, lua_gettop(L), &len);
    snprintf(a->answer, sizeof(a->answer), "%.100s", s);
    return 0;
}

static const char rule[] = "local lead = ... local t = {} for i = 1, 100 do t[i] = i end\n"
                           "return lead.name .. #t .. ('a1'):match('%d') .. table.concat({1, 2})";

static enum box_over run(struct vm *vm, struct small_company *k, const char *source, size_t len,
                         const struct box_budget *budget, char answer[128], struct buf *err)
{
    struct attack a = {source, len, k, ""};
    struct box_failure f;
    struct script_run own = {&k->c, false, "attack"};
    void *before = box_owner(box_state(vm_box(vm)));

    box_set_owner(vm_box(vm), &own);
    box_run(vm_box(vm), budget, run_attack, &a, err, &f);
    box_set_owner(vm_box(vm), before);
    ctx_clear(&k->c);
    strcpy(answer, a.answer);
    return f.why;
}

static double cpu_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1000 + (double)t.tv_nsec / 1e6;
}

/* NULL when it ended as announced. */
static const char *judge(const char *source, enum box_over why, const char *answer,
                         const struct buf *err)
{
    static char text[512];
    char want[256];

    snprintf(want, sizeof(want), "%.*s", (int)strcspn(source, "\n"), source);
    if (strcmp(want, "-- over") == 0 && why > BOX_ERROR)
        return NULL;
    if (strncmp(want, "-- error: ", 10) == 0 && why == BOX_ERROR &&
        strstr(buf_str(err), want + 10) != NULL)
        return NULL;
    if (strncmp(want, "-- answer: ", 11) == 0 && why == BOX_FINE &&
        strncmp(answer, want + 11, strlen(want) - 11) == 0)
        return NULL;
    snprintf(text, sizeof(text), "announced \"%s\", was %d: answer \"%s\", error \"%.200s\"", want,
             why, answer, buf_str(err));
    return text;
}

static void complain(const char *name, int budget, const char *what)
{
    printf("%s with budget %d: %s\n", name, budget, what);
    fflush(stdout);
}

/* In a child: how many things went wrong. */
static int attack(const char *name, const char *source, size_t len)
{
    int wrong = 0;

    for (int i = 0; i < (getenv("LONG") != NULL ? 2 : 1); i++) {
        struct small_company k = {0};
        struct buf err = BUF_INIT;
        struct vm *vm = vm_new(BOX_MEMORY_DEFAULT);
        char answer[128];
        const char *why;
        enum box_over over;
        double cpu = cpu_ms();
        struct rusage usage;

        company_open(&k, &err);
        over = run(vm, &k, source, len, &budgets[i], answer, &err);
        cpu = cpu_ms() - cpu;
        why = judge(source, over, answer, &err);
        if (why != NULL)
            complain(name, i, why), wrong++;
        if (!SANITIZED && cpu > CPU_MAX_MS)
            complain(name, i, "took too much processor time"), wrong++;
        if (box_memory(vm_box(vm)) > MEMORY_MAX)
            complain(name, i, "holds too much memory"), wrong++;
        if (over == BOX_MEMORY) { /* as the host does */
            vm_free(&vm);
            vm = vm_new(BOX_MEMORY_DEFAULT);
        }
        buf_clear(&err);
        over = run(vm, &k, rule, sizeof(rule) - 1, &budgets[0], answer, &err);
        if (over != BOX_FINE || strcmp(answer, "Saigon Freight100112") != 0)
            complain(name, i, buf_str(&err)), wrong++;
        vm_free(&vm);
        getrusage(RUSAGE_SELF, &usage);
        if (!SANITIZED && usage.ru_maxrss > RSS_MAX_KB)
            complain(name, i, "the process grew too much"), wrong++;
        if (getenv("VERBOSE") != NULL)
            printf("%-34s %d %8.1f ms %6ld KB\n", name, i, cpu, usage.ru_maxrss);
        buf_free(&err);
        company_close(&k);
    }
    return wrong;
}

/* Every attack has a process of its own, which may not even run long enough to be noticed. */
static int in_child(const char *name, const char *source, size_t len)
{
    int status;
    pid_t pid;

    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        struct rlimit cpu = {SANITIZED ? 60 : 10, SANITIZED ? 60 : 10};
        int wrong;

        for (int sig = 1; sig < 32; sig++) /* cmocka would swallow a crash */
            signal(sig, SIG_DFL);
        setrlimit(RLIMIT_CPU, &cpu);
        alarm(90);
        wrong = attack(name, source, len);
        fflush(stdout);
        _exit(wrong > 0);
    }
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFSIGNALED(status))
        printf("%s: the host died of signal %d\n", name, WTERMSIG(status));
    return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

static int is_lua(const struct dirent *d)
{
    size_t n = strlen(d->d_name);

    return n > 4 && strcmp(d->d_name + n - 4, ".lua") == 0;
}

static void every_attack_is_contained_and_the_next_rule_answers(void **state)
{
    struct dirent **names;
    int n = scandir(ATTACKS, &names, is_lua, alphasort), wrong = 0, run_ = 0;
    const char *only = getenv("ATTACK");

    (void)state;
    log_set_level(LOG_ERROR_ + 1);
    assert_true(n > 100);
    for (int i = 0; i < n; i++) {
        char path[512];
        static char source[64 << 10];
        size_t len;
        FILE *f;

        snprintf(path, sizeof(path), "%s/%s", ATTACKS, names[i]->d_name);
        f = fopen(path, "rb");
        assert_non_null(f);
        len = fread(source, 1, sizeof(source) - 1, f);
        source[len] = '\0';
        fclose(f);
        if (only == NULL || strstr(names[i]->d_name, only) != NULL) {
            /* twice: when the machine pauses, what was to end by an error ends by its time instead */
            wrong += in_child(names[i]->d_name, source, len) && in_child(names[i]->d_name, source, len);
            run_++;
        }
        free(names[i]);
    }
    free(names);
    printf("%d attacks\n", run_);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_attack_is_contained_and_the_next_rule_answers)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
