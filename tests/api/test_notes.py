"""Notes, mentions, followers, tags and the timeline: seen with their record, and by nobody else."""
import datetime
import itertools

import pytest

from site_ import COMPANY, until
from test_alerts import alerts

number = itertools.count(1)


def name():
    return f"Story {next(number):03} {id(number) % 991} Lines"


@pytest.fixture
def lead(people):
    return people["li"].made("lead", name=name())


def note(person, lead, text):
    answer = person.post(f"/lead/{lead['id']}/_note", {"text": text})
    assert answer.status == 201, answer
    return answer.json["id"]


def timeline(person, lead, **query):
    """All pages."""
    entries, after = [], None
    while True:
        answer = person.get(f"/lead/{lead['id']}/_timeline", **query, **({"after": after} if after else {}))
        assert answer.status == 200, answer
        entries += answer.json["entries"]
        after = answer.json["next"]
        if not after:
            return entries


def test_history_notes_and_files_are_one_story_newest_first(people, lead):
    li = people["li"]
    first = note(li, lead, "first contact <b>by</b> phone")
    li.patch(f"/lead/{lead['id']}", 1, {"city": "Ningbo"})
    li.ask("POST", f"/lead/{lead['id']}/_files", raw=b"rates", name="rates.txt")
    note(li, lead, "second")
    story = timeline(li, lead)
    assert [e["kind"] for e in story] == ["note", "file", "history", "note", "history"]
    assert story[0]["text"] == "second" and story[1]["file"]["name"] == "rates.txt"
    assert story[2]["changes"][0]["to"] == "Ningbo" and story[3]["id"] == first and story[4]["op"] == "create"
    for limit in (1, 2, 3):
        assert timeline(li, lead, limit=str(limit)) == story
    assert [e["kind"] for e in timeline(li, lead, kinds="note,file")] == ["note", "file", "note"]
    assert [e["kind"] for e in timeline(li, lead, kinds="history", limit="1")] == ["history", "history"]
    assert li.get(f"/lead/{lead['id']}/_timeline", after="zz").status == 400


def test_a_long_story_pages_without_gaps_or_repeats(people, lead):
    li = people["li"]
    for i in range(40):
        note(li, lead, f"n{i}")
        li.patch(f"/lead/{lead['id']}", i + 1, {"city": f"c{i}"})
    story = timeline(li, lead, limit="7")
    assert len(story) == 81 and len({(e["kind"], e["id"]) for e in story}) == 81
    assert [e["text"] for e in story if e["kind"] == "note"] == [f"n{i}" for i in reversed(range(40))]
    assert [e["at"] for e in story] == sorted((e["at"] for e in story), reverse=True)


def test_notes_are_changed_by_their_author_and_checked(people, lead):
    li, manager = people["li"], people["manager"]
    one = note(li, lead, "draft")
    assert li.ask("PATCH", f"/_note/{one}", {"text": "final"}).status in (200, 204)
    assert manager.ask("PATCH", f"/_note/{one}", {"text": "hijacked"}).status == 403
    assert manager.delete(f"/_note/{one}").status == 403
    entry = timeline(manager, lead, kinds="note")[0]
    assert (entry["text"], entry["edited"], entry["mine"]) == ("final", True, False)
    for bad in ("", "  \n", "x" * 10001, None, 5):
        assert li.post(f"/lead/{lead['id']}/_note", {"text": bad}).status == 422
    assert li.delete(f"/_note/{one}").status == 204 and not timeline(li, lead, kinds="note")


def test_who_does_not_see_the_record_sees_and_writes_nothing(people, lead):
    li, zhang = people["li"], people["zhang"]
    one = note(li, lead, "secret")
    for answer in (zhang.get(f"/lead/{lead['id']}/_timeline"), zhang.post(f"/lead/{lead['id']}/_note", {"text": "x"}),
                   zhang.ask("PATCH", f"/_note/{one}", {"text": "x"}), zhang.delete(f"/_note/{one}"),
                   zhang.get(f"/lead/{lead['id']}/_about"), zhang.ask("PUT", f"/lead/{lead['id']}/_follow", {"on": True}),
                   zhang.ask("PUT", f"/lead/{lead['id']}/_tags", {"tags": []})):
        assert answer.status == 404, answer
    assert [e["text"] for e in timeline(li, lead, kinds="note")] == ["secret"]


def test_whoever_is_named_hears_of_it_if_he_may_see_the_record(people, lead):
    li, manager, zhang = people["li"], people["manager"], people["zhang"]
    note(li, lead, f"@[{manager.user['id']}] and @[{zhang.user['id']}] please @[99999] @[x] @[")
    assert until(lambda: [a for a in alerts(manager) if a["record"] == lead["id"] and a["kind"] == "alert.mention"])
    mark = people["zhang"].made("lead", name=name())
    zhang.post(f"/lead/{mark['id']}/_alert", {"text": f"mark {mark['id']}", "minutes": 1})
    assert not [a for a in alerts(zhang) if a["record"] == lead["id"]]


