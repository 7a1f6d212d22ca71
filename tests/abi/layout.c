/* layout.c - prints the size of every public struct, and where each of its members lies.
 * layout.txt is what it printed when the interface was last changed on purpose. */
#include <stdio.h>

#include <berth.h>

#define S(type) printf("struct %-16s %4zu bytes\n", #type, sizeof(struct type));
#define M(type, m)                                                                                 \
    printf("  %4zu %4zu  %s\n", offsetof(struct type, m), sizeof(((struct type *)NULL)->m), #m);
#define E(name) printf("%-20s %d\n", #name, (int)name);

static void descriptors(void)
{
    S(berth_plugin)
    M(berth_plugin, magic) M(berth_plugin, abi_major) M(berth_plugin, abi_minor)
    M(berth_plugin, size) M(berth_plugin, stride) M(berth_plugin, name) M(berth_plugin, version)
    M(berth_plugin, needs) M(berth_plugin, caps) M(berth_plugin, tables) M(berth_plugin, dicts)
    M(berth_plugin, settings) M(berth_plugin, perms) M(berth_plugin, rules)
    M(berth_plugin, actions) M(berth_plugin, views) M(berth_plugin, routes)
    M(berth_plugin, hooks) M(berth_plugin, timers) M(berth_plugin, open) M(berth_plugin, close)
    S(berth_table)
    M(berth_table, name) M(berth_table, fields) M(berth_table, keys) M(berth_table, flags)
    M(berth_table, version) M(berth_table, title) M(berth_table, icon) M(berth_table, rights)
    M(berth_table, upgrade) M(berth_table, was) M(berth_table, kept) M(berth_table, moment)
    S(berth_field)
    M(berth_field, name) M(berth_field, type) M(berth_field, flags) M(berth_field, of)
    M(berth_field, def) M(berth_field, group) M(berth_field, was) M(berth_field, when)
    M(berth_field, max) M(berth_field, remind) M(berth_field, where)
    S(berth_key)
    M(berth_key, on) M(berth_key, flags)
    S(berth_dict)
    M(berth_dict, name) M(berth_dict, keys) M(berth_dict, open)
    S(berth_perm)
    M(berth_perm, name) M(berth_perm, roles)
    S(berth_rule)
    M(berth_rule, name) M(berth_rule, returns) M(berth_rule, args) M(berth_rule, def)
    S(berth_action)
    M(berth_action, on) M(berth_action, name) M(berth_action, perm) M(berth_action, form)
    M(berth_action, when) M(berth_action, flags) M(berth_action, icon) M(berth_action, run)
    M(berth_action, order)
    S(berth_view)
    M(berth_view, on) M(berth_view, name) M(berth_view, look) M(berth_view, columns)
    M(berth_view, where) M(berth_view, sort) M(berth_view, by) M(berth_view, from)
    M(berth_view, to)
    S(berth_route)
    M(berth_route, method) M(berth_route, path) M(berth_route, perm) M(berth_route, run) M(berth_route, flags)
    S(berth_hook)
    M(berth_hook, when) M(berth_hook, on) M(berth_hook, run) M(berth_hook, order)
    S(berth_timer)
    M(berth_timer, name) M(berth_timer, every) M(berth_timer, run)
    M(berth_timer, attempts) M(berth_timer, wait)
}

static void calls(void)
{
    S(berth_val)
    M(berth_val, type) M(berth_val, len) M(berth_val, i) M(berth_val, d) M(berth_val, s)
    M(berth_val, row)
    S(berth_share)
    M(berth_share, user_id) M(berth_share, department_id) M(berth_share, role_id) M(berth_share, part)
    M(berth_share, until_at) M(berth_share, team) M(berth_share, cooperate) M(berth_share, quiet)
    M(berth_share, id) M(berth_share, by) M(berth_share, at)
    S(berth_shares)
    M(berth_shares, may) M(berth_shares, left) M(berth_shares, of)
    S(berth_event)
    M(berth_event, when) M(berth_event, on) M(berth_event, row) M(berth_event, old)
    S(berth_api)
    M(berth_api, size) M(berth_api, abi_major) M(berth_api, abi_minor) M(berth_api, log)
    M(berth_api, error) M(berth_api, rc) M(berth_api, alloc) M(berth_api, fmt) M(berth_api, state)
    M(berth_api, now) M(berth_api, make) M(berth_api, load) M(berth_api, find) M(berth_api, next)
    M(berth_api, count) M(berth_api, table) M(berth_api, get) M(berth_api, set) M(berth_api, save)
    M(berth_api, drop) M(berth_api, step) M(berth_api, sql) M(berth_api, rule)
    M(berth_api, setting) M(berth_api, user) M(berth_api, can) M(berth_api, tr) M(berth_api, emit)
    M(berth_api, note) M(berth_api, param) M(berth_api, reply) M(berth_api, reply_row)
    M(berth_api, reply_rows) M(berth_api, all_rows) M(berth_api, alert) M(berth_api, alert_over)
    S(berth_alert)
    M(berth_alert, text) M(berth_alert, args) M(berth_alert, key) M(berth_alert, about)
    M(berth_alert, people) M(berth_alert, npeople) M(berth_alert, due_at) M(berth_alert, severity)
    M(berth_alert, escalate)
    M(berth_api, has) M(berth_api, ref) M(berth_api, today) M(berth_api, midnight)
    M(berth_api, as_user) M(berth_api, secret) M(berth_api, hash) M(berth_api, reply_text)
    M(berth_api, tables) M(berth_api, due) M(berth_api, months)
    S(berth_due)
    M(berth_due, at) M(berth_due, pool_id) M(berth_due, why) M(berth_due, nremind)
    M(berth_due, remind)
    S(berth_remind)
    M(berth_remind, at) M(berth_remind, to) M(berth_remind, high) M(berth_remind, text)
    M(berth_api, totals) M(berth_api, succeeds) M(berth_api, carry) M(berth_api, carry_back) M(berth_api, workday) M(berth_api, send) S(berth_total) M(berth_total, key) M(berth_total, count) M(berth_total, sum)
}

static void numbers(void)
{
    E(BERTH_OK) E(BERTH_INVALID) E(BERTH_DENIED) E(BERTH_NOT_FOUND) E(BERTH_CONFLICT)
    E(BERTH_BUSY) E(BERTH_BROKEN) E(BERTH_FULL)
    E(BERTH_DEBUG) E(BERTH_INFO) E(BERTH_WARN) E(BERTH_ERROR)
    E(BERTH_NULL) E(BERTH_TEXT) E(BERTH_LONG) E(BERTH_PHONE) E(BERTH_EMAIL) E(BERTH_URL)
    E(BERTH_INT) E(BERTH_REAL) E(BERTH_BOOL) E(BERTH_MONEY) E(BERTH_DATE) E(BERTH_TIME)
    E(BERTH_PICK) E(BERTH_REF) E(BERTH_FILE) E(BERTH_JSON) E(BERTH_ROW)
    E(BERTH_REQUIRED) E(BERTH_UNIQUE) E(BERTH_INDEX) E(BERTH_SEARCH) E(BERTH_LIST)
    E(BERTH_FILTER) E(BERTH_LOCKED) E(BERTH_DUPLICATE) E(BERTH_SECRET) E(BERTH_MANY)
    E(BERTH_BELONGS) E(BERTH_AROUND)
    E(BERTH_DUE) E(BERTH_TO_OWNER) E(BERTH_TO_MANAGER) E(BERTH_TO_ADMINS)
    E(BERTH_OWNED) E(BERTH_POOLED) E(BERTH_CUSTOM) E(BERTH_HISTORY) E(BERTH_BIN) E(BERTH_DETAIL)
    E(BERTH_EXTEND) E(BERTH_ADMIN) E(BERTH_HIDDEN) E(BERTH_BARE) E(BERTH_PUBLIC)
    E(BERTH_BULK) E(BERTH_DANGER) E(BERTH_SEEN) E(BERTH_EDITS)
    E(BERTH_AS_LIST) E(BERTH_AS_BOARD) E(BERTH_AS_CALENDAR) E(BERTH_AS_TREE) E(BERTH_AS_GRAPH)
    E(BERTH_BEFORE) E(BERTH_AFTER) E(BERTH_DONE) E(BERTH_INSERT) E(BERTH_UPDATE) E(BERTH_DELETE)
    E(BERTH_EVENT) E(BERTH_OPEN)
    E(BERTH_CAP_SQL) E(BERTH_CAP_NET) E(BERTH_CAP_ALL_ROWS)
}

int main(void)
{
    printf("interface %d.%d\n", BERTH_ABI_MAJOR, BERTH_ABI_MINOR);
    descriptors();
    calls();
    numbers();
    return 0;
}
