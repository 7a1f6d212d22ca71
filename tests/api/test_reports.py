"""Reports that consultants write as SQL in Lua files: numbers are those of what one may see, and nothing else comes out."""
import io
import itertools

import openpyxl
import pytest

number = itertools.count(1)


@pytest.fixture
def reporting(own_site):
    """A server and a function that writes a report and has it read; it gives the problems."""
    site = own_site()
    admin = site.sign_in("demo.admin")
    folder = site.data.parent / "scripts" / "reports"
    folder.mkdir(exist_ok=True)

    def write(name, sql, columns="{name = 'a', type = 'text'}", **more):
        rest = "".join(f"  {k} = {v},\n" for k, v in more.items())
        (folder / f"{name}.lua").write_text(f"-- A report for a test\nreturn {{\n  columns = {{{columns}}},\n{rest}  sql = [[{sql}]],\n}}\n")
        return [p for p in admin.post("/_script/_reload").json["problems"] if p["file"] == f"reports/{name}.lua"]

    return site, admin, write


def rows(person, name, **args):
    answer = person.get(f"/_report/script.{name}/rows", **args)
    assert answer.status == 200, answer
    return answer.json["rows"]


def value(person, name, **args):
    (row,), = [rows(person, name, **args)]
    return row["a"]


def test_the_report_that_comes_with_berth_counts_what_each_person_sees(people):
    for person in people.values():
        page = person.get("/_report/script.leads_by_source").json
        assert [f["name"] for f in page["form"]] == ["since", "owner"] and page["columns"][0]["options"]
        found = rows(person, "leads_by_source")
        seen = person.get("/lead/_aggregate", group="source").json["groups"]
        assert {r["source"]: r["leads"] for r in found} == {g["key"][0]: g["count"] for g in seen}
    li = people["li"]
    mine = li.get("/_session").json["user"]["id"]
    total = sum(r["leads"] for r in rows(li, "leads_by_source", owner=mine))
    assert total == li.get("/lead", filter=["owner_id", "=", mine], count=1).json["total"] > 0
    assert rows(li, "leads_by_source", since="2100-01-01") == []
    assert rows(li, "leads_by_source", since="1 Jan 2100") == []  # the day, not its text, which is before "2026"
    slip = li.get("/_report/script.leads_by_source/rows", sinse="2100-01-01", locale="en")
    assert slip.status == 400 and "since, owner, locale" in slip.json["error"]["message"]
    refused = li.get("/_report/script.leads_by_source/rows", since="yesterday")
    assert refused.status == 422 and "since" in refused.json["error"]["fields"]


def test_the_value_of_customers_is_told_by_industry_and_country_of_what_one_may_see(people):
    lan, minh, alice = people["lan"], people["minh"], people["alice"]
    pick = lambda person: [r for r in rows(person, "customers_value", territory="overseas") if (r["industry"], r["country"]) == ("toys", "VN")]
    assert pick(minh) == pick(lan) == []
    customer = minh.made("customer", name="Value of Toys Ltd.", industry="toys", country="VN", territory="overseas")
    for amount, profit in (("1000", "100"), ("500", "200")):
        deal = minh.made("opportunity", name="Toys by sea", customer_id=customer["id"], amount=amount, profit=profit)
        assert minh.post(f"/opportunity/{deal['id']}/win", {}).status == 200
    for person in (minh, lan):
        found, = pick(person)
        assert (found["customers"], found["again"], found["won"]) == (1, 1, 2)
        assert [float(found[f]) for f in ("revenue", "cost", "profit")] == [1500, 1200, 300]
    assert pick(alice) == []


def test_it_is_named_in_the_readers_language_and_stands_in_the_navigation(people):
    li = people["li"]
    for locale, label in (("vi", "Nguồn khách tiềm năng"), ("zh-TW", "潛在客戶來源分析"), ("en", "Leads by source")):
        assert li.get("/_report/script.leads_by_source", locale=locale).json["label"] == label
        stops = li.get("/_start", locale=locale).json["nav"]
        assert [s["label"] for s in stops if s["to"] == "/r/script/leads_by_source"] == [label]


