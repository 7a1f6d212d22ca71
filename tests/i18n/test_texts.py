"""Every text that declarations want or the host's sources name exists in all four languages, says the
same things with the same {values}, and is written in its own script."""
import json
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BERTH_BUILD", ROOT / "build"))
LOCALES = ["en", "zh-CN", "zh-TW", "vi"]
PLUGINS = sorted(p.parent.name for p in ROOT.glob("plugins/*/i18n"))
HOST = "share/i18n"
FOLDERS = [HOST, *(f"plugins/{name}/i18n" for name in PLUGINS), "share/plugin-template/i18n", "share/web/src/locales",
           "share/web/src/locales/pages"]

# What code hands to these through c->args[] or a helper, out of a pattern's sight.
GIVEN = {
    "alert.channel_secrets": {"channel", "what"}, "alert.mail_unfetched": {"n", "why"}, "alert.mail_left": {"n", "why"},
    "due.days": ["days"], "share.told": {"to", "access"}, "share.told_until": {"to", "access", "until"},
    "err.bad_json": {"why"}, "err.bad_param": {"name"}, "err.no_param": {"name", "known"}, "err.custom": {"why"}, "err.sheet": {"why"},
    "err.date_order": {"day", "other"}, "err.date_swap": {"day"}, "err.date_serial": {"day"},
    "err.script": {"script", "why"}, "err.filter_form": {"value"}, "err.filter_field": {"value"},
    "err.filter_op": {"value"}, "err.filter_value": {"value"}, "err.filter_sort": {"value"},
    "err.filter_size": {"value"}, "import.duplicate": {"title", "by"}, "import.duplicate_hidden": {"by"},
    "err.config_section": {"name"}, "err.config_rows": {"name"}, "err.config_refused": {"n"}, "alert.own": {"text"}, "err.file_size": {"max"}, "err.files_mail": {"max"}, "err.files_user": {"max"}, "err.files_total": {"max"}, "import.same_row": {"row", "by"}, "import.invalid": {"field", "why"},
    **{f"import.{k}": {"title", "by", "holder"} for k in ("held", "pool")},
    **{f"import.{k}": {"one", "title", "by"} for k in ("elsewhere", "elsewhere_hidden", "alike", "alike_hidden")},
    "alert.mention": {"who"},
    "alert.shared": {"who"},
    # why.c gives each of its lines what stands there; tests/api/test_why.py reads them
    **{"why." + k: {"who", "owner", "role", "deed", "scope", "field", "access", "pool", "by", "to", "until", "away", "title", "table", "perm", "flow"}
       for k in re.findall(r'(?:BECAUSE|LACKS)\(w, "(\w+)"', (ROOT / "host/record/why.c").read_text())},
    "why.role": {"role", "deed", "scope"}, "why.flag": {"role", "deed", "scope"}, "why.field": {"role", "field", "access"},
    **{f"why.{k}": {"who", "owner"} for k in ("below", "department", "tree")},
    "alert.note": {"who"},
    "alert.mail_in": {"who"},
    "alert.sms_in": {"who"},
    "alert.changed": {"who"},
    "alert.remind": {"field"},
    "alert.remind_days": {"field", "days"},
    **{f"alert.approval_{k}": {"flow", "who", "note"} for k in ("asked", "late", "returned", "approved", "rejected", "withdrawn")},
    "approval.mail_subject": {"flow", "title"}, "approval.mail_text": {"flow", "title", "who", "link"}, "err.approval_locked": {"flow"}, "err.approval_drop_first": {"title", "flow"},
}
# Named by code through a pattern: "err.%s" of a code, "*.op.%s" of a change, "group.%s".
BUILT = {"config.awaited", "config.channels", "config.scripts", "err.conflict", "*.op.create", "*.op.update", "*.op.delete", "*.op.restore", "why.role", "why.flag", "why.field", "why.below", "why.department", "why.tree", "*.op.merge", "*.op.team", "*.op.share", "*.op.unshare", "*.op.split", "*.op.import", "*.op.import_undo", "*.op.file_drop",
         *(f"*.op.approval{k}" for k in ("", "_asked", "_step", "_returned", "_approved", "_rejected", "_withdrawn")),
         "*.op.automation", "*.op.automation_failed", *(f"alert.approval_{k}" for k in ("returned", "approved", "rejected", "withdrawn")),
         "nav.sales", "nav.customers", "nav.work", "nav.other", "nav.admin", "home.given", "home.returning", "home.approvals",
         "*.group.basic", "*.group.record", "*.view.all", "yes", "no"}


def once(pairs):
    assert len(pairs) == len(dict(pairs)), "a key twice"
    return dict(pairs)


def texts(folder, locale):
    return json.loads((ROOT / folder / f"{locale}.json").read_text(), object_pairs_hook=once)


def values(text):
    return set(re.findall(r"{(\w+)}", text))


def sources(*patterns):
    return "\n".join(p.read_text() for pattern in patterns for p in sorted(ROOT.glob(pattern)))


