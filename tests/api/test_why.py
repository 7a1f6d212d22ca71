"""Why somebody may or may not: the verdict is what happens, the words say by what, and nothing hidden is told."""
import json

import pytest

from site_ import PATIENCE
from test_rights import name
from test_sharing import at, me, shared


def why(person, lead, **query):
    answer = person.get(f"/lead/{lead['id']}/_why", **query)
    assert answer.status == 200, answer
    return answer.json


def kinds(answer, of="reasons"):
    return [line["kind"] for line in answer[of]]


def test_the_verdict_is_what_happens(people):
    lead = people["li"].made("lead", name=name("Whyprobe"), city="Ningbo")
    for who in ("admin", "manager", "li", "zhang", "lan", "minh"):
        person = people[who]
        reads = person.get(f"/lead/{lead['id']}").status == 200
        for deed in ("read", "update", "delete"):
            answer = why(person, lead, deed=deed)
            does = {"read": lambda: reads, "update": lambda: reads and person.get(f"/lead/{lead['id']}").json["can"]["update"],
                    "delete": lambda: reads and person.get(f"/lead/{lead['id']}").json["can"]["delete"]}[deed]()
            assert answer["allowed"] == does, (who, deed, answer)
            assert bool(answer["reasons"]) == does and bool(answer["missing"]) == (not does), (who, deed, answer)
            assert all("{" not in line["text"] for line in answer["reasons"] + answer["missing"]), answer


def test_a_role_is_named_as_people_call_it(people):
    lead = people["li"].made("lead", name=name("Whyprobe"))
    for locale, said in (("zh-CN", "销售"), ("vi", "Nhân viên kinh doanh")):
        line, = (x for x in why(people["li"], lead, locale=locale)["reasons"] if x["kind"] == "role")
        assert said in line["text"] and "sales" not in line["text"], line


def test_it_names_role_scope_share_team_helper_deputy_and_pool(people):
    admin, li, zhang, minh, manager = (people[p] for p in ("admin", "li", "zhang", "minh", "manager"))
    lead = li.made("lead", name=name("Whyprobe"))
    assert kinds(why(li, lead)) == ["role", "own"]
    assert kinds(why(manager, lead))[-1] == "below" and kinds(why(admin, lead)) == ["admin"]
    id = shared(li, lead, user_id=me(zhang), until_at=at(3600))
    assert "share_until" in kinds(why(zhang, lead)) and li.user["name"] in json.dumps(why(zhang, lead), ensure_ascii=False)
    assert kinds(why(zhang, lead, deed="update"), "missing") == ["share_reads", "no_owner"]
    assert [a["id"] for a in why(zhang, lead, deed="update")["ask"]][0] == me(li)
    li.delete(f"/_share/{id}")
    li.post(f"/lead/{lead['id']}/_share", {"kind": "team", "user_id": me(zhang), "access": "cooperate"})
    assert "team_member" in kinds(why(zhang, lead, deed="update"))
    helper = li.made("helper", helper_id=me(minh), access="read")
    assert "helper" in kinds(why(minh, lead))
    li.delete(f"/helper/{helper['id']}")
    deputy = li.made("deputy", deputy_id=me(minh), from_at=at(-60), until_at=at(3600))
    assert kinds(why(minh, lead)) == ["deputy", "role", "own"]
    li.delete(f"/deputy/{deputy['id']}")
    pooled = admin.made("lead", name=name("Whyprobe"), owner_id=None, pool_id=1)
    assert kinds(why(li, pooled)) == ["role", "pool"]
    assert kinds(why(admin, pooled, user=me(minh)), "missing") == ["no_pool"]
    assert kinds(why(admin, lead, user=me(minh)), "missing") == ["no_owner"]


def test_what_one_may_not_see_is_as_if_it_were_not_there(people):
    minh = people["minh"]
    lead = people["li"].made("lead", name=name("Whyprobe"))
    hidden, none = why(minh, lead), why(minh, {"id": 999999})
    assert hidden == none and hidden["allowed"] is False
    assert people["li"].user["name"] not in json.dumps(hidden, ensure_ascii=False)
    assert lead["name"] not in json.dumps(hidden, ensure_ascii=False)


