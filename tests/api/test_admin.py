"""What administrators ask of the running host, and that nobody else may."""
import itertools

import pytest

number = itertools.count(1)

ADMIN_ONLY = [("GET", "/_registry"), ("GET", "/_wordings"), ("POST", "/role/1/_copy"), ("GET", "/_sessions"), ("DELETE", "/_sessions/abc"), ("POST", "/user/1/_invite"), ("GET", "/_script/text"),
              ("PUT", "/_script/text"), ("DELETE", "/_script/text"), ("POST", "/_script/check"), ("POST", "/_job/1/retry"), ("POST", "/_audit/verify"),
              ("GET", "/_backup"), ("POST", "/_backup"), ("GET", "/_backup/x"), ("POST", "/_retention"), ("GET", "/_config"), ("POST", "/_config"), ("GET", "/_config/left"), ("GET", "/_config/history"), ("GET", "/_plugins"), ("GET", "/_system")]


@pytest.mark.parametrize("method,path", ADMIN_ONLY, ids=lambda x: x.strip("/").replace("/", "-"))
def test_only_administrators_reach_it(people, method, path):
    for who in ("manager", "li"):
        answer = people[who].ask(method, path, None if method in ("GET", "DELETE") else {})
        assert (answer.status, answer.code) == (403, "denied"), (who, method, path, answer)
    assert people["admin"].site.nobody().ask(method, path, None if method in ("GET", "DELETE") else {}).status in (401, 403)


def test_the_registry_names_what_is_declared_in_the_readers_language(people):
    of = {locale: people["admin"].get("/_registry", locale=locale).json for locale in ("en", "vi")}
    tables = {t["name"]: t for t in of["en"]["tables"]}
    assert tables["lead"]["owned"] and tables["lead"]["plugin"] == "leads"
    assert "session" not in tables  # the host's bookkeeping
    assert "password_hash" not in [f["name"] for f in tables["user"]["fields"]]
    assert tables["lead"]["label"] != {t["name"]: t for t in of["vi"]["tables"]}["lead"]["label"]
    assert "leads.release_days" in [r["name"] for r in of["en"]["rules"]]
    assert "base.scope" in [d["name"] for d in of["en"]["dicts"]]


def test_a_copied_role_may_what_the_first_may_and_nobody_has_it(people):
    admin = people["admin"]
    old = admin.made("role", name=f"Original {next(number)}", note="with a note")
    admin.made("role_table", role_id=old["id"], on_table="lead", read_scope="tree", update_scope="own", delete_scope="none", can_export=True)
    admin.made("role_field", role_id=old["id"], on_table="lead", field="phone", access="mask")
    admin.made("role_perm", role_id=old["id"], perm="pools.claim")
    held = admin.made("user_role", role_id=old["id"], user_id=people["alice"].user["id"])
    name = f"Copy {next(number)}"
    answer = admin.post(f"/role/{old['id']}/_copy", {"name": name})
    assert answer.status == 201, answer
    new = answer.json["id"]
    assert admin.row(f"/role/{new}")["note"] == "with a note"
    for table, fields in (("role_table", ("on_table", "read_scope", "update_scope", "delete_scope", "can_create", "can_export", "can_import")),
                          ("role_field", ("on_table", "field", "access")), ("role_perm", ("perm",))):
        rights = [[tuple(r[f] for f in fields) for r in admin.rows(table, filter=["role_id", "=", role])] for role in (old["id"], new)]
        assert rights[0] == rights[1] and rights[0], table
    assert admin.rows("user_role", filter=["role_id", "=", new]) == []
    again = admin.post(f"/role/{old['id']}/_copy", {"name": name})
    assert again.status in (409, 422), again  # names are unique, and nothing of a second copy is left behind
    assert len(admin.rows("role", filter=["name", "=", name])) == 1
    assert admin.post("/role/999999/_copy", {"name": "x"}).status == 404
    assert admin.delete(f"/user_role/{held['id']}").status == 204  # other tests know what she sees


def test_the_openapi_document_tells_administrators_alone_of_their_routes(people):
    for who, there in (("admin", True), ("li", False)):
        paths = people[who].get("/_openapi.json").json["paths"]
        assert ("/api/_registry" in paths) is there, who


def newcomer(admin):
    n = f"{next(number)}-{id(admin) % 9973}"
    return admin.made("user", name=f"Newcomer {n}", login=f"new.{n}")


