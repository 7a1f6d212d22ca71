"""A language that came as a file: chosen like the four, in English where it says nothing; a bad file harms nobody."""
import json

JAPANESE = {"language": "日本語", "lead.*": "見込み客", "lead.phone": "電話", "ui.home": "ホーム"}


def test_a_language_is_added_by_a_file(own_site, tmp_path):
    folder = tmp_path / "data" / "languages"
    folder.mkdir(parents=True)
    (folder / "ja.json").write_text(json.dumps(JAPANESE))
    (folder / "ko.json").write_text("{ broken")
    (folder / "en.json").write_text(json.dumps({"lead.fax": "Telefax"}))
    (folder / "notes.txt").write_text("no language")
    site = own_site()
    admin = site.sign_in("demo.admin")
    public = admin.get("/_public", locale="ja").json
    assert public["languages"]["ja"] == "日本語" and "ja" in public["locales"] and "ko" not in public["languages"] and public["words"] == {"home": "ホーム"}
    meta = admin.get("/_meta/lead", locale="ja").json
    labels = {f["name"]: f["label"] for f in meta["fields"]}
    assert meta["label"] == "見込み客" and labels["phone"] == "電話" and labels["email"] == "Email" and labels["fax"] == "Telefax"
    assert admin.get("/_meta/lead", locale="ja-JP").json["label"] == "見込み客"
    assert admin.get("/_meta/lead", locale="vi").json["label"] != "見込み客"
    user = admin.rows("user", filter=["login", "=", "demo.li"])[0]
    assert admin.patch(f"/user/{user['id']}", user["version"], {"locale": "ja"}).status == 200
    assert site.sign_in("demo.li").get("/_meta/lead").json["label"] == "見込み客"
    assert admin.patch(f"/user/{user['id']}", user["version"] + 1, {"locale": "fr"}).status == 422
    assert "ko.json" in site.log()


def test_a_language_is_translated_from_all_texts_there_are(people):
    texts = people["admin"].get("/_texts", locale="vi").json
    assert texts["lead.phone"] == people["admin"].get("/_texts", locale="vi").json["lead.phone"] and len(texts) > 1000
    assert people["li"].get("/_texts").status == 403


def test_a_text_is_found_by_what_it_says_in_any_language_or_what_it_belongs_to(people):
    admin = people["admin"]

    def words(q, **more):
        answer = admin.get("/_wordings", q=q, **more)
        assert answer.status == 200, answer
        return answer.json

    phone = next(r for r in words("phone", locale="en", limit=200)["rows"] if r["word"] == "lead.phone")
    assert phone["of"] == admin.get("/_meta/lead", locale="en").json["label"] and set(phone["texts"]) >= {"en", "vi", "zh-CN", "zh-TW"}
    for text in phone["texts"].values():
        assert any(r["word"] == "lead.phone" for r in words(text, limit=200)["rows"]), text
    assert "lead.phone" in [r["word"] for r in words("leads phone", locale="en", limit=200)["rows"]], "by its table as well"
    assert "lead.phone" in [r["word"] for r in words("lead.phone", limit=200)["rows"]], "by its key still"
    assert words("no such words anywhere") == {"rows": [], "next": None}
    first = words("", limit=50)
    second = words("", limit=50, after=first["next"])
    assert len(first["rows"]) == 50 and not {r["word"] for r in first["rows"]} & {r["word"] for r in second["rows"]}
    assert people["li"].get("/_wordings", q="phone").status == 403
    assert admin.get("/_wordings", after="x").status == 400


def test_a_text_that_is_said_otherwise_is_found_by_both_words(people):
    admin = people["admin"]
    made = admin.post("/label", {"locale": "en", "word": "lead.fax", "text": "Telecopier"}).json["row"]
    try:
        for q in ("telecopier", "fax"):
            hit = next(r for r in admin.get("/_wordings", q=q, limit=200).json["rows"] if r["word"] == "lead.fax")
            assert hit["texts"]["en"] == "Fax", "what stands there without it"
    finally:
        assert admin.delete(f"/label/{made['id']}").status in (200, 204)
    assert "lead.fax" not in [r["word"] for r in admin.get("/_wordings", q="telecopier").json["rows"]]


def test_what_an_administrator_named_in_one_language_has_that_name_in_the_others(own_site):
    """Once whoever reads another language saw the key."""
    admin = own_site().sign_in("demo.admin")

    def option(locale):
        field = next(f for f in admin.get("/_meta/lead", locale=locale).json["fields"] if f["name"] == "source")
        return next(o["label"] for o in field["options"] if o["value"] == "douyin")

    def column(locale):
        return next(f["label"] for f in admin.get("/_meta/lead", locale=locale).json["fields"] if f["name"] == "x_berth")

    item = admin.made("dict_item", dict="leads.source", key="douyin", label_zh_cn="抖音")
    admin.made("custom_field", on_table="lead", name="x_berth", type="text", label_vi="Bến tàu")
    assert {option(l) for l in ("zh-CN", "zh-TW", "vi", "en")} == {"抖音"}
    assert {column(l) for l in ("zh-CN", "zh-TW", "vi", "en")} == {"Bến tàu"}
    # the form has a place for each language
    assert {f["name"] for f in admin.get("/_meta/dict_item").json["fields"]} >= {"label_en", "label_zh_cn", "label_zh_tw", "label_vi"}
    assert admin.patch(f"/dict_item/{item['id']}", item["version"], {"label_en": "TikTok", "label_vi": "Đẩu Âm"}).status == 200
    assert [option(l) for l in ("zh-CN", "zh-TW", "vi", "en")] == ["抖音", "TikTok", "Đẩu Âm", "TikTok"]


