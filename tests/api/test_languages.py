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
