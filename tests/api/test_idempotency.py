"""Idempotency-Key: a write whose answer was lost is sent again and not done twice."""
import concurrent.futures
import contextlib
import http.client
import itertools
import sqlite3
import threading
import time

from site_ import BUILD, Person, until

DAY = 24 * 3600 * 1000
numbers = itertools.count()


def key():
    return f"intent-{next(numbers)}"


def ask(person, key, method, path, body=None, headers=None, **query):
    return person.ask(method, path, body, {"Idempotency-Key": key, **(headers or {})}, **query)


def same(*answers):
    first, *others = answers
    assert all((a.status, a.body, a.headers.get("Location")) == (first.status, first.body, first.headers.get("Location"))
               for a in others), answers
    return first


def called(person, name):
    return person.get("/lead", filter=["name", "=", name], count="1").json["total"]


def test_a_record_is_made_once_however_often_it_is_sent(people):
    manager, k = people["manager"], key()
    lead = {"name": "Once Lines", "phone": "0755-29001100"}
    first = same(*(ask(manager, k, "POST", "/lead", lead) for _ in range(3)))
    assert first.status == 201 and first.headers["Location"] == f"/api/lead/{first.json['row']['id']}"
    assert called(manager, "Once Lines") == 1
    # in another language it is the same request, and the quotes of the draft are no part of the key
    assert ask(manager, f'"{k}"', "POST", "/lead", lead, locale="vi").body == first.body
    # and without a key it is another one, of which the first is a duplicate
    assert manager.post("/lead", lead).code == "duplicate"


def test_which_fields_the_answer_has_is_part_of_the_request(people):
    manager, k, lead = people["manager"], key(), {"name": "Narrow Lines"}
    first = same(*(ask(manager, k, "POST", "/lead", lead, fields="id,name") for _ in range(2)))
    assert first.status == 201 and set(first.json["row"]) == {"id", "version", "name"}
    for other in ({}, {"fields": "id"}):
        answer = ask(manager, k, "POST", "/lead", lead, **other)
        assert answer.status == 422 and set(answer.json["error"]["fields"]) == {"Idempotency-Key"}
    refused = key()
    assert "fields" in ask(manager, refused, "POST", "/lead", {"name": "Named Lines"}, fields="nosuch").json["error"]["fields"]
    assert ask(manager, refused, "POST", "/lead", {"name": "Named Lines"}, fields="id").status == 201
    assert called(manager, "Narrow Lines") == called(manager, "Named Lines") == 1


def test_what_is_changed_meanwhile_does_not_change_the_answer(people):
    manager, k, create = people["manager"], key(), key()
    made = ask(manager, create, "POST", "/lead", {"name": "Still Lines"})
    row = made.json["row"]
    path, version = f"/lead/{row['id']}", {"If-Match": f'"{row["version"]}"'}
    changed = ask(manager, k, "PATCH", path, {"city": "Huế"}, version)
    assert changed.status == 200 and manager.patch(path, changed.json["row"]["version"], {"city": "Đà Nẵng"}).status == 200
    # once this was a stale version for whoever had not heard of the answer
    same(changed, ask(manager, k, "PATCH", path, {"city": "Huế"}, version))
    same(made, ask(manager, create, "POST", "/lead", {"name": "Still Lines"}))
    assert manager.row(path)["city"] == "Đà Nẵng"