def test_values_come_as_people_read_them(reporting):
    site, admin, write = reporting
    deal = admin.made("opportunity", name="Report deal", amount="1234.5", close_on="2031-02-03",
                      customer_id=admin.rows("customer", limit=1)[0]["id"])
    columns = "{name='amount', type='money'}, {name='closes', type='date'}, {of='opportunity.owner_id', name='who'}, {name='made', type='time'}, {name='x', type='real'}"
    assert write("values", "SELECT amount, close_on, owner_id, created_at, amount / 2 FROM opportunity WHERE id = :id", columns,
                 form="{{name = 'id', type = 'int'}}") == []
    answer = admin.get("/_report/script.values/rows", id=deal["id"]).json
    row, = answer["rows"]
    assert (row["amount"], row["closes"], row["x"]) == ("1234.50", "2031-02-03", 617.25)
    assert row["made"][:2] == "20" and row["made"][10] == " " and len(row["made"]) == 19
    assert answer["refs"]["user"][str(row["who"])] == admin.get("/_session").json["user"]["name"]
    assert rows(admin, "values", id=0) == []
    assert write("me", "SELECT name || ' ' || :today FROM user WHERE id = :me") == []
    assert value(admin, "me").startswith(admin.get("/_session").json["user"]["name"] + " 20")


def test_a_field_that_a_role_may_not_read_is_empty(reporting):
    site, admin, write = reporting
    role = next(r["id"] for r in admin.rows("role") if r["name"] == "sales")
    li = site.sign_in("demo.li")
    assert write("phones", "SELECT count(phone) || '/' || count(*) FROM lead") == []
    before = value(li, "phones")
    assert not before.startswith("0/")
    admin.made("role_field", role_id=role, on_table="lead", field="phone", access="none")
    assert value(li, "phones") == "0/" + before.split("/")[1]
    admin.ask("PATCH", f"/role_field/{admin.rows('role_field', filter=['field', '=', 'phone'])[0]['id']}", {"access": "mask"}, {"If-Match": "*"})
    assert value(li, "phones") == "0/" + before.split("/")[1]
    assert value(admin, "phones") != "0/" + before.split("/")[1]


def test_a_report_on_details_gives_those_of_what_one_sees(reporting):
    """The SQL need not name what they are details of."""
    site, admin, write = reporting
    li, minh = site.sign_in("demo.li"), site.sign_in("demo.minh")
    deal = minh.made("opportunity", name="Whose details", customer_id=minh.made("customer", name="Whose details Ltd.")["id"])
    minh.made("deal_contact", opportunity_id=deal["id"], person="Somebody else's")
    assert not write("people_of_deals", "SELECT person AS a FROM deal_contact")
    seen = lambda who: [r["a"] for r in rows(who, "people_of_deals")]
    assert "Somebody else's" in seen(minh) and "Somebody else's" in seen(admin)
    assert "Somebody else's" not in seen(li)


def test_somebody_without_the_table_or_the_permission_gets_nothing(reporting):
    site, admin, write = reporting
    assert write("all", "SELECT count(*) FROM lead") == []
    assert write("closed", "SELECT count(*) FROM lead", perm="'pools.whatif'") == []
    li = site.sign_in("demo.li")
    assert li.get("/_report/script.closed/rows").status == li.get("/_report/script.closed").status == 403
    assert admin.get("/_report/script.closed/rows").status == 200
    admin.made("user", name="Report nobody", login="report.nobody")
    nobody = next(u["id"] for u in admin.rows("user", limit=200) if u["name"] == "Report nobody")
    assert admin.post(f"/user/{nobody}/_password", {"password": "report nobody"}).status == 204
    person = site.sign_in("report.nobody", "report nobody")
    assert person.get("/lead").status == 403
    assert str(value(person, "all")) == "0"
    assert site.nobody().get("/_report/script.all/rows").status == 401


@pytest.mark.parametrize("sql", [
    "SELECT password FROM user", "SELECT token FROM session", "SELECT sql FROM sqlite_schema", "SELECT name FROM pragma_table_list",
    "SELECT name FROM main.user", "SELECT hash FROM dup_key, sqlite_sequence", "SELECT * FROM search_lead_data", "DELETE FROM lead",
    "UPDATE user SET name = 'x'", "PRAGMA database_list", "ATTACH '/etc/passwd' AS p", "SELECT load_extension('x')", "SELECT readfile('/etc/passwd')",
    "SELECT zeroblob(100000000)", "SELECT 1; DELETE FROM lead", "WITH lead AS (SELECT hash AS a FROM sqlite_sequence) SELECT a FROM lead",
    "WITH RECURSIVE n(a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM n) SELECT a FROM n", "", "nonsense"])
