"""Routes of plugins: signed in, permitted, inside a transaction, with errors like everybody's."""
import json
import os

from site_ import BUILD, until


def test_a_plugin_answers_at_its_own_paths(own_site):
    path = f"{BUILD}/plugins:{BUILD}/tests/plugins"
    site = own_site("--plugins", "base pools leads callcenter", "--plugin_path", path)
    manager, li = site.sign_in("demo.manager"), site.sign_in("demo.li")
    lead = li.made("lead", name="Routes Probe Lines", phone="0755-8123 9087", city="Routeville")
    assert site.nobody().get("/callcenter/city", city="x").status == 401
    found = li.get("/callcenter/city", city="Routeville").json
    assert [r["id"] for r in found["rows"]] == [lead["id"]] and found["refs"]["user"]
    assert site.sign_in("demo.minh").get("/callcenter/city", city="Routeville").json["rows"] == []  # not his to see
    answer = li.get("/callcenter/city")
    assert answer.status == 422 and "city" in answer.json["error"]["fields"]
    call = {"phone": "0755-8123 9087", "answered": True}
    assert li.post("/callcenter/incoming", call).status == 403  # the permission is the manager's
    assert manager.post("/callcenter/incoming", {**call, "answered": False}).json == {"missed": True}
    answer = manager.post("/callcenter/incoming", call)
    assert answer.status == 200 and answer.json["row"]["id"] == lead["id"]
    assert li.row(f"/lead/{lead['id']}")["suppliers"] == f"called by user {manager.user['id']}"
    assert manager.post("/callcenter/incoming", {"phone": "1", "answered": True}).status == 404
    assert manager.get("/callcenter/incoming").status == 405
    assert manager.ask("POST", "/callcenter/incoming", call, {"X-Berth": ""}).status == 403
    assert os.path.exists(f"{BUILD}/tests/plugins/callcenter.so")


def test_a_plugin_in_c_asks_for_approval_and_knows_how_it_stands(own_site):
    site = own_site("--plugins", "base pools leads callcenter", "--plugin_path", f"{BUILD}/plugins:{BUILD}/tests/plugins")
    manager, li, minh = (site.sign_in("demo." + n) for n in ("manager", "li", "minh"))
    lead = li.made("lead", name="Callback Lines")
    assert minh.post("/callcenter/callback", {"lead": lead["id"]}).status == 404  # not his to see
    assert li.post("/callcenter/callback", {"lead": lead["id"]}).json == {"before": None, "now": "open"}
    assert li.post("/callcenter/callback", {"lead": lead["id"]}).json == {"before": "open", "now": "open"}
    waits = manager.get("/_approval").json["approvals"]
    assert [(a["table"], a["record"]) for a in waits] == [("lead", lead["id"])]
    assert minh.post(f"/_approval/{waits[0]['id']}/approve").status in (403, 404)
    assert li.post("/callcenter/callback", {"lead": lead["id"]}).json["now"] == "open"
    assert manager.post(f"/_approval/{waits[0]['id']}/approve").status == 200
    assert li.post("/callcenter/callback", {"lead": lead["id"]}).json == {"before": "approved", "now": "approved"}


