"""The demo's data, its sample file, and the headers of other people's sheets."""
import datetime

import pytest

from site_ import ROOT
from test_import import outcomes, run, text, upload

SAMPLE = ROOT / "share/demo"


@pytest.fixture
def demo(own_site):
    return own_site().sign_in("demo.admin")


def everything(person):
    rows, after = [], ""
    while after is not None:
        page = person.get("/lead", limit=500, sort="id", **({"after": after} if after else {})).json
        rows += page["rows"]
        after = page["next"]
    return rows


def test_the_demo_has_leads_of_every_kind_as_of_today(demo):
    leads = everything(demo)
    today = datetime.datetime.now(datetime.timezone.utc).date()
    assert len(leads) == 302
    assert {r["status"] for r in leads} == {"new", "contacted", "qualified", "converted", "lost"}
    assert {"CN", "VN", "TW", "US"} <= {r["country"] for r in leads}
    assert {r["pool_id"] for r in leads if r["owner_id"] is None} == {1, 2}
    assert len({r["owner_id"] for r in leads}) == 7  # six people and nobody
    assert any(r["pool_reason"] for r in leads)
    for r in leads:  # nothing that the release rule would take at once
        touched = r["touched_at"] and datetime.datetime.fromisoformat(r["touched_at"].replace("Z", "+00:00")).date()
        assert r["owner_id"] is None or r["status"] == "converted" or (today - touched).days < 30, r
    due = [r["next_action_on"] for r in leads if r["next_action_on"]]
    assert min(due) < today.isoformat() < max(due)


def test_a_demo_lead_tells_who_did_what(demo):
    lead = next(r for r in everything(demo) if r["owner_id"] and r["status"] == "qualified")
    entries = demo.get(f"/lead/{lead['id']}/_history").json["entries"]
    said = [e for e in entries if e["op"] == "log"]
    assert said and all(e["note"] and e["by"] == lead["owner_id"] for e in said)
    assert [e["op"] for e in entries][-1] == "create"
    assert all(e["label"] and e["label"] != e["op"] for e in entries)


@pytest.mark.parametrize("name", ["leads-sample.csv", "leads-sample.xlsx"])
def test_the_sample_shows_what_an_import_tells(demo, name):
    look = upload(demo, (SAMPLE / name).read_bytes(), name)
    assert [c["header"] for c in look["columns"] if c["field"] is None] == []
    assert [f["label"] for f in look["fields"] if "." in f["label"] or f["label"] == f["name"]] == []
    job = run(demo, look, dry=True)
    there = {b: job["result"][b] for b in ("duplicate", "held", "pool")}
    assert (job["result"]["new"], sum(there.values()), job["result"]["invalid"]) == (42, 10, 7), job["result"]
    assert there["held"] > 0 and there["pool"] > 0
    rows = outcomes(demo, look).values()
    found = {by for r in rows if r["outcome"] in there and r["record"] for by in r["by"]}
    assert found == {"name", "phone", "mobile", "fax", "email"}
    assert len([r for r in rows if r["outcome"] == "duplicate" and r["same_as"]]) == 2
    assert {r["field"] for r in rows if r["outcome"] == "invalid"} == {"name", "email", "source", "direction"}


HEADERS = [  # as they stand in lists that people send each other
    ("name contact position mobile phone fax email address website commodity notes",
     "客户名称 联系人 职务 手机号码 固定电话 传真号码 E-mail 详细地址 网址 主营产品 备注"),
    ("name contact mobile phone email wechat province city source lanes suppliers monthly_volume",
     "公司全称 姓名 手机 座机 邮箱地址 微信号 省份 城市 客户来源 主要航线 合作货代 每月货量"),
    ("name contact position phone fax email address commodity lanes notes",
     "公司名稱 聯絡人 職稱 聯絡電話 傳真 E-MAIL 公司地址 主要產品 目的港 備註"),
    ("name contact position phone mobile email address province industry commodity",
     "TÊN CÔNG TY|NGƯỜI LIÊN HỆ|CHỨC VỤ|ĐIỆN THOẠI|DI ĐỘNG|EMAIL|ĐỊA CHỈ|TỈNH/THÀNH PHỐ|NGÀNH NGHỀ|MẶT HÀNG"),
    ("name contact phone mobile fax email website notes",
     "Ten cong ty|Ho ten|SDT|ĐTDĐ|Số fax|Địa chỉ email|Trang web|Ghi chú"),
    ("name contact position phone mobile fax email website country city commodity notes",
     "Company Name|Contact Person|Job Title|Tel.|Cell Phone|Fax No.|E-mail Address|Web Site|Country|Town|Products|Remarks"),
]


@pytest.mark.parametrize("fields,headers", HEADERS)
def test_headers_of_real_sheets_find_their_fields(people, fields, headers):
    headers = headers.split("|") if "|" in headers else headers.split()
    look = upload(people["admin"], text([["x"] * len(headers)], header=headers), "theirs.csv")
    assert {c["header"]: c["field"] for c in look["columns"]} == dict(zip(headers, fields.split()))


def test_a_cell_of_several_choices_may_be_written_in_any_way(people):
    person = people["admin"]
    look = upload(person, text([["多航线测试行 8841", "美西、欧洲，地中海；日韩"]], header=["公司名称", "航线"]), "many.csv")
    assert run(person, look)["result"]["new"] == 1
    lead = person.rows("lead", filter=["name", "=", "多航线测试行 8841"])[0]
    assert lead["lanes"] == ["us_west", "europe", "mediterranean", "japan_korea"]
