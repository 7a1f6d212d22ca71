/* pattern.h - Lua patterns with a step counter, so that no pattern can spin.
 *
 * Same language as Lua's own (manual 6.4.1), matched the same way; what differs is that every
 * step is paid for, and a match that has no steps left fails with an error. */
#ifndef BERTH_LUA_PATTERN_H
#define BERTH_LUA_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PATTERN_CAPTURES = 32, PATTERN_DEPTH = 200 };

struct pattern_capture {
    const char *start;
    ptrdiff_t len; /* or one of the two below */
};
enum { PATTERN_OPEN = -1, PATTERN_POSITION = -2 };

struct pattern {
    const char *subject, *subject_end;
    const char *text, *end; /* without a leading ^ */
    bool anchored;
    int64_t steps;     /* how many are left */
    int64_t granted;   /* the caller's note: of how many */
    const char *error; /* NULL while all is well; out of steps when steps < 0 */
    int depth, captures;
    struct pattern_capture capture[PATTERN_CAPTURES];
};

void pattern_init(struct pattern *m, const char *text, size_t text_len, const char *subject,
                  size_t subject_len, int64_t steps);
/* Tries exactly at `at`; the end of the match, or NULL. */
const char *pattern_at(struct pattern *m, const char *at);
/* Tries from `at` on (only there when anchored); the match's begin and end. */
bool pattern_find(struct pattern *m, const char *at, const char **begin, const char **end);

#endif
