"""Lists in any order and with filters of several values: the pages together are what one sees, once and in order."""
import itertools

import pytest

from test_calendar import day, name

PAGE = 7


def paged(person, table, **query):
    rows, after = [], None
    while True:
        answer = person.get(f"/{table}", limit=PAGE, **query, **({"after": after} if after else {})).json
        rows += answer["rows"]
        after = answer["next"]
        if not after:
            return rows


def in_order(rows, sort):
    """As the host sorts: empty ones first going up; equal ones by id, in the same direction."""
    down, field = sort.startswith("-"), sort.lstrip("-")
    filled = sorted((r for r in rows if r[field] is not None), key=lambda r: (float(r[field]) if field == "base_amount" else r[field], r["id"]), reverse=down)
    empty = sorted((r for r in rows if r[field] is None), key=lambda r: r["id"], reverse=down)
    return [r["id"] for r in (filled + empty if down else empty + filled)]


@pytest.fixture(scope="module")
def deals(people):
    for who, n in itertools.product(("li", "zhang", "alice"), range(9)):
        row = people[who].made("opportunity", name=name("Order"), amount=str(n * 100), **({"close_on": day(n % 4)} if n % 3 else {}))
        if n % 4 == 1:
            assert people[who].post(f"/opportunity/{row['id']}/hold", {}).status == 200
    for who, n in itertools.product(("li", "zhang"), range(12)):
        people[who].made("task", subject=name("Order"), **({"due_on": day(n % 5 - 2)} if n % 4 else {}))


@pytest.mark.parametrize("who", ("admin", "manager", "li", "minh"))
@pytest.mark.parametrize("sort", ("close_on", "-close_on", "base_amount", "-updated_at", "number", "-id", "id"))
def test_deals_of_several_states(people, deals, who, sort):
    person = people[who]
    for where in (["status", "in", ["open", "on_hold"]], {"and": [["status", "in", ["open", "on_hold", "won"]], ["name", "~", "Order"]]},
                  {"and": [["owner_id", "=", people["li"].user["id"]], ["status", "in", ["open", "on_hold"]]]}, ["status", "=", "open"]):
        everything = person.get("/opportunity", filter=where, limit=500).json["rows"]
        got = [r["id"] for r in paged(person, "opportunity", filter=where, sort=sort)]
        assert got == in_order(everything, sort), (who, sort, where)
        assert len(set(got)) == len(got)


@pytest.mark.parametrize("who", ("admin", "manager", "zhang"))
@pytest.mark.parametrize("sort", ("due_on", "-due_on", "-created_at"))
def test_tasks_that_wait(people, deals, who, sort):
    where = ["status", "in", ["new", "accepted", "doing"]]
    everything = people[who].get("/task", filter=where, limit=500).json["rows"]
    assert [r["id"] for r in paged(people[who], "task", filter=where, sort=sort)] == in_order(everything, sort)