def test_actions_notes_deletes_and_bulk_changes_are_done_once(people):
    manager, keys = people["manager"], [key() for _ in range(5)]
    row = manager.made("lead", name="Deeds Lines")
    path = f"/lead/{row['id']}"
    logged = same(*(ask(manager, keys[0], "POST", f"{path}/log", {"kind": "call", "note": "they ship on Mondays"}) for _ in range(2)))
    assert logged.status == 200, logged
    assert manager.get("/activity", filter=["lead_id", "=", row["id"]], count="1").json["total"] == 1
    same(*(ask(manager, keys[1], "POST", f"{path}/_note", {"text": "twice?"}) for _ in range(2)))
    assert [e["text"] for e in manager.get(f"{path}/_timeline", kinds="note").json["entries"]] == ["twice?"]
    released = same(*(ask(manager, keys[2], "POST", "/lead/release", {"ids": [row["id"]], "form": {"pool_reason": "no_interest"}}) for _ in range(2)))
    assert released.json["done"] == 1, released
    job = same(*(ask(manager, keys[3], "POST", "/lead/_bulk", {"ids": [row["id"]], "patch": {"city": "Haikou"}}) for _ in range(2)))
    assert manager.job(job)["result"]["done"] == 1
    gone = same(*(ask(manager, keys[4], "DELETE", path) for _ in range(2)))
    assert gone.status == 204 and manager.get(path).status == 404


def test_a_file_is_attached_once(people):
    manager, k = people["manager"], key()
    path = f"/lead/{manager.made('lead', name='Paper Lines')['id']}/_files"
    send = lambda raw, name="offer.txt": manager.ask("POST", path, raw=raw, headers={"Idempotency-Key": k}, name=name)
    assert same(send(b"12 USD"), send(b"12 USD")).status == 201
    assert [f["name"] for f in manager.get(path).json["files"]] == ["offer.txt"]
    assert send(b"13 USD").status == 422 and send(b"12 USD", "other.txt").status == 422


def test_what_only_asks_by_post_keeps_no_key(people, site):
    manager, k = people["manager"], key()
    assert ask(manager, k, "POST", "/_taken", {"table": "lead", "fields": {"name": "Nobody Lines"}}).status in (200, 400)
    with contextlib.closing(sqlite3.connect(f"file:{site.data}/berth.db?mode=ro", uri=True)) as db:
        assert db.execute("SELECT count(*) FROM idempotency WHERE key = ?", (k,)).fetchone() == (0,)


def test_a_key_is_for_one_request_of_one_person(people):
    manager, li, k = people["manager"], people["li"], key()
    assert ask(manager, k, "POST", "/lead", {"name": "Key Lines"}).status == 201
    for method, path, body in (("POST", "/lead", {"name": "Other Lines"}), ("POST", "/lead?duplicates=allow", {"name": "Key Lines"}),
                               ("POST", "/customer", {"name": "Key Lines"})):
        answer = ask(manager, k, method, path, body)
        assert answer.status == 422 and answer.json["error"]["fields"]["Idempotency-Key"]["code"] == "key_reused", answer
    assert called(manager, "Other Lines") == 0
    answer = ask(li, k, "POST", "/lead", {"name": "Li's Key Lines"})
    assert answer.status == 201 and answer.json["row"]["owner_id"] == li.user["id"]
    for wrong in ("", "two words", "x" * 256, 'quo"ted', '"'):
        answer = ask(manager, wrong, "POST", "/lead", {"name": "Wrong Key Lines"})
        assert (answer.status, answer.code) == (400, "bad_request"), (wrong, answer)
    assert called(manager, "Wrong Key Lines") == 0


def test_what_was_refused_is_not_kept(people):
    manager, k = people["manager"], key()
    assert ask(manager, k, "POST", "/lead", {"phone": "0755-29001122"}).status == 422
    assert ask(manager, k, "POST", "/lead", {"name": "Mended Lines", "phone": "0755-29001122"}).status == 201


def test_a_configuration_that_was_refused_or_only_looked_at_is_not_kept(own_site):
    site = own_site()
    admin = site.sign_in("demo.admin")
    file = admin.get("/_config").json
    role = admin.made("role", name="Lacking")
    lacking = {**file, "sections": {"role_table": [{"role_id": "Lacking", "on_table": "lead", "read_scope": "all"}]}}
    assert admin.delete(f"/role/{role['id']}").status == 204
    first = ask(admin, "apply", "POST", "/_config", lacking)
    assert first.status == 422 and first.code == "config", first
    conflicts = lambda: [x for x in ask(admin, "look", "POST", "/_config", lacking, dry="1").json["lines"] if x["what"] == "conflict"]
    assert len(conflicts()) == 1
    admin.made("role", name="Lacking")
    assert conflicts() == []
    applied = same(*(ask(admin, "apply", "POST", "/_config", lacking) for _ in range(2)))
    assert applied.status == 200, applied


