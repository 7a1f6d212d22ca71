"""Records over REST: made, read, changed, deleted, restored; errors name what is wrong."""
import itertools

number = itertools.count(1)


def name(what="Harbour Freight"):
    return f"{what} {next(number):04} {id(number) % 997:03} Trading"  # none begins like another


def test_a_record_survives_the_round_trip(people):
    fields = {"name": name(), "phone": "+84 28 3822 9876", "country": "VN", "lanes": ["europe", "us_west"],
              "is_key": True, "next_action_on": "2027-02-28", "notes": "line one\nline two", "status": "qualified"}
    made = people["minh"].made("lead", **fields)
    read = people["minh"].row(f"/lead/{made['id']}")
    assert {k: read[k] for k in fields} == fields
    assert read["owner_id"] == people["minh"].user["id"] and read["version"] == 1
    people["minh"].delete(f"/lead/{made['id']}")


def test_every_bad_value_names_its_field_and_nothing_is_written(people):
    before = len(people["li"].rows("lead"))
    bad = {"name": "", "email": "not an address", "status": "bogus", "next_action_on": "2026-02-30",
           "is_key": "maybe", "lanes": "europe", "website": "javascript:alert(1)", "country": "XX", "nosuch": 1}
    answer = people["li"].post("/lead", bad)
    assert answer.status == 422 and answer.code == "invalid"
    assert set(bad) - {"name"} <= set(answer.json["error"]["fields"])
    for problem in answer.json["error"]["fields"].values():
        assert problem["message"] and problem["code"]
    answer = people["li"].post("/lead", {"phone": "1234567"})
    assert answer.json["error"]["fields"]["name"]["code"] == "required"
    assert len(people["li"].rows("lead")) == before


def test_locked_and_host_columns_are_refused(people):
    for field, value in (("created_at", "2020-01-01T00:00:00Z"), ("touched_at", "2020-01-01T00:00:00Z"),
                         ("prev_owner_id", 1), ("version", 7)):
        answer = people["li"].post("/lead", {"name": name(), field: value})
        assert answer.status in (422, 201)
        if answer.status == 201:  # version in a new record is not read
            assert answer.json["row"]["version"] == 1


def test_a_stale_version_gets_409_with_the_row_as_it_is_now(people):
    made = people["li"].made("lead", name=name())
    assert people["li"].patch(f"/lead/{made['id']}", 1, {"city": "Ningbo"}).status == 200
    answer = people["li"].patch(f"/lead/{made['id']}", 1, {"city": "Xiamen"})
    assert answer.status == 409 and answer.code == "stale"
    assert answer.json["error"]["current"]["city"] == "Ningbo"
    assert answer.json["error"]["mine"] == {"city": "Xiamen"}
    assert people["li"].row(f"/lead/{made['id']}")["city"] == "Ningbo"
    assert people["li"].ask("PATCH", f"/lead/{made['id']}", {"city": "x"}).status == 400  # no version at all


def test_history_tells_old_and_new_values_newest_first(people):
    made = people["li"].made("lead", name=name(), city="Ningbo")
    people["li"].patch(f"/lead/{made['id']}", 1, {"city": "Xiamen"})
    entries = people["li"].get(f"/lead/{made['id']}/_history").json["entries"]
    assert [e["op"] for e in entries] == ["update", "create"]
    assert entries[0]["changes"] == [{"field": "city", "from": "Ningbo", "to": "Xiamen"}]


def test_a_deleted_record_comes_back_whole_with_its_activities(people):
    manager = people["manager"]
    made = manager.made("lead", name=name(), phone="0755-8366 2211")
    manager.post(f"/lead/{made['id']}/log", {"kind": "call", "note": "asked for rates"})
    before = manager.row(f"/lead/{made['id']}")
    assert manager.delete(f"/lead/{made['id']}").status == 204
    assert manager.get(f"/lead/{made['id']}").status == 404
    assert len(manager.rows("activity", filter=["lead_id", "=", made["id"]])) == 1  # work that was done stays done
    assert made["id"] in [r["id"] for r in manager.rows("lead", bin=1)]
    assert manager.post(f"/lead/{made['id']}/_restore").status == 200
    after = manager.row(f"/lead/{made['id']}")
    for key in set(before) - {"version", "updated_at", "updated_by"}:
        assert before[key] == after[key], key
    assert len(manager.rows("activity", filter=["lead_id", "=", made["id"]])) == 1
    assert [r["id"] for r in manager.rows("lead", q=before["name"])] == [made["id"]]  # found again
    assert manager.post(f"/lead", {"name": before["name"]}).status == 409  # a duplicate again