def test_a_plugin_in_c_reaches_what_rest_offers_around_records(own_site):
    site = own_site("--plugins", "base pools leads callcenter", "--plugin_path", f"{BUILD}/plugins:{BUILD}/tests/plugins")
    manager, li, zhang, minh = (site.sign_in("demo." + n) for n in ("manager", "li", "zhang", "minh"))
    lead = li.made("lead", name="Kept Lines")
    path = f"/lead/{lead['id']}"

    def notes():
        return [e["text"] for e in manager.get(path + "/_timeline", kinds="note").json["entries"]]
    keep = {"lead": lead["id"], "text": "said \"yes\"\n@[1]"}
    assert minh.post("/callcenter/keep", keep).status == 404  # not his to see
    assert li.post(path + "/_share", {"kind": "share", "user_id": zhang.user["id"], "access": "read"}).status == 201
    assert zhang.post("/callcenter/keep", keep).status == 403  # he may write a note, but no file
    assert notes() == [] and manager.get(path + "/_files").json["files"] == []
    kept = li.post("/callcenter/keep", keep)
    assert kept.status == 200, kept
    assert kept.json == {"note": keep["text"], "nothing": None, "no_number": None, "file": kept.json["file"], "bytes": "they spoke long", "owner": None}
    assert notes() == [keep["text"]]
    (file,) = manager.get(path + "/_files").json["files"]
    assert (file["no"], len(file["versions"]), manager.get(f"/_file/{file['id']}").body) == (2, 1, b"they spoke long")
    # what one reads writes nothing, what is for people alone is not reached, and denials are denials
    mine = li.made("lead", name="Called Lines")
    assert li.get("/callcenter/any", what=f"POST /lead/{mine['id']}/_note", text="x").status == 500
    for what in ("POST /_password", "POST /_token", "GET /_config", "POST /lead", "GET /_nowhere", "FLY /lead", "POST"):
        assert li.post("/callcenter/any", {"what": what, "text": "x"}).status == 500, what
    assert li.post("/callcenter/any", {"what": "GET /nowhere"}).status == 404  # as a table that is none
    assert li.post("/callcenter/any", {"what": "GET /_outbox"}).status == 403
    assert li.post("/callcenter/any", {"what": "GET /_alert"}).status == 200
    assert minh.post("/callcenter/any", {"what": f"POST /lead/{mine['id']}/_note", "text": "x"}).status == 404
    answer = li.post("/callcenter/any", {"what": f"POST /lead/{mine['id']}/_note", "text": ""})
    assert answer.status == 422 and "text" in answer.json["error"]["fields"]
    assert li.get(f"/lead/{mine['id']}/_timeline", kinds="note").json["entries"] == []


def test_a_plugin_has_jobs_of_its_own_with_progress_cancel_and_retry(own_site):
    site = own_site("--plugins", "base pools leads callcenter", "--plugin_path", f"{BUILD}/plugins:{BUILD}/tests/plugins")
    manager, li, admin = (site.sign_in("demo." + n) for n in ("manager", "li", "admin"))

    def leads(city, *names):
        return [manager.made("lead", name=f"{city} {n}" if isinstance(n, int) else n, city=city) for n in names]

    def suppliers(person, rows):
        return [person.row(f"/lead/{r['id']}")["suppliers"] for r in rows]
    five = leads("Jobville", *range(5))
    job = {"path": "/callcenter/recount", "args": {"city": "Jobville"}}
    assert li.post("/_job", job).status == 403 and li.post("/callcenter/recount_later", {"city": "Jobville"}).status == 403
    for wrong, field in (({**job, "path": "/callcenter/city"}, "path"), ({**job, "path": "/lead"}, "path"), ({"args": {}}, "path"), ({**job, "args": [1]}, "args")):
        answer = manager.post("/_job", wrong)
        assert answer.status == 422 and list(answer.json["error"]["fields"]) == [field], answer
    assert suppliers(manager, five) == [None] * 5
    ended = manager.job(manager.post("/callcenter/recount_later", {"city": "Jobville"}))  # from C
    assert (ended["kind"], ended["state"], ended["done"], ended["total"]) == ("route", "done", 5, 5)
    assert suppliers(manager, five) == [f"counted by {manager.user['id']}"] * 5
    # one that fails keeps the turns before, says why, waits, and goes on behind them
    three = leads("Stuckville", 1, 2, "Stuck Lines")
    started = manager.post("/_job", {"path": "/callcenter/recount", "args": {"city": "Stuckville"}}).json["job"]
    waits = until(lambda: (lambda j: j if j["again_at"] else None)(manager.get(f"/_job/{started}").json))
    assert waits["done"] == 2 and waits["error"] and suppliers(manager, three)[2] is None
    assert li.get(f"/_job/{started}").status == 404
    version = manager.row(f"/lead/{three[2]['id']}")["version"]
    assert manager.patch(f"/lead/{three[2]['id']}", version, {"name": "Loose Lines"}).status == 200
    assert admin.post(f"/_job/{started}/retry").status in (200, 202, 204)
    assert until(lambda: manager.get(f"/_job/{started}").json["state"] == "done")
    assert manager.get(f"/_job/{started}").json["done"] == 3 and None not in suppliers(manager, three)
    # and one that never ends is cancelled
    slow = manager.post("/_job", {"path": "/callcenter/recount", "args": {"city": "Nowhere", "slow": True}}).json["job"]
    assert until(lambda: manager.get(f"/_job/{slow}").json["state"] == "running")
    assert manager.delete(f"/_job/{slow}").status == 204
    assert until(lambda: manager.get(f"/_job/{slow}").json["state"] == "cancelled")


