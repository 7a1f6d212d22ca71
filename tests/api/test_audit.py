"""The chain over history and audit trail: one changed byte is found; and records as they were."""
import base64
import datetime
import hashlib
import json
import random
import shutil
import sqlite3
import subprocess
import time

import pytest

from site_ import BUILD


def verify(folder):
    return subprocess.run([BUILD / "berth", "audit", "verify", "--data", folder], capture_output=True, text=True)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A stopped server's data with a little of everything."""
    from site_ import ROOT, Site
    folder = tmp_path_factory.mktemp("audit")
    shutil.copytree(ROOT / "scripts", folder / "scripts")
    site = Site(folder / "data")
    li, admin = site.sign_in("demo.li"), site.sign_in("demo.admin")
    lead = li.made("lead", name="Chained Freight Partners", city="Ningbo")
    for i in range(10):
        assert li.patch(f"/lead/{lead['id']}", i + 1, {"city": f"City {i}"}).status == 200
    assert site.nobody().post("/_session", {"login": "demo.li", "password": "wrong"}).status == 401
    assert li.get("/_state").status == 403
    admin.made("role", name="auditors")
    running = verify(site.data)
    assert running.returncode == 0, running.stderr  # beside the server
    assert site.stop() == 0
    return site.data


def test_a_sound_chain_is_said_to_be_sound_and_tells_its_head(written):
    said = verify(written)
    assert said.returncode == 0 and "all as they were written" in said.stdout and "head " in said.stdout
    database = sqlite3.connect(written / "berth.db")
    ops = [r[0] for r in database.execute("SELECT op FROM history")]
    assert "create" in ops and "update" in ops
    what = {r[0] for r in database.execute("SELECT what FROM audit")}
    assert {"sign_in", "sign_in_failed", "denied", "rights"} <= what
    assert database.execute("SELECT max(history), max(audit) FROM seal").fetchone() == (
        database.execute("SELECT max(seq) FROM history").fetchone()[0], database.execute("SELECT max(id) FROM audit").fetchone()[0])
    database.close()


@pytest.mark.parametrize("table", ["history", "audit", "seal"])
@pytest.mark.parametrize("deed", ["UPDATE {} SET at = at", "DELETE FROM {}"])
def test_the_database_itself_refuses_to_change_them(written, table, deed):
    database = sqlite3.connect(written / "berth.db")
    with pytest.raises(sqlite3.IntegrityError, match="are kept"):
        database.execute(deed.format(table))
    database.close()


@pytest.mark.parametrize("what", [
    "UPDATE history SET changes = replace(changes, 'City 3', 'City 4') WHERE changes LIKE '%City 3%'",
    "UPDATE history SET by = by + 1 WHERE seq = (SELECT max(seq) - 3 FROM history)",
    "UPDATE history SET at = at + 1 WHERE seq = (SELECT max(seq) FROM history)",
    "UPDATE history SET note = '' WHERE seq = (SELECT min(seq) FROM history)",
    "DELETE FROM history WHERE seq = (SELECT max(seq) - 2 FROM history)",
    "DELETE FROM history WHERE seq = (SELECT max(seq) FROM history)",
    "UPDATE audit SET detail = detail || 'x' WHERE id = (SELECT max(id) FROM audit)",
    "UPDATE audit SET ip = '127.0.0.2' WHERE what = 'sign_in_failed'",
    "DELETE FROM audit WHERE what = 'denied'",
    "UPDATE seal SET at = at + 1 WHERE seq = (SELECT max(seq) - 1 FROM seal)",
    "UPDATE seal SET hash = replace(hash, substr(hash, 1, 1), 'f') WHERE seq = 2 AND substr(hash, 1, 1) <> 'f'",
    "DELETE FROM seal WHERE seq = (SELECT max(seq) - 1 FROM seal)",
    "INSERT INTO history (tbl, rec, at, by, op) SELECT tbl, rec, at, by, 'x' FROM history LIMIT 1; UPDATE seal SET history = history + 1 "
    "WHERE seq = (SELECT max(seq) FROM seal)",
])
def test_one_change_behind_its_back_is_found(written, tmp_path, what):
    copy = tmp_path / "data"
    shutil.copytree(written, copy)
    database = sqlite3.connect(copy / "berth.db")
    for table in ("history", "audit", "seal"):
        for deed in ("update", "delete"):
            database.execute(f"DROP TRIGGER kept_{table}_{deed}")
    before = database.total_changes
    database.executescript(what)
    changed = database.total_changes > before
    database.close()
    said = verify(copy)
    assert said.returncode == (1 if changed else 0), (said.stdout, said.stderr)
    if changed:
        assert "seal" in said.stderr or "newest entries" in said.stderr


