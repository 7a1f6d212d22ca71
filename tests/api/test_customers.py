"""Customers: codes, people, relations, pools, approval, care, and what other plugins attach."""
import itertools

import pytest

import site_

number = itertools.count(1)


def name(what="Custprobe"):
    return f"{what} {next(number)} {id(number) % 9973} Holdings"


@pytest.fixture
def customer(people):
    return people["li"].made("customer", name=name(), country="CN")


CODES = [
    ("CN", "credit_code", "91440300708461136T", "91440300708461136T"),
    ("CN", "tax_code", "9144 0300 7084 6113 6t", "91440300708461136T"),
    ("VN", "tax_code", "0100109106", "0100109106"),
    ("VN", "tax_code", "0100109106 011", "0100109106-011"),
    ("TW", "tax_code", "04595257", "04595257"),
    ("US", "tax_code", "12-3456789", "12-3456789"),
]


@pytest.mark.parametrize("country,field,typed,kept", CODES)
def test_right_codes_are_taken_as_they_are_printed(people, country, field, typed, kept):
    row = people["admin"].post("/customer", {"name": name(), "country": country, field: typed}, duplicates_="allow").json["row"]
    assert row[field] == kept


@pytest.mark.parametrize("country,field,typed", [
    ("CN", "credit_code", "91440300708461136X"), ("CN", "credit_code", "9144030070846113"), ("CN", "tax_code", "914403007084611361"),
    ("VN", "tax_code", "0100109107"), ("VN", "tax_code", "0100109106-000"), ("VN", "tax_code", "abc"), ("TW", "tax_code", "04595258")])
def test_wrong_codes_are_refused_and_say_which(people, country, field, typed):
    answer = people["li"].post("/customer", {"name": name(), "country": country, field: typed})
    assert answer.status == 422 and answer.json["error"]["fields"][field]["message"].strip()


def test_a_code_tells_a_company_that_is_there_already(people):
    made = people["li"].made("customer", name=name(), country="VN", tax_code="0300942001")
    answer = people["zhang"].post("/customer", {"name": name(), "country": "VN", "tax_code": "0300-942-001"})
    assert answer.status == 409 and answer.code == "duplicate"
    match, = answer.json["error"]["matches"]
    assert match["by"] == ["tax_code"] and match["id"] != made["id"]  # somebody else's: only that there is one
    lead = people["li"].post("/lead", {"name": made["name"]})
    assert lead.status == 409 and lead.json["error"]["matches"][0]["table"] == "customer"


def test_customers_lie_in_pools_like_leads(people):
    admin, li, minh = people["admin"], people["li"], people["minh"]
    pool = admin.made("pool", name=name("Pool"), on_table="customer")
    admin.made("pool_member", pool_id=pool["id"], department_id=2)
    row = admin.made("customer", name=name(), pool_id=pool["id"])
    assert row["owner_id"] is None and minh.get(f"/customer/{row['id']}").status == 404
    assert row["id"] in [r["id"] for r in li.rows("customer", view="potential")]
    contact = admin.made("contact", name="In the pool", customer_id=row["id"])
    assert contact["owner_id"] is None
    assert li.post(f"/customer/{row['id']}/claim").status == 200
    assert li.row(f"/contact/{contact['id']}")["owner_id"] == li.user["id"]  # people follow their company
    assert row["id"] in [r["id"] for r in li.rows("customer", view="mine")]
    assert row["id"] in [r["id"] for r in people["manager"].rows("customer", view="team")]


def test_contacts_are_seen_with_their_company_and_by_nobody_else(people, customer):
    li, zhang, manager = people["li"], people["zhang"], people["manager"]
    contact = li.made("contact", name="王芳", customer_id=customer["id"], role="decides", influence="high", superior_id=None)
    assert zhang.get(f"/contact/{contact['id']}").status == 404
    assert zhang.post("/contact", {"name": "x", "customer_id": customer["id"]}).status == 422
    assert zhang.rows("contact", filter=["customer_id", "=", customer["id"]]) == []
    assert manager.row(f"/contact/{contact['id']}")["name"] == "王芳"
    li.post(f"/customer/{customer['id']}/transfer", {"to_id": zhang.user["id"]})
    assert zhang.row(f"/contact/{contact['id']}")["owner_id"] == zhang.user["id"]
    assert li.get(f"/contact/{contact['id']}").status == 404


