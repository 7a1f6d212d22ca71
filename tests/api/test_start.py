"""The first start, the supervised worker, and what the host tells of itself."""
import os
import pathlib
import re
import signal
import sqlite3
import subprocess
import time

import site_
from site_ import BUILD, Person, Site


class Bare(Site):
    """A server without demo data."""

    def start(self):
        self.log_file = open(self.log_path, "ab")
        self.process = subprocess.Popen(
            [BUILD / "berth", "serve", "--listen", "127.0.0.1:0", "--data", self.data, "--no-supervisor"],
            stdout=subprocess.PIPE, stderr=self.log_file, text=True)
        line = self.process.stdout.readline()
        self.port = int(re.search(r"http://127\.0\.0\.1:(\d+)", line)[1])


def test_the_first_start_prints_a_link_that_works_once(tmp_path):
    site = Bare(tmp_path / "data")
    try:
        link = re.search(r"(http://\S+)/setup#(\S+)", site.log())
        assert link, site.log()
        nobody = site.nobody()
        assert nobody.get("/_public").json["setup"] is True
        assert nobody.post("/_session", {"login": "admin", "password": "admin"}).status == 401
        wrong = nobody.post("/_setup", {"token": "setup_" + "x" * 43, "login": "boss", "password": "correct horse"})
        assert wrong.status == 403
        short = nobody.post("/_setup", {"token": link[2], "login": "boss", "password": "12345678"})
        assert short.status == 422 and "password" in short.json["error"]["fields"]
        answer = nobody.post("/_setup", {"token": link[2], "login": "boss", "name": "Boss", "password": "correct horse"})
        assert answer.status == 200 and answer.json["user"]["admin"] is True
        assert nobody.get("/_public").json["setup"] is False
        again = nobody.post("/_setup", {"token": link[2], "login": "boss2", "password": "correct horse"})
        assert again.status == 403
        boss = site.sign_in("boss", "correct horse")
        assert boss.rows("lead") == [] and len(boss.rows("user")) == 1
    finally:
        assert site.stop() == 0


def test_a_restart_keeps_sessions_and_a_second_start_prints_no_link(own_site):
    site = own_site()
    li = site.sign_in("demo.li")
    lead = li.made("lead", name="Restart Probe Shipping")
    assert site.stop() == 0
    site.start()
    again = Person(site, cookie=li.cookie)
    assert again.row(f"/lead/{lead['id']}")["name"] == "Restart Probe Shipping"
    assert "/setup#" not in site.log()


def test_the_worker_is_replaced_under_load_and_after_a_crash_without_refusing_anybody(own_site):
    site = own_site(supervised=True)
    li = site.sign_in("demo.li")
    answers = [li.get("/lead").status]
    site.process.send_signal(signal.SIGUSR2)
    until = time.monotonic() + 20  # long enough for the new worker; nothing depends on it
    while time.monotonic() < until and len(answers) < 400:
        answers.append(Person(site, cookie=li.cookie).get("/_session").status)
    assert set(answers) == {200}, set(answers)
    children = pathlib.Path(f"/proc/{site.process.pid}/task/{site.process.pid}/children").read_text().split()
    assert children
    os.kill(int(children[0]), signal.SIGKILL)
    assert Person(site, cookie=li.cookie).get("/_session").status == 200
    assert site.stop() == 0