def test_secrets_are_not_kept_to_be_told_again(people, site):
    admin, k = people["admin"], key()
    first = ask(admin, k, "POST", "/_token", {"name": "once"})
    assert first.status == 201 and first.json["token"].startswith("brt_")
    again = ask(admin, k, "POST", "/_token", {"name": "once"})
    assert (again.status, again.code) == (409, "done")
    assert [t["name"] for t in admin.get("/_token").json["tokens"]].count("once") == 1
    with contextlib.closing(sqlite3.connect(f"file:{site.data}/berth.db?mode=ro", uri=True)) as db:
        assert db.execute("SELECT answer FROM idempotency WHERE key = ?", (k,)).fetchall() == [(None,)]


def test_what_one_may_not_see_any_more_is_not_told_again(people):
    manager, lan, k = people["manager"], people["lan"], key()
    first = ask(lan, k, "POST", "/lead", {"name": "Handed Away Lines"})
    row = first.json["row"]
    assert people["admin"].patch(f"/lead/{row['id']}", row["version"], {"owner_id": manager.user["id"]}).status == 200
    assert lan.get(f"/lead/{row['id']}").status == 404
    again = ask(lan, k, "POST", "/lead", {"name": "Handed Away Lines"})
    assert (again.status, again.code) == (409, "done") and b"Handed Away" not in again.body


def test_what_became_one_and_is_out_of_reach_by_now_is_not_told_again(people):
    manager, lan, k = people["manager"], people["lan"], key()
    one, other = (lan.made("customer", name=f"{n} Merged Away Lines", city="Ningbo") for n in ("Yi", "Er"))
    merge = "POST", f"/customer/{one['id']}/_merge", {"from": [other["id"]], "values": {}}
    first = ask(lan, k, *merge)
    assert first.status == 200 and b"Merged Away" in first.body, first
    row = first.json["row"]
    assert people["admin"].patch(f"/customer/{row['id']}", row["version"], {"owner_id": manager.user["id"]}).status == 200
    assert lan.get(f"/customer/{row['id']}").status == 404
    again = ask(lan, k, *merge)
    assert (again.status, again.code) == (409, "done") and b"Merged Away" not in again.body


def test_a_field_that_one_may_not_see_any_more_is_not_told_again(people, site):
    admin, k, other = people["admin"], key(), key()
    role = admin.made("role", name="Idempotent fields")
    admin.made("role_table", role_id=role["id"], on_table="lead", read_scope="all", update_scope="all", can_create=True)
    city = admin.made("role_field", role_id=role["id"], on_table="lead", field="city", access="write")
    user = admin.made("user", name="Field Forgetter", login="field.forgetter")
    assert admin.post(f"/user/{user['id']}/_password", {"password": "field forgetter"}).status == 204
    admin.made("user_role", user_id=user["id"], role_id=role["id"])
    person = site.sign_in(user["login"], "field forgetter")
    told = "POST", "/lead", {"name": "Told Lines", "city": "Secret Town"}
    bare = "POST", "/lead", {"name": "Bare Lines"}
    first, without = ask(person, k, *told), ask(person, other, *bare)
    assert first.json["row"]["city"] == "Secret Town" and without.status == 201
    for access in ("mask", "none"):
        city = admin.patch(f"/role_field/{city['id']}", city["version"], {"access": access}).json["row"]
        again = ask(person, k, *told)
        assert (again.status, again.code) == (409, "done") and b"Secret Town" not in again.body
        same(without, ask(person, other, *bare))