def test_a_person_works_at_several_companies(people, customer):
    li = people["li"]
    other = li.made("customer", name=name())
    contact = li.made("contact", name="林", customer_id=customer["id"])
    li.made("contact_link", contact_id=contact["id"], customer_id=other["id"], position="董事")
    assert [r["contact_id"] for r in li.rows("contact_link", filter=["customer_id", "=", other["id"]])] == [contact["id"]]
    assert li.post("/contact_link", {"contact_id": contact["id"], "customer_id": other["id"]}).status == 409
    assert people["minh"].rows("contact_link", filter=["customer_id", "=", other["id"]]) == []


def test_nobody_also_works_at_their_own_company(people, customer):
    li = people["li"]
    contact = li.made("contact", name="阮", customer_id=customer["id"])
    texts = set()
    for locale in ("zh-CN", "zh-TW", "vi", "en"):
        refused = li.post("/contact_link", {"contact_id": contact["id"], "customer_id": customer["id"]}, locale=locale)
        assert refused.status == 422 and refused.json["error"]["fields"].keys() == {"customer_id"}
        texts.add(refused.json["error"]["fields"]["customer_id"]["message"])
    assert len(texts) == 4
    link = li.made("contact_link", contact_id=contact["id"], customer_id=li.made("customer", name=name())["id"])
    assert li.patch(f"/contact_link/{link['id']}", link["version"], {"customer_id": customer["id"]}).status == 422
    assert li.patch(f"/contact_link/{link['id']}", link["version"], {"since_on": "2026-02-01", "until_on": "2026-01-01"}).status == 422
    assert [r["customer_id"] for r in li.rows("contact_link", filter=["contact_id", "=", contact["id"]])] == [link["customer_id"]]


def test_personal_data_are_off_need_consent_and_end_for_good(own_site):
    site = own_site()
    admin, li, manager = (site.sign_in("demo." + n) for n in ("admin", "li", "manager"))
    customer = li.made("customer", name=name())
    contact = li.made("contact", name="赵", customer_id=customer["id"])
    pack = {"contact_id": contact["id"], "consent": True, "blood_type": "ab", "spouse": "secret-spouse"}
    assert admin.post("/contact_private", pack).status == 422  # off
    admin.made("setting", name="customers.personal_data", value="true")
    assert li.post("/contact_private", pack).status == 403
    assert admin.post("/contact_private", {**pack, "consent": False}).status == 422
    made = admin.made("contact_private", **pack)
    assert made["consent_on"] and manager.get(f"/contact_private/{made['id']}").status in (403, 404)
    assert "secret-spouse" not in str(manager.get(f"/contact/{contact['id']}/_history").json)
    assert li.post(f"/contact/{contact['id']}/erase").status == 403
    assert manager.post(f"/contact/{contact['id']}/erase").status == 200
    assert admin.get(f"/contact_private/{made['id']}").status == 404
    assert admin.post(f"/contact_private/{made['id']}/_restore").status == 404
    assert [e["op"] for e in li.get(f"/contact/{contact['id']}/_history").json["entries"]][0] == "erase"


def test_the_photo_of_the_personal_pack_is_a_file_of_that_record(own_site):
    site = own_site()
    admin = site.sign_in("demo.admin")
    admin.made("setting", name="customers.personal_data", value="true")
    customer = admin.made("customer", name=name())
    packs = [admin.made("contact_private", contact_id=admin.made("contact", name=f"Pictured {n}", customer_id=customer["id"])["id"], consent=True, consent_on="2026-01-01",
                        consent_how="form") for n in range(2)]
    put = lambda pack: admin.ask("POST", f"/contact_private/{pack['id']}/_files", raw=b"\x89PNG\r\n\x1a\n" + b"\0" * 32, name="face.png").json["file"]["id"]
    path = f"/contact_private/{packs[0]['id']}"
    other = admin.patch(path, admin.row(path)["version"], {"photo": put(packs[1])})
    assert other.status == 422 and "photo" in other.json["error"]["fields"] and admin.row(path)["photo"] is None
    mine = put(packs[0])
    assert admin.patch(path, admin.row(path)["version"], {"photo": mine}).status == 200
    assert admin.row(path)["photo"] == mine


