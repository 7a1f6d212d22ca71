"""Names stand in lists as people of the company's language expect: by pinyin, strokes or an alphabet, whatever wrote them."""
import sqlite3

import pytest

from test_import import run, text, undo, upload

# In the order of each; of equal names the one made first comes first.
ORDERS = {
    "zh-CN": ["2号仓", "10号仓", "安徽外贸", "北京货代", "成都船务", "重庆货代", "重庆货代", "重庆货代", "深圳物流", "中山贸易", "abc", "ABC"],
    "zh-TW": ["2號倉", "10號倉", "一帆航運", "丁氏貿易", "三江船務", "王記物流", "王記物流", "王記物流", "陳氏報關", "臺北貨運", "abc", "ABC"],
    "vi": ["2 kho", "10 kho", "An Bình", "An Bình", "An Bình", "Ăn Ngon", "Ân Phú", "Ba Sao", "Bà Sao", "Bả Sao", "Bá Sao", "Bình An", "Dung Hà", "Đạt Phát", "Em"],
    "en": ["2 Docks", "10 Docks", "Acme", "acorn", "Beta", "Beta", "Beta", "Évian", "Foxtrot", "zebra", "深圳"],
}
PAGE = 2


def choose(admin, locale):
    """Sets the order and waits until it is made."""
    there = admin.get("/setting", filter=["name", "=", "base.sorting"]).json["rows"]
    if there:
        answer = admin.patch(f"/setting/{there[0]['id']}", there[0]["version"], {"value": locale})
        assert answer.status == 200, answer
    else:
        admin.made("setting", name="base.sorting", value=locale)
    settled(admin)


def settled(admin):
    newest = admin.get("/job", filter=["kind", "=", "reorder"], limit=1).json["rows"][0]
    assert admin.until(f"/job/{newest['id']}", lambda j: j["state"] not in ("queued", "running"))["state"] == "done"


def names(person, sort="name", **query):
    return [r["name"] for r in person.rows("lead", sort=sort, limit=PAGE, fields="name", **query)]


def shuffled(order):
    return order[1::3] + order[0::3] + order[2::3]


@pytest.fixture
def empty(own_site):
    """A site whose leads are the test's own."""
    site = own_site()
    admin = site.sign_in("demo.admin")
    for lead in admin.rows("lead", limit=500, fields="id"):
        assert admin.delete(f"/lead/{lead['id']}").status == 204
    return site, admin


@pytest.mark.parametrize("locale", ORDERS)
def test_a_list_is_in_the_order_that_was_chosen(empty, locale):
    _, admin = empty
    order = ORDERS[locale]
    for n in shuffled(order):
        assert admin.post("/lead", {"name": n}, duplicates="allow").status == 201
    choose(admin, locale)
    assert names(admin) == order
    assert names(admin, "-name") == order[::-1]
    # with a filter, with another order behind it, and from a place on
    assert names(admin, filter=["name", "in", [order[5], order[2]]]) == [n for n in order if n in (order[5], order[2])]
    assert names(admin, "name,-created_at") == order
    assert names(admin, filter=["name", ">=", order[4]]) == order[4:] or order[4] == order[3]
    assert names(admin, filter=["name", "<", order[2]]) == order[:2]
    # whoever sees only their own is shown the same order
    li = empty[0].sign_in("demo.li")
    for n in order[:6]:
        assert li.post("/lead", {"name": "x" + n}, duplicates="allow").status == 201
    assert names(li) == ["x" + n for n in order[:6]]


def test_ties_are_paged_once_each_and_by_age(empty):
    _, admin = empty
    made = [admin.ask("POST", "/lead", {"name": n}, duplicates="allow").json["row"]["id"] for n in ["深圳", "ABC", "深圳", "abc", "深圳", "深圳", "深圳"]]
    shenzhen = [i for i, n in zip(made, ["深圳", "ABC", "深圳", "abc", "深圳", "深圳", "深圳"]) if n == "深圳"]
    got = [r["id"] for r in admin.rows("lead", sort="name", limit=2, fields="name")]
    assert got[:5] == shenzhen and len(set(got)) == 7
    assert [r["id"] for r in admin.rows("lead", sort="-name", limit=2, fields="name")] == got[::-1]


