"""Attachments: whole or not at all, seen with their record, what they say they are, within their room."""
import hashlib
import http.client
import itertools
import socket
import socketserver
import struct
import subprocess
import threading
import zlib

import pytest

from site_ import BUILD, PATIENCE, until

number = itertools.count(1)
PDF = b"%PDF-1.4\n" + b"x" * 5000
PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d4944415478da63fcffff3f030005"
                    "fe02fea72d7e1c0000000049454e44ae426082")


def name():
    return f"Paper {next(number):03} {id(number) % 991} Trucking"


@pytest.fixture
def lead(people):
    return people["li"].made("lead", name=name())


def put(person, lead, file, body, **query):
    return person.ask("POST", f"/lead/{lead['id']}/_files", raw=body, name=file, **query)


def added(person, lead, file, body, **query):
    answer = put(person, lead, file, body, **query)
    assert answer.status == 201, answer
    return answer.json["file"]


def files(person, lead):
    answer = person.get(f"/lead/{lead['id']}/_files")
    assert answer.status == 200, answer
    return answer.json["files"]


def blob(site, body):
    h = hashlib.sha256(body).hexdigest()
    return site.data / "files" / h[:2] / h


def test_a_file_comes_back_as_it_was_and_in_ranges(site, people, lead):
    body = PDF + bytes(range(256)) * 4000
    one = added(people["li"], lead, "Báo giá 报价.pdf", body)
    assert one["size"] == len(body) and one["look"] == "pdf" and one["no"] == 1
    got = people["li"].get(f"/_file/{one['id']}")
    assert got.body == body and got.headers["Content-Type"] == "application/pdf"
    assert got.headers["Content-Disposition"] == (
        "attachment; filename=\"B_o gi_ __.pdf\"; filename*=UTF-8''B%C3%A1o%20gi%C3%A1%20%E6%8A%A5%E4%BB%B7.pdf")
    assert got.headers["X-Content-Type-Options"] == "nosniff" and "sandbox" in got.headers["Content-Security-Policy"]
    part = people["li"].ask("GET", f"/_file/{one['id']}", headers={"Range": "bytes=100-199"})
    assert part.status == 206 and part.body == body[100:200]
    assert people["li"].ask("GET", f"/_file/{one['id']}", headers={"If-None-Match": got.headers["ETag"]}).status == 304
    shown = people["li"].get(f"/_file/{one['id']}", inline=1)
    assert shown.headers["Content-Disposition"].startswith("inline")
    path = blob(site, body)
    assert path.stat().st_mode & 0o777 == 0o600 and path.read_bytes() == body


def test_pictures_are_shown_in_a_sandbox_and_office_files_never(people, lead):
    picture = added(people["li"], lead, "a.PNG", PNG)
    shown = people["li"].get(f"/_file/{picture['id']}", inline=1)
    assert shown.headers["Content-Type"] == "image/png" and "sandbox" in shown.headers["Content-Security-Policy"]
    sheet = added(people["li"], lead, "a.xlsx", b"PK\x03\x04" + b"z" * 100)
    assert people["li"].get(f"/_file/{sheet['id']}", inline=1).headers["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize("file, body", [("a.html", b"<script>alert(1)</script>"), ("a.svg", b"<svg onload=alert(1)>"), ("a.exe", b"MZ"),
                                        ("a.pHp", b"<?php"), ("a.php.", b"<?php"), ("noending", b"x"), ("a.pdf", b"<html>"),
                                        ("a.png", b"GIF89a"), ("a.jpg", b"MZ\x90"), ("a.txt", b"ELF\x00\x01"), ("a.docx", b"\xd0\xcf\x11\xe0"),
                                        ("a.pdf", b""), (" . ", b"x"), ("x" * 201 + ".pdf", PDF), ("\u202e.pdf\u0007", b"no")])
