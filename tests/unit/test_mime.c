/* test_mime.c - mails as they come, to the last byte and no further. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/arena.h"
#include "service/mime.h"

/* Reads it where memory ends right behind it. */
static bool read_at_the_edge(struct arena *a, const char *text, bool whole, struct mime_mail *out)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), len = strlen(text);
    char *room = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    bool ok;

    assert_true(room != MAP_FAILED && len <= page);
    assert_int_equal(mprotect(room + page, page, PROT_NONE), 0);
    memcpy(room + page - len, text, len);
    ok = mime_read(a, room + page - len, len, whole, out);
    munmap(room, 2 * page);
    return ok;
}

static void headers_alone_are_read_to_their_end_and_no_further(void **state)
{
    static const char *const ends[] = {"\r\n\r\n", "\n\n", "\r\n", "\n", ""};
    struct arena *a = arena_new();

    (void)state;
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        struct mime_mail mail;

        assert_true(read_at_the_edge(a, arena_fmt(a, "From: lan@example.vn\nSubject: Hàng%s", ends[i]), false, &mail));
        assert_string_equal(mail.from, "lan@example.vn");
        assert_string_equal(mail.subject, "Hàng");
        assert_int_equal(mail.left_out, 1);
    }
    arena_free(&a);
}

static void a_whole_mail_is_read_to_its_end_and_no_further(void **state)
{
    struct arena *a = arena_new();
    struct mime_mail mail;

    (void)state;
    assert_true(read_at_the_edge(a, "From: lan@example.vn\n\n<multipart/", true, &mail));
    assert_string_equal(mail.text, "<multipart/");
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_alone_are_read_to_their_end_and_no_further),
        cmocka_unit_test(a_whole_mail_is_read_to_its_end_and_no_further),
    };

    mime_ready();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
