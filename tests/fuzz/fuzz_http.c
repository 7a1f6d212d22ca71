/* fuzz_http.c - libFuzzer: request heads, targets, queries, cookies and header lists made of any
 * bytes.  What http_head_scan() lets through must also be what it promises. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "web/http_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_path(struct arena *a, const char *text)
{
    const char *path, *query;
    const struct http_pair *args;
    size_t n;

    if (http_target_parse(a, text, &path, &query) == NULL) {
        assert(path[0] == '/' && strstr(path, "//") == NULL && strstr(path, "/../") == NULL);
        assert(http_utf8_valid(path, strlen(path)));
    }
    if (http_query_parse(a, text, HTTP_ARGS_MAX, &args, &n) == NULL)
        for (size_t i = 0; i < n; i++)
            assert(http_utf8_valid(args[i].value, strlen(args[i].value)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new();
    char *exact = malloc(size + 1), *text = arena_strndup(a, (const char *)data, size);
    uint64_t first, len;
    bool complete;

    memcpy(exact, data, size);
    if (http_head_scan(a, exact, size, 4096, &complete) == NULL && complete)
        assert(memchr(data, '\0', size) == NULL || size > 20);
    free(exact);
    check_path(a, text);
    http_cookie_find(a, text, "sid");
    http_accepts(text, "gzip");
    http_tag_matches(text, "\"abc\"");
    if (http_range_parse(text, 1000, &first, &len) == HTTP_RANGE_ONE)
        assert(first < 1000 && len > 0 && first + len <= 1000);
    arena_free(&a);
    return 0;
}