def test_followers_hear_of_notes_and_changes_once_and_not_of_their_own(people, lead):
    li, manager = people["li"], people["manager"]
    assert manager.ask("PUT", f"/lead/{lead['id']}/_follow", {"on": True}).status == 204
    assert manager.get(f"/lead/{lead['id']}/_about").json["follow"] is True
    note(li, lead, "news")
    li.patch(f"/lead/{lead['id']}", 1, {"city": "Ningbo"})
    li.patch(f"/lead/{lead['id']}", 2, {"city": "Xiamen"})

    def heard(person):
        return sorted(a["kind"] for a in alerts(person) if a["record"] == lead["id"])

    assert until(lambda: heard(manager) == ["alert.changed", "alert.note"])
    assert heard(li) == [] and li.get(f"/lead/{lead['id']}/_about").json["follow"] is True
    assert manager.ask("PUT", f"/lead/{lead['id']}/_follow", {"on": False}).status == 204
    assert manager.get(f"/lead/{lead['id']}/_about").json["follow"] is False


def test_tags_are_set_by_who_may_change_the_record_and_filter_lists(people, lead):
    li, manager = people["li"], people["manager"]
    hot = manager.made("tag", name=f"Hot {lead['id']}", color="red")
    cold = manager.made("tag", name=f"Cold {lead['id']}")
    answer = li.ask("PUT", f"/lead/{lead['id']}/_tags", {"tags": [hot["id"], cold["id"], hot["id"]]})
    assert [t["name"] for t in answer.json["tags"]] == [cold["name"], hot["name"]]
    other = li.made("lead", name=name())
    li.ask("PUT", f"/lead/{other['id']}/_tags", {"tags": [cold["id"]]})
    found = [r["id"] for r in li.rows("lead", filter=["_tag", "=", hot["id"]])]
    assert found == [lead["id"]]
    assert {r["id"] for r in li.rows("lead", filter=["_tag", "in", [hot["id"], cold["id"]]])} == {lead["id"], other["id"]}
    assert [r["id"] for r in people["zhang"].rows("lead", filter=["_tag", "=", hot["id"]])] == []
    assert li.ask("PUT", f"/lead/{lead['id']}/_tags", {"tags": [10**9]}).status == 422
    assert li.ask("PUT", f"/lead/{lead['id']}/_tags", {"tags": {"a": hot["id"]}}).status == 422
    assert li.ask("PUT", f"/lead/{other['id']}/_tags", {"tags": {}}).status < 300  # what a script says for none
    assert li.get(f"/lead/{other['id']}/_about").json["labels"]["tags"] == []
    assert manager.delete(f"/tag/{hot['id']}").status == 204
    assert [t["name"] for t in li.get(f"/lead/{lead['id']}/_about").json["labels"]["tags"]] == [cold["name"]]


def test_a_date_that_reminds_raises_one_alert_of_the_owner_at_once_when_it_is_today(people):
    li = people["li"]
    now = datetime.datetime.now(COMPANY)
    lead = li.made("lead", name=name(), next_action_on=now.date().isoformat())
    later = li.made("lead", name=name(), next_action_on=(now.date() + datetime.timedelta(days=9)).isoformat())
    if now.hour >= 9:
        assert until(lambda: [a for a in alerts(li) if a["record"] == lead["id"] and a["kind"] == "alert.remind"])
    assert not [a for state in ("open", "waiting", "done") for a in alerts(li, state) if a["record"] == later["id"]]


def test_the_timeline_shows_activities_alone(people):
    li = people["li"]
    lead = li.made("lead", name="Timeline of rows")
    assert li.post(f"/lead/{lead['id']}/log", {"kind": "call", "note": "they compare prices"}).status == 200
    assert li.post(f"/lead/{lead['id']}/_note", {"text": "a note"}).status in (200, 201)
    entries = li.get(f"/lead/{lead['id']}/_timeline", kinds="rows").json["entries"]
    assert {e["kind"] for e in entries} == {"row"} and entries[0]["table"] == "activity"


def test_what_the_database_does_not_take_is_not_told_as_done(own_site):
    """Tags and choices for alerts that could not be taken off stayed, and were told as taken off."""
    site = own_site()
    li = site.sign_in("demo.li")
    lead, tag = li.made("lead", name=name()), site.sign_in("demo.manager").made("tag", name="Stays")
    path = f"/lead/{lead['id']}"
    assert li.ask("PUT", path + "/_tags", {"tags": [tag["id"]]}).status == 200
    assert li.ask("PUT", "/_alert/_prefs", {"mail": "never"}).status == 200
    site.between_two_runs(*(f"CREATE TRIGGER no_{t} BEFORE {op} ON {t} BEGIN SELECT RAISE(ABORT, 'no'); END"
                            for t, op in (("record_tag", "DELETE"), ("alert_pref", "DELETE"))))
    li = site.sign_in("demo.li")
    assert li.ask("PUT", path + "/_tags", {"tags": []}).status == 500
    assert li.ask("PUT", "/_alert/_prefs", {"mail": "all"}).status == 500
    assert [r["id"] for r in li.rows("lead", filter=["_tag", "=", tag["id"]])] == [lead["id"]]
    assert li.get("/_alert/_prefs").json["mail"] == "never"