def test_whatever_writes_a_name_writes_its_place(empty):
    site, admin = empty
    made = {n: admin.made("lead", name=n) for n in ["深圳", "北京", "广州"]}
    row = made["深圳"]
    assert admin.patch(f"/lead/{row['id']}", row["version"], {"name": "安庆"}).status == 200  # edited
    assert names(admin) == ["安庆", "北京", "广州"]
    assert admin.delete(f"/lead/{made['北京']['id']}").status == 204  # deleted and brought back
    assert names(admin) == ["安庆", "广州"]
    assert admin.post(f"/lead/{made['北京']['id']}/_restore").status == 200
    assert names(admin) == ["安庆", "北京", "广州"]
    look = upload(admin, text([[n, "", "", "", "", "CN", ""] for n in ["重庆", "成都", "鞍山"]]), "n.csv")  # imported
    assert run(admin, look)["result"]["new"] == 3
    assert names(admin) == ["安庆", "鞍山", "北京", "成都", "重庆", "广州"]
    look2 = upload(admin, f"id,名称\n{row['id']},珠海\n".encode(), "u.csv")  # updated by a file, and that undone
    answer = admin.post(f"/_import/{look2['import']}/run", {"sheet": 0, "header_row": 1, "map": {"0": "id", "1": "name"}, "mode": "update", "match": ["id"]})
    assert admin.job(answer)["result"]["updated"] == 1
    assert names(admin) == ["鞍山", "北京", "成都", "重庆", "广州", "珠海"]
    assert undo(admin, look2["import"])["state"] == "done"
    assert undo(admin, look["import"])["state"] == "done"
    assert names(admin) == ["安庆", "北京", "广州"]
    assert admin.post(f"/lead/{made['广州']['id']}/_merge", {"from": [made["北京"]["id"]], "values": {"name": "阿坝"}}).status == 200
    assert names(admin) == ["阿坝", "安庆"]
    assert admin.post(f"/lead/{made['广州']['id']}/_split").status == 200
    assert names(admin) == ["安庆", "北京", "广州"]


def test_a_custom_text_that_is_indexed_is_sorted_too(empty):
    _, admin = empty
    field = admin.made("custom_field", on_table="lead", name="port", type="text", label_en="Port")
    for n, port in [("a", "深圳"), ("b", "北京"), ("c", None), ("d", "安庆")]:
        admin.made("lead", name=n, **({"x_port": port} if port else {}))
    answer = admin.patch(f"/custom_field/{field['id']}", field["version"], {"sort": True})  # rows are there already
    assert answer.status == 200, answer
    assert names(admin, "x_port") == ["c", "d", "b", "a"]
    row = admin.get("/lead", filter=["x_port", "=", "北京"]).json["rows"]
    assert [r["name"] for r in row] == ["b"]


def test_people_and_departments_stand_in_that_order_where_they_are_chosen(people):
    admin = people["admin"]
    for n in ("重庆分部", "安徽分部", "成都分部"):
        admin.made("department", name=n)
    assert [r["name"] for r in admin.rows("department", sort="name", limit=2) if r["name"].endswith("分部")] == ["安徽分部", "成都分部", "重庆分部"]
    for n in ("出纳", "报关员", "安检"):
        admin.made("role", name=n)
    assert [r["name"] for r in admin.rows("role", sort="name", limit=2) if r["name"] in ("出纳", "报关员", "安检")] == ["安检", "报关员", "出纳"]


def test_an_order_that_was_cut_off_is_made_to_the_end(own_site):
    site = own_site()
    admin = site.sign_in("demo.admin")
    rows = [[f"{'一丁三王陳臺'[i % 6]}{i:05d}", "", "", "", "", "CN", ""] for i in range(9000)]
    assert run(admin, upload(admin, text(rows), "n.csv"))["result"]["new"] == 9000
    there = admin.made("setting", name="base.sorting", value="zh-TW")
    site.kill()
    site.start()
    admin = site.sign_in("demo.admin")
    settled(admin)
    got = [r["name"][0] for r in admin.rows("lead", sort="name", limit=500, fields="name", filter=["name", "~", "0"]) if r["name"][0] in "一丁三王陳臺"]
    assert got == sorted(got, key="一丁三王陳臺".index) and len(got) > 2000
    # an installation that knows nothing of keys yet: the next start makes them
    assert site.stop() == 0
    with sqlite3.connect(site.data / "berth.db") as db:
        db.execute("UPDATE model_table SET ordered = NULL")
        db.execute("UPDATE lead SET name__order = NULL")
    site.start()
    admin = site.sign_in("demo.admin")
    assert admin.get("/lead", filter=["name", "=", "王00003"]).json["rows"][0]["name"] == "王00003"
    settled(admin)
    assert [r["name"][0] for r in admin.rows("lead", sort="name", limit=500, fields="name") if r["name"][0] in "一丁三王陳臺"][:2] == ["一", "一"]
    assert there["value"] == "zh-TW"


def test_what_a_start_saves_has_keys_of_the_order_that_was_chosen(own_site):
    site = own_site()
    admin = site.sign_in("demo.admin")
    choose(admin, "zh-TW")
    assert site.stop() == 0
    with sqlite3.connect(site.data / "berth.db") as db:  # as if a plugin's next release declared them
        db.execute("DELETE FROM approval_step")
        db.execute("DELETE FROM approval_flow")
        db.execute("DELETE FROM setting WHERE name LIKE 'approval.%'")
    site.start()
    admin = site.sign_in("demo.admin")
    flows = [r["name"] for r in admin.rows("approval_flow", fields="name", limit=100)]
    assert flows
    for name in flows:
        assert [r["name"] for r in admin.get("/approval_flow", filter=["name", "=", name]).json["rows"]] == [name]


def test_rows_that_the_host_itself_wrote_are_found_by_name(people):
    admin = people["admin"]
    admin.made("customer", name="Numbered by a series")
    for table in ("series", "setting", "role", "dup_rule"):
        for row in admin.rows(table, limit=100):
            assert row["id"] in [r["id"] for r in admin.rows(table, filter=["name", "=", row["name"]])], (table, row["name"])
