"""How hits are ranked and what of them is marked."""
import itertools

serial = itertools.count(100)


def first(person, q, lead):
    hits = person.hits(q, limit=20, tables="lead").json["results"]
    return next((h for h in hits if h["id"] == lead["id"]), None)


def marked(text, marks):
    """What is marked; places are counted as JavaScript does."""
    units = text.encode("utf-16-le")
    return [units[2 * a:2 * b].decode("utf-16-le") for a, b in marks]


def made(people, **fields):
    answer = people["li"].post("/lead?duplicates=allow", fields)
    assert answer.status == 201, answer
    return answer.json["row"]


def test_a_match_is_marked_where_it_stands_however_it_was_typed(people):
    lead = made(people, name="😀深圳市长行科技有限公司", contact="Đặng Thị Hương", phone="+86 (755) 2777-8881", email="d.huong@changhang-x.cn")
    for q, want in (("长行", ["长行"]), ("長行", ["长行"]), ("zhanghang", ["长行"]), ("深圳 科技", ["深圳", "科技"]), ("szch", ["深圳", "长行"]),
                    ("shenzhen 长行", ["深圳", "长行"])):
        hit = first(people["li"], q, lead)
        assert hit, q
        assert marked(hit["title"], hit["marks"]) in (want, ["深圳市长行"]), q
        assert "found" not in hit, q
    for q, field, want in (("huong", "contact", ["Hương"]), ("dang hu", "contact", ["Đặng", "Hư"]), ("8881", "phone", ["8881"]),
                           ("27778881", "phone", ["2777-8881"]), ("d.huong", "email", ["d", "huong"]), ("changhang-x.cn", "email", None)):
        hit = first(people["li"], q, lead)
        assert hit and "found" in hit, (q, hit)
        found = hit["found"]
        assert found["field"] == field and found["label"], q
        assert want is None or marked(found["text"], found["marks"]) == want, (q, marked(found["text"], found["marks"]))


def test_a_long_text_is_shown_around_the_match(people):
    lead = made(people, name="Snippet Lines", suppliers="壹贰叁 " * 30 + "马士基航运 " + "肆伍陆 " * 30)
    found = first(people["li"], "马士基", lead)["found"]
    assert len(found["text"]) < 150 and marked(found["text"], found["marks"]) == ["马士基"]


def test_the_whole_comes_before_what_begins_so_before_words_before_the_rest(people):
    names = ["广州鼎泰丰鼎贸", "上海大鼎贸易", "鼎贸国际", "鼎贸"]
    ids = [made(people, name=n)["id"] for n in reversed(names)]
    hits = [h["id"] for h in people["li"].hits("鼎贸", limit=20, tables="lead").json["results"]]
    assert hits[:2] == ids[:2] and set(hits[2:4]) == set(ids[2:])


def test_what_stands_together_comes_before_what_stands_apart(people):
    """However many newer ones have only the parts."""
    together = made(people, name="汕尾鸢鸮物流")
    apart = [made(people, name=f"鸢鸮国际物流{next(serial)}")["id"] for _ in range(40)]
    for q in ("鸢鸮物流", "yuanxiaowuliu"):
        answer = people["li"].hits(q, limit=20, tables="lead").json
        hits = [h["id"] for h in answer["results"]]
        assert hits[0] == together["id"] and set(hits[1:]) <= set(apart) and len(hits) > 8, q
        assert answer["groups"][0]["shown"] == len(hits), q
        assert {r["id"] for r in people["li"].rows("lead", q=q, limit=200)} == {together["id"], *apart}, q


def test_other_ways_to_type_are_marked_too(people):
    lead = made(people, name="珠海远航国际物流有限公司", contact="吕晓洁", phone="0756-33887165-801", city="Söhnewerk", email="mei-ling@yuan-hang.cn")
    for q, want in (("远航物流", ["远航", "物流"]), ("yuan hang", ["远航"]), ("yuan hang wu liu", ["远航", "物流"]), ("zhuhaiyh", ["珠海远航"]),
                    ("yuan航", ["远航"])):
        hit = first(people["li"], q, lead)
        assert hit and marked(hit["title"], hit["marks"]) == want, (q, hit)
    for q, field, want in (("lyu xiaojie", "contact", ["吕晓洁"]), ("xiaojie lv", "contact", ["吕晓洁"]), ("7165", "phone", ["7165"]),
                           ("soehnewerk", "city", ["Söhnewerk"]), ("meil", "email", ["mei-l"])):
        found = first(people["li"], q, lead)["found"]
        assert (found["field"], marked(found["text"], found["marks"])) == (field, want), q


def test_a_full_number_or_address_comes_first(people):
    made(people, name="13912340077 Numbers Ltd", mobile="13912340078")
    phone = made(people, name="Aaa Phones", mobile="139 1234 0077")
    mail = made(people, name="Aaa Mail", email="first.hit@example.org")
    for _ in range(3):
        made(people, name="first hit example orgs", notes="x")
    for q in ("13912340077", "+86 139-1234-0077"):
        assert phone["id"] in [h["id"] for h in people["li"].hits(q, tables="lead").json["results"]][:2], q
    assert people["li"].hits("first.hit@example.org", tables="lead").json["results"][0]["id"] == mail["id"]


def test_ones_own_come_before_others_and_worked_on_before_idle(people):
    name = "Rankingprobe"
    of_li = made(people, name=f"{name} Q{next(serial)}")
    old = people["manager"].made("lead", name=f"{name} Q{next(serial)}")
    of_manager = people["manager"].made("lead", name=f"{name} Q{next(serial)}")
    people["manager"].patch(f"/lead/{old['id']}", 1, {"city": "Ningbo"})
    hits = people["manager"].hits(name, tables="lead").json["results"]
    assert [h["id"] for h in hits] == [old["id"], of_manager["id"], of_li["id"]]
    assert [h["own"] for h in hits] == [True, True, False]


def test_a_group_tells_whether_there_is_more(people):
    for _ in range(4):
        made(people, name=f"Groupprobe {next(serial)}")
    few = people["li"].hits("Groupprobe", limit=2, tables="lead").json
    assert few["groups"] == [{"table": "lead", "shown": 2, "more": True, "late": False}] and len(few["results"]) == 2


def test_a_list_tells_where_its_rows_have_what_was_typed(people):
    lead = made(people, name="Listmark 深圳华中", contact="Đỗ Thị Hà", city="Hà Nội")
    page = people["li"].get("/lead", q="listmark huazhong ha", fields="name,contact,city,phone", marks=1).json
    text = {f: marked(lead[f], m) for f, m in page["marks"][str(lead["id"])].items()}
    assert text == {"name": ["Listmark", "华中"], "contact": ["Hà"], "city": ["Hà"]}
    assert people["li"].get("/lead", fields="name", marks=1).json["marks"] == {}
    assert "marks" not in people["li"].get("/lead", q="listmark", fields="name").json