def test_what_may_not_be_attached_is_refused_by_name_and_nothing_stays(site, people, lead, file, body):
    answer = put(people["li"], lead, file, body)
    assert answer.status == 422 and set(answer.json["error"]["fields"]) == {"name"}, answer
    assert files(people["li"], lead) == []


@pytest.mark.parametrize("given, kept", [("../../etc/passwd.txt", "passwd.txt"), ("C:\\temp\\quote.txt", "quote.txt"),
                                         ("invoice\u202efdp.txt", "invoicefdp.txt"), ("a\nb\"c.txt", "abc.txt"), (".hidden.txt", "hidden.txt"),
                                         ("<img src=x onerror=1>.txt", "img src=x onerror=1.txt"), ("乼.txt", "乼.txt")])
def test_hostile_names_are_kept_harmless(people, lead, given, kept):
    one = added(people["li"], lead, given, b"text")
    assert one["name"] == kept
    head = people["li"].get(f"/_file/{one['id']}").headers["Content-Disposition"]
    assert "\n" not in head and head.count('"') == 2


def test_versions_of_a_document_and_what_deleting_takes(people, lead):
    first = added(people["li"], lead, "quote.txt", b"one")
    second = added(people["li"], lead, "quote.txt", b"two", replaces=str(first["id"]))
    third = added(people["li"], lead, "quote v3.txt", b"three", replaces=str(second["id"]))
    shown = files(people["li"], lead)
    assert len(shown) == 1 and shown[0]["no"] == 3 and [v["no"] for v in shown[0]["versions"]] == [2, 1]
    assert people["li"].get(f"/_file/{first['id']}").body == b"one"
    assert people["li"].ask("DELETE", f"/_file/{third['id']}", version=1).status == 204
    assert [f["no"] for f in files(people["li"], lead)] == [2]
    assert people["li"].delete(f"/_file/{first['id']}").status == 204
    assert files(people["li"], lead) == [] and people["li"].get(f"/_file/{second['id']}").status == 404
    entries = people["li"].get(f"/lead/{lead['id']}/_history").json["entries"]
    assert [e["note"] for e in entries if e["op"] == "file_drop"] == ["quote.txt", "quote v3.txt"]
    other = people["li"].made("lead", name=name())
    elsewhere = added(people["li"], other, "x.txt", b"x")
    assert put(people["li"], lead, "y.txt", b"y", replaces=str(elsewhere["id"])).status == 422


def test_files_are_seen_and_changed_by_the_rights_of_their_record_alone(people, lead):
    li, zhang, manager = people["li"], people["zhang"], people["manager"]
    one = added(li, lead, "secret.txt", b"secret")
    for answer in (zhang.get(f"/_file/{one['id']}"), zhang.get(f"/lead/{lead['id']}/_files"), put(zhang, lead, "a.txt", b"a"),
                   zhang.delete(f"/_file/{one['id']}"), zhang.ask("PATCH", f"/_file/{one['id']}", {"name": "b.txt"})):
        assert answer.status == 404, answer
    assert [f["name"] for f in files(li, lead)] == ["secret.txt"]
    assert manager.get(f"/_file/{one['id']}").body == b"secret"
    version = li.row(f"/lead/{lead['id']}")["version"]
    assert manager.patch(f"/lead/{lead['id']}", version, {"owner_id": zhang.user["id"]}).status == 200
    assert li.get(f"/_file/{one['id']}").status == 404 and zhang.get(f"/_file/{one['id']}").body == b"secret"
    assert people["li"].site.nobody().get(f"/_file/{one['id']}").status == 401


def test_a_name_changes_but_not_its_ending(people, lead):
    one = added(people["li"], lead, "a.txt", b"a")
    assert people["li"].ask("PATCH", f"/_file/{one['id']}", {"name": "报价.txt"}).json["file"]["name"] == "报价.txt"
    for bad in ("a.html", "a", "", "a.pdf"):
        assert people["li"].ask("PATCH", f"/_file/{one['id']}", {"name": bad}).status == 422
    assert files(people["li"], lead)[0]["name"] == "报价.txt"


