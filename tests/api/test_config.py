"""The configuration as one file: carried from one installation to the next, and refused when it is not fit."""
import json
import pathlib
import shutil
import subprocess

import pytest

from site_ import BUILD, PATIENCE, ROOT, Site, until

SMS = {"url": "https://gate.example.com/send", "from": "Hanse", "token": "SMSTOKEN1", "inbound_secret": "INSECRET1"}


def exported(admin):
    answer = admin.get("/_config")
    assert answer.status == 200, answer
    assert "attachment" in answer.headers["Content-Disposition"]
    return answer.body


def plan(admin, file, **query):
    answer = admin.ask("POST", "/_config?" + "&".join(f"{k}={v}" for k, v in {"dry": 1, **query}.items()), file)
    assert answer.status == 200, answer
    return answer.json


def apply(admin, file, **query):
    return admin.ask("POST", "/_config?" + "&".join(f"{k}={v}" for k, v in query.items()), file)


def only(**sections):
    return {"berth_config": 1, "product": "x", "sections": sections}


def set_up(admin):
    """What a consultant does in a trial: a bit of everything, each hanging on the other."""
    branch = admin.made("department", name="Hải Phòng")
    desk = admin.made("department", name="Desk", parent_id=branch["id"])
    admin.made("custom_field", on_table="lead", name="x_port", type="pick", of="leads.source", label_en="Port of call", label_vi="Cảng", search=True)
    admin.made("dict_item", dict="leads.source", key="fair", label_en="Trade fair", color="teal", place=1)
    role = admin.made("role", name="Consultant’s role", note="carried")
    admin.made("role_table", role_id=role["id"], on_table="lead", read_scope="tree", update_scope="own", delete_scope="none", can_create=True)
    admin.made("role_field", role_id=role["id"], on_table="lead", field="x_port", access="read")
    admin.made("role_perm", role_id=role["id"], perm="pools.claim")
    assert admin.post("/_home", {"layout": [{"tile": "news", "w": 12}], "role": role["id"]}).status == 204
    pool = admin.made("pool", name="Trial pool", on_table="lead", department_id=desk["id"], hold_cap=20)
    other = admin.made("pool", name="Trial pool", on_table="lead", hold_cap=7)  # another of the same name
    admin.made("pool_member", pool_id=pool["id"], department_id=branch["id"])
    admin.made("pool_rule", pool_id=pool["id"], name="Cold", days=30, to_pool_id=other["id"],
               applies_to=["pool_id", "in", [pool["id"], other["id"]]])
    flow = admin.made("approval_flow", name="Trial flow", on_table="lead", starts="change", field="status")
    admin.made("approval_step", flow_id=flow["id"], name="By role", who="role", role_id=role["id"], place=1, applies_to=["x_port", "=", "fair"])
    admin.made("approval_step", flow_id=flow["id"], name="By name", who="people", place=2, user_ids=[u["id"] for u in admin.rows("user") if u["login"] in ("demo.li", "demo.lan")])
    admin.made("saved_view", name="Fairs", on_table="lead", audience="role", role_id=role["id"], columns="name, x_port",
               filter={"and": [["x_port", "=", "fair"], ["pool_id", "=", other["id"]]]})
    admin.made("saved_view", name="Mine alone", on_table="lead", audience="me", columns="name")
    admin.made("layout", on_table="lead", spec={"groups": [{"name": "first", "labels": {"vi": "Đầu"}, "fields": ["name", "x_port"]}], "hidden": []})
    admin.made("label", locale="vi", word="lead.name", text="Tên hãng tàu")
    admin.made("tag", name="VIP", color="violet")
    admin.made("announcement", title="We moved", text="To the harbour", from_on="2026-12-01", pinned=True, role_ids=[role["id"]], department_ids=[desk["id"]])
    admin.made("retention", on_table="lead", bin_days=400)
    admin.made("hold_limit", on_table="lead", department_id=desk["id"], hold_cap=300)
    rule = admin.made("automation", name="Greet", on_table="lead", event="created", applies_to=["x_port", "=", "fair"])
    admin.made("automation_step", automation_id=rule["id"], place=1, does="set", field="rating", value="hot")
    admin.made("work_week", country="VN", days=["mon", "tue", "wed", "thu", "fri", "sat"])
    admin.made("work_week", days=["mon", "tue"])
    admin.made("day_off", on_day="2027-02-06", name="Tết", country="VN")
    admin.made("day_off", on_day="2027-02-06", name="Everybody's")
    admin.made("mail_template", name="Welcome", on_table="lead", subject_en="Hello {name}", body_en="…")
    assert admin.ask("PUT", "/_channel/sms", {"active": True, "settings": SMS}).status == 204
    admin.made("setting", name="base.run_days", value="21")
    admin.made("dup_rule", name="Same city", on_table="lead", fields="name", method="exact", on_create="block")
    read = admin.ask("POST", "/_import/lead", raw="Firma,Land,Betreuer\nMesse Spedition,大陆,Li\n".encode(), name="messe.csv")
    assert read.status == 201, read
    done = admin.job(admin.post(f"/_import/{read.json['import']}/run", {
        "sheet": 0, "header_row": 1, "map": {"0": "name", "1": "country"}, "mode": "create", "match": [],
        "values": {"country": {"大陆": "CN"}}, "pool_id": other["id"], "dry": False, "save_as": {"name": "Messe", "shared": True}}))
    assert done["state"] == "done", done
    series = admin.rows("series", filter=["name", "=", "lead.no"])
    if not series:
        admin.made("series", name="lead.no", prefix="L{year}-", digits=6)


