"""Jobs and timers: tried again when they fail, run once per due time across kills and upgrades, told to administrators."""
import contextlib
import itertools
import pathlib
import signal
import sqlite3

import pytest

from site_ import until

number = itertools.count(1)


def timer(admin, name):
    return next((t for t in admin.get("/_timer", locale="en").json["timers"] if t["name"] == name), None)


def runs(admin, name, **query):
    answer = admin.get(f"/_timer/{name}/runs", **query)
    assert answer.status == 200, answer
    return answer.json["runs"]


def script(tmp_path, text):
    folder = tmp_path / "scripts" / "hooks"
    folder.mkdir(exist_ok=True)
    (folder / "timers.lua").write_text(text)


COUNTER = '''-- Notes each run as a lead (test).
every("1s", "tick", function()
  local lead = berth.new("lead")
  lead.name = "Tick " .. berth.now()
  berth.save(lead)
end)
'''


def test_every_timer_says_what_it_does_when_it_ran_and_when_it_will(people):
    admin = people["admin"]
    assert admin.post("/_timer/pools.release").json["turns"] >= 1
    release = timer(admin, "pools.release")
    assert release["label"] == "Let go what is due" and release["every"] == "20s" and release["next"] and not release["script"]
    mine = [r for r in runs(admin, "pools.release", limit="200") if r["by"] == admin.user["id"]]
    assert mine and mine[0]["state"] == "done" and mine[0]["due"] is None and mine[0]["ended"] >= mine[0]["began"]
    nightly = timer(admin, "customers.appraise")
    assert nightly["next"].endswith("19:10:00.000Z")  # 03:10 in Shanghai
    page = admin.get("/_timer/pools.release/runs", limit="1").json
    assert len(page["runs"]) == 1
    if page["next"]:
        assert all(r["id"] < page["next"] for r in runs(admin, "pools.release", after=str(page["next"])))
    assert admin.post("/_timer/no.such").status == 404


@pytest.mark.parametrize("method, path", [("GET", "/_timer"), ("POST", "/_timer/pools.release"), ("GET", "/_timer/pools.release/runs")])
def test_only_administrators_see_and_run_timers(people, method, path):
    before = [r["id"] for r in runs(people["admin"], "pools.release", limit="500") if r["by"] not in (None, people["admin"].user["id"])]
    for who in ("manager", "li"):
        assert people[who].ask(method, path, {} if method == "POST" else None).status == 403
    assert [r["id"] for r in runs(people["admin"], "pools.release", limit="500") if r["by"] not in (None, people["admin"].user["id"])] == before == []


def test_a_script_runs_at_its_times_each_once_and_over_a_kill(own_site, tmp_path):
    script(tmp_path, COUNTER)
    site = own_site()
    admin = site.sign_in("demo.admin")
    assert until(lambda: len([r for r in runs(admin, "script.tick") if r["state"] == "done"]) >= 2)
    assert timer(admin, "script.tick")["label"] == "Notes each run as a lead (test)."
    site.kill()
    site.start()
    admin = site.sign_in("demo.admin")
    seen = len(runs(admin, "script.tick"))
    assert until(lambda: len(runs(admin, "script.tick")) > seen)
    site.stop()
    site.start()
    admin = site.sign_in("demo.admin")
    done = [r for r in runs(admin, "script.tick", limit="500") if r["state"] == "done"]
    ticks = [row["name"] for row in admin.rows("lead", filter=["name", "~", "Tick "], fields="name")]
    # what a run did and that it was run are one transaction: as many of the one as of the other
    again = [r for r in runs(admin, "script.tick", limit="500") if r["state"] == "done"]
    assert len(done) <= len(ticks) <= len(again) and len(set(ticks)) == len(ticks)
    assert len({r["due"] for r in again}) == len(again)


def test_two_workers_in_an_upgrade_run_each_due_time_once(own_site, tmp_path):
    script(tmp_path, COUNTER)
    site = own_site(supervised=True)
    admin = site.sign_in("demo.admin")
    assert until(lambda: len(runs(admin, "script.tick")) >= 1)
    for _ in range(3):
        seen = len(runs(admin, "script.tick", limit="500"))
        site.process.send_signal(signal.SIGUSR2)
        assert until(lambda: len(runs(admin, "script.tick", limit="500")) >= seen + 2)
    script(tmp_path, "-- Nothing at all (test).\n")
    assert until(lambda: timer(admin, "script.tick") is None)
    done = runs(admin, "script.tick", limit="500")
    assert {r["state"] for r in done} == {"done"} and len({r["due"] for r in done}) == len(done)
    ticks = [row["name"] for row in admin.rows("lead", filter=["name", "~", "Tick "], fields="name")]
    assert len(ticks) == len(done) == len(set(ticks))