def test_a_turn_of_a_job_that_was_not_kept_is_taken_again(own_site):
    """The end of the job once kept the progress that the turn's own transaction had lost, and the next try left it out."""
    site = own_site("--plugins", "base pools leads callcenter", "--plugin_path", f"{BUILD}/plugins:{BUILD}/tests/plugins")
    # the transaction of the second turn fails at its end, and the one that ends the job does not
    site.between_two_runs("CREATE TRIGGER lose BEFORE UPDATE OF done ON job WHEN (SELECT count(*) FROM lead WHERE city = 'Lostville' AND suppliers <> '') = 4"
                          " AND NOT EXISTS (SELECT 1 FROM lead WHERE name = 'Keep it') BEGIN SELECT raise(ABORT, 'lost'); END")
    manager, admin = site.sign_in("demo.manager"), site.sign_in("demo.admin")
    five = [manager.made("lead", name=f"Lost {n}", city="Lostville") for n in range(5)]
    job = manager.post("/_job", {"path": "/callcenter/recount", "args": {"city": "Lostville"}}).json["job"]
    waits = until(lambda: (lambda j: j if j["again_at"] else None)(manager.get(f"/_job/{job}").json))
    assert (waits["state"], waits["done"]) == ("queued", 2), waits
    manager.made("lead", name="Keep it")
    assert admin.post(f"/_job/{job}/retry").status == 204
    assert until(lambda: manager.get(f"/_job/{job}").json["state"] == "done")
    assert manager.get(f"/_job/{job}").json["done"] == 5
    assert [manager.row(f"/lead/{r['id']}")["suppliers"] for r in five] == [f"counted by {manager.user['id']}"] * 5


def test_a_job_of_a_route_without_end_lets_the_others_through(own_site):
    site = own_site("--plugins", "base pools leads callcenter", "--plugin_path", f"{BUILD}/plugins:{BUILD}/tests/plugins")
    manager = site.sign_in("demo.manager")
    lead = manager.made("lead", name="Behind It", city="Backville")
    slow = manager.post("/_job", {"path": "/callcenter/recount", "args": {"city": "Nowhere", "slow": True}}).json["job"]
    assert until(lambda: manager.get(f"/_job/{slow}").json["state"] == "running")
    ended = manager.job(manager.post("/_job", {"path": "/callcenter/recount", "args": {"city": "Backville"}}))
    assert (ended["state"], ended["done"]) == ("done", 1)
    assert manager.row(f"/lead/{lead['id']}")["suppliers"] == f"counted by {manager.user['id']}"
    assert until(lambda: manager.get(f"/_job/{slow}").json["state"] == "running")  # and it goes on, with no try counted
    assert manager.get(f"/_job/{slow}").json["again_at"] is None
    assert manager.delete(f"/_job/{slow}").status == 204
    assert until(lambda: manager.get(f"/_job/{slow}").json["state"] == "cancelled")


def test_what_the_http_layer_refuses_is_told_in_the_readers_language(people):
    """It once said so in English, under codes of its own."""
    big = json.dumps({"name": "x" * (2 << 20)}).encode()
    answer = people["lan"].ask("POST", "/lead", raw=big, headers={"Content-Type": "application/json"})
    assert (answer.status, answer.code) == (413, "too_large") and "quá lớn" in answer.json["error"]["message"]