def test_the_recycle_bin_is_searched_and_filtered_and_shows_the_fields_that_are_named(people):
    """Search box, filter and fields= did nothing there: every answer was the whole bin, with all fields."""
    manager, word = people["manager"], name()
    here, there = (manager.made("lead", name=f"{word} {side}", city=city)
                   for side, city in (("north", "Ningbo"), ("south", "Xiamen")))
    for row in here, there:
        assert manager.delete(f"/lead/{row['id']}").status == 204
    listed = lambda **query: [r["id"] for r in manager.rows("lead", bin=1, **query)]
    assert listed(q=word) == [there["id"], here["id"]]
    assert listed(q=f"{word} north") == [here["id"]] == listed(q=word, filter=["city", "=", "Ningbo"])
    assert listed(q=word, filter=["city", "=", "Hanoi"]) == []
    assert listed(q=word, limit=1) == [there["id"], here["id"]]
    page = manager.get("/lead", bin=1, fields="city", filter=["id", "=", here["id"]]).json
    assert page["rows"] == [{"id": here["id"], "version": here["version"], "city": "Ningbo"}] and page["refs"] == {}
    refused = manager.get("/lead", bin=1, fields="password")
    assert refused.status == 422 and list(refused.json["error"]["fields"]) == ["fields"]
    assert manager.get("/lead", bin=1, filter=["nope", "=", 1]).status == 422
    for query in {"sort": "name"}, {"count": 1}, {"marks": 1}, {"can": 1}:
        assert manager.get("/lead", bin=1, **query).status == 400, query


def test_whoever_writes_names_the_fields_of_the_answer_as_in_a_list(people):
    manager, some = people["manager"], "city,name,city,id,owner_id"
    owner = {"refs": {"user": {str(manager.user["id"]): manager.user["name"]}}}
    made = manager.post("/lead", {"name": name(), "city": "Ningbo", "notes": "whole"}, fields="id", locale="en")
    lead = made.json["row"]["id"]
    path = f"/lead/{lead}"
    assert made.status == 201 and made.headers["Location"] == "/api" + path
    assert made.json == {"row": {"id": lead, "version": 1}, "refs": {}}
    whole = manager.row(path)
    assert whole["city"] == "Ningbo" and whole["notes"] == "whole" and whole["owner_id"] == manager.user["id"]
    listed = manager.get("/lead", filter=["id", "=", lead], fields=some).json
    for asked in (manager.get(path, fields=some), manager.get(path, fields=some, at=whole["created_at"]),
                  manager.ask("PATCH", path, {"notes": "again"}, {"If-Match": '"1"'}, fields=some),
                  manager.post(path + "/log", {"kind": "call", "note": "asked for rates"}, fields=some)):
        assert asked.status == 200, asked
        told = asked.json
        assert list(told["row"]) == list(listed["rows"][0]) == ["id", "version", "city", "name", "owner_id"]
        assert told["row"] | {"version": 1} == listed["rows"][0] and {"refs": told["refs"]} == owner == {"refs": listed["refs"]}
    assert "update" in manager.get(path, fields="id").json["can"]
    assert manager.delete(path).status == 204
    restored = manager.post(path + "/_restore", fields="city").json
    assert restored == {"row": {"id": lead, "version": restored["row"]["version"], "city": "Ningbo"}, "refs": {}}
    like = manager.post("/lead", {"name": whole["name"], "phone": "0755-8366 9911"}, duplicates="allow", fields="")
    assert like.status == 201 and set(like.json["row"]) == {"id", "version"}
    merged = manager.post(path + "/_merge", {"from": [like.json["row"]["id"]], "values": {"city": "Huế"}}, fields="city").json
    assert set(merged["row"]) == {"id", "version", "city"} and merged["row"]["city"] == "Huế" and merged["refs"] == {}
    assert set(manager.post(path + "/_split", fields="id").json["row"]) == {"id", "version"}
    assert manager.row(path)["city"] == "Ningbo" and manager.row(path)["notes"] == "again"


