/* blame.c - the crash handler.  Everything it calls is async-signal-safe. */
#include "base/blame.h"

#include <execinfo.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* AddressSanitizer gives threads a signal stack itself, and unmaps whatever it finds there. */
#ifdef __SANITIZE_ADDRESS__
enum { OWN_STACK = 0 };
#else
enum { OWN_STACK = 1 };
#endif

enum { FRAMES = 32, STACK = 64 * 1024 };

static const int deadly[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
enum { DEADLY = sizeof(deadly) / sizeof(deadly[0]) };

_Thread_local const char *blame_name;

static struct crash_page *page;
static struct crash_page nobodys_page;
static struct sigaction before[DEADLY]; /* a sanitizer's handlers, or the default */
static int dying;
static _Thread_local int dying_here;

static void copy(char *to, size_t cap, const char *from)
{
    size_t i = 0;

    for (; from[i] != '\0' && i + 1 < cap; i++)
        to[i] = from[i];
    to[i] = '\0';
}

static void say(const char *s)
{
    if (write(STDERR_FILENO, s, strlen(s)) < 0) {
        /* nowhere left to complain */
    }
}

/* Whatever goes wrong while reporting, the process ends within seconds. */
static void end_soon(void)
{
    sigset_t set;

    signal(SIGALRM, SIG_DFL);
    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    alarm(3);
}

/* Scripts are noted by the name of their file. */
static bool is_script(const char *name)
{
    size_t n = strlen(name);

    return n > 4 && strcmp(name + n - 4, ".lua") == 0;
}

static const char *signal_text(int sig)
{
    const char *name = sigabbrev_np(sig);

    return name != NULL ? name : "?";
}

static void on_crash(int sig, siginfo_t *info, void *context)
{
    void *frames[FRAMES];

    (void)info;
    (void)context;
    /* The first thread to crash tells the story; others wait for the end. */
    if (__atomic_exchange_n(&dying, 1, __ATOMIC_SEQ_CST) != 0 && !dying_here)
        for (;;)
            pause();
    if (!dying_here) {
        dying_here = 1;
        end_soon();
        if (blame_name != NULL && page->name[0] == '\0') {
            copy(page->kind, sizeof(page->kind), is_script(blame_name) ? "script" : "plugin");
            copy(page->name, sizeof(page->name), blame_name);
        }
        if (page->why[0] == '\0')
            copy(page->why, sizeof(page->why), signal_text(sig));
        __atomic_store_n(&page->signal, sig, __ATOMIC_SEQ_CST);
        say("level=error area=crash msg=\"worker dies of SIG");
        say(signal_text(sig));
        if (page->name[0] != '\0') {
            say(" in ");
            say(page->kind);
            say(" ");
            say(page->name);
        }
        say("; backtrace follows\"\n");
        backtrace_symbols_fd(frames, backtrace(frames, FRAMES), STDERR_FILENO);
    }
    for (int i = 0; i < DEADLY; i++)
        if (deadly[i] == sig)
            sigaction(sig, &before[i], NULL);
    raise(sig); /* delivered when this handler returns */
}

void blame_mask(sigset_t *set)
{
    sigfillset(set);
    for (int i = 0; i < DEADLY; i++)
        sigdelset(set, deadly[i]);
}

void blame_thread(void)
{
    static _Thread_local char stack[STACK] __attribute__((aligned(16)));
    const stack_t own = {.ss_sp = stack, .ss_size = sizeof(stack)};

    if (OWN_STACK)
        sigaltstack(&own, NULL);
}

void blame_install(struct crash_page *shared)
{
    struct sigaction action = {.sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    void *frames[FRAMES];

    page = shared != NULL ? shared : &nobodys_page;
    backtrace(frames, FRAMES); /* loads libgcc now: loading allocates, which a handler must not */
    blame_thread();
    for (int i = 0; i < DEADLY; i++)
        sigaction(deadly[i], &action, &before[i]);
}

void blame_die(const char *kind, const char *name, const char *why)
{
    struct crash_page *p = page != NULL ? page : &nobodys_page;

    copy(p->kind, sizeof(p->kind), kind);
    copy(p->name, sizeof(p->name), name);
    copy(p->why, sizeof(p->why), why);
    abort();
}
