"""Jobs whose body is a script's function: turns with progress, cancelled, tried again, over a kill; a runaway holds nobody up."""
import contextlib
import sqlite3

import pytest

from site_ import until

RECOUNT = '''-- Counts the leads of a city (sales management, 2026-11).
job("recount", {right = "pools.move", args = {{"city"}, {"word", default = "counted"}}}, function(j)
  j.total = berth.count("lead", "city = ?", j.args.city)
  local n = 0
  for lead in berth.find("lead", "city = ? and id > ? order by id", j.args.city, j.result.last or 0) do
    if n == 2 then
      return true
    end
    if lead.name:find("Hung") then
      lead.name = nil
    end
    lead.suppliers = j.args.word .. " by " .. berth.user()
    berth.save(lead)
    n = n + 1
    j.done = j.done + 1
    j.result.last = lead.id
  end
end)
job("endless", {right = "pools.move"}, function(j)
  j.done = j.done + 1
  return true
end)
job("runaway", {attempts = 2, wait = "1s"}, function(j)
  local n = 0
  while true do
    n = n + 1
  end
end)
job("named", {attempts = 1, about = "Does what it is told"}, function(j)
  error("nothing to " .. j.args.what)
end)
on("lead", "after_insert", function(lead)
  if lead.city == "Hookville" then
    berth.start("recount", {city = lead.city, word = "hooked"})
  end
end)
'''


@pytest.fixture
def office(own_site, tmp_path):
    folder = tmp_path / "scripts" / "hooks"
    folder.mkdir(exist_ok=True)
    (folder / "work.lua").write_text(RECOUNT)
    site = own_site()
    return site, *(site.sign_in("demo." + n) for n in ("admin", "manager", "li"))


def leads(person, city, *names):
    return [person.made("lead", name=f"{city} {n}" if isinstance(n, int) else n, city=city) for n in names]


def suppliers(person, rows):
    return [person.row(f"/lead/{r['id']}")["suppliers"] for r in rows]


def test_a_script_has_jobs_of_its_own_turn_by_turn(office):
    _, admin, manager, li = office
    five = leads(manager, "Jobville", *range(5))
    ended = manager.job(manager.post("/_job", {"script": "recount", "args": {"city": "Jobville"}}))
    assert (ended["kind"], ended["state"], ended["done"], ended["total"]) == ("script", "done", 5, 5)
    assert ended["result"] == {"last": five[-1]["id"]}
    assert suppliers(manager, five) == [f"counted by {manager.user['id']}"] * 5
    # with the rights of whoever set it off: a hook starts it for somebody who could not
    (hooked,) = leads(li, "Hookville", 1)
    assert until(lambda: suppliers(li, [hooked]) == [f"hooked by {li.user['id']}"])
    row = admin.rows("job", sort="-id", limit=1)[0]
    assert (row["kind"], row["args"]["script"], row["user_id"]) == ("script", "recount", li.user["id"])


def test_who_may_start_a_scripts_job(office):
    _, admin, manager, li = office
    names = lambda who: [j["script"] for j in who.get("/_script_job").json["jobs"]]
    assert (names(admin), names(manager), names(li)) == (["recount", "endless", "runaway", "named"], ["recount", "endless"], [])
    listed = admin.get("/_script_job").json["jobs"][0]
    assert listed["label"] == "Counts the leads of a city (sales management, 2026-11)." and listed["right"] == "pools.move"
    assert [(a["name"], a["default"]) for a in listed["args"]] == [("city", None), ("word", "counted")]
    assert admin.get("/_script_job").json["jobs"][3]["label"] == "Does what it is told"
    (kept,) = leads(manager, "Denyville", 1)
    before = len(admin.rows("job"))
    assert li.post("/_job", {"script": "recount", "args": {"city": "Denyville"}}).status == 403
    assert manager.post("/_job", {"script": "named", "args": {"what": "do"}}).status == 403
    for wrong, field in (({"script": "no_such"}, "script"), ({"script": 7}, "script"), ({"script": "recount", "args": [1]}, "args")):
        answer = manager.post("/_job", wrong)
        assert answer.status == 422 and list(answer.json["error"]["fields"]) == [field], answer
    assert len(admin.rows("job")) == before and suppliers(manager, [kept]) == [None]


def test_a_scripts_job_is_offered_where_it_says(office):
    site, admin, manager, li = office
    file = site.data.parent / "scripts" / "hooks" / "offered.lua"
    text = ('-- Marks a lead (a test).\njob("mark", {on = "lead", right = "pools.move", args = {{"id"}}}, function(j)\n'
            '  local l = berth.load("lead", math.tointeger(tonumber(j.args.id)))\n  l.suppliers = "marked"\n  berth.save(l)\nend)\n')
    file.write_text(text)
    on = lambda who: {j["script"]: j["on"] for j in who.get("/_script_job").json["jobs"]}
    assert until(lambda: "mark" in on(manager)) and on(manager) == {"mark": "lead", "recount": None, "endless": None} and on(li) == {}
    one, other = leads(manager, "Markville", 1, 2)
    assert li.post("/_job", {"script": "mark", "args": {"id": str(one["id"])}}).status == 403 and suppliers(manager, [one]) == [None]
    assert manager.job(manager.post("/_job", {"script": "mark", "args": {"id": str(one["id"])}}))["state"] == "done"
    assert suppliers(manager, [one, other]) == ["marked", None]
    file.write_text(text.replace('"lead", right', '"leed", right'))
    assert until(lambda: "there is no table 'leed'" in admin.get("/_script").body.decode())
    assert on(manager).get("mark") == "lead"  # the old one stays in force