def test_a_write_whose_answer_is_to_have_an_unknown_field_is_refused_before_anything_is_written(people):
    manager, lost = people["manager"], name()
    lead, other, binned = (manager.made("lead", name=name()) for _ in range(3))
    path = f"/lead/{lead['id']}"
    assert manager.delete(f"/lead/{binned['id']}").status == 204
    before = manager.get(path).json
    for field in ("nosuch", "password_hash", "name,nosuch", ",", "id;"):
        answers = [manager.post("/lead", {"name": lost}, fields=field),
                   manager.ask("PATCH", path, {"city": "Huế"}, {"If-Match": '"1"'}, fields=field),
                   manager.post(path + "/log", {"kind": "call", "note": "lost"}, fields=field),
                   manager.post(path + "/_merge", {"from": [other["id"]]}, fields=field),
                   manager.post(f"/lead/{binned['id']}/_restore", fields=field), manager.get(path, fields=field)]
        like_list = manager.get("/lead", fields=field)
        for answer in answers:
            assert (answer.status, answer.code) == (422, "invalid")
            assert answer.json["error"]["fields"] == like_list.json["error"]["fields"]
    assert manager.rows("lead", filter=["name", "=", lost]) == []
    assert manager.get(path).json == before and manager.get(f"/lead/{other['id']}").status == 200
    assert manager.rows("activity", filter=["lead_id", "=", lead["id"]]) == []
    assert manager.get(f"/lead/{binned['id']}").status == 404
    said = {locale: manager.post("/lead", {"name": lost}, fields="nosuch", locale=locale).json["error"]["fields"]["fields"]["message"]
            for locale in ("zh-CN", "zh-TW", "vi", "en")}
    assert len(set(said.values())) == 4 and all("nosuch" in text for text in said.values())


def test_unknown_parameters_and_broken_bodies_are_told(people):
    li = people["li"]
    assert li.get("/lead", fliter="x").status == 400
    one = f"/lead/{li.made('lead', name=name('Parameter'))['id']}"
    made = li.row(one)
    for method, path, content in (("GET", one, None), ("GET", one + "/_history", None), ("GET", "/_alert", None), ("GET", "/_session", None),
                                  ("POST", "/lead", {"name": name("Unmade")}), ("PATCH", one, {"city": "Ningbo", "version": made["version"]}),
                                  ("DELETE", one, None), ("POST", one + "/release", {}), ("POST", "/lead/_bulk", {}), ("POST", "/_import/lead", None)):
        answer = li.ask(method, path + "?fliter=x&locale=en", content)
        assert answer.status == 400 and "There is no parameter “fliter” here" in answer.json["error"]["message"], (method, path, answer)
    assert "after, limit" in li.get("/lead/1/_history", locale="en", limt="5").json["error"]["message"]
    assert li.row(one) == made
    assert li.get("/lead", limit="501").status == 400
    assert li.get("/lead", filter="{not json").status == 400
    assert li.get("/lead", filter=["nosuch", "=", 1]).status == 422
    assert li.get("/lead", filter=["name", "regex", "x"]).status == 422
    assert li.get("/lead", sort="name; drop table lead").status == 422
    assert li.get("/lead", fields="name,password_hash").status == 422
    assert li.get("/lead", after="AAAA").status == 422
    assert li.ask("POST", "/lead", raw=b'{"name":"a","name":"b"}', headers={"Content-Type": "application/json"}).status == 400
    assert li.ask("POST", "/lead", raw=b"[1,2]", headers={"Content-Type": "application/json"}).status == 400
    assert li.ask("POST", "/lead", raw=b"x=1", headers={"Content-Type": "text/plain"}).status == 415
    assert li.get("/nosuch").status == 404 and li.get("/history").status == 404 and li.get("/session").status == 404


