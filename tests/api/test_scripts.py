"""Hooks written in Lua, as users and administrators meet them."""
import time

import pytest

from site_ import PATIENCE


@pytest.fixture
def hooked(own_site):
    """A server, its administrator, and a function that writes a script and has it read."""
    site = own_site()
    admin = site.sign_in("demo.admin")

    def script(name, text):
        (site.data.parent / "scripts" / name).write_text(text)
        return admin.post("/_script/_reload").json

    return site, admin, script


def test_a_hook_changes_and_refuses(hooked):
    _, admin, script = hooked
    state = script("hooks/names.lua",
                   "-- Names without blanks around them; no lead is lost without a note\n"
                   "on('lead', 'before_save', function(lead, old)\n"
                   "  lead.name = lead.name:match('^%s*(.-)%s*$') .. '!'\n"
                   "  if lead.is_key and not lead.notes then berth.error('notes', 'Say why') end\n"
                   "end)\n")
    assert {"rules/leads.release_days.lua", "hooks/names.lua"} <= {s["file"] for s in state["scripts"]}
    assert state["problems"] == []
    assert admin.made("lead", name="Mekong Lua Line", notes="x")["name"] == "Mekong Lua Line!"
    answer = admin.post("/lead", {"name": "Mekong Lua Key", "is_key": True})
    assert answer.status == 422, answer
    assert answer.json["error"]["fields"]["notes"]["message"] == "Say why"
    assert not [r for r in admin.rows("lead") if r["name"].startswith("Mekong Lua Key")]


def test_a_runaway_hook_refuses_its_own_record_and_nobody_elses(hooked):
    _, admin, script = hooked
    script("hooks/endless.lua", "-- Endless for some\non('lead', 'before_insert', function(lead)\n"
                                "  if lead.name:find('Endless') then\n    while true do end\n  end\nend)\n")
    for n in range(12):
        answer = admin.post("/lead", {"name": f"Endless Lua {n * 7919}"})
        assert answer.status == 422 and answer.code == "script", answer
        assert "hooks/endless.lua:4: ran too long" in answer.json["error"]["message"]
        admin.made("lead", name=f"Quick Lua {n * 7919} Shipping")
    problem, = admin.get("/_script").json["problems"]
    assert (problem["file"], problem["line"], problem["times"]) == ("hooks/endless.lua", 4, 12)
    assert problem["running"] and not problem["stopped"]


def test_a_hook_that_always_runs_away_is_no_longer_run_but_still_refuses(hooked):
    _, admin, script = hooked
    script("hooks/endless.lua", "-- Endless\non('lead', 'before_insert', function() while true do end end)\n")
    for n in range(7):
        assert admin.post("/lead", {"name": f"Endless Lua {n * 7919}"}).code == "script"
    problem, = admin.get("/_script").json["problems"]
    assert problem["stopped"] and problem["times"] == 5
    script("hooks/endless.lua", "-- Mended\non('lead', 'before_insert', function() end)\n")
    admin.made("lead", name="Mended Lua Logistics")
    assert admin.get("/_script").json["problems"] == []


def test_a_changed_file_is_followed_without_being_told(hooked):
    site, admin, _ = hooked
    (site.data.parent / "scripts" / "hooks" / "mark.lua").write_text(
        "-- Marks\non('lead', 'before_insert', function(lead) lead.notes = 'marked' end)\n")
    until = time.monotonic() + PATIENCE
    while not [s for s in admin.get("/_script").json["scripts"] if s["file"] == "hooks/mark.lua"]:
        assert time.monotonic() < until
        time.sleep(0.05)
    assert admin.made("lead", name="Marked Lua Forwarding")["notes"] == "marked"


def test_only_administrators_see_scripts(site, people):
    assert people["li"].get("/_script").status == 403
    assert people["li"].post("/_script/_reload").status == 403


def test_a_custom_field_can_be_named_as_soon_as_it_exists(hooked):
    site, admin, script = hooked
    text = "-- Ports\non('lead', 'before_insert', function(lead) lead.x_port = 'Cat Lai' end)\n"
    problem, = script("hooks/port.lua", text)["problems"]
    assert (problem["line"], problem["message"]) == (2, "lead has no field 'x_port'")
    admin.made("custom_field", on_table="lead", name="x_port", type="text", label_en="Port")
    until = time.monotonic() + PATIENCE
    while admin.get("/_script").json["problems"]:
        assert time.monotonic() < until, admin.get("/_script").json
        time.sleep(0.05)
    assert admin.made("lead", name="Custom Lua Port Lines")["x_port"] == "Cat Lai"
