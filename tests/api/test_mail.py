"""The outbox: mails over TLS to a real SMTP server, tried again, never with a header somebody smuggled in."""
import email
import email.policy
import itertools
import socket
import socketserver
import ssl
import subprocess
import threading

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from site_ import PATIENCE, until
from test_alerts import remind

number = itertools.count(1)


class Inbox:
    def __init__(self):
        self.mails, self.answers = [], []

    async def handle_DATA(self, server, session, envelope):
        if self.answers:
            return self.answers.pop(0)
        self.mails.append((envelope, email.message_from_bytes(envelope.content, policy=email.policy.default), session.ssl is not None))
        return "250 OK"


@pytest.fixture
def relay(tmp_path):
    """An SMTP server that insists on TLS and a password, with a certificate of its own."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=DNS:localhost", "-keyout", tmp_path / "key.pem", "-out", tmp_path / "cert.pem"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    inbox = Inbox()

    def authenticate(server, session, envelope, mechanism, data):
        return AuthResult(success=data.login == b"berth" and data.password == b"geheim")

    controller = Controller(inbox, hostname="127.0.0.1", port=0, tls_context=context, require_starttls=True, auth_required=True,
                            authenticator=authenticate)
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        controller.port = s.getsockname()[1]
    controller.start()
    inbox.options = ["--smtp_url", f"smtp://localhost:{controller.port}", "--smtp_user", "berth", "--smtp_password", "geheim",
                     "--smtp_from", "crm@hanse.example", "--smtp_ca", str(tmp_path / "cert.pem")]
    yield inbox
    controller.stop()


def mails_of(person, lead):
    return person.get(f"/lead/{lead['id']}/_timeline", kinds="mail").json["entries"]


def test_a_mail_goes_out_over_tls_and_stands_on_the_timeline(own_site, relay):
    site = own_site(*relay.options)
    li = site.sign_in("demo.li")
    lead = li.made("lead", name="Posted Freight", email="ops@posted.example")
    text = "Kính gửi anh 陈先生,\n.\nrates:\n" + "x" * 3000
    subject = "Báo giá FCL 上海 → Hải Phòng, tháng 12, với phụ phí và điều kiện thanh toán"
    answer = li.post(f"/lead/{lead['id']}/_mail", {"to": "ops@posted.example", "subject": subject, "text": text})
    assert answer.status == 202
    assert until(lambda: mails_of(li, lead)[0]["state"] == "sent")
    envelope, message, tls = relay.mails[0]
    assert tls and envelope.rcpt_tos == ["ops@posted.example"] and envelope.mail_from == "crm@hanse.example"
    assert message["Subject"] == subject and message.get_content().rstrip("\n") == text
    assert message["Message-ID"].endswith("@hanse.example>") and len(relay.mails) == 1
    assert mails_of(site.sign_in("demo.manager"), lead)[0]["subject"] == subject
    assert site.sign_in("demo.zhang").post(f"/lead/{lead['id']}/_mail", {"to": "a@b.example", "subject": "x", "text": "y"}).status == 404


@pytest.mark.parametrize("field, value", [("to", "a@b.example\r\nBcc: all@world.example"), ("to", "a@b.example, c@d.example"), ("to", "<a@b.example>"),
                                          ("to", "a@b.example> SIZE=1"), ("to", ""), ("to", None), ("to", "nobody"), ("subject", "Hi\r\nBcc: x@y.example"),
                                          ("subject", "Hi\nX: y"), ("subject", "a\tb"), ("subject", ""), ("subject", "x" * 501), ("text", None)])
def test_what_would_smuggle_a_header_is_refused(people, field, value):
    lead = people["li"].made("lead", name=f"Header Freight {next(number)} Co {id(value) % 997}")
    body = {"to": "a@b.example", "subject": "Hi", "text": "text", field: value}
    answer = people["li"].post(f"/lead/{lead['id']}/_mail", body)
    assert answer.status == 422 and field in answer.json["error"]["fields"], answer
    assert mails_of(people["li"], lead) == []


def test_a_server_that_says_not_now_is_asked_again_and_never_means_never(own_site, relay):
    site = own_site(*relay.options)
    li = site.sign_in("demo.li")
    lead = li.made("lead", name="Patient Freight")
    relay.answers = ["451 not now", "550 no such user"]
    for n in (1, 2):
        li.post(f"/lead/{lead['id']}/_mail", {"to": f"n{n}@b.example", "subject": str(n), "text": "x"})
    assert until(lambda: sorted((m["state"], bool(m["error"])) for m in mails_of(li, lead)) == [("failed", True), ("queued", True)])
    assert relay.mails == []


def test_a_template_takes_what_its_reader_may_see_and_nothing_else(people):
    manager, li = people["manager"], people["li"]
    template = manager.made("mail_template", name=f"Offer {next(number)}", on_table="lead", subject_en="For {name} {city}",
                            body_en="Dear {contact}, {nosuch} {password_hash} {{city}} {name", subject_vi="Gửi {name}")
    lead = li.made("lead", name="{city} Freight", city="Ningbo", contact="Herr {name}", email="x@y.example")
    filled = li.post(f"/lead/{lead['id']}/_mail/_fill", {"template": template["id"], "locale": "en"}).json
    assert filled["to"] == "x@y.example" and filled["subject"] == "For {city} Freight Ningbo"
    assert filled["text"] == "Dear Herr {name}, {nosuch} {password_hash} {Ningbo} {name"
    assert li.post(f"/lead/{lead['id']}/_mail/_fill", {"template": template["id"], "locale": "vi"}).json["subject"] == "Gửi {city} Freight"


def test_alerts_come_by_mail_to_who_wants_them(own_site, relay):
    site = own_site(*relay.options)
    li, admin = site.sign_in("demo.li"), site.sign_in("demo.admin")
    row = admin.row(f"/user/{li.user['id']}")
    assert admin.patch(f"/user/{li.user['id']}", row["version"], {"email": "li@hanse.example"}).status == 200
    lead = li.made("lead", name="Mailed Alert Freight")
    remind(li, lead, "quiet one")
    li.ask("PUT", "/_alert/_prefs", {"mail": "all"})
    remind(li, lead, "loud one")
    assert until(lambda: any("loud one: Mailed Alert Freight" == m["Subject"] for _, m, _ in relay.mails))


PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40


def test_a_mail_takes_files_along_and_keeps_what_it_took(own_site, relay):
    site = own_site(*relay.options)
    li, zhang = site.sign_in("demo.li"), site.sign_in("demo.zhang")
    lead = li.made("lead", name="Enclosed Freight", email="ops@enclosed.example")
    name = "Báo giá 上海 FCL; x=1.png"
    one, two = (li.ask("POST", f"/lead/{lead['id']}/_files", raw=body, name=n).json["file"]
                for n, body in ((name, PNG), ("terms.txt", b"--=_ .\r\nNet 30 days\r\n.\r\n" * 9)))
    hidden = zhang.made("lead", name="Not Li's Freight")
    secret = zhang.ask("POST", f"/lead/{hidden['id']}/_files", raw=b"secret", name="s.txt").json["file"]
    mail = {"to": "ops@enclosed.example", "subject": "Offer", "text": "see the files"}
    for files in ([secret["id"]], [one["id"], 999999], [0], ["x"], "x", [one["id"]] * 21):
        answer = li.post(f"/lead/{lead['id']}/_mail", {**mail, "files": files})
        assert answer.status == 422 and list(answer.json["error"]["fields"]) == ["files"], answer
    assert mails_of(li, lead) == []
    relay.answers = ["451 not now"]
    assert li.post(f"/lead/{lead['id']}/_mail", {**mail, "files": [one["id"], two["id"]]}).status == 202
    assert until(lambda: mails_of(li, lead)[0]["error"])
    assert mails_of(li, lead)[0]["files"] == [name, "terms.txt"]
    assert li.delete(f"/_file/{one['id']}").status == 204  # it waits, and goes out whole all the same
    admin = site.sign_in("demo.admin")
    (waits,) = admin.get("/_outbox", state="queued").json["messages"]
    assert admin.post(f"/_outbox/{waits['id']}/again").status == 204
    assert until(lambda: mails_of(li, lead)[0]["state"] == "sent")
    ((_, message, _),) = relay.mails
    text, first, second = message.iter_parts()
    assert text.get_content().strip() == "see the files"
    assert (first.get_filename(), first.get_content_type(), first.get_content()) == (name, "image/png", PNG)
    assert second.get_filename() == "terms.txt" and second.get_payload(decode=True) == b"--=_ .\r\nNet 30 days\r\n.\r\n" * 9
    # nobody reaches the copy as a file, and it is in nobody's list
    assert [f["id"] for f in li.get(f"/lead/{lead['id']}/_files").json["files"]] == [two["id"]]
    for id_ in range(1, secret["id"] + 6):
        if id_ not in (two["id"], secret["id"]):
            assert li.get(f"/_file/{id_}").status == 404 and admin.get(f"/_file/{id_}").status == 404


def test_files_of_a_template_go_with_its_mails(own_site, relay):
    site = own_site(*relay.options)
    manager, li = site.sign_in("demo.manager"), site.sign_in("demo.li")
    template = manager.made("mail_template", name="Terms", on_table="lead", subject_en="Terms for {name}", body_en="Enclosed.")
    for body in (b"old terms", b"new terms"):
        old = manager.get(f"/mail_template/{template['id']}/_files").json["files"]
        assert manager.ask("POST", f"/mail_template/{template['id']}/_files", raw=body,
                           name="terms.txt", **({"replaces": old[0]["id"]} if old else {})).status == 201
    lead = li.made("lead", name="Templated Freight", email="ops@templated.example")
    filled = li.post(f"/lead/{lead['id']}/_mail/_fill", {"template": template["id"], "locale": "en"}).json
    assert [f["name"] for f in filled["files"]] == ["terms.txt"]
    assert li.post(f"/lead/{lead['id']}/_mail", {k: filled[k] for k in ("to", "subject", "text")} | {"files": [f["id"] for f in filled["files"]]}).status == 202
    # a rule without code sends them, too
    rule = site.sign_in("demo.admin").made("automation", name="Welcome", on_table="lead", event="created")
    site.sign_in("demo.admin").made("automation_step", automation_id=rule["id"], place=1, does="mail", template_id=template["id"], whom="record")
    other = li.made("lead", name="Welcomed Freight", email="ops@welcomed.example")
    assert until(lambda: len(relay.mails) == 2)
    for _, message, _ in relay.mails:
        (_, file) = message.iter_parts()
        assert (file.get_filename(), file.get_payload(decode=True)) == ("terms.txt", b"new terms")
    assert mails_of(li, other)[0]["files"] == ["terms.txt"]


class Plain(socketserver.ThreadingTCPServer):
    """A relay on this machine, which may stop to read in the middle of a mail."""
    daemon_threads = True

    class RequestHandlerClass(socketserver.StreamRequestHandler):
        def handle(self):
            say = lambda text: self.wfile.write(text + b"\r\n")
            say(b"220 relay")
            to = b""
            while line := self.rfile.readline():
                say(b"354 go on" if line.upper().startswith(b"DATA") else b"250 yes")
                to = line if line.upper().startswith(b"RCPT") else to
                if not line.upper().startswith(b"DATA"):
                    continue
                if self.server.stalls and self.server.whose in to:
                    self.server.begun.set()
                    while not self.server.over.wait(0.2):
                        self.rfile.read(self.server.drips)
                    return
                mail = b"".join(iter(self.rfile.readline, b".\r\n"))
                self.server.mails.append(email.message_from_bytes(mail, policy=email.policy.default))
                say(b"250 taken")

    def __init__(self):
        super().__init__(("127.0.0.1", 0), self.RequestHandlerClass)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        self.whose, self.drips = b"", 0
        self.stalls, self.begun, self.over, self.mails = True, threading.Event(), threading.Event(), []
        self.options = ["--smtp_url", f"smtp://127.0.0.1:{self.server_address[1]}", "--smtp_from", "crm@hanse.example", "--smtp_plain"]
        threading.Thread(target=self.serve_forever, daemon=True).start()


def test_a_mail_that_the_server_takes_no_more_of_does_not_hold_up_a_stop(own_site):
    """It had nine minutes, and the worker was killed over it."""
    relay = Plain()
    site = own_site(*relay.options)
    li = site.sign_in("demo.li")
    lead = li.made("lead", name="Stalled Freight")
    answer = li.ask("POST", f"/lead/{lead['id']}/_files", raw=b"Net 30 days\n" * (12 << 16), name="terms.txt")
    assert answer.status == 201, answer
    mail = {"to": "ops@stalled.example", "subject": "Offer", "text": "see the files", "files": [answer.json["file"]["id"]]}
    assert li.post(f"/lead/{lead['id']}/_mail", mail).status == 202
    assert relay.begun.wait(PATIENCE)
    assert site.stop() == 0, site.log()
    assert relay.mails == []
    relay.stalls = False
    relay.over.set()
    site.start()
    li = site.sign_in("demo.li")
    assert until(lambda: mails_of(li, lead)[0]["state"] == "sent"), mails_of(li, lead)
    (message,) = relay.mails
    _, file = message.iter_parts()
    assert file.get_payload(decode=True) == b"Net 30 days\n" * (12 << 16)
    relay.shutdown(), relay.server_close()


def test_a_mail_that_the_server_takes_by_drips_holds_up_no_other(own_site):
    """There was one thread for all that goes out, and a mail with files had up to eight minutes of it."""
    relay = Plain()
    relay.whose, relay.drips = b"slow@", 1
    site = own_site(*relay.options)
    li = site.sign_in("demo.li")
    lead = li.made("lead", name="Dripping Freight")
    answer = li.ask("POST", f"/lead/{lead['id']}/_files", raw=b"Net 30 days\n" * (12 << 16), name="terms.txt")
    mail = {"to": "slow@dripping.example", "subject": "Files", "text": "see the files", "files": [answer.json["file"]["id"]]}
    assert li.post(f"/lead/{lead['id']}/_mail", mail).status == 202
    assert relay.begun.wait(PATIENCE)
    assert li.post(f"/lead/{lead['id']}/_mail", {"to": "quick@dripping.example", "subject": "Plain", "text": "at once"}).status == 202
    states = lambda: {m["subject"]: m["state"] for m in mails_of(li, lead)}
    assert until(lambda: states()["Plain"] == "sent"), states()
    assert states()["Files"] == "queued" and [m["To"] for m in relay.mails] == ["quick@dripping.example"]
    assert site.stop() == 0, site.log()
    relay.stalls = False
    relay.over.set()
    site.start()
    li = site.sign_in("demo.li")
    assert until(lambda: states()["Files"] == "sent"), states()
    relay.shutdown(), relay.server_close()


def test_what_is_urgent_goes_out_first(own_site, relay, tmp_path):
    (tmp_path / "scripts" / "hooks" / "urgent.lua").write_text('''-- Tells of new leads at once (test).
on("lead", "after_save", function(lead)
  if lead.name == "Burning Freight" then
    berth.alert{text = "it burns", about = lead, key = "burns:" .. lead.id, severity = 2}
  end
end)
''')
    site = own_site()  # without a server mails wait
    li, admin = site.sign_in("demo.li"), site.sign_in("demo.admin")
    row = admin.row(f"/user/{li.user['id']}")
    assert admin.patch(f"/user/{li.user['id']}", row["version"], {"email": "li@hanse.example"}).status == 200
    lead = li.made("lead", name="Calm Freight")
    for n in range(3):
        assert li.post(f"/lead/{lead['id']}/_mail", {"to": "a@b.example", "subject": f"calm {n}", "text": "x"}).status == 202
    li.made("lead", name="Burning Freight")
    assert until(lambda: len(admin.get("/_outbox", state="queued").json["messages"]) == 4)
    assert site.stop() == 0
    site.options += relay.options
    site.start()
    assert until(lambda: len(relay.mails) == 4)
    subjects = [m["Subject"] for _, m, _ in relay.mails]
    assert "it burns" in subjects[0] and subjects[1:] == ["calm 0", "calm 1", "calm 2"], subjects