def test_a_script_that_fails_is_tried_again_and_says_why(own_site, tmp_path):
    script(tmp_path, '''-- Fails (test).
every("1s", "bad", function()
  local lead = berth.new("lead")
  lead.name = "Never Kept"
  berth.save(lead)
  error("no use")
end)
every("0 3 * * mon-fri workdays", "late", function() return false end)
''')
    site = own_site()
    admin = site.sign_in("demo.admin")
    assert until(lambda: timer(admin, "script.bad") and timer(admin, "script.bad")["last"])
    last = timer(admin, "script.bad")["last"]
    assert last["state"] == "waiting" and last["tries"] == 2 and "no use" in last["error"] and last["due"]
    assert timer(admin, "script.bad")["next"] > last["began"]
    assert admin.rows("lead", filter=["name", "=", "Never Kept"]) == []  # undone with the run
    late = timer(admin, "script.late")
    assert late["next"].endswith("19:00:00.000Z") and late["last"] is None


@pytest.mark.parametrize("line, why", [('every("often", "x", function() end)', "daily 02:00"), ('every("1h", "X y", function() end)', "name"),
                                       ('every("1h", "x")', "function"), ('every("1h", "x", function() end) every("2h", "x", function() end)', "another timer"),
                                       ('on("lead", "before_save", function() every("1h", "x", function() end) end)', None)])
def test_a_timer_that_is_not_right_is_refused_with_its_line(people, line, why):
    answer = people["admin"].post("/_script/check", {"file": "hooks/t.lua", "text": "-- Test.\n" + line + "\n"})
    problems = answer.json["problems"]
    assert (why is None and problems == []) or (problems and why in problems[0]["message"] and problems[0]["line"] == 2), answer


def test_a_job_that_fails_waits_and_is_tried_again_and_at_once_when_asked(own_site, tmp_path):
    (tmp_path / "nowhere").write_text("no folder")
    site = own_site("--backups", str(tmp_path / "nowhere"))
    admin = site.sign_in("demo.admin")
    job = admin.post("/_backup").json["job"]
    waiting = until(lambda: (lambda j: j if j["again_at"] else None)(admin.get(f"/_job/{job}").json))
    assert waiting["state"] == "queued" and waiting["error"]
    row = admin.row(f"/job/{job}")
    assert row["fails"] == 1 and row["run_at"] == waiting["again_at"]
    assert site.sign_in("demo.li").post(f"/_job/{job}/retry").status == 403
    assert admin.row(f"/job/{job}")["version"] == row["version"] and admin.get(f"/_job/{job}").json == waiting
    (tmp_path / "nowhere").unlink()
    assert admin.post(f"/_job/{job}/retry").status == 204
    done = until(lambda: (lambda j: j if j["state"] == "done" else None)(admin.get(f"/_job/{job}").json))
    assert done and done["error"] is None and done["again_at"] is None
    assert list(pathlib.Path(tmp_path / "nowhere").iterdir())


def test_administrators_keep_the_working_calendar_and_scripts_ask_it(own_site, tmp_path):
    script(tmp_path, '''-- The next working day of whoever is new (test).
on("lead", "before_insert", function(lead)
  lead.next_action_on = berth.workday("2026-12-24", 1, lead.country)
end)
''')
    site = own_site()
    admin, li = site.sign_in("demo.admin"), site.sign_in("demo.li")

    def after(country):
        return li.made("lead", name=f"Calendar {next(number)} Freight", country=country)["next_action_on"]

    assert after("DE") == "2026-12-25" and after("CN") == "2026-12-25"
    admin.made("day_off", on_day="2026-12-25", name="Weihnachten", country="DE")
    admin.made("day_off", on_day="2026-12-26", name="調休", country="CN", works=True)
    admin.made("day_off", on_day="2026-12-25", name="Company day")
    assert after("DE") == "2026-12-28" and after("CN") == "2026-12-26"
    admin.made("work_week", country="DE", days=["mon", "tue", "wed", "thu", "fri", "sat"])
    assert after("DE") == "2026-12-26"
    assert li.post("/day_off", {"on_day": "2027-01-04", "name": "Mine"}).status == 403
    assert admin.rows("day_off", filter=["name", "=", "Mine"]) == []
    assert any(r["name"] == "Weihnachten" for r in li.rows("day_off"))  # everybody may look