def cells(raw, page, size):
    """Where the entries of a b-tree's leaf stand in the file: first byte and one behind the last (what overflows left out)."""
    def varint(at):
        value = 0
        for n in range(9):
            value = value << 8 | raw[at + n] if n == 8 else value << 7 | raw[at + n] & 127
            if n == 8 or raw[at + n] < 128:
                return value, at + n + 1

    start = (page - 1) * size
    kind, count = raw[start], int.from_bytes(raw[start + 3:start + 5], "big")
    for n in range(count if kind in (10, 13) else 0):  # leaves of an index, of a table
        first = start + int.from_bytes(raw[start + 8 + 2 * n:start + 10 + 2 * n], "big")
        length, at = varint(first)
        at = varint(at)[1] if kind == 13 else at
        yield first, at + min(length, 200)


@pytest.mark.parametrize("tree", ["history", "audit", "seal", "ix_history_tbl_rec_seq", "ix_audit_at", "ix_audit_user_id"])
def test_one_flipped_bit_of_the_file_is_found(written, tmp_path, tree):
    """Columns of the audit trail that every table has, and the indexes by which entries are found, were not looked at."""
    shutil.copytree(written, tmp_path / "data")
    file = tmp_path / "data" / "berth.db"
    database = sqlite3.connect(file)
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    (size,) = database.execute("PRAGMA page_size").fetchone()
    pages = [n for (n,) in database.execute("SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf'", (tree,))]
    database.close()
    raw, r = file.read_bytes(), random.Random(20261128)
    for page in r.choices(pages, k=8):
        first, end = r.choice(list(cells(raw, page, size)))
        flipped = bytearray(raw)
        at, bit = r.randrange(first, end), 1 << r.randrange(8)
        flipped[at] ^= bit
        file.write_bytes(flipped)
        said = verify(tmp_path / "data")
        assert said.returncode > 0, (tree, page, at, bit, said.returncode, said.stdout)
    file.write_bytes(raw)
    assert verify(tmp_path / "data").returncode == 0


def test_a_record_is_shown_as_it_was_at_a_moment(people):
    li = people["li"]

    def now():
        time.sleep(0.003)  # moments that differ from what is before and behind; nothing waits for anything
        moment = datetime.datetime.now(datetime.timezone.utc).isoformat().replace("+00:00", "Z")
        time.sleep(0.003)
        return moment

    before = now()
    lead = li.made("lead", name="As It Was Freight", city="Ningbo", status="new", lanes=["europe"], is_key=True)
    moments = [now()]
    for version, change in enumerate(({"city": "Xiamen", "is_key": False}, {"status": "qualified", "lanes": None}, {"city": None, "notes": "x\ny"}), 1):
        assert li.patch(f"/lead/{lead['id']}", version, change).status == 200
        moments.append(now())
    then = [li.get(f"/lead/{lead['id']}", at=m).json["row"] for m in moments]
    assert [r["city"] for r in then] == ["Ningbo", "Xiamen", "Xiamen", None]
    assert [r["is_key"] for r in then] == [True, False, False, False]
    assert [r["status"] for r in then] == ["new", "new", "qualified", "qualified"]
    assert [r["lanes"] for r in then] == [["europe"], ["europe"], then[2]["lanes"], then[2]["lanes"]] and not then[2]["lanes"]
    assert [r["version"] for r in then] == [1, 2, 3, 4]
    assert li.get(f"/lead/{lead['id']}", at=before).status == 404
    assert people["zhang"].get(f"/lead/{lead['id']}", at=moments[1]).status == 404
    answer = li.get(f"/lead/{lead['id']}", at="yesterday")
    assert answer.status == 422 and "at" in answer.json["error"]["fields"]
    assert li.row(f"/lead/{lead['id']}")["notes"] == "x\ny"


