/* test_fakehost.c - the host that plugins' tests run in behaves as the real one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <fakehost.h>

static char order[16];

static int late(struct berth_ctx *c, struct berth_event *ev)
{
    (void)ev;
    strcat(order, "L");
    return host->rc(c);
}

static int early(struct berth_ctx *c, struct berth_event *ev)
{
    (void)c;
    strcat(order, ev->old == NULL ? "i" : "u");
    return BERTH_OK;
}

static int refuse_big(struct berth_ctx *c, struct berth_event *ev)
{
    if (host->get(ev->row, "size").i > 100)
        return host->error(c, BERTH_INVALID, "size", "boxes.err.size");
    return BERTH_OK;
}

static int refuse_after(struct berth_ctx *c, struct berth_event *ev)
{
    if (host->get(ev->row, "size").i == 13)
        host->error(c, BERTH_CONFLICT, NULL, "boxes.err.thirteen");
    return BERTH_OK; /* the error sticks all the same */
}

static int on_topic(struct berth_ctx *c, struct berth_event *ev)
{
    host->log(c, BERTH_INFO, "heard of %lld", (long long)host->get(ev->row, "id").i);
    return BERTH_OK;
}

static int shrink_all(struct berth_ctx *c)
{
    struct berth_rows *rows =
        host->find(c, "box", "size > ? order by -size limit 2", BERTH_ARGS(berth_i(10)));

    for (struct berth_row *box; (box = host->next(rows)) != NULL;) {
        host->set(box, "size", host->rule(c, "boxes.small", BERTH_ARGS(berth_r(box))));
        host->save(c, box);
        host->emit(c, "boxes.shrunk", box);
    }
    return host->rc(c);
}

BERTH_PLUGIN(.name = "boxes", .version = "1",
             .tables = BERTH_LIST_OF(berth_table,
                                     {"box",
                                      BERTH_FIELDS({"name", BERTH_TEXT, BERTH_REQUIRED},
                                                   {"size", BERTH_INT, 0, .def = "5"},
                                                   {"kind", BERTH_PICK, 0, "kind", "a"},
                                                   {"price", BERTH_MONEY, 0, .def = "1.25"}),
                                      .title = "name"}),
             .settings = BERTH_FIELDS({"days", BERTH_INT, 0, .def = "30"}),
             .rules = BERTH_LIST_OF(berth_rule, {"small", BERTH_INT, "box", "1"}),
             .hooks = BERTH_LIST_OF(berth_hook,
                                    {BERTH_BEFORE | BERTH_INSERT | BERTH_UPDATE, "box", late, 5},
                                    {BERTH_BEFORE | BERTH_INSERT | BERTH_UPDATE, "*", early, -1},
                                    {BERTH_BEFORE | BERTH_INSERT | BERTH_UPDATE, "box", refuse_big},
                                    {BERTH_AFTER | BERTH_INSERT | BERTH_UPDATE, "box",
                                     refuse_after},
                                    {BERTH_EVENT, "boxes.shrunk", on_topic}),
             .timers = BERTH_LIST_OF(berth_timer, {"shrink", "1h", shrink_all}))

static int given_host(void **state)
{
    *order = '\0';
    *state = fake_new(berth_plugin_entry);
    return 0;
}

static int host_gone(void **state)
{
    struct fake *f = *state;

    fake_free(&f);
    return 0;
}

static int64_t counted(struct fake *f, const char *where)
{
    return host->count(fake_ctx(f), "box", where, BERTH_ARGS(berth_s("two"), berth_i(20)));
}

static void filters_pick_what_they_say(void **state)
{
    static const struct {
        const char *where;
        int64_t n;
    } cases[] = {
        {NULL, 3},
        {"name = ?", 1},
        {"name = ? and size = ?", 1},
        {"name <> ?", 2},
        {"size >= 20", 2},
        {"size > 20 or name = 'one'", 2},
        {"not (size > 20 or name = 'one')", 1},
        {"kind in ('a', 'b')", 2},
        {"kind not in ('b')", 2},
        {"kind empty", 1},
        {"kind not empty and size < 20", 1},
        {"name ~ 'O'", 2},
        {"size <= 10 order by name", 1},
        {"order by -size limit 2", 2},
        {"id = 2", 1},
        {"size = 10 or size = 20 and name = 'none'", 1},
    };
    struct fake *f = *state;

    fake_given(f, "box", "name", berth_s("one"), "size", berth_i(10));
    fake_given(f, "box", "name", berth_s("two"), "size", berth_i(20), "kind", berth_s("b"));
    fake_given(f, "box", "name", berth_s("three"), "size", berth_i(30), "kind", berth_nil());
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (counted(f, cases[i].where) != cases[i].n || host->rc(fake_ctx(f)) != BERTH_OK)
            fail_msg("%s", cases[i].where);
    counted(f, "size ! 3");
    assert_int_equal(host->rc(fake_ctx(f)), BERTH_BROKEN);
}