@pytest.fixture
def two(tmp_path):
    sites = []

    def start(name, *options):
        folder = tmp_path / name
        if not (folder / "scripts").exists():
            folder.mkdir()
            shutil.copytree(ROOT / "scripts", folder / "scripts")
        site = Site(folder / "data", *options)
        sites.append(site)
        return site, site.sign_in("demo.admin")

    yield start
    for site in sites:
        if site.process.poll() is None:
            site.kill()


def test_a_trial_is_carried_to_a_fresh_installation_and_reads_the_same_there(two):
    trial, consultant = two("trial")
    set_up(consultant)
    (trial.data.parent / "scripts" / "hooks" / "port.lua").write_text(
        "-- Ports\non('lead', 'before_insert', function(lead) lead.x_port = 'fair' end)\n")
    consultant.post("/_script/_reload")
    file = exported(consultant)
    text = file.decode()
    assert text.count("demo.") == 2 and text.count('{"login":"demo.li"}') == 1  # people by login where a step names them
    assert "password" not in text and "Mine alone" not in text
    assert '"id"' not in text

    site, admin = two("production", "--edit-scripts")
    before = exported(admin)
    seen = plan(admin, json.loads(file))
    assert seen["count"]["conflict"] == 0, [x for x in seen["lines"] if x["what"] == "conflict"]
    assert seen["count"]["add"] > 15 and not seen["applied"]
    assert exported(admin) == before  # a plan changes nothing
    assert "x_port" not in [f["name"] for f in admin.get("/_meta/lead").json["fields"]]

    answer = apply(admin, json.loads(file))
    assert answer.status == 200 and answer.json["applied"], answer
    assert answer.json["count"] == seen["count"]
    assert exported(admin) == file
    label = {f["name"]: f["label"] for f in admin.get("/_meta/lead", locale="vi").json["fields"]}
    assert (label["x_port"], label["name"]) == ("Cảng", "Tên hãng tàu")
    pools = {p["hold_cap"]: p["id"] for p in admin.rows("pool", filter=["name", "=", "Trial pool"])}
    rule, = admin.rows("pool_rule", filter=["name", "=", "Cold"])
    assert rule["to_pool_id"] == pools[7] and rule["applies_to"] == ["pool_id", "in", [pools[20], pools[7]]]
    again = admin.ask("POST", "/_import/lead", raw="Firma,Land,Betreuer\nAndere Spedition,大陆,Li\n".encode(), name="messe.csv").json
    assert again["mapping"]["name"] == "Messe" and again["mapping"]["values"] == {"country": {"大陆": "CN"}}
    assert again["mapping"]["pool_id"] == pools[7] and again["columns"][0]["field"] == "name"
    view, = admin.rows("saved_view", filter=["name", "=", "Fairs"])
    assert view["owner_id"] == admin.user["id"] and view["filter"]["and"][1] == ["pool_id", "=", pools[7]]
    assert admin.made("lead", name="Hooked by the carried script")["x_port"] == "fair"
    assert admin.rows("role", filter=["name", "=", "Consultant’s role"])[0]["home"] == [{"tile": "news", "w": 12}]
    news, = admin.rows("announcement", filter=["title", "=", "We moved"])
    names = {t: {r["id"]: r["name"] for r in admin.rows(t)} for t in ("role", "department")}
    assert [names["role"][i] for i in news["role_ids"]] == ["Consultant’s role"] and [names["department"][i] for i in news["department_ids"]] == ["Desk"]
    assert news["pinned"] and news["text"] == "To the harbour"
    step, = admin.rows("approval_step", filter=["name", "=", "By name"])
    assert sorted(step["user_ids"]) == sorted(u["id"] for u in admin.rows("user") if u["login"] in ("demo.li", "demo.lan"))
    assert {(d["country"], d["name"]) for d in admin.rows("day_off", filter=["on_day", "=", "2027-02-06"])} == {("VN", "Tết"), (None, "Everybody's")}
    assert admin.rows("work_week", filter=["country", "=", "VN"])[0]["days"][-1] == "sat"

    again = apply(admin, json.loads(file)).json
    assert {k: v for k, v in again["count"].items() if v and k not in ("same", "only_here")} == {}
    assert exported(admin) == file