def test_a_deleted_record_hides_its_files_and_brings_them_back(people, lead):
    one = added(people["li"], lead, "a.txt", b"in the bin")
    manager = people["manager"]
    assert manager.delete(f"/lead/{lead['id']}").status == 204
    assert people["li"].get(f"/_file/{one['id']}").status == 404
    assert manager.post(f"/lead/{lead['id']}/_restore").status == 200
    assert people["li"].get(f"/_file/{one['id']}").body == b"in the bin"


def test_too_large_is_said_before_the_body_is_sent(own_site):
    site = own_site("--upload_max", "64K")
    li = site.sign_in("demo.li")
    lead = li.made("lead", name="Large Paper Freight")
    with socket.create_connection(("127.0.0.1", site.port), timeout=PATIENCE) as s:
        s.sendall((f"POST /api/lead/{lead['id']}/_files?name=a.txt HTTP/1.1\r\nHost: x\r\nX-Berth: 1\r\nCookie: {li.cookie}\r\n"
                   "Content-Length: 100000000\r\n\r\n").encode())
        assert b" 413 " in s.recv(200)
    assert put(li, lead, "a.txt", b"x" * 65536).status == 201
    admin = site.sign_in("demo.admin")
    admin.made("setting", name="base.files_user_mb", value="1")
    for i in range(15):
        assert put(li, lead, f"{i}.txt", bytes([65 + i]) * 65536).status == 201
    answer = put(li, lead, "b.txt", b"z")
    assert answer.status == 413 and answer.code == "too_large"
    assert len(files(li, lead)) == 16
    li.delete(f"/_file/{files(li, lead)[0]['id']}")
    assert put(li, lead, "b.txt", b"z").status == 201


class Clamd(socketserver.ThreadingTCPServer):
    """clamd's INSTREAM, with one signature."""
    allow_reuse_address = True
    daemon_threads = True
    answer = None

    class RequestHandlerClass(socketserver.StreamRequestHandler):
        def handle(self):
            assert self.rfile.read(10) == b"zINSTREAM\0"
            body = b""
            while n := int.from_bytes(self.rfile.read(4), "big"):
                body += self.rfile.read(n)
            found = b"stream: Eicar-Signature FOUND\0" if b"EICAR" in body else b"stream: OK\0"
            self.wfile.write(self.server.answer or found)

    def __init__(self):
        super().__init__(("127.0.0.1", 0), self.RequestHandlerClass)
        threading.Thread(target=self.serve_forever, daemon=True).start()


def test_a_virus_scanner_is_asked_and_nothing_passes_without_its_word(own_site):
    clamd = Clamd()
    site = own_site("--scanner", "127.0.0.1:%d" % clamd.server_address[1])
    li = site.sign_in("demo.li")
    lead = li.made("lead", name="Scanned Freight")
    assert put(li, lead, "good.txt", b"good" * 50000).status == 201
    answer = put(li, lead, "bad.txt", b"x" * 100000 + b"EICAR")
    assert answer.status == 422 and "Eicar-Signature" in answer.json["error"]["fields"]["name"]["message"]
    clamd.answer = b"INSTREAM size limit exceeded. ERROR\0"
    answer = put(li, lead, "odd.txt", b"odd")  # there, but not for this file
    assert answer.status == 422 and "过大" in answer.json["error"]["fields"]["name"]["message"]
    clamd.answer = b"\0"
    assert put(li, lead, "odd.txt", b"odd").status == 503
    clamd.shutdown(), clamd.server_close()
    assert put(li, lead, "late.txt", b"late").status == 503
    assert [f["name"] for f in files(li, lead)] == ["good.txt"]


