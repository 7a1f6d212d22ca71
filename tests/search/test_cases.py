"""What is typed and which record it must find, how far up: cases.tsv against records.tsv, on a real server.

A case fails alone, with the place the record was found at.  "never": must not be found at all."""
import csv
import pathlib

import pytest

HERE = pathlib.Path(__file__).parent
MOST = 20


def table(name):
    with open(HERE / name, encoding="utf-8", newline="") as f:
        return list(csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE))


CASES = table("cases.tsv")


@pytest.fixture(scope="module")
def records(people):
    return {r["key"]: people["li"].made("lead", **{f: v for f, v in r.items() if f != "key" and v}) for r in table("records.tsv")}


def place(person, query, lead):
    """Where among the leads the record stands, from 1 on; None when it is not found."""
    ids = [r["id"] for r in person.hits(query, limit=MOST, tables="lead").json["results"]]
    return ids.index(lead["id"]) + 1 if lead["id"] in ids else None


def test_there_are_at_least_five_hundred_cases():
    assert len(CASES) >= 500 and len({(c["query"], c["record"]) for c in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c['query']}={c['record']}")
def test_case(case, people, records):
    at = place(people["admin"], case["query"], records[case["record"]])
    if case["rank"] == "never":
        assert at is None
    else:
        assert at is not None and at <= int(case["rank"]), at


@pytest.mark.parametrize("case", [c for c in CASES if c["rank"] != "never"][::7], ids=lambda c: f"{c['query']}={c['record']}")
def test_the_search_box_of_the_list_finds_the_same(case, people, records):
    found = [r["id"] for r in people["admin"].rows("lead", q=case["query"], limit=200)]
    assert records[case["record"]]["id"] in found