def test_a_link_lets_one_person_choose_a_password_once(people, site):
    admin, user = people["admin"], newcomer(people["admin"])
    assert admin.post("/user/999999/_invite").status == 404
    first = admin.post(f"/user/{user['id']}/_invite").json["path"].partition("#")[2]
    token = admin.post(f"/user/{user['id']}/_invite").json["path"].partition("#")[2]
    stranger = site.nobody()
    assert stranger.post("/_invited", {"token": first}).status == 403  # a later link takes the place of the first
    assert stranger.post("/_invited", {"token": token}).json == {"login": user["login"], "name": user["name"]}
    assert stranger.post("/_invite", {"token": token, "password": "short"}).status == 422
    answer = stranger.post("/_invite", {"token": token, "password": "long-enough-for-all"})
    assert answer.status == 200 and "Set-Cookie" in answer.headers, answer
    assert site.sign_in(user["login"], "long-enough-for-all").user["id"] == user["id"]
    again = stranger.post("/_invite", {"token": token, "password": "another-long-one"})
    assert (again.status, again.code) == (403, "denied")
    site.sign_in(user["login"], "long-enough-for-all")  # re-read: the second try changed nothing
    assert token not in str(admin.rows("audit", filter=["what", "=", "invite"]))


def test_whoever_left_has_no_use_for_a_link(people, site):
    admin, user = people["admin"], newcomer(people["admin"])
    token = admin.post(f"/user/{user['id']}/_invite").json["path"].partition("#")[2]
    assert admin.patch(f"/user/{user['id']}", user["version"], {"active": False}).status == 200
    assert site.nobody().post("/_invite", {"token": token, "password": "long-enough-for-all"}).status == 403
    assert admin.post(f"/user/{user['id']}/_invite").status == 404


def test_an_administrator_ends_a_sign_in_and_a_token(people, site):
    admin, li = people["admin"], site.sign_in("demo.li")
    made = li.post("/_token", {"name": f"probe {next(number)}", "days": 1}).json
    seen = admin.get("/_sessions", user=li.user["id"]).json
    assert made["id"] in [t["id"] for t in seen["tokens"]]
    assert {s["user"] for s in seen["sessions"]} == {li.user["id"]} and not any(s["mine"] for s in seen["sessions"])
    assert any(s["mine"] for s in admin.get("/_sessions").json["sessions"])
    assert li.cookie.partition("=")[2] not in str(seen) and made["token"] not in str(seen)
    newest = max(seen["sessions"], key=lambda s: s["created_at"])
    assert admin.delete(f"/_sessions/{newest['id']}").status == 204
    assert li.get("/_session").status == 401
    assert admin.delete(f"/_sessions/{newest['id']}").status == 404
    assert admin.delete(f"/_token/{made['id']}").status == 204
    assert site.nobody().ask("GET", "/_session", headers={"Authorization": "Bearer " + made["token"]}).status == 401


def test_a_setting_is_one_that_is_declared_and_of_its_type(people):
    admin = people["admin"]
    declared = {s["name"]: s for s in admin.get("/_registry").json["settings"]}
    assert declared["base.bin_days"]["type"] == "int" and declared["base.bin_days"]["default"] == 90
    assert {"value": "vi"}.items() <= next(o for o in declared["base.sorting"]["options"] if o["value"] == "vi").items()
    for name, value in (("base.nothing", "1"), ("base.setup", "x"), ("base.bin_days", "soon"), ("base.bin_days", "-1"), ("base.bin_days", "99999"),
                        ("base.sorting", "Atlantis")):
        assert admin.post("/setting", {"name": name, "value": value}).status == 422, (name, value)
    assert admin.rows("setting", filter=["name", "in", ["base.nothing", "base.bin_days"]]) == []
    made = admin.made("setting", name="base.bin_days", value="30")
    assert admin.patch(f"/setting/{made['id']}", made["version"], {"name": "base.run_days"}).status == 422
    assert people["li"].post("/setting", {"name": "base.bin_days", "value": "1"}).status == 403
    assert admin.row(f"/setting/{made['id']}")["value"] == "30"
    assert admin.delete(f"/setting/{made['id']}").status == 204