def test_what_a_plugin_attaches_passes_the_virus_scanner_too(own_site):
    """It once was not shown to it, as if only people brought files."""
    clamd = Clamd()
    site = own_site("--scanner", "127.0.0.1:%d" % clamd.server_address[1], "--plugins", "base pools leads callcenter",
                    "--plugin_path", f"{BUILD}/plugins:{BUILD}/tests/plugins")
    li, admin = site.sign_in("demo.li"), site.sign_in("demo.admin")
    lead = li.made("lead", name="Plugged Freight")
    keep = {"lead": lead["id"], "text": "called"}
    clamd.answer = b"stream: Eicar-Signature FOUND\0"
    answer = li.post("/callcenter/keep", keep)
    assert answer.status == 422 and "Eicar-Signature" in answer.json["error"]["fields"]["name"]["message"]
    assert until(lambda: admin.rows("audit", filter=["what", "=", "virus"]))
    clamd.answer = b"\0"
    assert li.post("/callcenter/keep", keep).status == 503  # and nothing of the call is there
    assert files(li, lead) == [] and li.get(f"/lead/{lead['id']}/_timeline", kinds="note").json["entries"] == []
    clamd.answer = None
    assert until(lambda: li.post("/callcenter/keep", keep).status == 200)
    (one,) = files(li.site.sign_in("demo.manager"), lead)
    assert one["no"] == 2
    clamd.shutdown(), clamd.server_close()


def deaf(kind, folder):
    """A scanner that is there and keeps its word to itself; where it is and what keeps it alive."""
    unix = kind.endswith("socket")
    listens = socket.socket(socket.AF_UNIX if unix else socket.AF_INET)
    listens.bind(str(folder / "clamd") if unix else ("127.0.0.1", 0))
    listens.listen(0 if kind.startswith("full") else 5)
    keep = [listens]

    def answer():
        while True:
            try:
                keep.append(listens.accept()[0])
            except OSError:
                return
            if kind == "drips":
                threading.Thread(target=drip, args=(keep[-1],), daemon=True).start()

    def drip(to):
        for _ in range(400):
            try:
                to.sendall(b"s")
            except OSError:
                return
            ended.wait(1)
    ended = threading.Event()
    if kind.startswith("full"):
        for _ in range(4):
            keep.append(socket.socket(listens.family))
            keep[-1].setblocking(False)
            keep[-1].connect_ex(listens.getsockname())
    else:
        threading.Thread(target=answer, daemon=True).start()
    return listens.getsockname() if unix else "127.0.0.1:%d" % listens.getsockname()[1], keep, ended


@pytest.mark.parametrize("kind", ["silent", "drips", "full", "full socket"])
def test_a_scanner_that_keeps_silent_does_not_hold_up_everybodys_writes(own_site, tmp_path, kind):
    """Its connection had no limit, and each of its words had one of its own: writes stood still for minutes."""
    where, keep, ended = deaf(kind, tmp_path)
    site = own_site("--scanner", where, "--plugins", "base pools leads callcenter", "--plugin_path", f"{BUILD}/plugins:{BUILD}/tests/plugins")
    li, zhang = site.sign_in("demo.li"), site.sign_in("demo.zhang")
    lead = li.made("lead", name="Waiting Freight")
    answers = []
    call = threading.Thread(target=lambda: answers.append(li.post("/callcenter/keep", {"lead": lead["id"], "text": "called"})), daemon=True)
    call.start()
    saved = 0
    while call.is_alive() or saved == 0:
        answer = zhang.post("/lead", {"name": f"Beside {saved}"})
        assert answer.status == 201, answer
        saved += 1
    assert [a.status for a in answers] == [503], answers
    assert files(li, lead) == [] and li.get(f"/lead/{lead['id']}/_timeline", kinds="note").json["entries"] == []
    ended.set()
    for s in keep:
        s.close()