def test_what_a_field_becomes_is_the_same_record_elsewhere_whatever_its_number(two):
    _, consultant = two("trial")
    line = consultant.made("pipeline", name="Air freight")
    stage = {n: consultant.made("stage", pipeline_id=line["id"], name=n, place=i, state="open")["id"] for i, n in enumerate(("Enquiry", "Booked"))}
    li, = (u["id"] for u in consultant.rows("user") if u["login"] == "demo.li")
    consultant.made("approval_flow", name="Booking", on_table="opportunity", starts="change", field="stage_id", value=str(stage["Booked"]))
    rule = consultant.made("automation", name="Booked", on_table="opportunity", event="reached", field="stage_id", value=str(stage["Booked"]))
    for place, (field, value) in enumerate((("stage_id", str(stage["Enquiry"])), ("owner_id", str(li)), ("next_step", "{name}"))):
        consultant.made("automation_step", automation_id=rule["id"], place=place, does="set", field=field, value=value)
    customer = consultant.rows("customer")[0]["id"]
    left = consultant.made("automation", name="Of one customer", on_table="opportunity", event="reached", field="customer_id", value=str(customer))
    consultant.made("automation_step", automation_id=left["id"], place=0, does="set", field="next_step", value="Call")
    file = exported(consultant)
    assert b"Of one customer" not in file  # with its steps
    assert [x["name"] for x in consultant.get("/_config/left").json["left"]][0] == "Of one customer"

    _, admin = two("production")
    own = admin.made("pipeline", name="Of this site alone")
    for n in range(3):  # other numbers
        admin.made("stage", pipeline_id=own["id"], name=f"Own {n}", place=n, state="open")
    answer = apply(admin, json.loads(file))
    assert answer.status == 200 and answer.json["applied"], answer
    there = {s["name"]: s["id"] for s in admin.rows("stage")}
    assert there["Booked"] != stage["Booked"]
    assert [f["value"] for f in admin.rows("approval_flow") if f["name"] == "Booking"] == [str(there["Booked"])]
    assert [a["value"] for a in admin.rows("automation")] == [str(there["Booked"])]
    user, = (u["id"] for u in admin.rows("user") if u["login"] == "demo.li")
    assert {s["field"]: s["value"] for s in admin.rows("automation_step")} == {"stage_id": str(there["Enquiry"]), "owner_id": str(user), "next_step": "{name}"}
    assert apply(admin, json.loads(file)).json["count"]["change"] == 0
    wrong = only(automation=[{"name": "Wrong", "on_table": "opportunity", "event": "reached", "field": "stage_id", "value": ["Air freight", "No such"]},
                             {"name": "Worse", "on_table": "opportunity", "event": "reached", "field": "name", "value": ["Air freight", "Booked"]}])
    assert {x["name"] for x in plan(admin, wrong)["lines"] if x["what"] == "conflict"} == {"opportunity · Wrong", "opportunity · Worse"}