def test_the_interface_describes_itself(people):
    doc = people["admin"].get("/_openapi.json").json
    assert doc["openapi"].startswith("3.0") and "/api/lead/{id}/claim" in doc["paths"]
    ids = [op["operationId"] for path in doc["paths"].values() for m, op in path.items() if m != "parameters"]
    assert len(ids) == len(set(ids))

    def refs(node):
        if isinstance(node, dict):
            if "$ref" in node:
                yield node["$ref"]
            for v in node.values():
                yield from refs(v)
        elif isinstance(node, list):
            for v in node:
                yield from refs(v)

    for ref in set(refs(doc)):
        at = doc
        for part in ref[2:].split("/"):
            at = at[part]
    for path, item in doc["paths"].items():  # /api/_channel/{name} told nothing of its name, which a validator refuses
        for op in (o for method, o in item.items() if method != "parameters"):
            told = [p["name"] for p in item.get("parameters", []) + op.get("parameters", []) if p.get("in") == "path"]
            assert sorted(told) == sorted(re.findall(r"{(\w+)}", path)), path
    takes = lambda path, method: [p["name"] for p in doc["paths"][path][method].get("parameters", []) if p.get("in") == "query"]
    for path, method in (("/api/lead", "get"), ("/api/lead", "post"), ("/api/lead/{id}", "get"), ("/api/lead/{id}", "patch"), ("/api/lead/{id}/claim", "post")):
        assert "fields" in takes(path, method), path
    assert takes("/api/lead/{id}", "delete") == [] and takes("/api/lead/{id}/_history", "get") == ["after", "limit"]
    assert {"tile", "marks", "at"} <= set(takes("/api/lead", "get")) and takes("/api/_script/text", "delete") == ["file", "hash"]
    assert all(p["description"] for item in doc["paths"].values() for m, op in item.items() if m != "parameters" for p in op.get("parameters", []) if "in" in p)
    named = doc["components"]["parameters"]
    for path, item in doc["paths"].items():
        for method, op in ((m, o) for m, o in item.items() if m != "parameters"):
            all_of = [named[p["$ref"].rsplit("/", 1)[1]] if "$ref" in p else p for p in item.get("parameters", []) + op.get("parameters", [])]
            told = [(p["name"], p["in"]) for p in all_of]
            assert len(told) == len(set(told)) and ("locale", "query") in told, (path, method, told)
    keyed = lambda path: {"$ref": "#/components/parameters/idempotency_key"} in doc["paths"][path]["post"]["parameters"]
    assert keyed("/api/_channel/{name}/test") and not keyed("/api/_invited") and not keyed("/api/_inbound/{name}")  # of nobody's no key is kept
    sales = people["li"].get("/_openapi.json").json
    assert "/api/role" not in sales["paths"] and "delete" not in sales["paths"]["/api/lead/{id}"]


def test_metadata_carries_labels_in_all_four_languages_and_an_etag(people):
    labels = set()
    for locale in ("zh-CN", "zh-TW", "vi", "en"):
        answer = people["li"].ask("GET", f"/_meta/lead?locale={locale}")
        meta = answer.json
        labels.add(meta["label"])
        for field in meta["fields"]:
            if not field["custom"]:
                assert field["label"] and (locale == "en" or field["label"] != field["name"]), (locale, field["name"])
        cached = people["li"].ask("GET", f"/_meta/lead?locale={locale}", headers={"If-None-Match": answer.headers["ETag"]})
        assert cached.status == 304
    assert len(labels) == 4


def test_passwords_are_hashed_as_the_configuration_says_and_old_ones_anew(tmp_path):
    """`berth user` hashed with the program's own limits, and what was hashed once stayed so for ever."""
    def memory():
        db = sqlite3.connect(tmp_path / "data" / "berth.db")
        (text,), = db.execute("SELECT password_hash FROM user WHERE login = 'root'")
        db.close()
        return int(re.search(r"m=(\d+),t=3,", text)[1]) // 1024

    def password(*words, size):
        done = subprocess.run([BUILD / "berth", "user", *words, "--password", "correct horse", "--password_memory", size, "--data", tmp_path / "data"],
                              capture_output=True, text=True, timeout=site_.PATIENCE)
        assert done.returncode == 0, done
        return memory()

    assert password("add", "root", "--admin", size="8M") == 8
    assert password("password", "root", size="32M") == 32
    site = Bare(tmp_path / "data")
    try:
        assert site.nobody().post("/_session", {"login": "root", "password": "wrong horse"}).status == 401
        assert memory() == 32
        site.sign_in("root", "correct horse")
        assert memory() == 19
        site.sign_in("root", "correct horse")
    finally:
        assert site.stop() == 0