def test_relations_are_walked_from_any_node(people):
    li, minh = people["li"], people["minh"]
    a, b, far = (li.made("customer", name=name()) for _ in range(3))
    person = li.made("contact", name="Net", customer_id=a["id"])
    li.made("party_relation", kind="supplies", from_customer_id=a["id"], to_customer_id=b["id"], since_on="2024-01-01")
    li.made("party_relation", kind="works_at", from_contact_id=person["id"], to_customer_id=b["id"])
    li.made("party_relation", kind="agent_of", from_customer_id=b["id"], to_customer_id=far["id"])
    for bad in ({"from_customer_id": a["id"]}, {"from_customer_id": a["id"], "to_customer_id": a["id"]},
                {"from_customer_id": a["id"], "to_customer_id": b["id"], "since_on": "2024-01-02", "until_on": "2024-01-01"}):
        assert li.post("/party_relation", {"kind": "partner", **bad}).status == 422

    def nodes(who, **query):
        answer = who.get("/relations", **{k: str(v) for k, v in query.items()})
        return {n["node"] for n in answer.json["nodes"]} if answer.status == 200 else answer.status

    every = {f"customer:{r['id']}" for r in (a, b, far)} | {f"contact:{person['id']}"}
    assert nodes(li, table="customer", id=a["id"]) == every
    assert nodes(li, table="contact", id=person["id"]) == every
    assert nodes(li, table="customer", id=far["id"], hops=1) == {f"customer:{far['id']}", f"customer:{b['id']}"}
    links = li.get("/relations", table="customer", id=str(a["id"])).json["links"]
    assert {k["kind"] for k in links} == {"supplies", "works_at", "agent_of"} and all(k["label"] for k in links)
    assert nodes(minh, table="customer", id=a["id"]) == 404
    for other in ("user", "lead", ""):  # not answered as if it said customer
        refused = li.get("/relations", table=other, id=str(a["id"]))
        assert refused.status == 422 and refused.json["error"]["fields"].keys() == {"table"}, other
    # what lies behind a hidden node stays hidden
    manager = people["manager"]
    li.post(f"/customer/{b['id']}/transfer", {"to_id": people["zhang"].user["id"]})
    assert nodes(li, table="customer", id=a["id"]) == {f"customer:{a['id']}"}
    assert nodes(manager, table="customer", id=a["id"]) == every


def test_approval_before_the_first_deal(own_site):
    site = own_site()
    admin, li, manager = (site.sign_in("demo." + n) for n in ("admin", "li", "manager"))
    row = li.made("customer", name=name())
    path = f"/customer/{row['id']}"
    admin.made("setting", name="customers.approve_first", value="true")
    refused = li.patch(path, row["version"], {"lifecycle": "customer"})
    assert refused.status == 422 and "lifecycle" in refused.json["error"]["fields"]
    assert li.patch(path, row["version"], {"approval": "approved"}).status == 422  # set by the approval only
    id = li.post(path + "/_approval", {"note": "first order"}).json["id"]
    asked = li.row(path)
    assert (asked["approval"], asked["approval_note"]) == ("requested", "first order")
    assert li.post(f"/_approval/{id}/approve", {}).status == 403
    assert manager.post(f"/_approval/{id}/approve", {}).status == 200
    row = li.row(path)
    assert row["approval"] == "approved" and row["approved_by"] == manager.user["id"]
    assert li.patch(path, row["version"], {"lifecycle": "customer"}).status == 200
    own = manager.made("customer", name=name())
    id = manager.post(f"/customer/{own['id']}/_approval", {}).json["id"]
    assert manager.post(f"/_approval/{id}/approve", {}).status == 403
    assert manager.row(f"/customer/{own['id']}")["approval"] == "requested"