static void months_have_their_days(void **state)
{
    enum { JAN_31 = 20484 }; /* 2026 */

    (void)state;
    assert_int_equal(host->months(JAN_31, 1), JAN_31 + 28);
    assert_int_equal(host->months(JAN_31 + 28, -1), JAN_31 - 3);
    assert_int_equal(host->months(JAN_31, 12), JAN_31 + 365);
    assert_int_equal(host->months(JAN_31, 25), JAN_31 + 365 + 365 + 29);
    assert_int_equal(host->months(-1, 2), 58); /* 31 December 1969: 28 February */
}

static void hooks_run_in_their_order(void **state)
{
    struct fake *f = *state;
    struct berth_row *box = host->make(fake_ctx(f), "box");

    host->set(box, "name", berth_s("one"));
    assert_int_equal(fake_save(f, box), BERTH_OK);
    assert_int_equal(fake_int(box, "size"), 5);
    assert_int_equal(fake_int(box, "price"), 12500);
    assert_int_equal(fake_save(f, box), BERTH_OK);
    assert_string_equal(order, "iLuL");
    assert_int_equal(fake_int(box, "version"), 2);
}

static void a_refusal_names_the_field_and_sticks(void **state)
{
    struct fake *f = *state;
    struct berth_row *box = fake_given(f, "box", "name", berth_s("one"));

    host->set(box, "size", berth_i(101));
    assert_int_equal(fake_save(f, box), BERTH_INVALID);
    assert_string_equal(fake_error_key(f), "boxes.err.size");
    assert_string_equal(fake_error_field(f), "size");
    assert_int_equal(fake_int(fake_stored(f, "box", 1), "size"), 5);
    assert_null(host->load(fake_ctx(f), "box", 1));
    fake_clear(f);
    assert_non_null(host->load(fake_ctx(f), "box", 1));
}

static void an_error_after_the_save_undoes_it(void **state)
{
    struct fake *f = *state;
    struct berth_row *box = fake_given(f, "box", "name", berth_s("one"));

    host->set(box, "size", berth_i(13));
    assert_int_equal(fake_save(f, box), BERTH_CONFLICT);
    assert_int_equal(fake_int(fake_stored(f, "box", 1), "size"), 5);
}

static void a_stale_record_is_a_conflict(void **state)
{
    struct fake *f = *state;
    struct berth_row *mine, *theirs;

    fake_given(f, "box", "name", berth_s("one"));
    mine = host->load(fake_ctx(f), "box", 1);
    theirs = host->load(fake_ctx(f), "box", 1);
    assert_int_equal(fake_save(f, theirs), BERTH_OK);
    assert_int_equal(fake_save(f, mine), BERTH_CONFLICT);
}

static void a_required_field_must_not_be_empty(void **state)
{
    struct fake *f = *state;

    assert_int_equal(fake_save(f, host->make(fake_ctx(f), "box")), BERTH_INVALID);
    assert_string_equal(fake_error_field(f), "name");
}

static void timers_rules_and_events_work_together(void **state)
{
    struct fake *f = *state;

    for (int i = 1; i <= 4; i++)
        fake_given(f, "box", "name", berth_s("b"), "size", berth_i(i * 10));
    fake_rule(f, "boxes.small", berth_i(2));
    assert_int_equal(fake_timer(f, "shrink"), BERTH_OK);
    assert_int_equal(fake_int(fake_stored(f, "box", 4), "size"), 2);
    assert_int_equal(fake_int(fake_stored(f, "box", 3), "size"), 2);
    assert_int_equal(fake_int(fake_stored(f, "box", 2), "size"), 20);
    assert_int_equal(fake_emitted(f, "boxes.shrunk"), 2);
    assert_int_equal(fake_logged(f, "heard of"), 2);
    assert_int_equal(host->setting(fake_ctx(f), "boxes.days").i, 30);
    assert_int_equal(fake_timer(f, "none"), BERTH_NOT_FOUND);
}

static int drop_and_fail(struct berth_ctx *c, void *id)
{
    host->drop(c, host->load(c, "box", *(int64_t *)id));
    return host->error(c, BERTH_BUSY, NULL, "boxes.err.busy");
}

static void a_step_that_fails_is_undone_and_forgiven(void **state)
{
    struct fake *f = *state;
    int64_t id = fake_int(fake_given(f, "box", "name", berth_s("one")), "id");

    assert_int_equal(host->step(fake_ctx(f), drop_and_fail, &id), BERTH_BUSY);
    assert_non_null(fake_stored(f, "box", id));
    assert_int_equal(host->rc(fake_ctx(f)), BERTH_OK);
}