def test_an_arranged_form_shows_to_everybody_and_goes_back_to_the_plugins_own(people):
    admin, li = people["admin"], people["li"]
    before = li.get("/_meta/contact").json
    spec = {"groups": [{"name": "first", "columns": 1, "labels": {"en": "First things", "vi": "Trước tiên"}, "fields": ["phone", "name"]}],
            "hidden": ["fax"] if any(f["name"] == "fax" for f in before["fields"]) else ["email"]}
    made = admin.made("layout", on_table="contact", spec=spec)
    meta = li.get("/_meta/contact", locale="vi").json
    assert meta["groups"][0] == {"name": "first", "label": "Trước tiên", "columns": 1}
    assert [f["name"] for f in meta["fields"] if f["group"] == "first"] == ["phone", "name"]
    assert [f["name"] for f in meta["fields"] if f.get("hidden")] == spec["hidden"]
    assert {f["name"] for f in meta["fields"]} == {f["name"] for f in before["fields"]}
    for wrong in ({"groups": [{"name": "a", "fields": ["phone", "phone"]}]}, {"groups": [{"name": "a", "fields": ["nothing"]}]},
                  {"groups": [], "hidden": ["name"]}, {"groups": [{"name": "a", "columns": 9, "fields": []}]}, {"groups": "x"}):
        answer = admin.patch(f"/layout/{made['id']}", made["version"], {"spec": wrong})
        assert answer.status == 422 and "spec" in answer.json["error"]["fields"], wrong
    assert li.post("/layout", {"on_table": "lead", "spec": spec}).status == 403
    assert admin.row(f"/layout/{made['id']}")["spec"] == spec
    assert admin.delete(f"/layout/{made['id']}").status == 204
    assert li.get("/_meta/contact").json["groups"] == before["groups"]


RULE = "rules/leads.release_days.lua"


def test_a_script_is_changed_taken_back_and_refused_with_its_line(own_site):
    site = own_site("--edit-scripts")
    admin = site.sign_in("demo.admin")
    disk = site.data.parent / "scripts" / RULE
    original = disk.read_text()
    first = admin.get("/_script/text", file=RULE).json
    assert first["text"] == original and first["edit"] and first["versions"] == []
    text = "-- All leads after 77 days (test).\nreturn function(lead)\n  return 77\nend\n"
    put = lambda text, hash: admin.ask("PUT", "/_script/text", {"file": RULE, "text": text, "hash": hash})
    answer = put(text, first["hash"])
    assert answer.status == 200, answer
    assert disk.read_text() == text
    assert [v["text"] for v in answer.json["versions"]] == [text, original]
    assert admin.get("/_recycle").json["tables"][0]["rules"][1]["script"] == text  # in force at once
    assert (put(original, first["hash"]).status, disk.read_text()) == (409, text)  # somebody was first
    broken = text.replace("return 77", "return lead.nothing")
    refused = put(broken, answer.json["hash"])
    assert refused.status == 422 and "text" in refused.json["error"]["fields"]
    assert disk.read_text() == text
    assert admin.post("/_script/check", {"file": RULE, "text": broken}).json["problems"][0]["line"] == 3
    assert admin.post("/_script/check", {"file": RULE, "text": text}).json["problems"] == []
    back = put(original, answer.json["hash"])
    assert back.status == 200 and disk.read_text() == original
    assert admin.ask("DELETE", f"/_script/text?file={RULE}&hash={back.json['hash']}").json["text"] is None
    assert not disk.exists()
    assert put(original, "").status == 200 and disk.read_text() == original
    assert "script" in [r["what"] for r in admin.rows("audit")]
    assert list(disk.parent.glob("*.new")) == []


@pytest.mark.parametrize("file", ["rules/../../berth.conf", "../x.lua", "rules/x.txt", "rules/.hidden.lua", "/etc/passwd", "rules/a/b.lua", ""])
def test_no_other_file_is_reached_as_a_script(people, file):
    admin = people["admin"]
    assert admin.get("/_script/text", file=file).status in (400, 422)
    assert admin.ask("PUT", "/_script/text", {"file": file, "text": "-- x\n", "hash": ""}).status in (400, 403, 422)


def test_scripts_are_not_changed_unless_the_configuration_says_so(people, site):
    admin = people["admin"]
    before = admin.get("/_script/text", file=RULE).json
    assert before["edit"] is False
    for method, path, body in (("PUT", "/_script/text", {"file": RULE, "text": before["text"] + "\n", "hash": before["hash"]}),
                               ("DELETE", f"/_script/text?file={RULE}&hash={before['hash']}", None)):
        assert admin.ask(method, path, body).status == 403
    assert admin.get("/_script/text", file=RULE).json == before


def test_a_backup_is_made_listed_and_downloaded_only_when_allowed(own_site):
    site = own_site("--backup-download")
    admin = site.sign_in("demo.admin")
    assert admin.get("/_backup").json["backups"] == []
    job = admin.job(admin.post("/_backup"))
    assert job["state"] == "done", job
    shown = admin.get("/_backup").json
    assert [b["name"] for b in shown["backups"]] == [job["result"]["name"]]
    answer = admin.get("/_backup/" + job["result"]["name"])
    assert answer.status == 200 and answer.body.startswith(b"SQLite format 3") and len(answer.body) == shown["backups"][0]["bytes"]
    assert admin.get("/_backup/..").status in (400, 404) and admin.get("/_backup/none").status == 404