def test_activity_follows_the_rule_unless_it_is_fixed(people, customer):
    li = people["li"]
    path = f"/customer/{customer['id']}"
    assert li.post(path + "/log", {"kind": "call", "note": "x"}).json["row"]["activity"] == "high"
    row = li.row(path)
    row = li.patch(path, row["version"], {"activity": "low", "activity_fixed": True}).json["row"]
    li.post(path + "/log", {"kind": "call", "note": "y"})
    assert li.row(path)["activity"] == "low"


def test_the_customer_page_shows_what_other_plugins_know(people, customer):
    li = people["li"]
    details = {d["table"] for d in li.get("/_meta/customer").json["details"]}
    assert {"contact", "activity", "task", "customer_bank", "party_relation", "customer_sop"} <= details
    labels = [d["label"] for d in li.get("/_meta/customer").json["details"]]
    assert len(set(labels)) == len(labels)  # both ends of relations are told apart
    contact = li.made("contact", name="about", customer_id=customer["id"])
    li.post(f"/contact/{contact['id']}/log", {"kind": "call", "note": "through the person"})
    assert [a["subject"] for a in li.rows("activity", filter=["customer_id", "=", customer["id"]])] == ["through the person"]
    for table, fields in (("customer_bank", {"bank": "ICBC", "account": "6222"}), ("customer_year", {"year": 2025, "revenue": "1000000.50"}),
                          ("customer_need", {"service": "air", "supplier": "X", "state": "unhappy"}),
                          ("customer_booking", {"service": "sea_fcl", "from_on": "2027-01-01", "budget": "5000", "currency": "USD"}),
                          ("customer_mention", {"title": "Wins award", "medium": "press"}), ("customer_resource", {"name": "EDI"}),
                          ("customer_address", {"address": "Lot 3"}), ("customer_sop", {"title": "Pick-up", "text": "Call first"})):
        made = li.made(table, customer_id=customer["id"], **fields)
        assert people["minh"].get(f"/{table}/{made['id']}").status == 404
        assert people["zhang"].post(f"/{table}", {"customer_id": customer["id"], **fields}).status in (403, 422)
        assert [r["id"] for r in people["manager"].rows(table, filter=["customer_id", "=", customer["id"]])] == [made["id"]]
    assert li.post("/customer_year", {"customer_id": customer["id"], "year": 2025}).status == 409


def test_days_to_remember_come_every_year_and_ring(people, customer):
    li = people["li"]
    today = site_.today()
    # in a leap year, in which every day was
    event = li.made("customer_event", customer_id=customer["id"], name="周年庆", on_day=f"2000-{today:%m-%d}")
    assert event["next_on"] == today.isoformat() or site_.today() > today
    leap = li.made("customer_event", customer_id=customer["id"], name="leap", on_day="2024-02-29")
    assert leap["next_on"][5:] in ("02-29", "03-01") and leap["next_on"] >= today.isoformat()
    contact = li.made("contact", name="born", customer_id=customer["id"], birthday=f"1992-{today:%m-%d}")
    assert people["admin"].post("/_timer/customers.care").status == 200
    alerts = {(a["table"], a["record"]) for s in ("waiting", "open") for a in li.get("/_alert", state=s, limit="200").json["alerts"]}
    assert ("contact", contact["id"]) in alerts and ("customer_event", event["id"]) in alerts


def test_a_day_is_not_told_before_less_than_no_days(people, customer):
    li = people["li"]
    event = li.made("customer_event", customer_id=customer["id"], name="fair", on_day="2026-05-01", remind_days=0)
    for refused in (li.post("/customer_event", {"customer_id": customer["id"], "name": "x", "on_day": "2026-05-01", "remind_days": -3}),
                    li.patch(f"/customer_event/{event['id']}", event["version"], {"remind_days": -1})):
        assert refused.status == 422 and refused.json["error"]["fields"].keys() == {"remind_days"}
    assert [r["remind_days"] for r in li.rows("customer_event", filter=["customer_id", "=", customer["id"]])] == [0]


def test_a_group_has_no_circle(people):
    li = people["li"]
    a = li.made("customer", name=name())
    b = li.made("customer", name=name(), parent_id=a["id"])
    answer = li.patch(f"/customer/{a['id']}", a["version"], {"parent_id": b["id"]})
    assert answer.status == 422 and "parent_id" in answer.json["error"]["fields"]