def test_a_turn_that_fails_says_where_is_undone_alone_and_taken_again(office):
    _, admin, manager, li = office
    three = leads(manager, "Stuckville", 1, 2, "Hung Lines")
    job = manager.post("/_job", {"script": "recount", "args": {"city": "Stuckville"}}).json["job"]
    waits = until(lambda: (lambda j: j if j["again_at"] else None)(manager.get(f"/_job/{job}").json))
    assert (waits["state"], waits["done"], waits["result"]) == ("queued", 2, {"last": three[1]["id"]})
    assert waits["error"].startswith("hooks/work.lua:13: refused: name: "), waits
    assert suppliers(manager, three)[2] is None and li.get(f"/_job/{job}").status == 404
    row = manager.row(f"/lead/{three[2]['id']}")
    assert manager.patch(f"/lead/{row['id']}", row["version"], {"name": "Loose Lines"}).status == 200
    assert admin.post(f"/_job/{job}/retry").status == 204
    assert until(lambda: manager.get(f"/_job/{job}").json["state"] == "done")
    assert manager.get(f"/_job/{job}").json["done"] == 3 and None not in suppliers(manager, three)
    # what is no refusal but a mistake names its line, too; one try was declared
    failed = admin.job(admin.post("/_job", {"script": "named", "args": {"what": "do"}}))
    assert failed["state"] == "failed" and failed["error"] == "hooks/work.lua:30: nothing to do"


def test_a_turn_without_end_is_stopped_and_holds_nobody_up(office):
    site, admin, manager, _ = office
    job = admin.post("/_job", {"script": "runaway"}).json["job"]
    leads(manager, "Freeville", 1)
    ended = lambda: (lambda j: j if j["state"] == "failed" else None)(admin.get(f"/_job/{job}").json)
    assert until(ended) and "hooks/work.lua:2" in ended()["error"], admin.get(f"/_job/{job}").json
    assert f"script {job} is queued: " in site.log()  # it was tried twice, as declared
    # one that goes on for ever, in turns that end, lets others through and is cancelled
    slow = manager.post("/_job", {"script": "endless"}).json["job"]
    assert until(lambda: manager.get(f"/_job/{slow}").json["done"] > 3)
    lead, = leads(manager, "Behindville", 1)
    assert manager.job(manager.post("/_job", {"script": "recount", "args": {"city": "Behindville"}}))["state"] == "done"
    assert suppliers(manager, [lead]) == [f"counted by {manager.user['id']}"]
    assert manager.delete(f"/_job/{slow}").status == 204
    assert until(lambda: manager.get(f"/_job/{slow}").json["state"] == "cancelled")
    stood = manager.get(f"/_job/{slow}").json["done"]
    assert manager.job(manager.post("/_job", {"script": "recount", "args": {"city": "Behindville"}}))["state"] == "done"
    assert manager.get(f"/_job/{slow}").json["done"] == stood


def test_a_scripts_job_goes_on_over_a_kill(office):
    site, *_ = office
    site.between_two_runs("CREATE TABLE touched (id)", "CREATE TRIGGER touch AFTER UPDATE OF suppliers ON lead BEGIN INSERT INTO touched VALUES (new.id); END")
    manager = site.sign_in("demo.manager")
    many = leads(manager, "Killville", *range(60))
    job = manager.post("/_job", {"script": "recount", "args": {"city": "Killville"}}).json["job"]
    assert until(lambda: manager.get(f"/_job/{job}").json["done"] > 0)
    site.kill()
    site.start()
    manager = site.sign_in("demo.manager")
    assert until(lambda: manager.get(f"/_job/{job}").json["state"] == "done")
    assert manager.get(f"/_job/{job}").json["done"] == 60
    with contextlib.closing(sqlite3.connect(site.data / "berth.db", timeout=60)) as db:
        assert sorted(r[0] for r in db.execute("SELECT id FROM touched")) == [r["id"] for r in many]


@pytest.mark.parametrize("line, why", [('job("X y", function() end)', "name"), ('job("x")', "table expected"), ('job("x", {right = "no.such"}, function() end)', "no right 'no.such'"),
                                       ('job("x", {wait = "often"}, function() end)', "interval"), ('job("x", {attempts = 0}, function() end)', "1 to 100"),
                                       ('job("x", function() end) job("x", function() end)', "another job"), ('job("x", {right = "pools.move"}, function() end)', None),
                                       ('on("lead", "before_save", function() berth.start("x", {a = 1}) end)', None)])
def test_a_scripts_job_that_is_not_right_is_refused_with_its_line(people, line, why):
    answer = people["admin"].post("/_script/check", {"file": "hooks/j.lua", "text": "-- Test.\n" + line + "\n"})
    problems = answer.json["problems"]
    assert (why is None and problems == []) or (problems and why in problems[0]["message"] and problems[0]["line"] == 2), answer