def test_filters_of_every_form_agree_with_the_rows(people):
    li = people["li"]
    tag = name("Filterprobe")
    rows = [li.made("lead", name=f"{tag} {i}", city=c, rating=r, next_action_on=d, is_key=k)
            for i, (c, r, d, k) in enumerate([("Ningbo", "hot", "2026-01-05", True), ("Ningbo", None, "2026-02-05", False),
                                              (None, "cold", None, False), ("Xiamen", "hot", "2026-03-05", True)])]
    base = ["name", "^", tag]

    def hits(condition):
        found = li.rows("lead", filter={"and": [base, condition]}, fields="name")
        return sorted(int(r["name"].split()[-1]) for r in found)

    assert hits(["city", "=", "Ningbo"]) == [0, 1]
    assert hits(["city", "!=", "Ningbo"]) == [2, 3]
    assert hits(["city", "empty"]) == [2]
    assert hits(["rating", "in", ["hot", "cold"]]) == [0, 2, 3]
    assert hits(["rating", "not in", ["hot"]]) == [1, 2]
    assert hits(["next_action_on", ">=", "2026-02-05"]) == [1, 3]
    assert hits(["is_key", "=", True]) == [0, 3]
    assert hits(["city", "~", "INGB"]) == [0, 1]
    assert hits({"not": ["city", "=", "Ningbo"]}) == [2, 3]
    assert hits({"or": [["city", "=", "Xiamen"], {"and": [["rating", "empty"], ["is_key", "=", False]]}]}) == [1, 3]
    assert hits(["owner_id", "=", "@me"]) == [0, 1, 2, 3]
    assert hits(["created_at", ">=", "@today"]) == [0, 1, 2, 3]
    assert hits(["name", "~", "%"]) == []
    assert len(rows) == 4


def test_pages_by_key_show_every_row_once_in_order(people):
    li = people["li"]
    tag = name("Pageprobe")
    for i in range(25):
        li.made("lead", name=f"{tag} {i}", next_action_on=None if i % 3 == 0 else f"2026-01-{1 + i % 7:02d}")
    for sort in ("", "next_action_on", "-next_action_on", "name", "-next_action_on,name", "-created_at"):
        rows = li.rows("lead", filter=["name", "^", tag], sort=sort, limit=4)
        assert len(rows) == 25 and len({r["id"] for r in rows}) == 25, sort
        values = [r["next_action_on"] for r in rows]
        if sort == "next_action_on":
            assert values == sorted(values, key=lambda v: v or "")
        if sort == "-next_action_on":
            assert values == sorted(values, key=lambda v: v or "", reverse=True)
        if sort == "name":
            assert [r["name"] for r in rows] == [f"{tag} {i}" for i in range(25)]  # numbers count as numbers


def test_search_finds_parts_of_names_numbers_and_unmarked_vietnamese(people):
    minh = people["minh"]
    one = minh.made("lead", name="Công ty TNHH Vận tải Đại Dương Xanh", phone="028 3911 7742", email="sales@daiduongxanh.com.vn")
    two = minh.made("lead", name="厦门海沧远航供应链有限公司", city="厦门")
    for q, expected in (("dai duong", one), ("Đại Dương", one), ("7742", one), ("daiduongxanh", one), ("远航", two),
                        ("海沧", two), ("遠航", two), ("yuanhang", two)):
        found = [r["id"] for r in minh.rows("lead", q=q, fields="name")]
        assert expected["id"] in found, q
    assert minh.hits("远航").json["results"][0]["id"] == two["id"]
    assert minh.rows("lead", q='" OR 1=1 --', fields="name") == []