def test_cards_of_administration_say_what_an_area_does_and_what_is_set_there(people):
    """Once each said that it is set up for the area."""
    said = {}
    for locale in ("en", "zh-CN", "zh-TW", "vi"):
        nav = {n["table"]: n for n in people["admin"].get("/_start", locale=locale).json["nav"] if n["group"] == "admin" and n["table"]}
        plugins = {p["name"]: p for p in people["admin"].get("/_plugins", locale=locale).json["plugins"]}
        labels = {f["name"]: f["label"] for f in people["admin"].get("/_meta/pipeline", locale=locale).json["fields"]}
        assert nav["pipeline"]["fields"][:2] == [labels["name"], labels["department_ids"]]
        assert {p: [s["table"] for s in plugins[p]["set_up"]] for p in ("opportunities", "activities", "leads")} == {
            "opportunities": ["pipeline"], "activities": ["task_plan", "report_template"], "leads": []}
        assert len(plugins["customers"]["settings"]) == 2 and all(plugins["customers"]["settings"])
        registry = {p["name"]: p["about"] for p in people["admin"].get("/_registry", locale=locale).json["plugins"]}
        for name in ("base", "pools", "leads", "customers", "opportunities", "activities"):
            assert registry[name] and registry[name] == plugins[name]["about"], (locale, name)
            said.setdefault(name, set()).add(registry[name])
        for table in ("pipeline", "task_plan", "report_template"):
            said.setdefault(table, set()).add(nav[table]["about"])
    assert all(len(texts) == 4 and None not in texts for texts in said.values()), said
    assert "about" not in next(n for n in people["li"].get("/_start").json["nav"] if n["table"] == "lead")


def test_stages_have_a_name_in_each_language_an_administrator_gave_them(own_site):
    """Once all read the one name that they were made with."""
    site = own_site()
    admin, minh = site.sign_in("demo.admin"), site.sign_in("demo.minh")
    stage = admin.get("/stage", sort="place").json["rows"][0]
    assert admin.patch(f"/stage/{stage['id']}", stage["version"], {"name_vi": "Mới quan tâm", "name_en": None}).status == 200
    pipeline = admin.row(f"/pipeline/{stage['pipeline_id']}")
    assert admin.patch(f"/pipeline/{pipeline['id']}", pipeline["version"], {"name_vi": "Quy trình chuẩn", "name_en": None}).status == 200
    deal = admin.get("/opportunity", filter=["stage_id", "=", stage["id"]]).json["rows"][0]

    def called(locale):
        refs = admin.get(f"/opportunity/{deal['id']}", locale=locale).json["refs"]
        return refs["stage"][str(stage["id"])], refs["pipeline"][str(pipeline["id"])]

    assert called("vi") == ("Mới quan tâm", "Quy trình chuẩn")
    assert called("en") == called("zh-CN") == (stage["name"], pipeline["name"])
    assert called("vi") == ("Mới quan tâm", "Quy trình chuẩn")  # nobody's language is remembered for another
    # what forms, boards and the funnel are drawn from says where the name stands
    assert (admin.get("/_meta/stage", locale="vi").json["said"], admin.get("/_meta/stage", locale="en").json["said"]) == ("name_vi", "name_en")
    field = next(f for f in admin.get("/_meta/opportunity", locale="vi").json["fields"] if f["name"] == "stage_id")
    assert (field["board"]["title"], field["board"]["said"]) == ("name", "name_vi")
    assert "said" not in minh.get("/_meta/lead", locale="vi").json
    report = admin.get("/_report/opportunities.funnel", locale="vi").json
    assert [(c["name"], c["type"], c["of"]) for c in report["columns"]][0] == ("stage", "ref", "stage")
    # history and files of others name it by that, too
    assert minh.user["locale"] == "vi"
    job = admin.job(admin.post("/opportunity/_export", {"kind": "csv", "ids": [deal["id"]], "fields": "name,stage_id"}, locale="vi"))
    assert "Mới quan tâm" in admin.get(f"/_job/{job['id']}/file").body.decode("utf-8-sig")


def test_a_flow_of_approval_and_its_steps_are_named_in_the_readers_language(own_site):
    """What plugins declare was named in the company's language for everybody."""
    site = own_site()
    admin, manager, li = (site.sign_in("demo." + n) for n in ("admin", "manager", "li"))
    row = li.made("customer", name="Named Approval Lines")
    path = f"/customer/{row['id']}/_approval"
    offered = {l: li.get(path, locale=l).json["flows"][0] for l in ("zh-CN", "zh-TW", "vi", "en")}
    assert offered["en"] == "Deal customer" and len(set(offered.values())) == 4, offered
    id = li.post(path, {"flow": offered["vi"]}).json["id"]

    def names(person, locale):
        a = person.get(f"/_approval/{id}", locale=locale).json
        assert a["flow"] == [x for x in person.get(path, locale=locale).json["approvals"] if x["id"] == id][0]["flow"]
        return a["flow"], a["step_name"], a["steps"][0]["name"]

    told = {l: names(li, l) for l in offered}
    assert {l: t[0] for l, t in told.items()} == offered
    assert all(t[1] == t[2] for t in told.values()) and len({t[1] for t in told.values()}) >= 3, told
    # an administrator's own words, for what is asked from then on
    flow = admin.rows("approval_flow", filter=["on_table", "=", "customer"])[0]
    assert admin.patch(f"/approval_flow/{flow['id']}", flow["version"], {"name_vi": "Duyệt riêng", "name_en": None}).status == 200
    other = li.made("customer", name="Named Otherwise Lines")
    flows = {l: li.get(f"/customer/{other['id']}/_approval", locale=l).json["flows"][0] for l in offered}
    assert (flows["vi"], flows["en"]) == ("Duyệt riêng", flow["name"]) and names(li, "vi")[0] == offered["vi"]
