/* test_{{name}}.c - the plugin's functions, run in a host that is only pretended. */
#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "{{name}}.c"
#include <fakehost.h>

static void a_new_item_is_due_when_the_rule_says(void)
{
    struct fake *f = fake_new(berth_plugin_entry);
    struct berth_row *item = host->make(fake_ctx(f), "{{name}}_item");
    int64_t today = host->now(fake_ctx(f)) / BERTH_DAY;

    fake_rule(f, "{{name}}.days", berth_i(3));
    host->set(item, "name", berth_s("first"));
    assert(fake_save(f, item) == BERTH_OK);
    assert(fake_int(item, "due_on") == today + 3);
    fake_free(&f);
}

static void a_finished_item_is_done(void)
{
    struct fake *f = fake_new(berth_plugin_entry);
    struct berth_row *item = fake_given(f, "{{name}}_item", "name", berth_s("first"));

    fake_param(f, "remark", berth_s("all well"));
    assert(fake_action(f, "{{name}}_item", "finish", item) == BERTH_OK);
    assert(strcmp(fake_text(item, "status"), "done") == 0);
    assert(strcmp(fake_noted(f), "finish: all well") == 0);
    fake_free(&f);
}

int main(void)
{
    a_new_item_is_due_when_the_rule_says();
    a_finished_item_is_done();
    puts("2 tests passed");
    return 0;
}
