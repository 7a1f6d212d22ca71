"""Titles of what records point at: remembered by the server, never older than the last save, never shown to those
who may not see the record."""


def custom_reference(admin):
    """A field of leads that points at another lead, so that titles of owned records show in lists."""
    answer = admin.post("/custom_field", {"on_table": "lead", "name": "x_twin", "type": "ref", "of": "lead"})
    assert answer.status == 201, answer
    return answer.json["row"]["name"]


def titles(person, table, **query):
    answer = person.get("/lead", **query)
    assert answer.status == 200, answer
    return answer.json["refs"].get(table, {})


def test_a_new_name_shows_in_the_next_list_and_record(own_site):
    site = own_site()
    admin = site.sign_in("demo.admin")
    user = admin.made("user", login="twice", name="Before Marriage")
    lead = admin.made("lead", name="Renamed Owner Freight", owner_id=user["id"])
    path, key = f"/lead/{lead['id']}", str(user["id"])
    for name in ("After Marriage", "Third Name"):
        assert titles(admin, "user", filter=["id", "=", lead["id"]])[key] == user["name"]
        assert admin.get(path).json["refs"]["user"][key] == user["name"]
        user = admin.patch(f"/user/{user['id']}", user["version"], {"name": name}).json["row"]
    assert titles(admin, "user", filter=["id", "=", lead["id"]])[key] == "Third Name"


def test_a_title_goes_and_comes_with_the_right_to_see_the_record(own_site):
    site = own_site()
    admin, li, zhang = (site.sign_in("demo." + n) for n in ("admin", "li", "zhang"))
    twin = custom_reference(admin)
    target = li.made("lead", name="Target of a Reference")
    admin.made("lead", name="Points There A", owner_id=li.user["id"], **{twin: target["id"]})
    admin.made("lead", name="Points There B", owner_id=zhang.user["id"], **{twin: target["id"]})
    key = str(target["id"])

    def shown(person):
        return titles(person, "lead", filter=[twin, "=", target["id"]]).get(key)

    assert shown(admin) == shown(li) == "Target of a Reference"  # now it is remembered
    assert shown(zhang) is None
    assert li.get("/lead", filter=[twin, "=", target["id"]]).json["rows"]
    version = admin.row(f"/lead/{target['id']}")["version"]
    assert admin.patch(f"/lead/{target['id']}", version, {"owner_id": zhang.user["id"]}).status == 200
    assert shown(li) is None
    assert shown(zhang) == "Target of a Reference"
    assert admin.delete(f"/lead/{target['id']}").status == 204
    assert shown(admin) is None and shown(zhang) is None
    assert admin.post(f"/lead/{target['id']}/_restore").status == 200
    assert shown(admin) == shown(zhang) == "Target of a Reference"