def test_sql_that_would_read_or_do_more_is_refused_when_it_is_loaded(reporting, sql):
    site, admin, write = reporting
    before = admin.get("/lead", count=1).json["total"]
    problems = write("attack", sql)
    if problems:
        assert len(problems) == 1 and problems[0]["line"] >= 1
        assert admin.get("/_report/script.attack/rows").status == 404
    else:  # such a table is there, and has no rows for anybody
        assert rows(admin, "attack") == []
    assert admin.get("/lead", count=1).json["total"] == before


def test_what_is_wrong_is_told_with_its_line_and_the_version_before_stays(reporting):
    site, admin, write = reporting
    assert write("good", "SELECT 'one'") == []
    for sql, more, what, line in (("SELECT\nnosuch FROM lead", {}, "no such column: nosuch", 5), ("SELECT 1, 2", {}, "gives 2 columns", 3),
                                  ("SELECT :when", {}, "'when'", 4), ("SELECT 1", {"charts2": "''"}, "'charts2'", 4),
                                  ("SELECT 1", {"perm": "'no.such'"}, "no.such", 4), ("SELECT 1", {"form": "{{name = 'x', type = 'nix'}}"}, "'nix' is no type", 4)):
        problem, = write("good", sql, **more)
        assert what in problem["message"] and problem["line"] == line, problem
        assert value(admin, "good") == "one"
    assert write("waits", "SELECT a FROM nosuch", needs="'nosuch'") == []
    assert admin.get("/_report/script.waits").status == 404


def test_what_takes_too_long_ends_and_disturbs_nobody(own_site):
    site = own_site("--request-timeout", "8s")
    admin = site.sign_in("demo.admin")
    (site.data.parent / "scripts" / "reports" / "slow.lua").write_text(
        "-- Endless\nreturn {columns = {{name = 'a', type = 'int'}}, sql = [[SELECT count(*) FROM lead a, lead b, lead c, lead d, lead e]]}\n")
    admin.post("/_script/_reload")
    answer = admin.get("/_report/script.slow/rows")
    assert answer.status == 503 and answer.code == "too_slow", answer
    assert admin.get("/lead", limit=1).status == 200


def test_what_a_report_shows_goes_along_as_a_file_and_is_audited(people):
    admin, li = people["admin"], people["li"]
    body = {"columns": [{"title": "来源", "type": "text"}, {"title": "线索数", "type": "int"}, {"title": "Amount", "type": "money"}, {"title": "Day", "type": "date"}],
            "rows": [["展会", 7, "1234.50", "2026-11-22"], ["=1+1", None, "?", None]]}
    for name in ("script.leads_by_source", "opportunities.funnel"):
        book = li.post(f"/_report/{name}/sheet", {**body, "kind": "xlsx"})
        assert book.status == 200, book
        rows = list(openpyxl.load_workbook(io.BytesIO(book.body)).active.values)
        assert rows[0] == ("来源", "线索数", "Amount", "Day")
        assert rows[1][:3] == ("展会", 7, 1234.5) and str(rows[1][3])[:10] == "2026-11-22"
        assert rows[2][1:] == (None, "?", None)
    text = li.post("/_report/script.leads_by_source/sheet", {**body, "kind": "csv"}).body.decode("utf-8-sig")
    assert text.splitlines()[1].startswith("展会,7,1234.5") and not text.splitlines()[2].startswith("=")
    told = [r["detail"] for r in admin.get("/audit", sort="-id", limit=10).json["rows"] if r["what"] == "export"]
    assert "report opportunities.funnel: 2 rows" in told and told.count("report script.leads_by_source: 2 rows") == 2
    assert li.post("/_report/script.nothing/sheet", {**body, "kind": "csv"}).status == 404
    assert li.post("/_report/script.leads_by_source/sheet", {**body, "kind": "exe"}).status == 422
    assert li.post("/_report/script.leads_by_source/sheet", {"kind": "csv", "rows": []}).status in (400, 422)