def test_each_part_of_the_configuration_keeps_its_history(people):
    admin = people["admin"]
    tables = [t for t in json.loads(exported(admin))["sections"] if t not in ("channels", "scripts")]
    assert "stage" in tables and [t for t in tables if not admin.get(f"/_meta/{t}").json["is"]["history"]] == []


def test_the_history_names_what_was_deleted(people):
    admin = people["admin"]
    tag = admin.made("tag", name="Soon gone")
    assert admin.delete(f"/tag/{tag['id']}").status == 204
    log = [(e["entry"]["op"], e["title"]) for e in admin.get("/_config/history").json["entries"] if (e["table"], e["record"]) == ("tag", tag["id"])]
    assert log == [("delete", "Soon gone"), ("create", "Soon gone")]


def test_a_step_that_names_somebody_who_is_not_there_keeps_the_whole_file_out(two):
    """A flow that lost the step would have let through what that person was to decide."""
    _, admin = two("a")
    step = {"name": "By name", "flow_id": ["customer", "Named flow"], "who": "people", "user_ids": [{"login": "demo.li"}, {"login": "nobody.here"}]}
    file = only(approval_flow=[{"on_table": "customer", "name": "Named flow", "starts": "ask"}], approval_step=[step])
    seen = plan(admin, file)
    conflict, = [x for x in seen["lines"] if x["what"] == "conflict"]
    assert "nobody.here" in conflict["message"], conflict
    assert apply(admin, file).status == 422
    assert admin.rows("approval_flow", filter=["name", "=", "Named flow"]) == []
    step["user_ids"] = [{"login": "demo.li"}]
    assert apply(admin, file).status == 200
    assert len(admin.rows("approval_step", filter=["name", "=", "By name"])[0]["user_ids"]) == 1


def test_what_is_changed_and_removed_is_told_kept_and_can_be_read_later(two):
    _, admin = two("a")
    set_up(admin)
    first = json.loads(exported(admin))
    tag, = admin.rows("tag", filter=["name", "=", "VIP"])
    admin.patch(f"/tag/{tag['id']}", tag["version"], {"color": "red"})
    admin.made("tag", name="Of this site alone")
    seen = plan(admin, first)
    change, = [x for x in seen["lines"] if x["what"] == "change"]
    assert (change["section"], change["name"]) == ("tag", "VIP")
    assert [(c["field"], c["from"], c["to"]) for c in change["changes"]] == [("color", "red", "violet")]
    assert [x["name"] for x in seen["lines"] if x["what"] == "only_here" and x["section"] == "tag"] == ["Of this site alone"]
    assert apply(admin, first).json["count"]["change"] == 1
    assert len(admin.rows("tag", filter=["name", "=", "Of this site alone"])) == 1  # nothing goes unasked
    assert apply(admin, only(dup_rule=[]), remove=1).json["count"]["remove"] > 0  # an empty section means none
    assert admin.rows("dup_rule") == []
    answer = apply(admin, first, remove=1)
    assert answer.json["count"]["remove"] == 1 and admin.rows("dup_rule"), answer
    assert admin.rows("tag", filter=["name", "=", "Of this site alone"]) == []
    log = admin.get("/_config/history").json
    assert [(e["table"], e["entry"]["op"]) for e in log["entries"]][0] == ("tag", "delete")
    tags = [e["entry"] for e in log["entries"] if e["table"] == "tag" and e["entry"]["op"] == "update"]
    assert tags[0]["changes"] == [{"field": "color", "from": "red", "to": "violet"}]
    assert log["refs"]["user"][str(admin.user["id"])]
    audit = [r for r in admin.rows("audit", filter=["what", "=", "config"])]
    assert "1 removed" in audit[-1]["detail"] or "1 removed" in audit[0]["detail"]


def test_a_plan_declares_nothing_for_others(two):
    _, admin = two("a")
    field = admin.made("custom_field", on_table="lead", name="x_one", type="text", label_en="First")
    file = only(custom_field=[{"on_table": "lead", "name": "x_one", "label_en": "Second"},
                              {"on_table": "lead", "name": "x_two", "type": "text"}])
    assert plan(admin, file)["count"]["conflict"] == 0
    labels = {f["name"]: f["label"] for f in admin.get("/_meta/lead", locale="en").json["fields"]}
    assert labels["x_one"] == "First" and "x_two" not in labels
    assert admin.row(f"/custom_field/{field['id']}")["label_en"] == "First"
    assert admin.made("lead", name="Still saved", x_one="a")["x_one"] == "a"
    assert apply(admin, file).json["applied"]
    assert admin.made("lead", name="Saved with both", x_two="b")["x_two"] == "b"