def test_one_asks_about_oneself_and_those_below(people):
    lead = people["li"].made("lead", name=name("Whyprobe"))
    assert people["li"].get(f"/lead/{lead['id']}/_why", user=me(people["zhang"])).status == 403
    assert people["li"].get(f"/lead/{lead['id']}/_why", user=me(people["manager"])).status == 403
    assert why(people["manager"], lead, user=me(people["zhang"]))["user"]["id"] == me(people["zhang"])
    assert people["admin"].get(f"/lead/{lead['id']}/_why", user=999999).status == 404


@pytest.mark.parametrize("access", ["none", "mask", "read"])
def test_a_field_is_explained_by_the_role_that_closes_it(site, people, access):
    admin = people["admin"]
    role = admin.made("role", name=name("Whyrole"))
    admin.made("role_table", role_id=role["id"], on_table="lead", read_scope="all", update_scope="all")
    admin.made("role_field", role_id=role["id"], on_table="lead", field="city", access=access)
    user = admin.made("user", name="Why Tester", login=name("why").replace(" ", "").lower())
    admin.made("user_role", user_id=user["id"], role_id=role["id"])
    lead = people["li"].made("lead", name=name("Whyprobe"), city="Secret")
    for deed in ("read", "update"):
        answer = why(admin, lead, user=user["id"], field="city", deed=deed)
        assert answer["allowed"] == (access == "read" and deed == "read")
        assert "field" in kinds(answer, "reasons" if answer["allowed"] else "missing")
    assert kinds(why(people["li"], lead, field="created_at", deed="update"), "missing") == ["locked"]
    assert people["li"].get(f"/lead/{lead['id']}/_why", field="nonsense").status == 404


def test_actions_and_tables_are_explained(people):
    li, admin = people["li"], people["admin"]
    lead = li.made("lead", name=name("Whyprobe"))
    answer = why(li, lead, deed="claim")
    assert not answer["allowed"] and "not_now" in kinds(answer, "missing")
    assert why(li, lead, deed="release")["allowed"]
    assert "no_perm" in kinds(why(li, lead, deed="swap"), "missing")
    table = li.get("/lead/_why", deed="export").json
    assert not table["allowed"] and kinds(table, "missing") == ["no_role"]
    assert li.get("/lead/_why", deed="import").json["allowed"]
    assert admin.get("/lead/_why", deed="export").json["allowed"]
    assert li.get("/lead/_why", deed="nonsense").status == 404


def test_a_detail_is_explained_by_what_it_is_part_of(people):
    li = people["li"]
    customer = li.made("customer", name=name("Whyprobe"))
    account = li.made("customer_address", customer_id=customer["id"], address="1 Harbour Road")
    answer = li.get(f"/customer_address/{account['id']}/_why").json
    assert answer["allowed"] and kinds(answer) == ["detail", "role", "own"]


def test_scripts_ask_why_too(own_site):
    site = own_site()
    admin, li = site.sign_in("demo.admin"), site.sign_in("demo.li")
    (site.data.parent / "scripts/hooks/whys.lua").parent.mkdir(exist_ok=True)
    (site.data.parent / "scripts/hooks/whys.lua").write_text("""-- Leads whose city says so are refused in the words of berth.why.
on("lead", "before_update", function(lead)
  if lead.city == "Why" then
    local yes, words = berth.why(lead, nil, "delete")
    berth.error("city", tostring(yes) .. ": " .. words)
  end
end)
""")
    assert admin.post("/_script/_reload").json["problems"] == []
    lead = li.made("lead", name="Script Why Shipping")
    answer = li.patch(f"/lead/{lead['id']}", 1, {"city": "Why"})
    assert answer.status == 422
    said = answer.json["error"]["fields"]["city"]["message"]
    assert said.startswith("false: ") and why(li, lead, deed="delete")["missing"][0]["text"] in said


def test_the_command_line_says_why_beside_a_running_server(own_site):
    import subprocess

    from site_ import BUILD
    site = own_site()
    li = site.sign_in("demo.li")
    lead = li.made("lead", name="Command Why Shipping")

    def berth(*words):
        return subprocess.run([BUILD / "berth", "why", *words, "--data", site.data, "--language", "en"], capture_output=True, text=True, timeout=PATIENCE)
    yes, no = berth("demo.li", "lead", str(lead["id"])), berth("demo.minh", "lead", str(lead["id"]), "--deed", "update")
    assert yes.returncode == 0 and "owns it" in yes.stdout, yes
    assert no.returncode == 1 and "do not reach that far" in no.stdout and "ask:" in no.stdout, no
    assert berth("nobody", "lead").returncode == 1 and berth("demo.li", "nonsense").returncode == 1
