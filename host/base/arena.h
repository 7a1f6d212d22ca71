/* arena.h - memory that lives and dies with one request, job or load step.
 *
 * Allocation never fails: a process out of memory ends with a message (mem_die).  Nothing taken
 * from an arena is freed alone; arena_reset() or arena_free() gives back all of it. */
#ifndef BERTH_ARENA_H
#define BERTH_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena;

struct arena *arena_new(void);
void arena_reset(struct arena *a); /* empties it, keeps the first chunk */
void arena_again(struct arena *a); /* empties it and keeps its memory, for loops that fill it as far each time */
void arena_free(struct arena **a);
size_t arena_used(const struct arena *a);

void *arena_alloc(struct arena *a, size_t n); /* zeroed, aligned for any type */
char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t n);
char *arena_fmt(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *arena_vfmt(struct arena *a, const char *fmt, va_list ap);

/* malloc and friends for things that live as long as the process; never NULL. */
void *mem_alloc(size_t n); /* zeroed */
void *mem_realloc(void *p, size_t n);
char *mem_strdup(const char *s);
_Noreturn void mem_die(size_t wanted);

#endif
