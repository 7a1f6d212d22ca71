"""Mails that come in, read from a real Dovecot: into the right record's timeline, each once; bounces; hostile ones."""
import email.message
import email.policy
import email.utils
import grp
import io
import itertools
import os
import pathlib
import pwd
import shutil
import signal
import socket
import socketserver
import subprocess
import tempfile
import threading
import time
import zipfile

import pytest

from site_ import PATIENCE, until
from test_alerts import alerts
from test_files import Clamd
from test_mail import relay  # noqa: F401  a fixture

number = itertools.count(1)
CONF = """
base_dir = {dir}/run
state_dir = {dir}/run
log_path = {dir}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = required
ssl_cert = <{dir}/cert.pem
ssl_key = <{dir}/key.pem
mail_location = maildir:{dir}/mail
first_valid_uid = 1
passdb {{
  driver = static
  args = password=geheim
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={dir}/home
}}
{users}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
"""


class Mailbox:
    """A Dovecot of our own, in a folder of its own."""

    def __init__(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="berth-imap-"))
        root = os.getuid() == 0
        who = pwd.getpwnam("mail") if root else pwd.getpwuid(os.getuid())
        self.owner = (who.pw_uid, who.pw_gid)
        self.dir.chmod(0o755)
        for name in ("run", "home", "mail", "mail/new", "mail/cur", "mail/tmp"):
            (self.dir / name).mkdir()
            if root and name != "run":
                os.chown(self.dir / name, *self.owner)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                        "-keyout", self.dir / "key.pem", "-out", self.dir / "cert.pem"], check=True, capture_output=True)
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        users = "" if root else f"default_internal_user = {who.pw_name}\ndefault_login_user = {who.pw_name}\ndefault_internal_group = {grp.getgrgid(who.pw_gid).gr_name}\n"
        (self.dir / "dovecot.conf").write_text(CONF.format(dir=self.dir, uid=who.pw_uid, gid=who.pw_gid, users=users, port=self.port))
        self.start()
        self.options = ["--imap_url", f"imaps://localhost:{self.port}/INBOX", "--imap_user", "crm", "--imap_password", "geheim", "--imap_ca",
                        str(self.dir / "cert.pem"), "--imap_every", "1s"]

    def start(self):
        self.process = subprocess.Popen(["dovecot", "-F", "-c", self.dir / "dovecot.conf"], stderr=subprocess.DEVNULL)
        until(lambda: self.listens() or self.process.poll() is not None)
        assert self.listens(), (self.dir / "dovecot.log").read_text()

    def listens(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(PATIENCE)

    def close(self):
        self.stop()
        assert until(self.removed)  # what the server began for a connection ends a moment later

    def removed(self):
        shutil.rmtree(self.dir, ignore_errors=True)
        return not self.dir.exists()

    def put(self, mail):
        raw = mail if isinstance(mail, bytes) else mail.as_bytes(policy=email.policy.SMTP)
        name = f"{time.time_ns()}.{next(number)}.test"
        path = self.dir / "mail/tmp" / name
        path.write_bytes(raw)
        os.chown(path, *self.owner) if os.getuid() == 0 else None
        path.rename(self.dir / "mail/new" / name)


@pytest.fixture
def mailbox():
    box = Mailbox()
    yield box
    box.close()


def mail(sender, subject, text, **headers):
    m = email.message.EmailMessage()
    m["From"], m["To"], m["Subject"] = sender, "crm@hanse.example", subject
    m["Message-ID"] = email.utils.make_msgid(domain="customer.example")
    m["Date"] = email.utils.format_datetime(email.utils.localtime())
    for name, value in headers.items():
        m[name.replace("_", "-")] = value
    m.set_content(text)
    return m


def messages(person, lead, state=None):
    entries = person.get(f"/lead/{lead['id']}/_timeline", kinds="mail").json["entries"]
    return [e for e in entries if state is None or e["state"] == state]


def unsorted(admin):
    return admin.get("/_inbox", limit="200").json["messages"]


def test_an_answer_finds_its_record_by_thread_and_a_stranger_by_address(own_site, mailbox, relay):  # noqa: F811
    site = own_site(*mailbox.options, *relay.options)
    li, zhang, admin = site.sign_in("demo.li"), site.sign_in("demo.zhang"), site.sign_in("demo.admin")
    asked = li.made("lead", name="Thread Freight", email="ops@thread.example")
    known = li.made("lead", name="Address Freight", email="Boss@Address.example")
    assert li.post(f"/lead/{asked['id']}/_mail", {"to": "ops@thread.example", "subject": "Rates", "text": "Which port?"}).status == 202
    assert until(lambda: messages(li, asked, "sent"))
    sent = relay.mails[0][1]
    mailbox.put(mail("Somebody Else <secretary@elsewhere.example>", "Re: Rates", "Hai Phong\nplease", In_Reply_To=sent["Message-ID"], References=f"<x@y> {sent['Message-ID']}"))
    answer = until(lambda: messages(li, asked, "in"))
    assert len(answer) == 1 and answer[0]["from"] == "secretary@elsewhere.example" and answer[0]["subject"] == "Re: Rates"
    assert answer[0]["text"].rstrip() == "Hai Phong\nplease"
    assert until(lambda: [a for a in alerts(li) if a["record"] == asked["id"] and a["kind"] == "alert.mail_in"])
    mailbox.put(mail("BOSS@address.EXAMPLE", "Anfrage", "Grüße aus Köln, 陈先生"))
    first = until(lambda: messages(li, known, "in"))
    assert len(first) == 1 and first[0]["text"].rstrip() == "Grüße aus Köln, 陈先生"
    mailbox.put(mail("nobody@knows.example", "Who are we", "hello"))
    one = until(lambda: [m for m in unsorted(admin) if m["subject"] == "Who are we"])
    assert one
    # seen by who sees the record, and by nobody else
    assert zhang.get(f"/lead/{asked['id']}/_timeline", kinds="mail").status == 404 and zhang.get("/_inbox").status == 403
    assert admin.post(f"/_inbox/{one[0]['id']}/sort", {"table": "lead", "id": known["id"]}).status == 204
    assert [m["subject"] for m in messages(li, known)] == ["Who are we", "Anfrage"]


def test_each_mail_is_taken_once_over_restarts_kills_and_a_new_uidvalidity(own_site, mailbox):
    site = own_site(*mailbox.options)
    li = site.sign_in("demo.li")
    lead = li.made("lead", name="Once Freight", email="once@once.example")
    mailbox.put(mail("once@once.example", "one", "1"))
    assert until(lambda: messages(li, lead))
    for n in range(20):
        mailbox.put(mail("once@once.example", f"many {n}", "x"))
    site.kill()
    mailbox.put(mail("once@once.example", "while it was down", "2"))
    site.start()
    li = site.sign_in("demo.li")
    assert until(lambda: len(messages(li, lead)) == 22)
    mailbox.stop()
    for name in ("dovecot-uidlist", "dovecot.index.log", "dovecot.index.cache", "dovecot.index"):
        (mailbox.dir / "mail" / name).unlink(missing_ok=True)
    mailbox.start()
    mailbox.put(mail("once@once.example", "behind the new numbers", "3"))
    assert until(lambda: [m for m in messages(li, lead) if m["subject"] == "behind the new numbers"])
    subjects = [m["subject"] for m in messages(li, lead)]
    assert len(subjects) == len(set(subjects)) == 23


BOUNCE = """From: MAILER-DAEMON@mx.example
To: crm@hanse.example
Subject: Undelivered Mail Returned to Sender
Message-ID: <bounce{n}@mx.example>
Content-Type: multipart/report; report-type=delivery-status; boundary="b"
MIME-Version: 1.0

--b
Content-Type: text/plain

I'm sorry.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; gone@bounce.example
Action: {action}
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such user

--b
Content-Type: message/rfc822

Message-ID: {id}
Subject: Offer

Dear
--b--
"""


def test_a_bounce_marks_the_mail_that_came_back_and_a_delay_does_not(own_site, mailbox, relay):  # noqa: F811
    site = own_site(*mailbox.options, *relay.options)
    li, admin = site.sign_in("demo.li"), site.sign_in("demo.admin")
    lead = li.made("lead", name="Bounce Freight", email="gone@bounce.example")
    li.post(f"/lead/{lead['id']}/_mail", {"to": "gone@bounce.example", "subject": "Offer", "text": "Dear"})
    assert until(lambda: messages(li, lead, "sent"))
    sent = relay.mails[0][1]["Message-ID"]
    mailbox.put(BOUNCE.format(n=1, id=sent, action="delayed").encode())
    assert until(lambda: [m for m in unsorted(admin) if "Undelivered" in m["subject"]] or messages(li, lead, "in"))
    assert messages(li, lead, "sent")
    mailbox.put(BOUNCE.format(n=2, id="<00000000000000000000000000000000@hanse.example>", action="failed").encode())
    mailbox.put(BOUNCE.format(n=3, id=sent, action="failed").encode())
    back = until(lambda: messages(li, lead, "bounced"))
    assert len(back) == 1 and "no such user" in back[0]["error"]
    assert not messages(li, lead, "sent")


def hostile():
    nested = "Subject: deep\nFrom: a@b.example\nMessage-ID: <deep@x>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b0\n\n"
    for i in range(3000):
        nested += f"--b{i}\nContent-Type: multipart/mixed; boundary=b{i + 1}\n\n"
    yield nested.encode()
    wide = "Subject: wide\nFrom: a@b.example\nMessage-ID: <wide@x>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"
    yield (wide + "--b\nContent-Type: application/octet-stream\n\nx\n" * 20000 + "--b--\n").encode()
    yield b"\x00\xff\xfe" * 1000
    yield b""
    yield b"From: \r\n\r\nnobody"
    yield b"From: a@b.example\r\nSubject: =?utf-8?B?////?= =?nocharset?Q?=FF?= \x00\xff\r\nMessage-ID: <bytes@x>\r\nContent-Type: text/plain; charset=\"x-no-such\"\r\n\r\n\xff\xfe\x00bytes"
    yield b"From: \"a\\\r\n b\" <a@b.example>\r\nBcc: x\r\nSubject: fold\r\n\tand\x0btab\r\nMessage-ID: <fold@x>\r\n\r\nok"
    yield b"Message-ID: <refs@x>\r\nFrom: a@b.example\r\nReferences: " + b"<r@x> " * 20000 + b"\r\nSubject: refs\r\n\r\nx"
    yield b"Message-ID: <html@x>\r\nFrom: a@b.example\r\nSubject: html\r\nContent-Type: text/html\r\n\r\n<style>p{}</style><p>Hello &amp; <b>bye</b><script>alert(1)</script><br>end" + b"<div" * 50000
    yield b"Message-ID: <big@x>\r\nFrom: a@b.example\r\nSubject: big\r\n\r\n" + b"0123456789abcde\n" * 100000
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("bomb", b"\0" * 50_000_000)
    m = mail("a@b.example", "zip", "see file")
    m.add_attachment(zipped.getvalue(), maintype="application", subtype="zip", filename="../../etc/passwd\n.zip".replace("\n", ""))
    yield m.as_bytes(policy=email.policy.SMTP)


def test_hostile_mails_end_nothing_and_hold_up_nobody(own_site, mailbox):
    site = own_site(*mailbox.options, "--imap_mail_max", "1M")
    admin, li = site.sign_in("demo.admin"), site.sign_in("demo.li")
    lead = li.made("lead", name="Behind Freight", email="behind@behind.example")
    for raw in hostile():
        mailbox.put(raw)
    mailbox.put(mail("behind@behind.example", "behind all of them", "still here"))
    assert until(lambda: messages(li, lead))
    got = {m["subject"]: m for m in unsorted(admin)}
    assert "alert(1)" not in got["html"]["text"] and got["html"]["text"].startswith("Hello & bye") and "p{}" not in got["html"]["text"]
    assert {"deep", "wide", "refs", "big", "zip"} <= set(got) and got["zip"]["text"].rstrip() == "see file"
    assert got["big"]["text"] == ""  # too long: its headers only
    for m in got.values():
        assert len(m["text"]) <= 200000 and not any(ord(c) < 32 and c not in "\n\t" for c in m["text"] + m["subject"] + m["from"])
    assert site.process.poll() is None and "level=error" not in site.log()


def with_files(m, *files):
    for name, data, kind in files:
        main, sub = kind.split("/")
        m.add_attachment(data, maintype=main, subtype=sub, filename=name)
    return m


PDF = b"%PDF-1.4\nquote\n%%EOF"


def test_what_a_mail_brings_becomes_files_of_its_record(own_site, mailbox):
    """Attachments were counted and thrown away."""
    site = own_site(*mailbox.options)
    li, zhang, admin = (site.sign_in("demo." + n) for n in ("li", "zhang", "admin"))
    lead = li.made("lead", name="Bringing Freight", email="ops@bringing.example")
    logo = mail("ops@bringing.example", "Our offer", "see the files")
    logo.add_alternative('<p>see the files<img src="cid:logo@x"></p>', subtype="html")
    logo.get_payload()[1].add_related(b"\x89PNG\r\n\x1a\nlogo", "image", "png", cid="<logo@x>", filename="image001.png")
    mailbox.put(with_files(logo, ("../Angebot für 陈.pdf", PDF, "application/pdf"), ("setup.exe", b"MZ\x00", "application/octet-stream"),
                           ("fake.pdf", b"<html>", "application/pdf")))
    (came,) = until(lambda: messages(li, lead, "in"))
    assert came["left_out"] == 2  # a program, and what is not what it says
    (file,) = li.get(f"/lead/{lead['id']}/_files").json["files"]
    assert (file["name"], file["mime"], file["size"], file["by"]) == ("Angebot für 陈.pdf", "application/pdf", len(PDF), 0)
    assert li.get(f"/_file/{file['id']}").body == PDF
    assert zhang.get(f"/_file/{file['id']}").status == 404
    assert [e["file"]["name"] for e in li.get(f"/lead/{lead['id']}/_timeline", kinds="file").json["entries"]] == [file["name"]]
    # of nobody's: its files wait with it, seen by nobody, and go where it goes
    mailbox.put(with_files(mail("who@knows.example", "Whose?", "x"), ("a.txt", b"to whom it concerns", "text/plain")))
    (waits,) = until(lambda: [m for m in unsorted(admin) if m["subject"] == "Whose?"])
    assert waits["files"] == ["a.txt"]
    for person in (admin, li):
        assert person.get(f"/_file/{file['id'] + 1}").status == 404
    assert admin.post(f"/_inbox/{waits['id']}/sort", {"table": "lead", "id": lead["id"]}).status == 204
    assert {f["name"]: li.get(f"/_file/{f['id']}").body for f in li.get(f"/lead/{lead['id']}/_files").json["files"]} == {
        "a.txt": b"to whom it concerns", file["name"]: PDF}
    for f in li.get(f"/lead/{lead['id']}/_files").json["files"]:
        assert li.delete(f"/_file/{f['id']}").status == 204
    assert li.get(f"/lead/{lead['id']}/_files").json["files"] == []


def test_mails_fill_no_disk_and_bring_no_virus(own_site, mailbox):
    clamd = Clamd()
    site = own_site(*mailbox.options, "--scanner", "127.0.0.1:%d" % clamd.server_address[1])
    li, admin = site.sign_in("demo.li"), site.sign_in("demo.admin")
    lead = li.made("lead", name="Filling Freight", email="ops@filling.example")
    admin.made("setting", name="base.files_mail_mb", value="1")
    mailbox.put(with_files(mail("ops@filling.example", "virus", "x"), ("a.txt", b"this is EICAR, surely", "text/plain"), ("b.txt", b"harmless", "text/plain")))
    (came,) = until(lambda: messages(li, lead, "in"))
    assert came["left_out"] == 1
    assert until(lambda: admin.rows("audit", filter=["what", "=", "virus"]))
    big = b"0123456789abcde\n" * 40000
    for n in range(2):
        mailbox.put(with_files(mail("ops@filling.example", f"big {n}", "x"), (f"big{n}.txt", big + b"%d" % n, "text/plain")))
    assert until(lambda: len(messages(li, lead, "in")) == 3)
    assert sorted(m["left_out"] for m in messages(li, lead, "in")) == [0, 1, 1]
    assert sorted(f["name"] for f in li.get(f"/lead/{lead['id']}/_files").json["files"])[0] == "b.txt"
    assert len(li.get(f"/lead/{lead['id']}/_files").json["files"]) == 2
    # what nobody can look at waits, and so does everything behind it
    clamd.answer = b"\0"
    mailbox.put(with_files(mail("ops@filling.example", "waits", "x"), ("c.txt", b"later", "text/plain")))
    assert until(lambda: "tried again" in site.log())
    assert len(messages(li, lead, "in")) == 3
    clamd.answer = None
    assert until(lambda: len(messages(li, lead, "in")) == 4)
    assert "c.txt" in [f["name"] for f in li.get(f"/lead/{lead['id']}/_files").json["files"]]
    # a file that it does not look through is left out, and holds nothing up
    clamd.answer = b"INSTREAM size limit exceeded. ERROR\0"
    mailbox.put(with_files(mail("ops@filling.example", "too large", "x"), ("d.txt", b"never", "text/plain")))
    (came,) = until(lambda: [m for m in messages(li, lead, "in") if m["left_out"] == 1 and m["subject"] == "too large"])
    assert "d.txt" not in [f["name"] for f in li.get(f"/lead/{lead['id']}/_files").json["files"]]
    clamd.shutdown(), clamd.server_close()


class Unwell(socketserver.ThreadingTCPServer):
    """A mailbox that says what it should, but for how a mail comes: give(n, out) writes one, False breaks off."""
    daemon_threads = True
    mails = {}

    class RequestHandlerClass(socketserver.StreamRequestHandler):
        def handle(self):
            box, say = self.server, lambda text: self.wfile.write(text + b"\r\n")
            say(b"* OK mailbox")
            try:
                while line := self.rfile.readline():
                    tag, words = line.split(b" ", 1)
                    verb = words.strip().upper()
                    n = int(verb.split()[2]) if verb.startswith(b"UID FETCH") else 0
                    if verb.startswith(b"CAPABILITY"):
                        say(b"* CAPABILITY IMAP4rev1")
                    elif verb.startswith(b"STATUS"):
                        say(b"* STATUS INBOX (UIDVALIDITY 7 UIDNEXT %d)" % (len(box.mails) + 1 if box.full.is_set() else 1))
                    elif verb.startswith(b"SELECT"):
                        say(b"* %d EXISTS\r\n* OK [UIDVALIDITY 7] valid" % len(box.mails))
                    elif verb.startswith(b"UID SEARCH"):
                        say(b"* SEARCH " + b" ".join(b"%d" % n for n in box.mails))
                    elif b"RFC822.SIZE" in verb:
                        say(b"* %d FETCH (UID %d RFC822.SIZE %d)" % (n, n, len(box.mails[n])))
                    elif b"BODY" in verb:
                        say(b"* %d FETCH (UID %d BODY[] {%d}" % (n, n, len(box.mails[n])))
                        if not box.give(n, self.wfile):
                            return
                        say(b")")
                    say(tag + b" OK done")
            except OSError:
                pass

    def __init__(self):
        super().__init__(("127.0.0.1", 0), self.RequestHandlerClass)
        self.full, self.open = threading.Event(), threading.Event()
        self.options = ["--imap_url", f"imap://127.0.0.1:{self.server_address[1]}/INBOX", "--imap_user", "crm", "--imap_password", "x", "--imap_plain", "--imap_every", "1s"]
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Dripping(Unwell):
    """One mail, which comes a byte at a time until somebody opens the tap."""
    mails = {1: b"From: Anna <anna@dripping.example>\r\nTo: crm@hanse.example\r\nSubject: By drips\r\nMessage-ID: <drip@dripping.example>\r\n\r\n" + b"water\r\n" * 200}

    def __init__(self):
        self.begun = threading.Event()
        super().__init__()
        self.full.set()

    def give(self, n, out):
        self.begun.set()
        for byte in self.mails[n]:
            out.write(bytes([byte]))
            self.open.wait(0.2)
        return True


def test_a_mail_that_comes_by_drips_does_not_hold_up_a_stop_and_is_read_later(own_site):
    """The worker was not to be stopped until the mail was there, or after two minutes."""
    box = Dripping()
    site = own_site(*box.options)
    li = site.sign_in("demo.li")
    lead = li.made("lead", name="Dripping Waters", email="anna@dripping.example")
    for _ in range(4):  # more often than a mail is tried that ends the server
        assert box.begun.wait(PATIENCE)
        assert site.stop() == 0, site.log()
        box.begun.clear()
        site.start()
    box.open.set()
    li = site.sign_in("demo.li")
    assert until(lambda: [m["subject"] for m in messages(li, lead)] == ["By drips"]), site.log()
    box.shutdown(), box.server_close()


class Breaking(Unwell):
    """Three mails, of which the second breaks off as long as the tap is shut."""
    mails = {n: (b"From: Anna <anna@breaking.example>\r\nTo: crm@hanse.example\r\nSubject: Mail %d\r\nMessage-ID: <%d@breaking.example>\r\n\r\nwater\r\n" % (n, n))
             for n in (1, 2, 3)}

    def __init__(self):
        self.asked = dict.fromkeys(self.mails, 0)
        super().__init__()

    def give(self, n, out):
        self.asked[n] += 1
        whole = n != 2 or self.open.is_set()
        out.write(self.mails[n] if whole else self.mails[n][:20])
        return whole


def test_a_mail_whose_fetch_fails_is_tried_again_holds_up_nobody_and_is_told(own_site):
    """After three failures of the network it was passed over for ever, and those behind it waited until then."""
    box = Breaking()
    site = own_site(*box.options)
    li, admin = site.sign_in("demo.li"), site.sign_in("demo.admin")
    lead = li.made("lead", name="Breaking Waters", email="anna@breaking.example")
    box.full.set()
    told = lambda: [a for a in admin.get("/_alert", state="open").json["alerts"] if a["kind"] == "alert.mail_unfetched"]
    subjects = lambda: sorted(m["subject"] for m in messages(li, lead))
    assert until(lambda: subjects() == ["Mail 1", "Mail 3"]), site.log()  # while the second breaks off
    assert until(told), site.log()
    assert box.asked[2] >= 3 and len(told()) == 1 and subjects() == ["Mail 1", "Mail 3"]
    assert [a for a in li.get("/_alert").json["alerts"] if a["kind"] == "alert.mail_unfetched"] == []
    assert site.stop() == 0  # nor does a restart forget it
    site.start()
    box.open.set()
    li, admin = site.sign_in("demo.li"), site.sign_in("demo.admin")
    assert until(lambda: subjects() == ["Mail 1", "Mail 2", "Mail 3"]), site.log()
    assert until(lambda: told() == []) == True  # noqa: E712  it is over, and said so
    assert box.asked[1] == 1 and box.asked[3] == 1
    box.shutdown(), box.server_close()