def test_in_a_copy_the_backup_that_made_it_is_over(own_site, tmp_path):
    """Once it ran there, and began anew with the first start."""
    site = own_site()
    admin = site.sign_in("demo.admin")
    job = admin.job(admin.post("/_backup"))
    copy = tmp_path / "data" / "backups" / job["result"]["name"]
    assert site.stop() == 0
    site.data.rename(tmp_path / "gone")
    (tmp_path / "gone" / copy.relative_to(site.data)).rename(site.data)
    site.start()
    admin = site.sign_in("demo.admin")
    there = admin.get(f"/_job/{job['id']}").json
    assert (there["state"], there["result"]) == ("done", job["result"]), there
    assert admin.get("/_backup").json["backups"] == []
    (row,) = admin.get("/job", filter=["kind", "=", "backup"]).json["rows"]
    assert row["ended_at"] and not (site.data / "backups").exists()


def test_backups_stay_on_the_server_by_default(people):
    assert people["admin"].get("/_backup/x").status == 403


def test_a_cancelled_job_goes_on_and_one_that_is_done_does_not(people):
    admin = people["admin"]
    done = admin.job(admin.post("/lead/_bulk", {"ids": [1], "patch": {"city": "Ningbo"}}))
    assert admin.post(f"/_job/{done['id']}/retry").status == 409
    assert admin.get(f"/_job/{done['id']}").json["state"] == "done"
    assert admin.post("/_job/999999/retry").status == 404


def test_the_audit_trail_is_sound_and_the_system_tells_of_itself(people):
    admin = people["admin"]
    verdict = admin.post("/_audit/verify").json
    assert verdict["sound"] is True and verdict["entries"] > 0 and len(verdict["head"]) == 27
    system = admin.get("/_system").json
    assert system["database_bytes"] > 100_000 and system["users"] >= 7 and system["version"]
    plugins = {p["name"]: p for p in admin.get("/_plugins").json["plugins"]}
    assert plugins["pools"]["granted"] == ["all_rows"] and plugins["base"]["tables"] > 10


def test_a_draft_of_any_rule_is_asked_about_records_and_counts_nowhere(people):
    admin, li = people["admin"], people["li"]
    lead = admin.made("lead", name="Drafted Shipping", pool_id=1, owner_id=None)
    draft = {"rule": "leads.may_claim", "script": '-- Not this one.\nreturn function(lead, user_id)\n  return lead.name ~= "Drafted Shipping"\nend\n'}
    told = admin.post("/_script/try", draft)
    assert told.status == 200 and told.json["table"] == "lead" and told.json["asked"] > 1
    assert [(r["id"], r["now"], r["draft"]) for r in told.json["rows"]] == [(lead["id"], True, False)] and told.json["changed"] == 1
    broken = admin.post("/_script/try", {**draft, "script": "-- Broken.\nreturn function(lead)\n  return lead.nosuch\nend\n"})
    assert broken.status == 422 and "nosuch" in broken.json["error"]["fields"]["script"]["message"]
    assert li.post("/_script/try", draft).status == 403
    assert li.post(f"/lead/{lead['id']}/claim").status == 200  # the rule in force lets them


def test_how_long_the_bin_keeps_a_table_is_said_by_table_and_a_sweep_tells_what_went(people):
    admin = people["admin"]
    for wrong in ({"on_table": "session"}, {"on_table": "role"}, {"on_table": "spaceship"}, {"on_table": "lead", "bin_days": -1}):
        answer = admin.post("/retention", wrong)
        assert answer.status == 422, answer
    assert admin.rows("retention") == []
    assert people["manager"].post("/retention", {"on_table": "lead", "bin_days": 1}).status == 403
    assert admin.rows("retention") == []
    lead = admin.made("lead", name=f"In the bin {next(number)}")
    assert admin.delete(f"/lead/{lead['id']}").status == 204
    made = admin.made("retention", on_table="lead", bin_days=1)
    answer = admin.post("/_retention")
    assert answer.status == 200 and answer.json["bin"] == 0, answer  # it has lain there for moments only
    assert admin.post(f"/lead/{lead['id']}/_restore").status == 200
    admin.delete(f"/retention/{made['id']}")