def test_a_bulk_change_is_a_job_that_tells_what_failed(people):
    li, manager = people["li"], people["manager"]
    mine = [li.made("lead", name=name("Bulkprobe"))["id"] for _ in range(3)]
    theirs = people["lan"].made("lead", name=name("Bulkprobe"))["id"]
    job = li.job(li.post("/lead/_bulk", {"ids": mine + [theirs], "patch": {"rating": "warm"}}))
    assert job["state"] == "done" and job["result"]["done"] == 3 and job["result"]["failed"] == 1
    assert job["result"]["errors"][0]["id"] == theirs
    assert people["lan"].row(f"/lead/{theirs}")["rating"] is None
    job = manager.job(manager.post("/lead/_bulk", {"filter": ["name", "^", "Bulkprobe"], "delete": True}))
    assert job["result"]["done"] == 3
    assert li.get(f"/lead/{mine[0]}").status == 404


def test_numbers_dates_and_money_are_exact_in_custom_fields(people):
    admin = people["admin"]
    for field in ({"name": "x_teu", "type": "int"}, {"name": "x_budget", "type": "money"},
                  {"name": "x_ready", "type": "time"}, {"name": "x_ratio", "type": "real"}):
        answer = admin.post("/custom_field", {"on_table": "lead", **field, "label_en": field["name"], "list": True})
        assert answer.status == 201, answer
    assert "x_budget" in [f["name"] for f in people["li"].get("/_meta/lead").json["fields"]]
    made = people["li"].made("lead", name=name(), x_teu=12, x_budget="922337203685477.5807", x_ratio=0.1,
                             x_ready="2026-11-22T09:30:00+08:00")
    read = people["li"].row(f"/lead/{made['id']}")
    assert read["x_budget"] == "922337203685477.5807" and read["x_teu"] == 12 and read["x_ratio"] == 0.1
    assert read["x_ready"] == "2026-11-22T01:30:00.000Z"
    assert people["li"].post("/lead", {"name": name(), "x_budget": "1.23456"}).status == 422
    assert admin.post("/custom_field", {"on_table": "lead", "name": "x_teu", "type": "text"}).status == 409
    assert admin.post("/custom_field", {"on_table": "session", "name": "x_a", "type": "text"}).status == 422


def test_the_same_record_is_never_changed_twice_from_one_version(site, people):
    import concurrent.futures
    made = people["manager"].made("lead", name=name())
    managers = [site.sign_in("demo.manager") for _ in range(8)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for version in range(1, 6):
            statuses = list(pool.map(lambda i: managers[i].patch(f"/lead/{made['id']}", version, {"city": f"c{version}-{i}"}).status,
                                     range(8)))
            assert sorted(statuses) == [200] + [409] * 7


def test_of_many_who_save_one_company_at_the_same_moment_one_succeeds(site, people):
    import concurrent.futures
    crowd = [site.sign_in("demo." + who) for who in ("li", "zhang", "alice", "manager") for _ in range(4)]
    spelled = ["{} Co., Ltd.", "{} CO LTD", "{}, Limited", "{}"]  # the same company each
    with concurrent.futures.ThreadPoolExecutor(len(crowd)) as threads:
        for n in range(12):
            tag = f"Moment {name('Together')}"
            answers = list(threads.map(lambda i: crowd[i].post("/lead", {"name": spelled[i % 4].format(tag)}), range(len(crowd))))
            assert sorted(a.status for a in answers) == [201] + [409] * 15
            assert all(a.json["error"]["code"] == "duplicate" and a.json["error"]["matches"][0]["by"] == ["name"]
                       for a in answers if a.status == 409)
            assert len(people["admin"].rows("lead", filter=["name", "^", tag])) == 1


def test_phones_that_meet_under_different_names_are_caught_at_the_same_moment(site, people):
    import concurrent.futures
    crowd = [site.sign_in("demo.li") for _ in range(12)]
    with concurrent.futures.ThreadPoolExecutor(len(crowd)) as threads:
        for n in range(6):
            phone = f"139{id(people) % 10000:04d}{n:04d}"
            answers = list(threads.map(lambda i: crowd[i].post("/lead", {"name": name(f"Phone {i}"), "phone": phone}).status,
                                       range(len(crowd))))
            assert sorted(answers) == [201] + [409] * 11
