/* arena.c - chunked bump allocation. */
#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The first is enough for creating a record (11 KB) and for a page of a list (4 KB).  The others: below 64 KiB, to free more
 * than that has malloc gather all its small change each time. */
enum { FIRST_CHUNK = 12000, CHUNK = 60000 };

struct chunk {
    struct chunk *next; /* older */
    size_t cap, used;
    max_align_t data[];
};

struct arena {
    struct chunk *now, *spare;
    size_t total;
};

_Noreturn void mem_die(size_t wanted)
{
    fprintf(stderr, "berth: out of memory (%zu bytes wanted)\n", wanted);
    abort();
}

void *mem_alloc(size_t n)
{
    void *p = calloc(1, n > 0 ? n : 1);

    if (p == NULL)
        mem_die(n);
    return p;
}

void *mem_realloc(void *p, size_t n)
{
    p = realloc(p, n > 0 ? n : 1);
    if (p == NULL)
        mem_die(n);
    return p;
}

char *mem_strdup(const char *s)
{
    size_t n = strlen(s) + 1;

    return memcpy(mem_realloc(NULL, n), s, n);
}

static struct chunk *chunk_new(size_t cap, struct chunk *next)
{
    struct chunk *c = mem_realloc(NULL, sizeof(*c) + cap);

    *c = (struct chunk){.next = next, .cap = cap};
    return c;
}

struct arena *arena_new(void)
{
    struct arena *a = mem_alloc(sizeof(*a));

    a->now = chunk_new(FIRST_CHUNK, NULL);
    return a;
}

static void drop_spare(struct arena *a)
{
    while (a->spare != NULL) {
        struct chunk *c = a->spare;

        a->spare = c->next;
        free(c);
    }
}

void arena_again(struct arena *a)
{
    while (a->now->next != NULL) {
        struct chunk *c = a->now;

        a->now = c->next;
        if (c->cap != CHUNK) {
            free(c);
            continue;
        }
        c->next = a->spare;
        a->spare = c;
    }
    a->now->used = 0;
    a->total = 0;
}

void arena_reset(struct arena *a)
{
    drop_spare(a);
    while (a->now->next != NULL) {
        struct chunk *older = a->now->next;

        free(a->now);
        a->now = older;
    }
    a->now->used = 0;
    a->total = 0;
}

void arena_free(struct arena **a)
{
    if (*a == NULL)
        return;
    arena_reset(*a);
    free((*a)->now);
    free(*a);
    *a = NULL;
}

size_t arena_used(const struct arena *a)
{
    return a->total;
}

static void next_chunk(struct arena *a, size_t size)
{
    struct chunk *c = size > CHUNK ? NULL : a->spare;

    if (c == NULL) {
        a->now = chunk_new(size > CHUNK ? size : CHUNK, a->now);
        return;
    }
    a->spare = c->next;
    *c = (struct chunk){.next = a->now, .cap = CHUNK};
    a->now = c;
}

static void *arena_raw(struct arena *a, size_t n)
{
    size_t size = (n + sizeof(max_align_t) - 1) & ~(sizeof(max_align_t) - 1);
    char *p;

    if (size < n)
        mem_die(n);
    if (a->now->cap - a->now->used < size)
        next_chunk(a, size);
    p = (char *)a->now->data + a->now->used;
    a->now->used += size;
    a->total += size;
    return p;
}

void *arena_alloc(struct arena *a, size_t n)
{
    return memset(arena_raw(a, n), 0, n);
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
    char *p = arena_raw(a, n + 1);

    memcpy(p, s, n);
    p[n] = '\0';
    return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
    return arena_strndup(a, s, strlen(s));
}

char *arena_vfmt(struct arena *a, const char *fmt, va_list ap)
{
    char shorter[256]; /* most are: once is enough */
    va_list again;
    char *p;
    int n;

    va_copy(again, ap);
    n = vsnprintf(shorter, sizeof(shorter), fmt, again);
    va_end(again);
    if (n < 0)
        n = 0;
    p = arena_raw(a, (size_t)n + 1);
    if ((size_t)n < sizeof(shorter)) {
        memcpy(p, shorter, (size_t)n);
        p[n] = '\0';
    } else {
        vsnprintf(p, (size_t)n + 1, fmt, ap);
    }
    return p;
}

char *arena_fmt(struct arena *a, const char *fmt, ...)
{
    va_list ap;
    char *p;

    va_start(ap, fmt);
    p = arena_vfmt(a, fmt, ap);
    va_end(ap);
    return p;
}