def host_keys():
    c = sources("host/*/*.c")
    keys = set(re.findall(r'"((?:err|import|alert|due|share|approval)\.[a-z_]+)"', c))
    keys |= {"err." + code for code in re.findall(r'\brefuse\(k, [^;]*?"(\w+)"', c)}
    keys |= {"err." + code for code in re.findall(r'known \? "(\w+)"', c)}
    keys |= {"sheet." + key for key in re.findall(r'\bX\([A-Z_]+, "(\w+)"', sources("host/sheet/sheet.h"))}
    said = re.findall(r'(?:REFUSAL\(\w+|http_fail\([^,;]*|refusal \w+ =)[^;"]*?\d+, "(\w+)"', sources("host/web/http*.c", "host/web/static.c"))
    keys |= {"err.http." + code for code in said} & set(texts(HOST, "en"))  # those that a person can meet
    keys |= {"why." + key for key in re.findall(r'(?:BECAUSE|LACKS)\(w, "(\w+)"', c)}
    return keys | BUILT


def test_what_is_wrong_with_a_file_is_said_without_words_of_one_language():
    """Texts in every language held "an XML file" and "its header is wrong"."""
    kinds = re.findall(r'SHEET_E_OTHER, "([^"]*)"', sources("host/sheet/*.c"))
    assert len(kinds) > 10 and all(re.fullmatch(r"[.A-Za-z0-9]+( [0-9])?", kind) for kind in kinds), kinds
    assert "{detail}" not in texts(HOST, "en")["sheet.damaged"]


@pytest.mark.parametrize("folder", FOLDERS)
def test_all_languages_have_the_same_keys_and_values(folder):
    english = texts(folder, "en")
    for locale in LOCALES[1:]:
        other = texts(folder, locale)
        assert set(other) ^ set(english) == set(), locale
        for key, text in english.items():
            assert values(other[key]) == values(text), (locale, key)


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_text_is_empty_or_has_loose_ends(folder):
    for locale in LOCALES:
        for key, text in texts(folder, locale).items():
            assert text.strip() and (text == text.strip() or key in ("comma", "colon", "semicolon")), (locale, key)


@pytest.mark.parametrize("folder", FOLDERS)
def test_each_language_is_written_in_its_own_script(folder):
    """A converted text shows by characters that the other side's old encoding did not have."""
    for locale, encoding in ("zh-CN", "gb2312"), ("zh-TW", "big5"), ("en", "latin-1"), ("vi", "latin-1"):
        for key, text in texts(folder, locale).items():
            if key.startswith("base.locale."):  # languages under their own names
                continue
            for char in re.findall(r"[\u2e80-\u9fff\uf900-\ufaff]", text):
                try:
                    char.encode(encoding)
                except UnicodeEncodeError:
                    pytest.fail(f"{locale} {key}: {char} in {text}")


@pytest.mark.parametrize("folder", FOLDERS)
def test_taiwan_is_not_converted_from_the_mainland(folder):
    mainland = ["信息", "數據", "用戶", "默認", "字段", "郵箱", "導入", "導出", "菜單", "服務器", "軟件", "網絡",
                "鏈接", "保存", "打印", "質量", "視頻", "屏幕", "登錄", "刷新", "賬", "支持該", "後台", "文件", "型別", "合同", "幣種",
                "審批", "許可權", "迴圈", "報道", "計劃", "模板", "反饋", "響應", "彙報", "線索", "批閱", "片區", "傢俱", "拼箱", "合作伙伴"]
    for key, text in texts(folder, "zh-TW").items():
        for word in mainland:
            if key.endswith("~") or (word == "文件" and "文件類型" in text):  # a sheet's headings; DOCTYPE
                continue
            assert word not in text, (key, text)


def test_the_host_has_the_texts_its_sources_name_and_no_other():
    assert set(texts(HOST, "en")) ^ host_keys() == set()


def test_what_the_sources_give_is_what_the_texts_take():
    english = texts(HOST, "en")
    given = {key: set(names) for key, names in GIVEN.items()}
    for key, rest in re.findall(r'ctx_invalid\([^;]*?"(err\.\w+)",([^;]*)\);', sources("host/*/*.c")):
        names = set(re.findall(r'"(\w+)"', rest))
        assert given.setdefault(key, names) == names, f"{key} gets {given[key]} here and {names} there"
    for key, text in english.items():
        if not key.startswith("sheet."):  # tests/sheet
            assert values(text) <= given.get(key, set()), key


@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_plugin_has_the_errors_its_source_names(plugin):
    named = set(re.findall(r'"(\w+\.err\.\w+|err\.\w+)"', sources(f"plugins/{plugin}/*.c")))
    have = set(texts(f"plugins/{plugin}/i18n", "en"))
    assert named - have - set(texts(HOST, "en")) == set()
    assert {k for k in have if ".err." in k} - named == set(), "texts that nothing uses"


@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_plugin_has_the_texts_its_declarations_want(plugin, tmp_path):
    run = subprocess.run([BUILD / "berth", "check", plugin, "--data", tmp_path], capture_output=True, text=True,
                         timeout=60)
    assert run.returncode == 0, run.stderr
    assert "missing" not in run.stdout, run.stdout


def test_what_other_sheets_call_a_column_is_said_once():
    """Two fields with one synonym: the first would take every such column."""
    for plugin in PLUGINS:
        owner = {}
        for locale in LOCALES:
            for key, text in texts(f"plugins/{plugin}/i18n", locale).items():
                if not key.endswith("~"):
                    continue
                table = key.split(".")[0]
                for word in text.split("|"):
                    assert word == word.strip() != "", (locale, key)
                    assert owner.setdefault((table, word.casefold()), key) == key, (locale, key, word)