def test_a_company_with_people_is_not_deleted(people):
    manager = people["manager"]
    row = manager.made("customer", name=name())
    contact = manager.made("contact", name="stays", customer_id=row["id"])
    assert manager.delete(f"/customer/{row['id']}").status == 409
    assert manager.delete(f"/contact/{contact['id']}").status == 204
    assert manager.delete(f"/customer/{row['id']}").status == 204


def test_customers_work_without_leads_and_activities(own_site):
    site = own_site("--plugins", "base pools customers")
    li = site.sign_in("demo.li")
    row = li.made("customer", name=name())
    meta = li.get("/_meta/customer").json
    assert "log" not in {a["name"] for a in meta["actions"]} and {"contact"} <= {d["table"] for d in meta["details"]}
    assert len(li.rows("customer", view="mine")) > 1 and li.row(f"/customer/{row['id']}")["number"]


def test_hard_customers_come_onto_the_managers_list_and_none_is_forgotten(people):
    admin, manager, li, zhang, minh = (people[n] for n in ("admin", "manager", "li", "zhang", "minh"))
    customers = [li.made("customer", name=name(), is_hard=True, hard_reason="price war") for _ in range(3)]
    run = lambda: admin.post("/_timer/customers.hard")
    assert run().status == 200
    cases = lambda person: {r["customer_id"]: r for r in person.rows("hard_case", view="open")}
    mine = cases(manager)
    assert {c["id"] for c in customers} <= set(mine)
    case = mine[customers[0]["id"]]
    assert (case["from_id"], case["reason"], case["owner_id"]) == (li.user["id"], "price war", manager.user["id"]) and case["month_on"].endswith("-01")
    assert run().status == 200 and cases(manager).keys() == mine.keys()  # once a month each
    assert minh.get(f"/hard_case/{case['id']}").status == 404
    assert li.post(f"/hard_case/{case['id']}/hand_over", {"to_id": li.user["id"]}).status in (403, 404)
    assert li.row(f"/customer/{customers[0]['id']}")["owner_id"] == li.user["id"]
    # handed on in one step, several at once
    answer = manager.post("/hard_case/hand_over", {"ids": [cases(manager)[c["id"]]["id"] for c in customers[:2]], "form": {"to_id": zhang.user["id"], "note": "knows them"}})
    assert answer.json["done"] == 2, answer
    for c in customers[:2]:
        row = zhang.row(f"/customer/{c['id']}")
        assert (row["owner_id"], row["is_hard"], row["hard_reason"]) == (zhang.user["id"], False, None)
        assert c["id"] not in cases(manager)
    handed, = manager.rows("hard_case", filter=["customer_id", "=", customers[0]["id"]])
    assert (handed["decision"], handed["to_id"], handed["note"]) == ("handed", zhang.user["id"], "knows them")
    assert manager.post(f"/hard_case/{handed['id']}/keep", {}).status == 409
    last = cases(manager)[customers[2]["id"]]
    assert manager.post(f"/hard_case/{last['id']}/hand_over", {"to_id": li.user["id"]}).status == 422  # it is hers already
    assert manager.post(f"/hard_case/{last['id']}/give_up", {"note": "no more"}).status == 200
    row = manager.row(f"/customer/{last['customer_id']}")
    assert (row["owner_id"], row["lifecycle"], row["churned"]) == (None, "lost", True)