def test_a_list_is_shown_as_it_was_at_a_moment(people):
    li, manager = people["li"], people["manager"]

    def now():
        time.sleep(0.003)
        moment = datetime.datetime.now(datetime.timezone.utc).isoformat().replace("+00:00", "Z")
        time.sleep(0.003)
        return moment

    mark = f"Listed {time.monotonic_ns()}"
    before = now()
    ids = [li.made("lead", name=f"{mark} {n} {'Ocean Air Rail Road'.split()[n % 4]}", city="Ningbo")["id"] for n in range(7)]
    made = now()
    for n, change in ((0, {"city": "Xiamen"}), (1, {"city": "Xiamen"})):
        assert li.patch(f"/lead/{ids[n]}", 1, change).status == 200
    assert manager.delete(f"/lead/{ids[2]}").status == 204
    late = li.made("lead", name=f"{mark} late Trucks", city="Ningbo")["id"]
    after = now()

    def listed(who, at, **query):
        rows, cursor = [], None
        while True:
            answer = who.get("/lead", at=at, filter=["name", "^", mark], limit=3, **({"after": cursor} if cursor else {}), **query)
            assert answer.status == 200, answer
            assert len(answer.json["rows"]) <= 3
            rows += answer.json["rows"]
            cursor = answer.json["next"]
            if cursor is None:
                return rows

    assert listed(manager, before) == []
    then = listed(manager, made)
    assert [r["id"] for r in then] == ids[::-1]  # the deleted one is there, the late one is not
    assert {r["city"] for r in then} == {"Ningbo"}
    assert [r["id"] for r in listed(manager, after)] == sorted({late, *ids} - {ids[2]}, reverse=True)

    def in_city(who, at, city):
        answer = who.get("/lead", at=at, filter={"and": [["name", "^", mark], ["city", "=", city]]}, limit=100)
        return [r["id"] for r in answer.json["rows"]]

    assert in_city(manager, made, "Xiamen") == [] and in_city(manager, after, "Xiamen") == [ids[1], ids[0]]
    assert ids[0] in in_city(manager, made, "Ningbo") and ids[0] not in in_city(manager, after, "Ningbo")
    # the rights of now: a colleague who does not see them did not see them then, deleted ones neither
    assert listed(people["minh"], made) == []
    assert {r["id"] for r in listed(li, made)} >= set(ids) - {ids[2]}
    # and no more of them than is asked for
    some = manager.get("/lead", at=made, filter=["name", "^", mark], fields="city", limit=100).json
    assert [list(r) for r in some["rows"]] == [["id", "version", "city"]] * 7 and some["refs"] == {}, some
    assert manager.get("/lead", at=made, fields="nosuch").json["error"]["fields"] == manager.get("/lead", fields="nosuch").json["error"]["fields"]
    # a search, and a spreadsheet, of then
    found = [r["id"] for r in manager.get("/lead", at=made, q=f"{mark} ocean ning", limit=100).json["rows"]]
    assert found == [ids[4], ids[0]]
    assert [r["id"] for r in manager.get("/lead", at=after, q=f"{mark} ocean ning", limit=100).json["rows"]] == [ids[4]]
    assert people["minh"].get("/lead", at=made, q=mark).json["rows"] == []
    # counted and added up as it was then
    for who, moment, cities in ((manager, before, {}), (manager, made, {"Ningbo": 7}), (manager, after, {"Ningbo": 5, "Xiamen": 2}), (people["minh"], made, {})):
        sums = who.get("/lead/_aggregate", at=moment, filter=["name", "^", mark], group="city", max="id").json
        assert {g["key"][0]: g["count"] for g in sums["groups"]} == cities and sums["exact"], sums
        assert sums["total"]["count"] == sum(cities.values())
        assert sums["total"]["max"]["id"] == (None if not cities else late if moment == after else ids[6])
    assert manager.get("/lead/_aggregate", at=made, q=f"{mark} ocean ning").json["total"]["count"] == 2
    assert manager.get("/lead/_aggregate", at="yesterday").status == 422 and people["admin"].get("/job/_aggregate", at=made).status == 422
    job = manager.job(manager.post("/lead/_export", {"kind": "csv", "at": made, "q": mark, "fields": "name,city"}))
    assert job["state"] == "done" and job["result"]["rows"] == 7, job
    sheet = manager.get(f"/_job/{job['id']}/file").body.decode("utf-8-sig").splitlines()
    assert len(sheet) == 8 and all(line.endswith("Ningbo") for line in sheet[1:]) and "late" not in "".join(sheet)
    assert manager.post("/lead/_export", {"kind": "csv", "at": "yesterday"}).status == 422
    assert [a for a in people["admin"].rows("audit", filter=["what", "=", "export"]) if f"as it was at {made}" in a["detail"]]
    for query in ({"sort": "name"}, {"count": 1}, {"bin": 1}):
        assert li.get("/lead", at=made, **query).status == 400, query
    assert "at" in li.get("/lead", at="yesterday").json["error"]["fields"]
    answer = people["admin"].get("/job", at=made)
    assert answer.status == 422 and "at" in answer.json["error"]["fields"]  # no history is kept of jobs


