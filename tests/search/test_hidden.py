"""What somebody may not see: search and its counts say nothing of it."""
import itertools
import random

import pytest

serial = itertools.count(1)


def word():
    return "zq" + "".join(random.Random(next(serial)).choices("bcdfghkmnpqrtvwx", k=9))


def shown(person, q):
    """All that search says about a word, on every way to ask."""
    palette = person.hits(q, limit=20).json
    page = person.get("/lead", q=q, count=1, limit=200).json
    by_name = person.get("/lead", q=q, sort="name", count=1, limit=200).json
    return {"palette": [(r["table"], r["id"]) for r in palette["results"]], "groups": palette["groups"],
            "list": [r["id"] for r in page["rows"]], "total": page["total"], "refs": page["refs"], "next": page["next"],
            "sorted": sorted(r["id"] for r in by_name["rows"]), "sorted_total": by_name["total"]}


@pytest.mark.parametrize("who", ["zhang", "minh", "lan", "alice"])
def test_a_hidden_records_word_answers_like_a_word_that_nothing_has(people, who):
    hidden = word()
    people["li"].made("lead", name=f"{hidden} Shipping", notes=f"secret {hidden}", email=f"{hidden}@example.com")
    assert shown(people["li"], hidden)["total"] == 1
    assert shown(people[who], hidden) == shown(people[who], word())


@pytest.mark.parametrize("who", ["zhang", "minh", "lan", "alice"])
def test_parts_of_a_hidden_name_answer_like_those_of_no_name(people, who):
    """What may stand apart is not asked for more loosely where a hidden record is: its words say nothing either."""
    r = random.Random(next(serial) + 1000)
    hidden, nobody = ("".join(chr(r.randrange(0x8d00, 0x8fd0)) for _ in range(2)) for _ in range(2))
    people["li"].made("lead", name=f"{hidden}国际物流", contact=f"{hidden}晓洁")
    for ask in ("{}物流", "{}国际物流", "{}wuliu", "{} guo ji"):
        assert shown(people["li"], ask.format(hidden))["total"] == 1, ask
        assert shown(people[who], ask.format(hidden)) == shown(people[who], ask.format(nobody)), ask


def test_titles_that_begin_alike_are_found_only_where_they_may_be_seen(people):
    start = word()
    mine = people["minh"].made("lead", name=f"{start} Ours")
    people["li"].made("lead", name=f"{start} Theirs")
    for q in (start, start[:6], f"{start} O"):
        assert shown(people["minh"], q)["palette"] == [("lead", mine["id"])]
        assert shown(people["minh"], q)["total"] == 1
    assert shown(people["minh"], f"{start} Theirs") == shown(people["minh"], word())


def test_a_record_handed_over_is_found_by_its_new_owner_alone_and_at_once(people):
    name = word()
    lead = people["li"].made("lead", name=f"{name} Freight")
    assert shown(people["li"], name)["total"] == 1
    answer = people["manager"].post(f"/lead/{lead['id']}/transfer", {"to_id": people["zhang"].user["id"]})
    assert answer.status == 200, answer
    assert shown(people["zhang"], name)["list"] == [lead["id"]] and shown(people["zhang"], name)["total"] == 1
    assert shown(people["li"], name) == shown(people["li"], word())


def test_everybody_finds_exactly_what_they_see_of_what_matches(people):
    """Property: of any word, a person's hits are the administrator's hits among the person's records."""
    common = word()
    owners = [p for n, p in people.items() if n != "admin"]
    for i in range(30):
        owners[i % len(owners)].made("lead", name=f"{common} {['Alpha', 'Beta', '华中', '深圳'][i % 4]} {word()}",
                                     city=["Ningbo", "Hà Nội", "上海"][i % 3])
    sees = {n: {r["id"] for r in p.rows("lead", limit=500)} for n, p in people.items()}
    for q in (common, f"{common} alpha", f"beta {common}", f"{common} 华中", f"hz {common}", f"{common} ha noi", "ning", "华", "a", "ha", f"{common}华中物流", "hua zhong", "华中宁波", "hanoi", "hz ha noi"):
        every = {r["id"] for r in people["admin"].rows("lead", q=q, limit=500)}
        for name, person in people.items():
            rows = {r["id"] for r in person.rows("lead", q=q, limit=500)}
            assert rows == every & sees[name], (q, name)
            assert person.get("/lead", q=q, count=1, limit=1).json["total"] == len(rows), (q, name)
            hits = {r["id"] for r in person.hits(q, limit=20, tables="lead").json["results"]}
            assert hits <= rows and len(hits) >= min(len(rows), 8), (q, name)


def test_one_table_is_asked_alone_and_an_unknown_one_is_empty(people):
    name = word()
    people["li"].made("lead", name=name)
    assert [r["table"] for r in people["li"].hits(name, tables="lead").json["results"]] == ["lead"]
    assert people["li"].hits(name, tables="user,nothing").json == {"results": [], "groups": []}
    assert people["li"].hits(name, what="x").status == 400


def test_nothing_typed_finds_nothing(people):
    for q in ("", "  ", "\"*-", "。"):
        assert people["li"].hits(q).json == {"results": [], "groups": []}