def test_greetings_go_out_by_rule_on_the_day(own_site, tmp_path):
    site = own_site()
    admin, li = site.sign_in("demo.admin"), site.sign_in("demo.li")
    scripts = tmp_path / "scripts/rules"
    (scripts / "customers.greet_contact.lua").write_text('-- Birthdays.\nreturn function(contact, customer)\n  return "born today"\nend\n')
    (scripts / "customers.greet_event.lua").write_text('-- Company days.\nreturn function(event, customer)\n  if event.kind == "anniversary" then return "anniversary" end\nend\n')
    admin.made("mail_template", name="born today", on_table="contact", subject_en="Happy birthday, {name}", body_en="From all of us.", subject_vi="Chúc mừng sinh nhật {name}", body_vi="Thân ái.")
    admin.made("mail_template", name="anniversary", on_table="customer_event", subject_en="{name}", body_en="Congratulations.")
    today = site_.today()
    company = li.made("customer", name=name(), country="VN", email="office@greet.example")
    people_ = {key: li.made("contact", name=key, customer_id=company["id"], birthday=f"1980-{today:%m-%d}", email=f"{key}@greet.example", **more)
               for key, more in {"greeted": {}, "refuses": {"no_greetings": True}, "gone": {"has_left": True}}.items()}
    event = li.made("customer_event", customer_id=company["id"], name="20 years", kind="anniversary", on_day=f"2008-{today:%m-%d}")
    other = li.made("customer_event", customer_id=company["id"], name="fair", kind="fair", on_day=f"2008-{today:%m-%d}")
    mails = lambda table, row: [(e["to"], e["subject"]) for e in li.get(f"/{table}/{row['id']}/_timeline").json["entries"] if e["kind"] == "mail"]
    assert admin.post("/_script/_reload").status == 200
    for _ in range(2):  # the second run of a day greets nobody again
        assert admin.post("/_timer/customers.care").status == 200
    assert mails("contact", people_["greeted"]) == [("greeted@greet.example", "Chúc mừng sinh nhật greeted")]
    assert mails("contact", people_["refuses"]) == mails("contact", people_["gone"]) == []
    assert li.row(f"/contact/{people_['greeted']['id']}")["greeted_on"] == today.isoformat()
    told = [e["label"] for e in li.get(f"/contact/{people_['greeted']['id']}/_history", locale="zh-CN").json["entries"]]
    assert told[0] == "提醒生日与纪念日"  # and not the name of the timer
    assert mails("customer_event", event) == [("office@greet.example", "20 years")] and mails("customer_event", other) == []


def test_the_churn_mark_follows_the_lifecycle_however_it_changes(people, customer):
    li, path = people["li"], f"/customer/{customer['id']}"
    for stage, churned in ("customer", False), ("lost", True), ("prospect", False), ("dormant", True), ("customer", False):
        assert li.patch(path, li.row(path)["version"], {"lifecycle": stage}).status == 200
        assert li.row(path)["churned"] is churned, stage


def test_credit_is_not_less_than_nothing(people, customer):
    li, path = people["li"], f"/customer/{customer['id']}"
    for field, value in ("credit_limit", "-1"), ("payment_days", -3):
        refused = li.patch(path, li.row(path)["version"], {field: value})
        assert refused.status == 422 and refused.json["error"]["fields"].keys() == {field}
        assert li.row(path)[field] is None


def test_who_works_there_too_stands_in_the_buying_centre(people, customer):
    li = people["li"]
    other = li.made("customer", name=name())
    person = li.made("contact", name="Two Hats", customer_id=other["id"], position="director", influence="high")
    link = li.made("contact_link", contact_id=person["id"], customer_id=customer["id"], position="adviser")
    there = lambda c: [(r["name"], r["position"]) for r in li.get("/customers/buying", id=c["id"]).json["rows"]]
    assert there(customer) == [("Two Hats", "adviser")] and there(other) == [("Two Hats", "director")]
    assert people["minh"].get("/customers/buying", id=customer["id"]).status == 404
    li.patch(f"/contact_link/{link['id']}", link["version"], {"until_on": site_.day(-1)})
    assert there(customer) == []


def test_who_reads_a_company_by_a_share_reads_its_buying_centre(people, customer):
    li, minh = people["li"], people["minh"]
    li.made("contact", name="Seen By Share", customer_id=customer["id"])
    assert minh.get("/customers/buying", id=customer["id"]).status == 404
    assert li.post(f"/customer/{customer['id']}/_share", {"kind": "share", "access": "read", "user_id": minh.user["id"]}).status == 201
    names = [r["name"] for r in minh.get("/customers/buying", id=customer["id"]).json["rows"]]
    assert names == ["Seen By Share"] == [r["name"] for r in minh.rows("contact", filter=["customer_id", "=", customer["id"]])]