def test_what_a_plugin_tells_once_is_not_kept(people, site):
    li, k = people["li"], key()
    first = ask(li, k, "POST", "/calendar/feed", {"name": "phone"})
    assert first.status == 201 and "key=" in first.json["path"], first
    again = ask(li, k, "POST", "/calendar/feed", {"name": "phone"})
    assert (again.status, again.code) == (409, "done")
    with contextlib.closing(sqlite3.connect(f"file:{site.data}/berth.db?mode=ro", uri=True)) as db:
        assert db.execute("SELECT answer FROM idempotency WHERE key = ?", (k,)).fetchall() == [(None,)]


def test_what_a_plugin_showed_is_not_told_to_who_may_not_see_it_any_more(own_site):
    site = own_site("--plugins", "base pools leads callcenter", "--plugin_path", f"{BUILD}/plugins:{BUILD}/tests/plugins")
    admin, li = site.sign_in("demo.admin"), site.sign_in("demo.li")
    role = admin.made("role", name="Answers calls")
    leads = admin.made("role_table", role_id=role["id"], on_table="lead", read_scope="all", update_scope="all")
    right = admin.made("role_perm", role_id=role["id"], perm="callcenter.answer")
    user = admin.made("user", name="Call Taker", login="call.taker")
    assert admin.post(f"/user/{user['id']}/_password", {"password": "call taker"}).status == 204
    admin.made("user_role", user_id=user["id"], role_id=role["id"])
    person = site.sign_in("call.taker", "call taker")
    li.made("lead", name="Called Lines", phone="0755-8123 9087")
    shown, missed = (("POST", "/callcenter/incoming", {"phone": "0755-8123 9087", "answered": answered}) for answered in (True, False))
    assert ask(person, "shown", *shown).json["row"]["name"] == "Called Lines"
    same(*(ask(person, "missed", *missed) for _ in range(2)))
    assert admin.patch(f"/role_table/{leads['id']}", leads["version"], {"read_scope": "own", "update_scope": "own"}).status == 200
    again = ask(person, "shown", *shown)
    assert (again.status, again.code) == (409, "done") and b"Called" not in again.body
    assert ask(person, "missed", *missed).status == 202
    assert admin.delete(f"/role_perm/{right['id']}").status == 204
    assert ask(person, "missed", *missed).code == ask(person, "shown", *shown).code == "denied"


def test_whoever_is_not_signed_in_has_no_keys(site):
    nobody = site.nobody()
    for _ in range(2):
        assert ask(nobody, "k", "POST", "/_session", {"login": "demo.li", "password": "berth-demo"}).status == 200


def test_a_request_under_way_is_not_begun_again(own_site, tmp_path):
    site = own_site("--plugins", "base pools leads callcenter", "--plugin_path", f"{BUILD}/plugins:{BUILD}/tests/plugins")
    (gate := tmp_path / "gate").touch()
    one, other = site.sign_in("demo.li"), site.sign_in("demo.li")
    hold = "k", "POST", "/callcenter/hold", {"file": str(gate)}
    with concurrent.futures.ThreadPoolExecutor(1) as thread:
        first = thread.submit(ask, one, *hold)
        try:
            assert until(lambda: not gate.exists())
            again = ask(other, *hold)
        finally:
            gate.touch()
    assert (again.status, again.code, again.headers["Retry-After"]) == (409, "in_flight", "1")
    assert same(first.result(), ask(other, *hold)).status == 200
    assert gate.exists()


def test_many_who_send_the_same_at_once_make_one(site, people):
    k, senders = key(), [site.sign_in("demo.manager") for _ in range(8)]
    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda p: ask(p, k, "POST", "/lead", {"name": "At Once Lines"}), senders))
    made = [a for a in answers if a.status == 201]
    assert made and same(*made)
    assert all((a.status, a.code) == (409, "in_flight") for a in answers if a.status != 201), answers
    assert called(people["manager"], "At Once Lines") == 1


