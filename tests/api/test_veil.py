"""What a pool hides of its records until they are claimed: every channel that reads is asked again."""
import base64
import csv
import datetime
import io
import itertools
import json

import pytest

from site_ import until

number = itertools.count(1)
SECRETS = ("755880001", "veiledmail", "Hiddenbury", "veiled note", "Secret Lane")


@pytest.fixture(scope="module")
def home(people):
    """A pool of Shenzhen's sales department that hides most of what a lead says; everything in one lead of it."""
    admin = people["admin"]
    pool = admin.made("pool", name="Veiled pool", on_table="lead")
    admin.made("pool_member", pool_id=pool["id"], department_id=2)
    admin.made("pool_member", pool_id=pool["id"], user_id=people["manager"].user["id"])
    for field, access in (("phone", "none"), ("email", "mask"), ("city", "none"), ("monthly_volume", "none"),
                          ("notes", "none"), ("address", "mask"), ("@files", "none"), ("@notes", "none")):
        admin.made("pool_field", pool_id=pool["id"], field=field, access=access)
    return pool


@pytest.fixture
def lead(people, home):
    n = next(number)
    return people["admin"].made("lead", name=f"Veilprobe {n} Shipping", pool_id=home["id"], phone=f"0{SECRETS[0]}{n:02}", city=SECRETS[2],
                                email=f"{SECRETS[1]}{n}@example.com", notes=SECRETS[3], address=SECRETS[4], monthly_volume="77")


def told(answer):
    assert answer.status in (200, 201, 409), answer
    for secret in SECRETS:
        assert secret.encode() not in answer.body, (secret, answer.body)
    return answer


def test_the_record_and_the_list_leave_hidden_fields_out_until_it_is_claimed(people, lead, home):
    li, path = people["li"], f"/lead/{lead['id']}"
    row = told(li.get(path)).json["row"]
    assert "phone" not in row and "city" not in row and row["email"] == "***" and row["name"] == lead["name"]
    for fields in (None, "name,phone,email,city"):
        rows = told(li.get("/lead", filter=["pool_id", "=", home["id"]], **({"fields": fields} if fields else {}))).json["rows"]
        mine = next(r for r in rows if r["id"] == lead["id"])
        assert "phone" not in mine and "city" not in mine and mine["email"] == "***"
    assert told(li.get(path, fields="name,phone,email,city")).json["row"] == mine
    assert people["admin"].get(path).json["row"]["city"] == SECRETS[2]
    assert li.post(path + "/claim").status == 200
    assert li.get(path).json["row"]["city"] == SECRETS[2] and li.get(path).json["row"]["email"] == lead["email"]
    assert people["admin"].post(path + "/release", {"pool_id": home["id"]}).status == 200
    assert "city" not in told(li.get(path)).json["row"]


def test_an_administrator_of_the_pool_sees_everything(people, lead, home):
    admin, zhang = people["admin"], people["zhang"]
    made = admin.made("pool_member", pool_id=home["id"], user_id=zhang.user["id"], admin=True)
    assert zhang.get(f"/lead/{lead['id']}").json["row"]["city"] == SECRETS[2]
    assert zhang.rows("lead", filter={"and": [["city", "=", SECRETS[2]], ["id", "=", lead["id"]]]})
    assert admin.delete(f"/pool_member/{made['id']}").status == 204
    assert "city" not in told(zhang.get(f"/lead/{lead['id']}")).json["row"]