def test_a_kill_in_the_middle_leaves_whole_files_or_none(own_site):
    site = own_site()
    li = site.sign_in("demo.li")
    lead = li.made("lead", name="Killed Freight")
    kept = {}
    for kill in range(3):
        stop = threading.Event()

        def upload(worker):
            person = type(li)(site, cookie=li.cookie)
            for i in itertools.count():
                body = f"{kill} {worker} {i} ".encode() * 20000
                try:
                    answer = put(person, lead, f"{kill}-{worker}-{i}.txt", body)
                except OSError:
                    return
                if answer.status == 201:
                    kept[answer.json["file"]["id"]] = body
                if stop.is_set():
                    return

        workers = [threading.Thread(target=upload, args=(n,)) for n in range(3)]
        before = len(kept)
        for w in workers:
            w.start()
        while len(kept) < before + 5:
            workers[0].join(0.01)
        site.kill()
        stop.set()
        for w in workers:
            w.join()
        site.start()
        li = site.sign_in("demo.li")
        for id_, body in kept.items():
            assert li.get(f"/_file/{id_}").body == body
        for file in files(li, lead):  # also what was not acknowledged is whole
            assert len(li.get(f"/_file/{file['id']}").body) == file["size"]


def test_a_backup_holds_the_files_and_what_retention_cut_off(own_site, tmp_path):
    site = own_site()
    li = site.sign_in("demo.li")
    lead = li.made("lead", name="Backed Up Freight")
    one = added(li, lead, "a.pdf", PDF)
    (site.data / "archive").mkdir()
    (site.data / "archive" / "1-9.jsonl").write_text("what retention cut off\n")
    subprocess.run([BUILD / "berth", "backup", tmp_path / "copy", "--data", site.data], check=True, capture_output=True)
    site.stop()
    (site.data).rename(tmp_path / "old")
    (tmp_path / "copy").rename(site.data)
    site.start()
    li = site.sign_in("demo.li")
    assert li.get(f"/_file/{one['id']}").body == PDF
    assert (site.data / "archive" / "1-9.jsonl").read_text() == "what retention cut off\n"