def test_the_command_line_imports_adds_users_and_backs_up(tmp_path):
    def berth(*words, ok=True, stdin=None):
        done = subprocess.run([BUILD / "berth", *words, "--data", tmp_path / "data"], capture_output=True, text=True,
                              input=stdin, timeout=site_.PATIENCE)
        assert (done.returncode == 0) == ok, (words, done)
        return done.stdout + done.stderr

    berth("user", "add", "root", "--admin", stdin="correct horse\n")
    berth("user", "add", "weak", "--password", "password1", ok=False)
    listed = berth("user", "list")
    assert "root" in listed and "weak" not in listed
    sheet = tmp_path / "leads.csv"
    sheet.write_text("Firma,Tel,Mail\nHanse Spedition GmbH,+49 40 1234567,info@hanse.example.de\n,1,2\n")
    out = berth("import", str(sheet), "--table", "lead", "--map", "Firma=name,Tel=phone,Mail=email", "--rejected", str(tmp_path / "left.csv"))
    assert re.search(r"new\s+1", out) and re.search(r"invalid\s+1", out)
    assert (tmp_path / "left.csv").read_text("utf-8-sig").count("\n") == 2
    out = berth("import", str(sheet), "--table", "lead", "--map", "Firma=name,Tel=phone,Mail=email")
    assert re.search(r"new\s+0", out) and re.search(r"duplicate\s+1", out)  # what the first has left to sort in is known to the next
    assert "nosuch" in berth("import", str(sheet), "--table", "nosuch", ok=False)
    berth("backup", str(tmp_path / "copy"))
    site = Bare(tmp_path / "copy")
    try:
        boss = site.sign_in("root", "correct horse")
        assert [r["name"] for r in boss.rows("lead")] == ["Hanse Spedition GmbH"]
        busy = subprocess.run([BUILD / "berth", "user", "list", "--data", tmp_path / "copy"], capture_output=True, text=True)
        assert busy.returncode == 1 and "browser" in busy.stderr  # the server holds the data; where to go instead
    finally:
        assert site.stop() == 0


def test_the_command_line_says_what_is_wrong_with_what_it_was_asked(tmp_path):
    """A column behind the last one made every row invalid, a header row "x" was row 0, and an heir nobody knows was no matter."""
    def berth(*words):
        done = subprocess.run([BUILD / "berth", *words, "--data", tmp_path / "data", "--language", "en"], capture_output=True, text=True,
                              timeout=site_.PATIENCE)
        return done.returncode, done.stdout + done.stderr

    def refused(code, *said, words):
        got, text = berth(*words)
        assert got == code and all(s in text for s in said), (words, got, text)

    sheet, empty, plain = tmp_path / "leads.csv", tmp_path / "empty.csv", tmp_path / "notes"
    sheet.write_text("Firma,Tel\nHanse Spedition GmbH,+49 40 1234567\n")
    empty.write_text("\n\n")
    plain.write_text("no plugin\n")
    leads = ("import", str(sheet), "--table", "lead", "--dry-run")
    for column in ("C", "3", "ZZZZZZZZZZZZZZZZZZZZ", "Fir"):
        refused(1, f'there is no column "{column}"', words=(*leads, "--map", f"{column}=name"))
    assert berth(*leads, "--map", "A=name,2=phone")[0] == 0
    refused(1, "nam: There is no such field", "leave the column out", words=(*leads, "--map", "Firma=nam"))
    refused(2, 'not "Firma="', words=(*leads, "--map", "Firma="))
    refused(2, '--header-row wants a number, not "x"', words=(*leads, "--header-row", "x"))
    refused(2, "--rejected wants a name that ends in .xlsx or .csv", words=(*leads, "--rejected", "left.txt"))
    refused(1, "cannot be written there: No such file or directory", words=(*leads, "--rejected", "nowhere/left.csv"))
    refused(2, "--out FILE is missing, or neither .xlsx nor .csv", words=("export", "lead", "--out", str(tmp_path / "out.txt")))
    assert berth("export", "lead", "--out", str(tmp_path / "OUT.CSV"))[0] == 0 and (tmp_path / "OUT.CSV").read_bytes()[:2] != b"PK"
    refused(1, "nothing is in this sheet", words=("import", str(empty), "--table", "lead"))
    assert berth("user", "add", "lan", "--password", "correct horse")[0] == 0
    refused(1, "nobody", words=("user", "handover", "lan", "--to", "nobody", "--dry-run"))
    got, text = berth("user", "handover", "lan", "--to", "lan", "--dry-run")
    assert got == 0 and "nothing is theirs" in text
    refused(1, f"{plain}: is no shared object", words=("check", str(plain)))