def test_only_administrators_carry_a_configuration(site, people):
    admin = people["admin"]
    file = only(tag=[{"name": "By who may not", "color": "red"}])
    for who in ("manager", "li"):
        for method, path in (("GET", "/_config"), ("GET", "/_config/left"), ("GET", "/_config/history"), ("POST", "/_config")):
            answer = people[who].ask(method, path, file if method == "POST" else None)
            assert (answer.status, answer.code) == (403, "denied"), (who, path, answer)
    assert admin.rows("tag", filter=["name", "=", "By who may not"]) == []
    assert site.nobody().post("/_config", file).status in (401, 403)
    token = admin.post("/_token", {"name": "carrier", "days": 1}).json
    assert admin.ask("GET", "/_config").status == 200 and token


HOSTILE = {
    "no such form": ({"berth_config": 99, "sections": {}}, "berth_config"),
    "no sections": ({"berth_config": 1, "sections": []}, "berth_config"),
    "unknown table": (only(spaceship=[{"name": "x"}]), None),
    "people": (only(user=[{"name": "Mallory", "login": "mallory", "admin": True}]), None),
    "bookkeeping": (only(session=[{"token": "x"}]), None),
    "tokens": (only(api_token=[{"name": "x", "hash": "y"}]), None),
    "no list": (only(tag={"name": "x"}), None),
    "no object": (only(tag=["x"]), None),
    "wrong type": (only(tag=[{"name": 7}]), "name"),
    "wrong choice": (only(tag=[{"name": "Hostile", "color": "ultraviolet"}]), "color"),
    "too long": (only(tag=[{"name": "x" * 5000}]), "name"),
    "unknown field": (only(tag=[{"name": "Hostile", "id": 1}]), "id"),
    "locked field": (only(series=[{"name": "hostile.no", "period": "2026"}]), "period"),
    "nameless": (only(tag=[{"color": "red"}]), "name"),
    "reference to nothing": (only(role_table=[{"role_id": "No such role", "on_table": "lead", "read_scope": "all"}]), None),
    "reference by number": (only(role_table=[{"role_id": 1, "on_table": "lead", "read_scope": "all"}]), "role"),
    "circle": (only(department=[{"name": "A", "parent_id": ["B", ["A", None]]}, {"name": "B", "parent_id": ["A", ["B", None]]}]), None),
    "deep key": (only(department=[{"name": "A", "parent_id": json.loads('["B",' * 200 + "null" + "]" * 200)}]), None),
    "odd number behind a key": (only(role_table=[{"role_id": ["sales", -4], "on_table": "lead"}]), "role"),
    "setting of no plugin": (only(setting=[{"name": "timer.pools.due", "value": "1"}]), "name"),
    "setting of the wrong type": (only(setting=[{"name": "base.run_days", "value": "many"}]), "value"),
    "filter on nothing": (only(saved_view=[{"name": "Hostile", "on_table": "lead", "audience": "everyone", "filter": ["spaceship", "=", 1]}]), None),
    "filter that is none": (only(saved_view=[{"name": "Hostile", "on_table": "lead", "audience": "everyone", "filter": {"and": 7}}]), None),
    "filter on a person": (only(saved_view=[{"name": "Hostile", "on_table": "lead", "audience": "everyone", "filter": ["owner_id", "=", 1]}]), "filter"),
    "field of a host table": (only(custom_field=[{"on_table": "session", "name": "x_a", "type": "text"}]), "on_table"),
    "a mapping into nowhere": (only(import_map=[{"on_table": "lead", "name": "x", "shared": True, "headers": "0", "options": {"pool_id": "No such pool"}}]), None),
    "a mapping that is none": (only(import_map=[{"on_table": "lead", "name": "x", "shared": True, "headers": 7, "options": [1]}]), "headers"),
    "script where none may be written": (only(scripts=[{"file": "hooks/evil.lua", "text": "-- x\n"}]), None),
    "script elsewhere": (only(scripts=[{"file": "../../evil.lua", "text": "-- x\n"}]), "file"),
    "script without text": (only(scripts=[{"file": "hooks/evil.lua", "text": 7}]), "text"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_whole(people, name):
    file, field = HOSTILE[name]
    admin = people["admin"]
    before = exported(admin)
    file = {**file, "sections": {**file["sections"], "tag": [{"name": "Innocent"}, *file["sections"].get("tag", [])]}} \
        if isinstance(file.get("sections"), dict) and isinstance(file["sections"].get("tag", []), list) else file
    for remove in (0, 1):
        answer = apply(admin, file, remove=remove)
        assert answer.status == 422 and answer.code == "config", answer
        conflict = [x for x in answer.json["plan"]["lines"] if x["what"] == "conflict"]
        assert conflict and all(x["message"] and "err." not in x["message"] for x in conflict), conflict
        assert field is None or field in [x["field"] for x in conflict], conflict
        assert not answer.json["plan"]["applied"]
    assert exported(admin) == before


def test_a_file_that_is_too_large_or_no_json_is_refused(people):
    admin = people["admin"]
    before = exported(admin)
    many = apply(admin, only(tag=[{"name": f"Many {n}"} for n in range(20001)]))
    assert many.status == 422 and "20000" in many.json["plan"]["lines"][0]["message"]
    for raw, status in ((b"{", 400), (b"[" * 100000, 400), (b'{"berth_config":1,"berth_config":1}', 400), (b"7", 400), (b'"x"', 400),
                        (b"[]", 400), (b" " * (17 << 20), 413)):
        answer = admin.ask("POST", "/_config", raw=raw, headers={"Content-Type": "application/json"})
        assert answer.status in (status, 422), (raw[:20], answer)
    assert exported(admin) == before


def test_the_command_line_carries_the_same_file(two, tmp_path):
    trial, consultant = two("trial")
    set_up(consultant)
    file = exported(consultant)
    trial.stop()
    site, admin = two("production")
    site.stop()

    def berth(folder, *words):
        return subprocess.run([BUILD / "berth", *words, "--data", tmp_path / folder / "data", "--scripts", tmp_path / folder / "scripts"],
                              capture_output=True, text=True, timeout=PATIENCE)
    out = tmp_path / "trial.json"
    assert berth("trial", "config", "export", "--out", out).returncode == 0
    assert out.read_bytes() == file
    assert berth("trial", "config", "export", "--out", out).returncode == 1  # writes over nothing
    assert berth("production", "config", "import", out).returncode == 2
    done = berth("production", "config", "import", out, "--as", "demo.li")
    assert done.returncode == 1, done
    seen = berth("production", "config", "import", out, "--as", "demo.admin", "--plan")
    assert seen.returncode == 0 and "add       tag: VIP" in seen.stdout, seen
    fresh = berth("production", "config", "export").stdout
    assert fresh != file.decode()
    assert berth("production", "config", "import", out, "--as", "demo.admin").returncode == 0
    assert berth("production", "config", "export").stdout == file.decode()
    pathlib.Path(out).write_text(json.dumps(only(tag=[{"name": 7}])))
    wrong = berth("production", "config", "import", out, "--as", "demo.admin")
    assert wrong.returncode == 1 and "conflict" in wrong.stdout and "nothing was changed" in wrong.stderr
    assert berth("production", "config", "export").stdout == file.decode()


def test_channels_are_carried_without_their_secrets_which_are_then_asked_for(two):
    _, here = two("trial")
    _, there = two("real", "--net_hosts", "gate.example.com", "--grant.channel.sms", "net")
    assert here.ask("PUT", "/_channel/sms", {"active": True, "settings": SMS}).status == 204
    assert here.ask("PUT", "/_channel/webhook", {"settings": {"url": "https://hook.example.com/x"}}).status == 204
    file = exported(here)
    assert b"SMSTOKEN1" not in file and b"INSECRET1" not in file
    assert json.loads(file)["sections"]["channels"] == [
        {"name": "sms", "active": True, "settings": {"url": SMS["url"], "from": "Hanse"}, "secrets": ["token", "inbound_secret"]},
        {"name": "webhook", "active": False, "settings": {"url": "https://hook.example.com/x"}, "secrets": []}]
    channel = lambda name: next(c for c in there.get("/_channel/_settings").json["channels"] if c["name"] == name)
    lines = [x for x in plan(there, json.loads(file))["lines"] if x["section"] == "channels"]
    assert [(x["what"], x["name"]) for x in lines] == [("add", "sms"), ("add", "webhook")] and not channel("sms")["active"]
    (sms,) = [x for x in plan(there, json.loads(file), locale="en")["lines"] if (x["section"], x["name"]) == ("channels", "sms")]
    assert {c["field"]: c["to"] for c in sms["changes"]}["token"] == "to be typed in here"
    assert apply(there, json.loads(file)).status == 200
    assert exported(there) == file  # byte by byte
    sms = channel("sms")
    assert sms["active"] and sorted(s["name"] for s in sms["settings"] if s["awaited"]) == ["inbound_secret", "token"]
    told = lambda: [a["text"] for a in there.get("/_alert", locale="en").json["alerts"] if "sms" in a["text"]]
    (text,) = until(told)
    assert "token" in text and "inbound_secret" in text
    # what is sent meanwhile stays, and says why
    lead = there.made("lead", name="Awaited Lines")
    assert there.post(f"/lead/{lead['id']}/_message", {"channel": "sms", "to": "+84901234567", "text": "x"}).status == 202
    waits = until(lambda: [m for m in there.get("/_outbox", state="queued").json["messages"] if m["error"]])
    assert waits[0]["error"].startswith("not set yet: "), waits
    # typed in, it is no longer asked for, and the same file changes nothing and keeps it
    assert there.ask("PUT", "/_channel/sms", {"settings": {"token": "T2", "inbound_secret": "I2"}}).status == 204
    assert not any(s["awaited"] for s in channel("sms")["settings"]) and until(lambda: told() == [])
    assert [x for x in plan(there, json.loads(file))["lines"] if x["section"] == "channels"] == []
    assert apply(there, json.loads(file)).status == 200 and exported(there) == file
    assert all(s["set"] for s in channel("sms")["settings"] if s["secret"])
    # a change is told with what it was; what is not named goes only when asked
    other = only(channels=[{"name": "sms", "active": False, "settings": {"url": SMS["url"]}, "secrets": ["token"]}])
    lines = {x["name"]: x for x in plan(there, other)["lines"]}
    assert {c["field"]: (c["from"], c["to"]) for c in lines["sms"]["changes"]} == {"from": ("Hanse", None), "active": (True, False)}
    assert lines["webhook"]["what"] == "only_here"
    assert apply(there, other, remove=1).status == 200
    assert channel("webhook")["settings"][0]["set"] is False and channel("sms")["settings"][0]["value"] == SMS["url"]
    told = [r["detail"] for r in there.rows("audit", filter=["what", "=", "channel"])]
    assert "webhook: removed, a configuration does not name it" in told and "sms: from a configuration" in told, told


@pytest.mark.parametrize("row", [{"name": "nosuch", "active": True, "settings": {}, "secrets": []}, {"name": "sms", "active": True, "settings": {"token": "in the file"}, "secrets": []},
                                 {"name": "sms", "active": "yes", "settings": {}, "secrets": []}, {"name": "sms", "active": True, "settings": {"nosuch": "x"}, "secrets": []},
                                 {"name": "sms", "active": True, "settings": {"url": 7}, "secrets": []}, {"name": "sms", "active": True, "settings": {}, "secrets": ["url"]}, 7])
def test_a_channel_that_is_not_right_is_a_conflict(people, row):
    admin = people["admin"]
    before = admin.get("/_channel/_settings").json
    answer = apply(admin, only(channels=[row]))
    assert answer.status == 422 and all(x["section"] == "channels" for x in answer.json["plan"]["lines"] if x["what"] == "conflict"), answer
    assert admin.get("/_channel/_settings").json == before


def test_a_problem_names_the_field_as_its_form_does(people):
    admin = people["admin"]
    line = next(x for x in plan(admin, only(tag=[{"name": "Hostile", "color": "ultraviolet"}]), locale="vi")["lines"] if x["what"] == "conflict")
    labels = {f["name"]: f["label"] for f in admin.get("/_meta/tag", locale="vi").json["fields"]}
    assert (line["field"], line["field_label"]) == ("color", labels["color"]) and labels["color"] != "color"
