"""Leads, customers, opportunities and activities: any of them may be off, and the rest still works."""
import itertools

import pytest

from site_ import day

AREAS = ("leads", "customers", "opportunities", "activities")
TABLE = {"leads": "lead", "customers": "customer", "opportunities": "opportunity", "activities": "activity"}
FIELDS = {"lead": {"name": "Combined Lead Ltd."}, "customer": {"name": "Combined Customer Ltd."},
          "opportunity": {"name": "Combined deal", "amount": "10", "close_on": day(3)},
          "activity": {"subject": "Combined call", "kind": "call", "status": "done", "minutes": 5}}
FIELD_TO_CHANGE = {"lead": "name", "customer": "name", "opportunity": "name", "activity": "subject"}
COMBINATIONS = [on for n in range(len(AREAS) + 1) for on in itertools.combinations(AREAS, n)]


@pytest.mark.parametrize("on", COMBINATIONS, ids=lambda on: "+".join(on) or "none")
def test_what_is_on_works_and_what_is_off_leaves_no_trace(own_site, on):
    site = own_site("--plugins", " ".join(("base", "pools", *on)))
    li, manager = site.sign_in("demo.li"), site.sign_in("demo.manager")
    made = {}
    for area in on:
        table = TABLE[area]
        refers = {f"{t}_id": made[t] for t in made if any(f["name"] == f"{t}_id" and not f.get("readonly") for f in li.get(f"/_meta/{table}").json["fields"])}
        made[table] = li.made(table, **FIELDS[table], **refers)["id"]
    for table, row in made.items():
        got = li.get(f"/{table}/{row}").json
        off = {TABLE[a] for a in AREAS if a not in on}
        assert not [f["name"] for f in li.get(f"/_meta/{table}").json["fields"] if f.get("of") in off]  # nobody is asked for it
        assert li.get(f"/{table}/{row}/_timeline").status == 200
        assert li.patch(f"/{table}/{row}", got["row"]["version"], {FIELD_TO_CHANGE[table]: f"Changed {table} Ltd."}).status == 200
    for person in (li, manager):
        nav = person.get("/_start").json["nav"]
        assert {t for t in TABLE.values() if any(n["table"] == t for n in nav)} == set(made)
        for stop in nav:  # every list with every view, every report
            if stop["table"] is None:
                report = person.get("/_report/" + "/".join(stop["to"].split("/")[2:]).replace("/", "."))
                assert report.status == 200, (stop, report)
                assert person.get("/" + report.json["path"]).status == 200, stop
                continue
            meta = person.get(f"/_meta/{stop['table']}")
            assert meta.status == 200, (stop, meta)
            for view in meta.json["views"]:
                page = person.get(f"/{stop['table']}", view=view["name"], limit=5)
                assert page.status == 200, (stop, view, page)
            for detail in meta.json["details"]:
                assert person.get(f"/_meta/{detail['table']}").status == 200, (stop, detail)
        for path in ("/_todo", "/_home", "/_alert", "/_approval", "/_openapi.json"):
            assert person.get(path).status == 200, path
        assert person.hits("combined").status == 200
    for area in set(AREAS) - set(on):
        assert li.get(f"/{TABLE[area]}").status == 404
    assert site.stop() == 0
    assert "level=error" not in site.log(), site.log()