# ---- small pictures -----------------------------------------------------------------------------------
def png(width, height, color=b"\x20\x60\xc0", left=None):
    """An RGB picture; its left half in another colour."""
    row = b"\0" + (left or color) * (width // 2) + color * (width - width // 2)

    def part(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return (b"\x89PNG\r\n\x1a\n" + part(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + part(b"IDAT", zlib.compress(row * height)) + part(b"IEND", b""))


def size_of(jpeg):
    """Width and height as the frame header of a JPEG tells."""
    assert jpeg[:3] == b"\xff\xd8\xff" and jpeg[-2:] == b"\xff\xd9"
    at = 2
    while jpeg[at + 1] not in (0xC0, 0xC2):
        at += 2 + struct.unpack(">H", jpeg[at + 2:at + 4])[0]
    height, width = struct.unpack(">HH", jpeg[at + 5:at + 9])
    return width, height


def small(person, file):
    return person.get(f"/_file/{file['id']}/thumbnail")


def turned(jpeg, how, big=True):
    """The same with EXIF's word for how the camera was held."""
    o = ">" if big else "<"
    tiff = (b"MM" if big else b"II") + struct.pack(o + "HI", 42, 8) + struct.pack(o + "HHHIHHI", 1, 0x0112, 3, 1, how, 0, 0)
    body = b"Exif\0\0" + tiff
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + jpeg[2:]


def test_a_picture_has_a_small_one_upright_and_kept(site, people, lead):
    li = people["li"]
    wide = added(li, lead, "wide.png", png(1600, 400, left=b"\xff\0\0"))
    assert wide["thumbnail"]
    got = small(li, wide)
    assert got.status == 200 and got.headers["Content-Type"] == "image/jpeg", got
    assert "sandbox" in got.headers["Content-Security-Policy"] and got.headers["X-Content-Type-Options"] == "nosniff"
    assert size_of(got.body) == (256, 64)
    assert small(li, wide).body == got.body
    assert li.ask("GET", f"/_file/{wide['id']}/thumbnail", headers={"If-None-Match": got.headers["ETag"]}).status == 304
    photo = got.body  # a JPEG to go on with
    for how, shape in ((1, (256, 64)), (3, (256, 64)), (6, (64, 256)), (8, (64, 256)), (99, (256, 64))):
        for big in (True, False):
            one = added(li, lead, f"photo {how} {big}.jpg", turned(photo, how, big))
            answer = small(li, one)
            assert answer.status == 200 and size_of(answer.body) == shape, (how, answer)
    tiny = added(li, lead, "tiny.png", png(3, 2))
    assert size_of(small(li, tiny).body) == (3, 2)
    assert not list(site.data.glob("files/*/*.thumb.*"))  # nothing half made is left


def test_a_small_picture_is_seen_by_who_sees_the_record_alone(people, lead):
    one = added(people["li"], lead, "seen.png", png(300, 300))
    assert small(people["manager"], one).status == 200
    for who in ("minh", "alice"):
        assert small(people[who], one).status == people[who].get(f"/_file/{one['id']}").status == 404
    assert small(people["li"], one).status == 200


JPEG = b"\xff\xd8\xff"
HOSTILE = {
    "cut.png": png(500, 500)[:-300], "bomb.png": None, "huge.png": None,
    "noise.jpg": JPEG + bytes(range(256)) * 40, "empty.jpg": JPEG + b"\xe0", "exif.jpg": JPEG + b"\xe1\xff\xffExif\0\0MM\0*\xff\xff\xff\xff" + b"\x01" * 70000,
    "size.jpg": JPEG + b"\xc0\0\x11\x08\xff\xff\xff\xff\x03\x01\x22\0\x02\x11\x01\x03\x11\x01" + b"\xff\xda\0\x0c\x03\x01\0\x02\x11\x03\x11\0\x3f\0" + b"\0" * 9000,
}


def bomb(width, height):
    """Many pixels in few bytes."""
    def part(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(b"\0" * (1 << 20)) for _ in range((width * 3 + 1) * height >> 20)) + packer.flush()
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) + part(b"IDAT", rows) + part(b"IEND", b"")


@pytest.mark.parametrize("file", HOSTILE)
def test_a_hostile_picture_has_no_small_one_and_hurts_nobody(site, people, lead, file):
    body = HOSTILE[file] or (bomb(9000, 7900) if file == "bomb.png" else png(4, 4)[:16] + struct.pack(">II", 0x7fffffff, 0x7fffffff) + png(4, 4)[24:])
    one = added(people["li"], lead, file, body)
    for _ in range(2):
        answer = small(people["li"], one)
        assert answer.status == 404, answer
        assert people["li"].get("/_health").status == 200
    assert people["li"].get(f"/_file/{one['id']}").body == body  # still there to be fetched


def test_a_pdf_is_framed_by_our_own_pages_alone(site, people, lead):
    one = added(people["li"], lead, "framed.pdf", PDF)
    policy = people["li"].get(f"/_file/{one['id']}", inline=1).headers["Content-Security-Policy"]
    assert "frame-ancestors 'self'" in policy and "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in people["li"].get(f"/_file/{one['id']}").headers["Content-Security-Policy"]
    page = http.client.HTTPConnection("127.0.0.1", site.port)
    page.request("GET", "/")
    answer = page.getresponse()
    answer.read()
    page.close()
    assert answer.status != 200 or "frame-src 'self'" in answer.headers["Content-Security-Policy"]


def test_other_files_have_no_small_picture(people, lead):
    one = added(people["li"], lead, "paper.pdf", PDF)
    assert not one["thumbnail"] and small(people["li"], one).status == 404
    assert people["li"].get("/_file/99999999/thumbnail").status == 404
