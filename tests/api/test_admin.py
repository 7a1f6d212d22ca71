"""What administrators ask of the running host, and that nobody else may."""
import itertools

import pytest

number = itertools.count(1)

ADMIN_ONLY = [("GET", "/_registry"), ("POST", "/role/1/_copy")]


@pytest.mark.parametrize("method,path", ADMIN_ONLY, ids=lambda x: x.strip("/").replace("/", "-"))
def test_only_administrators_reach_it(people, method, path):
    for who in ("manager", "li"):
        answer = people[who].ask(method, path, None if method in ("GET", "DELETE") else {})
        assert (answer.status, answer.code) == (403, "denied"), (who, method, path, answer)
    assert people["admin"].site.nobody().ask(method, path, None if method in ("GET", "DELETE") else {}).status in (401, 403)


def test_the_registry_names_what_is_declared_in_the_readers_language(people):
    of = {locale: people["admin"].get("/_registry", locale=locale).json for locale in ("en", "vi")}
    tables = {t["name"]: t for t in of["en"]["tables"]}
    assert tables["lead"]["owned"] and tables["lead"]["plugin"] == "leads"
    assert "session" not in tables  # the host's bookkeeping
    assert "password_hash" not in [f["name"] for f in tables["user"]["fields"]]
    assert tables["lead"]["label"] != {t["name"]: t for t in of["vi"]["tables"]}["lead"]["label"]
    assert "leads.release_days" in [r["name"] for r in of["en"]["rules"]]
    assert "base.scope" in [d["name"] for d in of["en"]["dicts"]]


def test_a_copied_role_may_what_the_first_may_and_nobody_has_it(people):
    admin = people["admin"]
    old = admin.made("role", name=f"Original {next(number)}", note="with a note")
    admin.made("role_table", role_id=old["id"], on_table="lead", read_scope="tree", update_scope="own", delete_scope="none", can_export=True)
    admin.made("role_field", role_id=old["id"], on_table="lead", field="phone", access="mask")
    admin.made("role_perm", role_id=old["id"], perm="pools.claim")
    admin.made("user_role", role_id=old["id"], user_id=people["alice"].user["id"])
    name = f"Copy {next(number)}"
    answer = admin.post(f"/role/{old['id']}/_copy", {"name": name})
    assert answer.status == 201, answer
    new = answer.json["id"]
    assert admin.row(f"/role/{new}")["note"] == "with a note"
    for table, fields in (("role_table", ("on_table", "read_scope", "update_scope", "delete_scope", "can_create", "can_export", "can_import")),
                          ("role_field", ("on_table", "field", "access")), ("role_perm", ("perm",))):
        rights = [[tuple(r[f] for f in fields) for r in admin.rows(table, filter=["role_id", "=", role])] for role in (old["id"], new)]
        assert rights[0] == rights[1] and rights[0], table
    assert admin.rows("user_role", filter=["role_id", "=", new]) == []
    again = admin.post(f"/role/{old['id']}/_copy", {"name": name})
    assert again.status in (409, 422), again  # names are unique, and nothing of a second copy is left behind
    assert len(admin.rows("role", filter=["name", "=", name])) == 1
    assert admin.post("/role/999999/_copy", {"name": "x"}).status == 404


def test_the_openapi_document_tells_administrators_alone_of_their_routes(people):
    for who, there in (("admin", True), ("li", False)):
        paths = people[who].get("/_openapi.json").json["paths"]
        assert ("/api/_registry" in paths) is there, who
