"""Hooks written in Lua, as users and administrators meet them."""

import pytest

from site_ import until


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


def test_what_a_hook_sets_keeps_within_the_bounds_of_the_field(hooked):
    _, admin, script = hooked
    assert script("hooks/terms.lua", "-- Terms by name\non('customer', 'before_save', function(customer)\n"
                  "  if customer.name == 'Bound by script' then customer.payment_days = -4 end\nend)\n")["problems"] == []
    refused = admin.post("/customer", {"name": "Bound by script", "country": "CN"})
    assert refused.status == 422 and refused.json["error"]["fields"].keys() == {"payment_days"}, refused
    assert not admin.rows("customer", filter=["name", "=", "Bound by script"])


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
    assert until(lambda: [s for s in admin.get("/_script").json["scripts"] if s["file"] == "hooks/mark.lua"])
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
    assert until(lambda: not admin.get("/_script").json["problems"]), admin.get("/_script").json
    assert admin.made("lead", name="Custom Lua Port Lines")["x_port"] == "Cat Lai"


SHARES = """-- A record for somebody, and back (a test).
on("lead", "after_save", function(lead)
  local user = tonumber(lead.suppliers or "")
  if lead.city == "Shareville" then
    berth.share(lead, {user_id = user})
    berth.share(lead, {user_id = user, kind = "team", access = "cooperate", part = "rates", quiet = true})
    local s = berth.shares(lead)
    berth.log("shared: " .. tostring(s.may) .. " " .. s.team[1].part .. " " .. #s.shares)
  elseif lead.city == "Backville" then
    for _, one in ipairs(berth.shares(lead).team) do
      berth.unshare(one.id)
    end
  elseif lead.city == "Pastville" then
    berth.share(lead, {user_id = user, until_at = "2001-01-01T00:00:00Z"})
  end
end)
"""


def test_a_script_shares_a_record_and_takes_it_back(own_site):
    site = own_site()
    (site.data.parent / "scripts/hooks/shares.lua").write_text(SHARES)
    admin, li, zhang = (site.sign_in("demo." + name) for name in ("admin", "li", "zhang"))
    assert admin.post("/_script/_reload").status == 200
    row = li.made("lead", name="Script Shares Lines", city="Shareville", suppliers=str(zhang.user["id"]))
    path = f"/lead/{row['id']}"
    got = li.get(path + "/_share").json
    assert [(s["user_id"], s["access"], s["part"]) for s in got["team"]] == [(zhang.user["id"], "cooperate", "rates")]
    assert [(s["user_id"], s["access"]) for s in got["shares"]] == [(zhang.user["id"], "read")]
    assert "shared: true rates 1" in site.log()
    told = lambda: len([a for a in zhang.get("/_alert").json["alerts"] if (a["table"], a["record"]) == ("lead", row["id"])])  # the demo's own come at nine
    assert until(told) and told() == 1  # the quiet one told nothing
    seen = zhang.row(path)
    assert zhang.patch(path, seen["version"], {"city": "Nowhere"}).status == 200
    assert li.patch(path, li.row(path)["version"], {"city": "Backville"}).status == 200
    assert li.get(path + "/_share").json["team"] == []
    assert zhang.patch(path, zhang.row(path)["version"], {"city": "Nowhere"}).status == 403  # the share to read is left
    refused = li.patch(path, li.row(path)["version"], {"city": "Pastville"})
    assert refused.status == 422 and refused.json["error"]["fields"].keys() == {"until_at"}, refused
    assert li.row(path)["city"] == "Backville"


CALLS = """-- What scripts do around records (a test).
on("lead", "after_insert", function(lead)
  if lead.city == "Callville" then
    berth.call("POST /lead/" .. lead.id .. "/_note", {text = "by a script"})
    local page = berth.call("GET /lead/" .. lead.id .. "/_timeline", {kinds = "note"})
    local file = berth.attach(lead, "a.txt", page.entries[1].text)
    berth.call("PUT /lead/" .. lead.id .. "/_follow", {on = true})
    berth.attach(lead, "b.txt", berth.file(file) .. ", again", file)
    local found = berth.call("GET /lead", {filter = {"city", "=", "Callville"}, limit = 5, count = true})
    local row = berth.call("GET /lead/" .. lead.id)
    lead = berth.load("lead", lead.id)
    lead.suppliers = found.total .. " " .. row.row.name
    berth.save(lead)
  elseif lead.city == "Badville" then
    berth.call("POST /_token", {name = "x"})
  end
end)
every("2s", "keeper", function()
  for lead in berth.find("lead", "city = 'Timerville'") do
    if #berth.call("GET /lead/" .. lead.id .. "/_timeline", {kinds = "note"}).entries == 0 then
      berth.call("POST /lead/" .. lead.id .. "/_note", {text = "by the clock"})
    end
  end
end)
"""

RULE = """-- A rule that wants to write (a test).
return function(lead)
  local yes = pcall(berth.call, "POST /lead/" .. lead.id .. "/_note", {text = "by a rule"})
  return yes and 1 or 77
end
"""


def test_scripts_reach_what_rest_offers_around_records(own_site):
    site = own_site()
    (site.data.parent / "scripts/hooks/calls.lua").write_text(CALLS)
    (site.data.parent / "scripts/rules/leads.release_days.lua").write_text(RULE)
    admin, li = site.sign_in("demo.admin"), site.sign_in("demo.li")
    assert admin.post("/_script/_reload").status == 200
    assert [s for s in admin.get("/_script").json["scripts"] if s.get("error")] == []

    def notes(row):
        return [e["text"] for e in li.get(f"/lead/{row['id']}/_timeline", kinds="note").json["entries"]]
    row = li.made("lead", name="Scripted Calls Lines", city="Callville")
    assert notes(row) == ["by a script"]  # and the rule, asked when it falls back, wrote none
    (file,) = li.get(f"/lead/{row['id']}/_files").json["files"]
    assert (file["no"], file["by"], li.get(f"/_file/{file['id']}").body) == (2, li.user["id"], b"by a script, again")
    assert li.get(f"/lead/{row['id']}/_about").json["follow"] is True
    assert li.row(f"/lead/{row['id']}")["suppliers"] == "1 Scripted Calls Lines"
    answer = li.post("/lead", {"name": "Scripted Bad Lines", "city": "Badville"})
    assert answer.status >= 400 and li.rows("lead", filter=["city", "=", "Badville"]) == []
    assert li.get("/_token").json["tokens"] == []
    timed = li.made("lead", name="Scripted Clock Lines", city="Timerville")
    li.until(f"/lead/{timed['id']}", lambda _: notes(timed) == ["by the clock"])