def test_a_filter_on_a_field_that_one_may_not_read_is_refused_at_any_moment(people):
    admin = people["admin"]
    role = admin.rows("role", filter=["name", "=", "sales"])[0]
    rule = admin.made("role_field", role_id=role["id"], on_table="lead", field="website", access="none")
    try:
        answer = people["li"].get("/lead", at="2026-01-01T00:00:00Z", filter=["website", "=", "x"])
        assert answer.status in (400, 422), answer
        rows = people["li"].get("/lead", at="2100-01-01T00:00:00Z").json["rows"]
        assert rows and all("website" not in r for r in rows)
    finally:
        assert admin.delete(f"/role_field/{rule['id']}").status == 204


def test_entries_and_seals_of_before_they_were_written_short_still_count(own_site):
    site = own_site()
    li = site.sign_in("demo.li")
    lead = li.made("lead", name="Longhand Freight", city="Ningbo")
    assert li.patch(f"/lead/{lead['id']}", lead["version"], {"city": "Xiamen", "is_key": True}).status == 200
    site.stop()
    database = sqlite3.connect(site.data / "berth.db")
    (changes,) = database.execute("SELECT changes FROM history WHERE op = 'update' ORDER BY seq DESC LIMIT 1").fetchone()
    assert ["city", "Ningbo", "Xiamen"] in json.loads(changes)
    assert database.execute("SELECT max(length(hash)), min(length(hash)) FROM seal").fetchone() == (27, 27)
    for table in ("history", "seal"):
        for deed in ("update", "delete"):
            database.execute(f"DROP TRIGGER kept_{table}_{deed}")
    # the whole chain as it was written before
    old = [(json.dumps([{"field": f, "from": a, "to": b} for f, a, b in json.loads(c)]), seq)
           for seq, c in database.execute("SELECT seq, changes FROM history WHERE changes IS NOT NULL")]
    database.executemany("UPDATE history SET changes = ? WHERE seq = ?", old)

    def fed(values):
        return b"".join(b"-;" if v is None else b"i%d;" % v if isinstance(v, int) else b"t%d:%s" % (len(v.encode()), v.encode()) for v in values)
    hash_, h, a = "", 0, 0
    for seq, at, history, audit in database.execute("SELECT seq, at, history, audit FROM seal ORDER BY seq").fetchall():
        told = b"%s %d %d %d;" % (hash_.encode(), at, history, audit)
        for row in database.execute("SELECT seq, tbl, rec, at, by, op, changes, note FROM history WHERE seq > ? AND seq <= ? ORDER BY seq", (h, history)):
            told += fed(row)
        for row in database.execute("SELECT id, at, user_id, what, detail, ip FROM audit WHERE id > ? AND id <= ? ORDER BY id", (a, audit)):
            told += fed(row)
        sum_ = hashlib.blake2b(told, digest_size=32)
        hash_, h, a = sum_.hexdigest() if seq % 2 else base64.urlsafe_b64encode(sum_.digest()).decode().rstrip("="), history, audit
        database.execute("UPDATE seal SET hash = ? WHERE seq = ?", (hash_, seq))
    database.commit()
    database.close()
    site.start()
    li = site.sign_in("demo.li")
    (entry, *_) = [e for e in li.get(f"/lead/{lead['id']}/_timeline", kinds="history").json["entries"] if e["op"] == "update"]
    assert {"field": "city", "from": "Ningbo", "to": "Xiamen"} in entry["changes"]
    row = li.row(f"/lead/{lead['id']}")
    assert li.patch(f"/lead/{lead['id']}", row["version"], {"city": "Dalian"}).status == 200  # goes on, short
    (entry, *_) = [e for e in li.get(f"/lead/{lead['id']}/_timeline", kinds="history").json["entries"] if e["op"] == "update"]
    assert entry["changes"] == [{"field": "city", "from": "Xiamen", "to": "Dalian"}]
    assert li.get(f"/lead/{lead['id']}", at=lead["created_at"]).json["row"]["city"] == "Ningbo"
    said = verify(site.data)
    assert said.returncode == 0, (said.stdout, said.stderr)


