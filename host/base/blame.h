/* blame.h - who is at work, for the day the process dies of it.
 *
 * The plugin layer notes whose code a thread is about to run; when the process then crashes, the
 * signal handler leaves that name in the crash page, which the supervisor reads.  Three such crashes
 * and the plugin is left out.  Noting costs two moves to thread-local memory. */
#ifndef BERTH_BLAME_H
#define BERTH_BLAME_H

#include <signal.h>

enum { BLAME_NAME = 64 };

/* Shared with the supervisor (a memfd); all zero while nothing has happened. */
struct crash_page {
    int signal;              /* 0: no crash; written last */
    char kind[16];           /* "plugin", "script" or "" when nobody is to blame */
    char name[BLAME_NAME];   /* "leads", "leads.release_days.lua" */
    char why[192];
};

extern _Thread_local const char *blame_name;

/* `name` must outlive the call.  Returns who was noted before, for blame_leave():
 *     const char *before = blame_enter(plugin->name);
 *     rc = plugin->open(c, &state);
 *     blame_leave(before);                                          */
static inline const char *blame_enter(const char *name)
{
    const char *before = blame_name;

    blame_name = name;
    return before;
}

static inline void blame_leave(const char *before)
{
    blame_name = before;
}

/* Installs the handlers for SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT: they fill `page` (NULL: just
 * the log), print a backtrace to stderr and let the process die of the signal.  Call it once, before
 * threads start. */
void blame_install(struct crash_page *page);

/* Every signal except those a crash raises: what a thread blocks that leaves signals to the main
 * thread.  A blocked SIGSEGV would end the process without the handler. */
void blame_mask(sigset_t *set);

/* Gives the calling thread a stack of its own for the handler, so that a stack overflow is reported
 * too.  Every thread that may run plugin or Lua code calls it first. */
void blame_thread(void);

/* Ends the process and blames `name`: what the watchdog does with a script that cannot be stopped. */
_Noreturn void blame_die(const char *kind, const char *name, const char *why);

#endif