def test_filters_find_nothing_by_what_is_hidden(people, lead):
    li, mine = people["li"], ["id", "=", lead["id"]]
    n = lead["phone"][-2:]
    for what in (["city", "=", SECRETS[2]], ["city", "~", "idden"], ["city", "in", [SECRETS[2]]], ["city", "not empty"],
                 ["phone", "^", "0755"], ["phone", "~", n], ["email", "~", SECRETS[1]], ["monthly_volume", "=", "77"],
                 {"not": ["city", "empty"]}, {"not": ["monthly_volume", "empty"]}):
        assert li.rows("lead", filter={"and": [mine, what]}) == [], what
        assert li.get("/lead", filter={"and": [mine, what]}, count=1).json["total"] == 0, what
        assert [r["id"] for r in people["admin"].rows("lead", filter={"and": [mine, what]})] == [lead["id"]], what
    for what in (["city", "empty"], ["city", "!=", SECRETS[2]], ["city", "not in", [SECRETS[2]]], {"not": ["city", "=", SECRETS[2]]}):
        assert [r["id"] for r in li.rows("lead", filter={"and": [mine, what]})] == [lead["id"]], what  # as if it were empty


def test_sorting_tells_neither_the_order_nor_the_values_of_what_is_hidden(people, home):
    admin, li = people["admin"], people["li"]
    made = [admin.made("lead", name=f"Veilsort {k}", pool_id=home["id"], city=city) for k, city in enumerate(("Cccc", "Aaaa", "Bbbb"))]
    ids = [r["id"] for r in made]
    for sort in ("city", "-city"):
        seen, after = [], None
        while True:
            a = told(li.get("/lead", filter=["id", "in", ids], sort=sort, limit=1, fields="name", **({"after": after} if after else {}))).json
            seen += [r["id"] for r in a["rows"]]
            after = a["next"]
            if after is None:
                break
            key = json.loads(base64.urlsafe_b64decode(after + "=" * (-len(after) % 4)))
            assert key[0] is None
        assert seen == (sorted(ids) if sort == "city" else sorted(ids, reverse=True))
    assert [r["id"] for r in admin.rows("lead", filter=["id", "in", ids], sort="city")] == [ids[1], ids[2], ids[0]]


def test_search_finds_nothing_by_what_is_hidden(people, lead):
    li, admin = people["li"], people["admin"]
    for typed in (lead["phone"], SECRETS[1], lead["email"], SECRETS[2]):
        assert lead["id"] not in [r["id"] for r in told(li.get("/lead", q=typed, marks=1)).json["rows"]], typed
        assert lead["id"] not in [r["id"] for r in told(li.hits(typed, tables="lead")).json["results"]], typed
        assert li.get("/lead", q=typed, count=1).json["total"] == len(li.rows("lead", q=typed))
    assert lead["id"] in [r["id"] for r in admin.rows("lead", q=lead["phone"])]
    by_name = told(li.get("/lead", q=lead["name"], marks=1)).json
    assert lead["id"] in [r["id"] for r in by_name["rows"]]
    hit = next(r for r in told(li.hits(lead["name"], tables="lead")).json["results"] if r["id"] == lead["id"])
    assert hit["title"] == lead["name"]


def test_sums_and_groups_do_not_count_what_is_hidden(people, lead):
    mine = ["id", "=", lead["id"]]
    by_city = told(people["li"].get("/lead/_aggregate", filter=mine, group="city")).json
    assert by_city["groups"][0]["key"] == [None] or by_city["groups"][0]["key"] is None
    theirs = people["admin"].get("/lead/_aggregate", filter=mine, group="city")
    assert SECRETS[2].encode() in theirs.body


def test_an_export_leaves_hidden_cells_empty(people, lead):
    manager = people["manager"]
    started = manager.post("/lead/_export", {"kind": "csv", "fields": "name,phone,city,email", "filter": ["id", "=", lead["id"]]})
    text = manager.get(f"/_job/{manager.job(started)['id']}/file").body.decode("utf-8-sig")
    assert lead["name"] in text
    for secret in SECRETS:
        assert secret not in text
    assert len(list(csv.reader(io.StringIO(text)))) == 2