def test_the_buying_centre_lists_the_influential_first(people):
    li, minh = people["li"], people["minh"]
    company = li.made("customer", name=name())
    boss = li.made("contact", name="Boss", customer_id=company["id"], role="decides", influence="high", attitude="against")
    li.made("contact", name="Clerk", customer_id=company["id"], influence="low", superior_id=boss["id"])
    li.made("contact", name="Left", customer_id=company["id"], influence="high", has_left=True)
    li.made("contact", name="Buyer", customer_id=company["id"], influence="medium", superior_id=boss["id"])
    rows = li.get("/customers/buying", id=str(company["id"])).json["rows"]
    assert [(r["name"], r["superior"]) for r in rows] == [("Boss", None), ("Buyer", "Boss"), ("Clerk", "Boss")]
    assert rows[0]["attitude"] == "against"
    assert minh.get("/customers/buying", id=str(company["id"])).status == 404
    assert "customers.buying" in li.get("/_meta/customer").json["reports"]


AREAS = "base pools leads customers opportunities activities"


def test_what_an_area_that_comes_later_knows_stands_on_the_customer_the_deal_and_their_tasks(own_site):
    """Quotes and payments of a plugin that knows nobody's code, and whom nobody knows."""
    path = ("--plugin_path", f"{site_.BUILD}/plugins:{site_.BUILD}/tests/plugins")
    site = own_site("--plugins", AREAS + " quotes", *path)
    li, zhang, minh, manager = (site.sign_in("demo." + n) for n in ("li", "zhang", "minh", "manager"))
    customer = li.made("customer", name=name())
    deal = li.made("opportunity", name="Quoted", customer_id=customer["id"])
    task = li.made("task", subject="Ask for the order", customer_id=customer["id"], opportunity_id=deal["id"])
    of_customer = manager.made("quote", name="Q1", customer_id=customer["id"], total="10", owner_id=zhang.user["id"])
    of_deal = li.made("quote", name="Q2", opportunity_id=deal["id"], total="20")
    paid = manager.made("payment", name="P1", customer_id=customer["id"], paid="5")
    details = lambda who, table: {(d["table"], d["by"], d["through"]) for d in who.get(f"/_meta/{table}").json["details"] if d["table"] in ("quote", "payment")}
    assert details(li, "customer") == {("quote", "customer_id", None)} and details(manager, "customer") == {("quote", "customer_id", None), ("payment", "customer_id", None)}
    assert details(li, "opportunity") == {("quote", "opportunity_id", None)}
    assert details(manager, "task") == {("quote", "customer_id", "customer_id"), ("quote", "opportunity_id", "opportunity_id"), ("payment", "customer_id", "customer_id")}
    # by way of the record that one may read, also what is a colleague's; without it, only one's own; and nothing of strangers'
    quotes = lambda who, **query: [r["id"] for r in who.rows("quote", **query)]
    of = lambda field, row: [field, "=", row["id"]]
    assert quotes(li, filter=of("customer_id", customer)) == [of_customer["id"]] and quotes(li, filter=of("opportunity_id", deal)) == [of_deal["id"]]
    assert quotes(li) == [of_deal["id"]] and quotes(zhang) == [of_customer["id"]]
    assert li.row(f"/quote/{of_customer['id']}")["total"] == "10.00" and li.patch(f"/quote/{of_customer['id']}", 1, {"total": "1"}).status == 403
    assert li.get("/quote/_aggregate", filter=of("customer_id", customer), sum="total").json["total"] == {"count": 1, "sum": {"total": "10.00"}}
    assert minh.get(f"/customer/{customer['id']}").status == 404 and quotes(minh, filter=of("customer_id", customer)) == []
    assert minh.get(f"/quote/{of_customer['id']}").status == 404 and li.get("/payment", filter=of("customer_id", customer)).status == 403
    assert manager.rows("payment", filter=of("customer_id", customer))[0]["id"] == paid["id"]
    assert of_customer["id"] in [e["id"] for e in li.get(f"/customer/{customer['id']}/_timeline").json["entries"] if e.get("table") == "quote"]
    # the rest works without it, and its rows wait
    assert site.stop() == 0
    off = own_site("--plugins", AREAS, *path)
    li = off.sign_in("demo.li")
    assert details(li, "customer") == details(li, "task") == set() and li.get("/quote").status == 404
    assert li.row(f"/task/{task['id']}")["customer_id"] == customer["id"]