# Undoes the transaction of that kind of job's step in which that holds, not the one that notes its end, until a lead says so.
LOST = ("CREATE TRIGGER lose_{0} BEFORE UPDATE OF done ON job WHEN new.kind = '{0}' AND {1} AND NOT EXISTS (SELECT 1 FROM lead WHERE name = 'Keep {0}')"
        " BEGIN SELECT raise(ABORT, 'lost'); END")


def ended(person, answer):
    """The job as soon as it failed or waits for another try."""
    assert answer.status == 202, answer
    look = lambda: person.get(f"/_job/{answer.json['job']}").json
    assert until(lambda: look()["state"] == "failed" or look()["again_at"]), look()
    return look()


def again(admin, job):
    admin.made("lead", name="Keep " + job["kind"])
    assert admin.post(f"/_job/{job['id']}/retry").status == 204
    assert until(lambda: admin.get(f"/_job/{job['id']}").json["state"] == "done"), admin.get(f"/_job/{job['id']}").json
    return admin.get(f"/_job/{job['id']}").json


def test_a_step_that_was_not_kept_is_taken_again_by_every_kind_of_job(own_site):
    """The end of a job once kept the progress of a step that was undone: a change of many, an import and a search for
    duplicates went on behind rows they had not touched, and a handover counted its records twice."""
    site = own_site()
    site.between_two_runs(
        LOST.format("bulk", "EXISTS (SELECT 1 FROM lead WHERE city = 'Bulkville' AND suppliers = 'x')"),
        LOST.format("import", "EXISTS (SELECT 1 FROM lead WHERE city = 'Importville')"),
        LOST.format("groups", "EXISTS (SELECT 1 FROM dup_member)"),
        LOST.format("handover", "EXISTS (SELECT 1 FROM lead WHERE name LIKE 'Handed %' AND owner_id <> created_by)"))
    admin, manager, zhang = (site.sign_in("demo." + n) for n in ("admin", "manager", "zhang"))
    rows = [manager.made("lead", name=f"Bulk {n} Lines", city="Bulkville") for n in range(3)]
    job = ended(manager, manager.post("/lead/_bulk", {"ids": [r["id"] for r in rows], "patch": {"suppliers": "x"}}))
    assert (job["state"], job["done"], job["result"]["done"]) == ("failed", 0, 0), job
    assert again(admin, job)["result"]["done"] == 3
    assert [manager.row(f"/lead/{r['id']}")["suppliers"] for r in rows] == ["x"] * 3

    sheet = "name,city\n" + "".join(f"Import {n} Lines,Importville\n" for n in range(3))
    look = manager.ask("POST", "/_import/lead", raw=sheet.encode(), name="leads.csv").json
    job = ended(manager, manager.post(f"/_import/{look['import']}/run", {"sheet": look["sheet"], "header_row": look["header_row"], "map": {"0": "name", "1": "city"}}))
    assert (job["state"], job["done"]) == ("failed", 0) and "last_row" not in job["result"], job
    assert again(admin, job)["result"]["new"] == 3
    assert len(manager.rows("lead", filter=["city", "=", "Importville"])) == 3

    both = [manager.post("/lead", {"name": "Grouped Lines"}, duplicates="allow") for _ in range(2)]
    assert [b.status for b in both] == [201, 201], both
    job = ended(manager, manager.post("/_duplicates/lead"))
    assert (job["state"], job["done"], job["result"]) == ("queued", 0, {}), job
    again(admin, job)
    grouped = [{r["id"] for r in g["rows"]} for g in manager.get("/_duplicates/lead").json["groups"]]
    assert {b.json["row"]["id"] for b in both} in grouped, grouped

    mine = [zhang.made("lead", name=f"Handed {n} Lines") for n in range(3)]
    answer = admin.post(f"/user/{zhang.user['id']}/_handover", {"to": [manager.user["id"]]})
    job = ended(admin, answer)
    assert (job["state"], job["done"]) == ("queued", 0), job
    again(admin, job)
    assert {admin.row(f"/lead/{r['id']}")["owner_id"] for r in mine} == {manager.user["id"]}
    with contextlib.closing(sqlite3.connect(site.data / "berth.db", timeout=60)) as db:
        (logged,) = db.execute("SELECT count(*) FROM owner_log WHERE batch = ? AND from_user = ?", (answer.json["handover"], zhang.user["id"])).fetchone()
    assert admin.row(f"/handover/{answer.json['handover']}")["moved"] <= logged  # a contact goes with its customer, uncounted