def test_history_timeline_and_going_back_show_nothing_that_is_hidden(people, lead, home):
    admin, li, path = people["admin"], people["li"], f"/lead/{lead['id']}"
    now = admin.row(path)
    assert admin.patch(path, now["version"], {"city": SECRETS[2] + " West"}).status == 200
    zhang = people["zhang"]
    assert zhang.post(path + "/claim").status == 200
    owned = admin.row(path)
    assert zhang.patch(path, owned["version"], {"city": SECRETS[2] + " East", "address": SECRETS[4] + " 9"}).status == 200
    then = admin.row(path)["updated_at"]
    assert until(lambda: f"{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%dT%H:%M:%S.%f}"[:23] > then[:23])  # a moment later
    assert zhang.post(path + "/release", {"pool_id": home["id"]}).status == 200
    told(li.get(path + "/_history"))
    told(li.get(path + "/_timeline"))
    back = told(li.get(path, at=then)).json["row"]
    assert back["owner_id"] == zhang.user["id"] and not back.get("city")
    assert admin.get(path, at=then).json["row"]["city"] == SECRETS[2] + " East"


def test_the_recycle_bin_shows_and_finds_a_record_as_the_list_did(people, lead):
    admin, manager, path = people["admin"], people["manager"], f"/lead/{lead['id']}"
    shown = told(manager.get(path)).json["row"]
    assert shown["email"] == shown["address"] == "***" and "city" not in shown
    assert admin.delete(path).status == 204
    mine = ["id", "=", lead["id"]]
    binned = lambda who, what=None, **query: told(who.get("/lead", bin=1, filter={"and": [mine, what]} if what else mine, **query)).json["rows"]
    assert binned(manager) == [shown]
    assert binned(manager, fields="email,city") == [{k: shown[k] for k in ("id", "version", "email")}]
    for what in (["city", "=", SECRETS[2]], ["city", "not empty"], ["email", "~", SECRETS[1]], ["email", "not empty"], {"not": ["address", "empty"]}):
        assert binned(manager, what) == [], what
    for typed in lead["phone"], lead["email"], SECRETS[2]:
        assert binned(manager, q=typed) == [], typed
    assert [r["id"] for r in binned(manager, ["email", "empty"], q=lead["name"])] == [lead["id"]]
    assert admin.get("/lead", bin=1, filter={"and": [mine, ["city", "=", SECRETS[2]]]}).json["rows"][0]["email"] == lead["email"]


def test_files_and_notes_hang_on_hidden_hooks(people, lead):
    admin, li, path = people["admin"], people["li"], f"/lead/{lead['id']}"
    note = admin.post(path + "/_note", {"text": "a veiled note"})
    assert note.status == 201
    file = admin.ask("POST", path + "/_files", raw=b"veiled note", name="veiled.txt")
    assert file.status == 201, file
    assert not any(e["kind"] in ("note", "file", "mail") for e in told(li.get(path + "/_timeline")).json["entries"])
    assert told(li.get(path + "/_files")).json["files"] == []
    assert admin.get(path + "/_files").json["files"][0]["name"] == "veiled.txt"
    assert li.get(f"/_file/{file.json['file']['id']}").status == 404 and admin.get(f"/_file/{file.json['file']['id']}").status == 200
    assert li.ask("PATCH", f"/_note/{note.json['id']}", {"text": "x"}).status in (403, 404)


def test_duplicates_do_not_name_a_record_by_what_is_hidden(people, lead):
    li, admin = people["li"], people["admin"]
    by_phone = told(li.post("/lead", {"name": f"Other name {next(number)}", "phone": lead["phone"]}))
    assert by_phone.status == 409
    assert lead["name"].encode() not in by_phone.body and all(not m.get("id") for m in by_phone.json["error"]["matches"])
    both = told(li.post("/lead", {"name": lead["name"], "phone": lead["phone"]}))
    named = [m for m in both.json["error"]["matches"] if m.get("id") == lead["id"]]
    assert [m["by"] for m in named] == [["name"]]
    assert lead["name"].encode() in admin.post("/lead", {"name": f"Other name {next(number)}", "phone": lead["phone"]}).body