static void what_was_asked_for_waits_until_it_is_decided(void **state)
{
    struct fake *f = *state;
    struct berth_ctx *c = fake_ctx(f);
    struct berth_row *box = fake_given(f, "box", "name", berth_s("one")), *other = fake_given(f, "box", "name", berth_s("two"));

    assert_null(host->approval(c, box, NULL));
    assert_int_equal(host->ask(c, box, "boxes.big", "please"), BERTH_OK);
    assert_string_equal(host->approval(c, box, NULL), "open");
    assert_string_equal(host->approval(c, box, "boxes.big"), "open");
    assert_null(host->approval(c, box, "boxes.small"));
    assert_null(host->approval(c, other, NULL));
    assert_int_equal(host->ask(c, box, "boxes.big", NULL), BERTH_CONFLICT);
    fake_clear(f);
    fake_decide(f, box, "boxes.big", "rejected");
    assert_string_equal(host->approval(c, box, NULL), "rejected");
    assert_int_equal(host->ask(c, box, "boxes.big", NULL), BERTH_OK);
    assert_string_equal(host->approval(c, box, NULL), "open");
}

static void calls_are_counted_and_answer_what_the_test_said(void **state)
{
    static const char said[] =
        "{\"files\":[{\"id\":1,\"name\":\"a \\\",]}\"},{\"id\":7,\"new\":true,\"of\":null}],\"may\":{\"add\":false}}";
    struct fake *f = *state;
    struct berth_ctx *c = fake_ctx(f);
    struct berth_row *box = fake_given(f, "box", "name", berth_s("one"));
    const char *answer;
    int64_t id;
    size_t n;

    assert_string_equal(host->call(c, "POST /box/1/_note", BERTH_ARGS(berth_s("text"), berth_s("Hello"))), "");
    assert_int_equal(fake_called(f, "POST /box/1/_note"), 1);
    fake_answer(f, "GET /box/1/_files", said);
    answer = host->call(c, "GET /box/1/_files", BERTH_NOARGS);
    assert_int_equal(host->json_at(c, answer, "files.1.id").i, 7);
    assert_true(host->json_at(c, answer, "files.1.new").i);
    assert_int_equal(host->json_at(c, answer, "may.add").type, BERTH_BOOL);
    assert_string_equal(host->json_at(c, answer, "may").s, "{\"add\":false}");
    assert_int_equal(host->json_at(c, answer, "files.1.of").type, BERTH_NULL);
    assert_int_equal(host->json_at(c, answer, "files.2.id").type, BERTH_NULL);
    assert_int_equal(host->json_at(c, answer, "files.1.id.more").type, BERTH_NULL);
    id = host->attach(c, box, "a.txt", "bytes", 5, 0);
    assert_memory_equal(host->file(c, id, &n), "bytes", 5);
    assert_int_equal(n, 5);
    assert_null(host->file(c, id + 1, &n));
    assert_int_equal(host->rc(c), BERTH_NOT_FOUND);
}

static void a_record_is_shared_and_taken_back(void **state)
{
    struct fake *f = *state;
    struct berth_ctx *c = fake_ctx(f);
    struct berth_row *box = fake_given(f, "box", "name", berth_s("two")), *other = fake_given(f, "box", "name", berth_s("three"));
    int64_t read = berth_share(c, box, .user_id = 7, .part = "rates"),
            work = berth_share(c, box, .user_id = 8, .team = true, .cooperate = true);
    const struct berth_shares *s = host->shares(c, box);

    assert_true(s->may && s->of[0]->id == work && s->of[0]->cooperate && s->of[1]->id == read && s->of[2] == NULL);
    assert_string_equal(s->of[1]->part, "rates");
    assert_null(host->shares(c, other)->of[0]);
    assert_int_equal(host->unshare(c, work), BERTH_OK);
    assert_int_equal(host->shares(c, box)->of[0]->id, read);
    assert_int_equal(host->unshare(c, work), BERTH_NOT_FOUND);
    fake_clear(f);
    assert_int_equal(berth_share(c, box, .team = true), 0);
    assert_string_equal(fake_error_field(f), "user_id");
}

/* A member that is missing ends the plugin's test program. */
static void every_function_of_the_header_is_there(void **state)
{
    (void)state;
    for (size_t at = offsetof(struct berth_api, log); at < sizeof(struct berth_api); at += sizeof(void (*)(void))) {
        void (*f)(void);

        memcpy(&f, (const char *)host + at, sizeof(f));
        assert_true(f != NULL);
    }
}

int main(void)
{
#define WITH_HOST(t) cmocka_unit_test_setup_teardown(t, given_host, host_gone)
    const struct CMUnitTest tests[] = {
        WITH_HOST(months_have_their_days), WITH_HOST(filters_pick_what_they_say),
        WITH_HOST(hooks_run_in_their_order),
        WITH_HOST(a_refusal_names_the_field_and_sticks),
        WITH_HOST(an_error_after_the_save_undoes_it),
        WITH_HOST(a_stale_record_is_a_conflict),
        WITH_HOST(a_required_field_must_not_be_empty),
        WITH_HOST(timers_rules_and_events_work_together),
        WITH_HOST(a_step_that_fails_is_undone_and_forgiven),
        WITH_HOST(what_was_asked_for_waits_until_it_is_decided),
        WITH_HOST(calls_are_counted_and_answer_what_the_test_said),
        WITH_HOST(a_record_is_shared_and_taken_back),
        WITH_HOST(every_function_of_the_header_is_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
