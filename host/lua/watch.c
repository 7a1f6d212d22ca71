/* watch.c - one slot a thread, written by that thread, read by the monitor. */
#include "lua/watch.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "lua/script.h"

enum { SLOTS = 1024 };

struct slot {
    atomic_bool taken;
    _Atomic(const char *) file; /* NULL: no script runs */
    _Atomic int64_t since;      /* ms; 0: inside the host */
};

static struct slot slots[SLOTS];
static _Thread_local struct slot *mine;

/* To a few milliseconds, which is enough here, and at a quarter of the price. */
static int64_t coarse_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static struct slot *take(void)
{
    for (int i = 0; i < SLOTS; i++)
        if (!atomic_exchange(&slots[i].taken, true))
            return &slots[i];
    return NULL; /* more threads than anybody starts: not watched */
}

void watch_begin(const char *file)
{
    if (mine == NULL)
        mine = take();
    if (mine == NULL)
        return;
    atomic_store_explicit(&mine->since, coarse_ms(), memory_order_relaxed);
    atomic_store_explicit(&mine->file, file, memory_order_release);
}

void watch_end(void)
{
    if (mine != NULL)
        atomic_store_explicit(&mine->file, NULL, memory_order_release);
}

void watch_pause(void)
{
    if (mine != NULL)
        atomic_store_explicit(&mine->since, 0, memory_order_relaxed);
}

void watch_resume(void)
{
    if (mine != NULL)
        atomic_store_explicit(&mine->since, coarse_ms(), memory_order_relaxed);
}

void watch_leave(void)
{
    if (mine == NULL)
        return;
    watch_end();
    atomic_store(&mine->taken, false);
    mine = NULL;
}

bool scripts_overdue(int64_t limit_ms, char name[SCRIPT_NAME])
{
    int64_t now = coarse_ms();

    for (int i = 0; i < SLOTS; i++) {
        const char *file = atomic_load_explicit(&slots[i].file, memory_order_acquire);
        int64_t since = atomic_load_explicit(&slots[i].since, memory_order_relaxed);

        if (file == NULL || since == 0 || now - since <= limit_ms)
            continue;
        snprintf(name, SCRIPT_NAME, "%s", file);
        return true;
    }
    return false;
}