def test_what_is_hidden_is_neither_written_nor_merged_away(people, lead, home):
    li, admin, path = people["li"], people["admin"], f"/lead/{lead['id']}"
    manager = people["manager"]
    version = admin.row(path)["version"]
    for who in (li, manager):
        answer = who.patch(path, version, {"phone": "0755999"})
        assert answer.status in (403, 404, 422)
    assert admin.row(path)["phone"] == lead["phone"]
    own = manager.made("lead", name=f"Veilkeeper {next(number)}")
    open_ = admin.made("pool", name=f"Open pool {next(number)}", on_table="lead")
    admin.made("pool_member", pool_id=open_["id"], user_id=manager.user["id"])
    free = admin.made("lead", name=f"Unveiled {next(number)}", pool_id=open_["id"], phone="02188776655")
    merged = manager.post(f"/lead/{own['id']}/_merge", {"from": [free["id"]], "values": {"phone": "02188776655"}})
    assert merged.status == 200, merged
    assert manager.post(f"/lead/{own['id']}/_merge", {"from": [lead["id"]], "values": {"phone": "x"}}).status in (403, 404)
    assert admin.row(path)["phone"] == lead["phone"]


def test_an_import_neither_finds_nor_changes_a_record_by_what_is_hidden(people, lead):
    manager, admin = people["manager"], people["admin"]
    sheet = f"Phone,Contact\n{lead['phone']},Mallory\n".encode()
    answer = manager.ask("POST", "/_import/lead", raw=sheet, name="probe.csv")
    assert answer.status == 201, answer
    look = answer.json
    job = manager.job(manager.post(f"/_import/{look['import']}/run", {"sheet": 0, "header_row": 1, "mode": "update", "match": ["phone"],
                                                                      "map": {"0": "phone", "1": "contact"}}))
    assert job["state"] == "done", job
    rows = manager.get(f"/_import/{look['import']}/rows", after="0")
    assert lead["name"].encode() not in rows.body and all(r["outcome"] != "updated" for r in rows.json["rows"]), rows
    assert admin.row(f"/lead/{lead['id']}")["contact"] is None


def test_a_mail_template_leaves_hidden_fields_out(people, lead):
    li, manager = people["li"], people["manager"]
    template = manager.made("mail_template", name=f"Veil {next(number)}", on_table="lead", subject_en="{name} {city}", body_en="{phone} {address}")
    filled = told(li.post(f"/lead/{lead['id']}/_mail/_fill", {"template": template["id"], "locale": "en"})).json
    assert lead["name"] in filled["subject"] and not filled["to"]


def test_only_what_a_record_has_can_be_hidden(people, home):
    admin = people["admin"]
    for field in ("nosuch", "name", "owner_id", "pool_id", "id"):
        assert admin.post("/pool_field", {"pool_id": home["id"], "field": field, "access": "none"}).status == 422, field
    assert people["li"].post("/pool_field", {"pool_id": home["id"], "field": "fax", "access": "none"}).status == 403


def test_the_record_says_what_it_hides_until_it_is_claimed_and_why_names_the_pool(people, lead, home):
    li, path = people["li"], f"/lead/{lead['id']}"
    assert set(li.get(path).json["hidden"]) == {"phone", "email", "city", "monthly_volume", "notes", "address", "@files", "@notes"}
    why = li.get(path + "/_why", deed="read", field="city").json
    assert not why["allowed"] and [line["kind"] for line in why["missing"]] == ["pool_hides"] and home["name"] in why["missing"][0]["text"]
    assert "hidden" not in people["admin"].get(path).json and people["admin"].get(path + "/_why", deed="read", field="city").json["allowed"]
    assert li.post(path + "/claim").status == 200
    assert "hidden" not in li.get(path).json and li.get(path + "/_why", deed="read", field="city").json["allowed"]