def test_nothing_is_done_twice_when_the_server_is_killed(own_site):
    """Whoever heard nothing asks again until an answer comes; each intent is then there once."""
    site, stop, said = own_site(), threading.Event(), []

    cookie = site.sign_in("demo.manager").cookie

    def write(worker):
        person = Person(site, cookie)
        for n in itertools.count():
            if stop.is_set():
                return
            intent, name = f"w{worker}-{n}", f"crash w{worker} n{n}"
            while True:
                try:
                    person.connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=30)
                    answer = ask(person, intent, "POST", "/lead?duplicates=allow", {"name": name})
                except (OSError, http.client.HTTPException):
                    time.sleep(0.01)
                    continue
                if answer.status == 201:
                    said.append((answer.json["row"]["id"], name))
                    break
                assert answer.status in (409, 503), answer

    with concurrent.futures.ThreadPoolExecutor(4) as threads:
        writers = [threads.submit(write, w) for w in range(4)]
        try:
            for _ in range(4):
                before = len(said)
                assert until(lambda: len(said) >= before + 20 or any(w.done() for w in writers))
                site.kill()
                site.start()
            before = len(said)
            assert until(lambda: len(said) >= before + 20 or any(w.done() for w in writers))
        finally:
            stop.set()
        for writer in writers:
            writer.result()
    assert site.stop() == 0
    with contextlib.closing(sqlite3.connect(site.data / "berth.db")) as db:
        stored = db.execute("SELECT id, name FROM lead WHERE name LIKE 'crash w%'").fetchall()
    assert sorted(stored) == sorted(said)


def test_keys_go_after_a_day_and_are_bounded(own_site):
    site = own_site()
    manager = site.sign_in("demo.manager")
    first = ask(manager, "old", "POST", "/lead", {"name": "Yesterday's Lines"})
    assert ask(manager, "new", "POST", "/lead", {"name": "Today's Lines"}).status == 201
    site.between_two_runs(f"UPDATE idempotency SET at = at - {DAY} WHERE key = 'old'")
    manager = site.sign_in("demo.manager")
    # the key is free again, also before anything is swept
    again = ask(manager, "old", "POST", "/lead", {"name": "Yesterday's Lines"}, duplicates="allow")
    assert again.status == 201 and again.json["row"]["id"] != first.json["row"]["id"]
    site.between_two_runs(f"UPDATE idempotency SET at = at - {DAY} WHERE key = 'old'",
                          "INSERT INTO idempotency (seq, user_id, key, at, hash, status) SELECT seq + 49998, 0, 'far', 0, '', 204 FROM idempotency WHERE key = 'new'")
    manager, admin = site.sign_in("demo.manager"), site.sign_in("demo.admin")
    keys = lambda: [k for k, in sqlite3.connect(f"file:{site.data}/berth.db?mode=ro", uri=True).execute("SELECT key FROM idempotency ORDER BY seq")]
    assert admin.post("/_retention").status == 200
    assert keys() == ["new"]
    assert ask(manager, "newer", "POST", "/lead", {"name": "Newer Lines"}).status == 201
    assert keys() == ["new", "newer"]
    assert ask(manager, "newest", "POST", "/lead", {"name": "Newest Lines"}).status == 201
    assert keys() == ["newer", "newest"]


def test_the_description_tells_of_the_key(people):
    paths = people["manager"].get("/_openapi.json").json["paths"]
    ref = {"$ref": "#/components/parameters/idempotency_key"}
    for path, method in (("/api/lead", "post"), ("/api/lead/{id}", "patch"), ("/api/lead/{id}", "delete"), ("/api/lead/{id}/claim", "post")):
        assert ref in paths[path][method]["parameters"], path
    assert ref not in paths["/api/lead/{id}"]["get"]["parameters"]
    assert people["manager"].get("/_openapi.json").json["components"]["parameters"]["idempotency_key"]["name"] == "Idempotency-Key"
