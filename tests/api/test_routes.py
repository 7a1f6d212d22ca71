"""Routes of plugins: signed in, permitted, inside a transaction, with errors like everybody's."""
import json
import os

from site_ import BUILD


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


def test_what_the_http_layer_refuses_is_told_in_the_readers_language(people):
    """It once said so in English, under codes of its own."""
    big = json.dumps({"name": "x" * (2 << 20)}).encode()
    answer = people["lan"].ask("POST", "/lead", raw=big, headers={"Content-Type": "application/json"})
    assert (answer.status, answer.code) == (413, "too_large") and "quá lớn" in answer.json["error"]["message"]