TEXTS = ("Gọi lại thứ Hai. ", "客户要求周五前报价，", "Rate request for FCL to Rotterdam. ", "宁波→鹿特丹 40HQ×3; ", "Cần báo giá gấp\n", "x" * 70, "\n\n", "é" * 40)


def edited(notes, rng):
    """As people change long notes: a line more at either end, a word exchanged, a part cut out, all of it written anew."""
    at, upto = sorted((rng.randrange(len(notes) + 1), rng.randrange(len(notes) + 1)))
    return rng.choice((lambda: notes + "\n" + rng.choice(TEXTS), lambda: rng.choice(TEXTS) + notes, lambda: notes[:at] + rng.choice(TEXTS) + notes[at:],
                       lambda: notes[:at] + notes[min(upto, at + 40):], lambda: notes[:at] + chr(rng.randrange(0x4E00, 0x9000)) + notes[at + 1:],
                       lambda: "".join(rng.choices(TEXTS, k=9))))()[:1500].strip() or "notes"


def test_of_a_long_text_history_keeps_the_part_that_differs_and_every_moment_comes_back(own_site):
    site, rng = own_site(), random.Random(20261128)
    li = site.sign_in("demo.li")
    lead = li.made("lead", name="Longnotes Freight", notes="".join(rng.choices(TEXTS, k=12)).strip())
    path, notes, moments = f"/lead/{lead['id']}", [lead["notes"]], [lead["created_at"]]
    row = lead
    for _ in range(60):
        text = edited(notes[-1], rng)
        if text == notes[-1]:
            continue
        answer = li.patch(path, row["version"], {"notes": text})
        assert answer.status == 200, answer
        row = answer.json["row"]
        assert row["notes"] == text
        notes.append(text)
        moments.append(row["updated_at"])
    for moment, then in {m: n for m, n in zip(moments, notes)}.items():
        assert li.get(path, at=moment).json["row"]["notes"] == then
    answer = li.patch(path, row["version"], {"notes": notes[-1] + "\nCalled again."})
    assert li.get(path + "/_history").json["entries"][0]["changes"] == [{"field": "notes", "from": "", "to": "\nCalled again.", "part": True}]
    changed = li.patch(path, answer.json["row"]["version"], {"notes": "short"}).json["row"]
    assert li.get(path + "/_history").json["entries"][0]["changes"] == [{"field": "notes", "from": notes[-1] + "\nCalled again.", "to": "short"}]
    assert li.get(path, at=answer.json["row"]["updated_at"]).json["row"]["notes"] == notes[-1] + "\nCalled again."
    assert changed["notes"] == "short"


def test_a_bulk_change_of_long_texts_is_taken_back_whole(own_site):
    li = own_site().sign_in("demo.li")
    long = "".join(TEXTS) * 3
    made = [li.made("lead", name=f"Longbulk {i}", notes=f"{i} {long.strip()}") for i in range(3)]
    job = li.job(li.post("/lead/_bulk", {"ids": [m["id"] for m in made], "patch": {"notes": f"2 {long.strip()}\nend"}}))
    assert job["state"] == "done"
    told = [li.get(f"/lead/{m['id']}/_history").json["entries"][0]["changes"][0] for m in made]
    assert ["part" in c for c in told] == [False, False, True] and told[2]["to"] == "\nend"
    assert li.job(li.post(f"/_job/{job['id']}/undo"))["state"] == "done"
    assert [li.row(f"/lead/{m['id']}")["notes"] for m in made] == [m["notes"] for m in made]
