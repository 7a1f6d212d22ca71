"""Jobs and timers: tried again when they fail, run once per due time across kills and upgrades, told to administrators."""
import itertools
import pathlib
import signal

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
