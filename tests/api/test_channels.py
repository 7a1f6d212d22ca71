"""Alerts by WeCom, DingTalk, Lark, Zalo, Telegram, SMS and webhook, against a gateway that checks what the makers document;
what adaptors may reach; SMS that come in, signed and sorted."""
import hashlib
import hmac
import http.server
import itertools
import json
import shutil
import socket
import threading
import time
import urllib.parse

import pytest

from site_ import ROOT, Site, until
from test_alerts import alerts, quiet_hours, remind as remind_of

number = itertools.count(1)
HOSTILE = 'He said "hi"\\ \u2028 {"x":1} \u0000\r\nX-Evil: 1 </script> 陈 Đặng'.replace("\x00", "")


class Gateway(http.server.ThreadingHTTPServer):
    """All the makers' servers in one; a request that is not as documented is an error of the test."""
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.port = self.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.sent, self.wrong, self.answers, self.seen = [], [], {}, []
        self.tokens = {"wecom": 0, "zalo": 0}

    def of(self, channel):
        return [m for name, m in self.sent if name == channel]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        self.handle_it()

    def do_POST(self):
        self.handle_it()

    def handle_it(self):
        url = urllib.parse.urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        query = dict(urllib.parse.parse_qsl(url.query, strict_parsing=bool(url.query)))
        self.server.seen.append((self.command, url.path, dict(self.headers), body))
        try:
            status, answer = self.server.answers.pop(url.path).pop(0) if self.server.answers.get(url.path) else self.route(url.path, query, body)
        except (AssertionError, KeyError, ValueError) as wrong:
            self.server.wrong.append((self.path, body, repr(wrong)))
            status, answer = 500, {"wrong": repr(wrong)}
        data = json.dumps(answer).encode() if not isinstance(answer, bytes) else answer
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "http://127.0.0.1:1/")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def keep(self, channel, message):
        self.server.sent.append((channel, message))

    def json(self, body):
        assert self.headers["Content-Type"].startswith("application/json")
        assert self.command == "POST" and "X-Evil" not in self.headers
        return json.loads(body)

    def route(self, path, query, body):
        if path == "/bot42:TG/sendMessage":  # core.telegram.org/bots/api#sendmessage
            m = self.json(body)
            assert isinstance(m["text"], str) and 1 <= len(m["text"]) <= 4096 and m["chat_id"]
            assert set(m) <= {"chat_id", "text", "disable_notification", "reply_markup"}
            for row in m.get("reply_markup", {}).get("inline_keyboard", []):
                assert all(set(b) == {"text", "url"} and b["url"].startswith("http") for b in row)
            self.keep("telegram", m)
            return 200, {"ok": True, "result": {"message_id": 7}}
        if path == "/cgi-bin/gettoken":  # developer.work.weixin.qq.com/document/path/91039
            assert self.command == "GET" and query == {"corpid": "ww1", "corpsecret": "WCSECRET"}
            self.server.tokens["wecom"] += 1
            return 200, {"errcode": 0, "errmsg": "ok", "access_token": f"wct{self.server.tokens['wecom']}", "expires_in": 7200}
        if path == "/cgi-bin/message/send":  # .../path/90236
            m = self.json(body)
            if query["access_token"] != f"wct{self.server.tokens['wecom']}":
                return 200, {"errcode": 42001, "errmsg": "access_token expired"}
            assert isinstance(m["agentid"], int) and m["touser"]
            if m["msgtype"] == "textcard":
                assert set(m["textcard"]) == {"title", "description", "url"} and len(m["textcard"]["title"].encode()) <= 128 * 4
            else:
                assert m["msgtype"] == "text" and m["text"]["content"]
            if m["touser"] == "nobody":
                return 200, {"errcode": 0, "errmsg": "ok", "invaliduser": "nobody"}
            self.keep("wecom", m)
            return 200, {"errcode": 0, "errmsg": "ok", "invaliduser": "", "msgid": "1"}
        if path == "/gettoken":  # open.dingtalk.com: obtain an access_token
            assert self.command == "GET" and query == {"appkey": "dk", "appsecret": "DTSECRET"}
            return 200, {"errcode": 0, "errmsg": "ok", "access_token": "dtt", "expires_in": 7200}
        if path == "/topapi/message/corpconversation/asyncsend_v2":
            m = self.json(body)
            assert query == {"access_token": "dtt"} and m["agent_id"] == "99" and m["userid_list"]
            if m["msg"]["msgtype"] == "action_card":
                assert set(m["msg"]["action_card"]) == {"title", "markdown", "single_title", "single_url"}
            else:
                assert m["msg"]["msgtype"] == "text" and m["msg"]["text"]["content"]
            self.keep("dingtalk", m)
            return 200, {"errcode": 0, "errmsg": "ok", "task_id": 5, "request_id": "x"}
        if path == "/open-apis/auth/v3/tenant_access_token/internal":  # open.feishu.cn
            assert self.json(body) == {"app_id": "cli_1", "app_secret": "LKSECRET"}
            return 200, {"code": 0, "msg": "ok", "tenant_access_token": "t-1", "expire": 7200}
        if path == "/open-apis/im/v1/messages":
            m = self.json(body)
            assert query == {"receive_id_type": "email"} and self.headers["Authorization"] == "Bearer t-1"
            assert m["msg_type"] == "post" and len(m["uuid"]) <= 50
            content = json.loads(m["content"])  # a string that holds JSON
            for line in content["zh_cn"]["content"]:
                for part in line:
                    assert (part["tag"], *sorted(set(part) - {"tag"})) in (("text", "text"), ("a", "href", "text"))
            self.keep("lark", dict(m, content=content))
            return 200, {"code": 0, "msg": "success", "data": {"message_id": "om_1"}}
        if path == "/v4/oa/access_token":  # developers.zalo.me: OA access token v4
            form = dict(urllib.parse.parse_qsl(body.decode(), strict_parsing=True))
            assert self.headers["Content-Type"] == "application/x-www-form-urlencoded" and self.headers["secret_key"] == "ZLSECRET"
            assert form["app_id"] == "77" and form["grant_type"] == "refresh_token"
            n = self.server.tokens["zalo"]
            assert form["refresh_token"] == f"refresh{n}"  # each is good once
            self.server.tokens["zalo"] = n + 1
            return 200, {"access_token": f"zl{n + 1}", "refresh_token": f"refresh{n + 1}", "expires_in": "90000"}
        if path == "/v3.0/oa/message/cs":
            m = self.json(body)
            if self.headers["access_token"] != f"zl{self.server.tokens['zalo']}":
                return 200, {"error": -216, "message": "Access token is invalid"}
            assert m["recipient"]["user_id"] and m["message"]["text"]
            self.keep("zalo", m)
            return 200, {"error": 0, "message": "Success", "data": {"message_id": "1"}}
        if path == "/sms":
            m = self.json(body)
            assert set(m) == {"to", "from", "text", "id"} and self.headers["Authorization"] == "Bearer SMSTOKEN"
            self.keep("sms", m)
            return 202, {}
        if path == "/hook":
            want = hmac.new(b"HOOKSECRET", self.headers["X-Berth-Time"].encode() + b"." + body, hashlib.sha256).hexdigest()
            assert self.headers["X-Berth-Signature"] == want
            self.keep("webhook", self.json(body))
            return 200, {}
        raise AssertionError("no such place: " + path)


CHANNELS = {
    "telegram": ({"token": "42:TG", "api": "{url}"}, "8675309"),
    "wecom": ({"corp_id": "ww1", "agent_id": "1000002", "secret": "WCSECRET", "api": "{url}"}, "LiNa"),
    "dingtalk": ({"app_key": "dk", "app_secret": "DTSECRET", "agent_id": "99", "api": "{url}"}, "manager01"),
    "lark": ({"app_id": "cli_1", "app_secret": "LKSECRET", "api": "{url}"}, "li@hanse.example"),
    "zalo": ({"app_id": "77", "secret_key": "ZLSECRET", "refresh_token": "refresh0", "api": "{url}", "oauth": "{url}"}, "186729651760683225"),
    "sms": ({"url": "{url}/sms", "token": "SMSTOKEN", "from": "HANSE", "inbound_secret": "INSECRET"}, "+84901234567"),
    "webhook": ({"url": "{url}/hook", "secret": "HOOKSECRET"}, "li"),
}
GRANTS = [o for name in CHANNELS for o in (f"--grant.channel.{name}", "net")]


@pytest.fixture(scope="module")
def gateway():
    server = Gateway()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()
    assert server.wrong == []


@pytest.fixture(scope="module")
def wired(gateway, tmp_path_factory):
    folder = tmp_path_factory.mktemp("channels")
    shutil.copytree(ROOT / "scripts", folder / "scripts")
    site = Site(folder / "data", "--net_hosts", f"127.0.0.1:{gateway.port}", "--net_private", "--public_url", "https://crm.hanse.example", *GRANTS)
    admin = site.sign_in("demo.admin")
    for name, (settings, _) in CHANNELS.items():
        answer = admin.ask("PUT", f"/_channel/{name}", {"active": True, "settings": {k: v.format(url=gateway.url) for k, v in settings.items()}})
        assert answer.status == 204, answer
    yield site
    assert site.stop() == 0, site.log()


def ways(person, **addresses):
    answer = person.ask("PUT", "/_alert/_prefs", {"ways": {name: {"to": to, "when": "all"} for name, to in addresses.items()}, "kinds": {}, "mail": "never"})
    assert answer.status == 200, answer
    return answer.json


def remind(person, text, **lead):
    lead = person.made("lead", name=f"Channel {next(number):03} Freight", **lead)
    remind_of(person, lead, text)
    return lead


@pytest.mark.parametrize("channel", CHANNELS)
def test_an_alert_goes_out_as_the_maker_documents_with_a_link_to_the_record(wired, gateway, channel):
    li = wired.sign_in("demo.li")
    to = CHANNELS[channel][1]
    ways(li, **{channel: to})
    lead = remind(li, f"Call Müller {channel}")
    got = until(lambda: [m for m in gateway.of(channel) if f"Call Müller {channel}" in json.dumps(m, ensure_ascii=False)])
    assert len(got) == 1, gateway.wrong
    text = json.dumps(got[0], ensure_ascii=False)
    assert to in text and f"https://crm.hanse.example/t/lead/{lead['id']}" in text and lead["name"] in text


@pytest.mark.parametrize("channel", CHANNELS)
def test_what_people_write_stays_text_in_json_url_and_header(wired, gateway, channel):
    li = wired.sign_in("demo.li")
    ways(li, **{channel: CHANNELS[channel][1]})
    mark = f"inj{channel}"
    lead = li.made("lead", name=f'{mark} "}}],"x":"y {next(number)}')
    remind_of(li, lead, mark + HOSTILE)
    got = until(lambda: [m for m in gateway.of(channel) if mark in json.dumps(m)])
    assert len(got) == 1 and gateway.wrong == []
    assert not [1 for _, _, headers, _ in gateway.seen if "X-Evil" in headers]
    flat = json.dumps(got[0], ensure_ascii=False)
    assert '</script>' in flat and "陈 Đặng" in flat and "X-Evil: 1" in flat.replace("\\\\", "")  # all of it, as text


def test_an_address_with_line_breaks_is_refused_and_a_channel_that_is_off_cannot_be_chosen(wired):
    zhang = wired.sign_in("demo.zhang")
    before = zhang.get("/_alert/_prefs").json
    for bad in ({"telegram": {"to": "1\r\nX: y", "when": "all"}}, {"telegram": {"to": "", "when": "all"}}, {"telegram": {"to": "1", "when": "often"}},
                {"fax": {"to": "1", "when": "all"}}, {"telegram": {"to": "x" * 201, "when": "all"}}, ["telegram"]):
        assert zhang.ask("PUT", "/_alert/_prefs", {"ways": bad}).status == 422, bad
    for bad in ({"x": "mail"}, ["mail"], {"x": [1]}):
        assert zhang.ask("PUT", "/_alert/_prefs", {"kinds": bad}).status == 422, bad
    assert zhang.get("/_alert/_prefs").json == before
    assert {c["name"] for c in zhang.get("/_channel").json["channels"]} == set(CHANNELS)


def test_each_person_says_which_kind_goes_which_way_and_when_it_is_quiet(wired, gateway):
    lan = wired.sign_in("demo.lan")
    assert lan.ask("PUT", "/_alert/_prefs", {"ways": {"telegram": {"to": "555", "when": "urgent"}, "sms": {"to": "+84900000555", "when": "never"}},
                                             "kinds": {"alert.own": ["sms"]}, "mail": "never"}).status == 200
    remind(lan, "by kind only")
    assert until(lambda: [m for m in gateway.of("sms") if "by kind only" in m["text"]])
    lan.ask("PUT", "/_alert/_prefs", {"kinds": {}})
    remind(lan, "not urgent")
    assert until(lambda: alerts(lan, text="not urgent"))
    lan.ask("PUT", "/_alert/_prefs", {"ways": {"telegram": {"to": "555", "when": "all"}}, **quiet_hours()})
    remind(lan, "in the quiet hours")
    assert until(lambda: [a for a in alerts(lan, "waiting", "in the quiet hours") if a["until"] > a["due_at"]])
    lan.ask("PUT", "/_alert/_prefs", {"quiet_from": None, "quiet_to": None})
    remind(lan, "out loud")
    assert until(lambda: [m for m in gateway.of("telegram") if "out loud" in m["text"]])
    said = json.dumps(gateway.sent)
    assert "not urgent" not in said and "in the quiet hours" not in said


def test_what_is_not_done_in_time_goes_to_the_superior_by_their_way(wired, gateway, tmp_path):
    hook = wired.data.parent / "scripts" / "hooks" / "escalate.lua"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text('''-- Escalates at once (test).
on("lead", "after_insert", function(lead)
  if lead.city == "Escalate" then
    berth.alert{text = "Late: {what}", args = {what = "1"}, about = lead, key = "late:" .. lead.id, severity = 2, escalate = 1}
  end
end)
''')
    assert until(lambda: any(s["file"] == "hooks/escalate.lua" for s in wired.sign_in("demo.admin").get("/_script").json["scripts"]))
    manager, li = wired.sign_in("demo.manager"), wired.sign_in("demo.li")
    ways(li)
    ways(manager, telegram="777")
    lead = li.made("lead", name="Escalated Freight Partners", city="Escalate")
    got = until(lambda: [m for m in gateway.of("telegram") if m["chat_id"] == "777" and "Late: 1" in m["text"]])
    assert len(got) == 1 and str(lead["id"]) in json.dumps(got[0]["reply_markup"]) and got[0]["disable_notification"] is False


def test_a_token_is_fetched_once_kept_and_fetched_again_when_it_is_no_longer_good(wired, gateway):
    li = wired.sign_in("demo.li")
    ways(li, zalo="186729651760683225")
    remind(li, "first zalo")
    assert until(lambda: [m for m in gateway.of("zalo") if "first zalo" in m["message"]["text"]])
    tokens = dict(gateway.tokens)
    remind(li, "second zalo")
    assert until(lambda: [m for m in gateway.of("zalo") if "second zalo" in m["message"]["text"]])
    assert gateway.tokens == tokens  # the one that is kept
    wired.stop()
    wired.start()
    li = wired.sign_in("demo.li")
    remind(li, "third zalo")
    assert until(lambda: [m for m in gateway.of("zalo") if "third zalo" in m["message"]["text"]])
    assert gateway.tokens == tokens  # over a restart, too
    gateway.answers["/v3.0/oa/message/cs"] = [(200, {"error": -216, "message": "Access token is invalid"})]
    remind(li, "fourth zalo")
    assert until(lambda: [m for m in gateway.of("zalo") if "fourth zalo" in m["message"]["text"]])
    assert gateway.tokens["zalo"] == tokens["zalo"] + 1


def test_a_gateway_that_says_no_or_later_is_believed_and_no_secret_is_told(wired, gateway):
    admin, li = wired.sign_in("demo.admin"), wired.sign_in("demo.li")
    ways(li, wecom="nobody")
    remind(li, "to nobody")
    failed = until(lambda: [m for m in admin.get("/_outbox", state="failed").json["messages"] if m["channel"] == "wecom"])
    assert failed and "nobody" in failed[0]["error"] and failed[0]["to"] == "nobody"
    ways(li, sms="+84901112223")
    gateway.answers["/sms"] = [(503, {"why": "SMSTOKEN is busy"})]
    remind(li, "try later")
    waits = until(lambda: [m for m in admin.get("/_outbox", state="queued").json["messages"] if m["channel"] == "sms" and m["error"]])
    assert waits and "503" in waits[0]["error"] and waits[0]["again_at"]
    gateway.answers["/sms"] = [(422, {"why": "SMSTOKEN may not"})]
    assert li.post(f"/_outbox/{waits[0]['id']}/again").status == 403
    assert [m for m in admin.get("/_outbox", state="queued").json["messages"] if m["id"] == waits[0]["id"]]
    assert admin.post(f"/_outbox/{waits[0]['id']}/again").status == 204
    over = until(lambda: [m for m in admin.get("/_outbox", state="failed").json["messages"] if m["id"] == waits[0]["id"]])
    assert "may not" in over[0]["error"] and "SMSTOKEN" not in over[0]["error"] and "SMSTOKEN" not in wired.log()
    assert admin.post(f"/_outbox/{waits[0]['id']}/again").status == 204
    assert until(lambda: [m for m in gateway.of("sms") if "try later" in m["text"]])
    assert li.get("/_outbox").status == 403


def test_settings_are_the_administrators_and_secrets_are_never_shown_again(wired):
    admin, li = wired.sign_in("demo.admin"), wired.sign_in("demo.li")
    for who, method, path, body in ((li, "GET", "/_channel/_settings", None), (li, "PUT", "/_channel/sms", {"settings": {"token": "mine"}}), (li, "GET", "/_inbox", None)):
        assert who.ask(method, path, body).status == 403
    text = admin.get("/_channel/_settings").body.decode()
    for secret in ("WCSECRET", "DTSECRET", "LKSECRET", "ZLSECRET", "SMSTOKEN", "INSECRET", "HOOKSECRET", "42:TG"):
        assert secret not in text and secret not in wired.log()
    sms = next(c for c in admin.get("/_channel/_settings").json["channels"] if c["name"] == "sms")
    assert sms["granted"] and {s["name"]: (s["set"], s["value"]) for s in sms["settings"]}["token"] == (True, None)
    for bad in ({"nosuch": "x"}, {"token": "a\nb"}, {"token": 7}, {"from": "x" * 4001}):
        assert admin.ask("PUT", "/_channel/sms", {"settings": bad}).status == 422
    assert admin.ask("PUT", "/_channel/nosuch", {"active": True}).status == 404
    assert next(c for c in admin.get("/_channel/_settings").json["channels"] if c["name"] == "sms") == sms
    assert any("sms" in row["detail"] and "SMSTOKEN" not in row["detail"] for row in admin.rows("audit", filter=["what", "=", "channel"]))


def test_a_test_message_tells_at_once_what_came_of_it(wired, gateway):
    li, admin = wired.sign_in("demo.li"), wired.sign_in("demo.admin")
    ways(li, telegram="31337")
    assert li.post("/_channel/telegram/test").json == {"sent": True, "why": None}
    assert gateway.of("telegram")[-1]["chat_id"] == "31337"
    assert li.post("/_channel/telegram/test", {"to": "666"}).json["sent"] and gateway.of("telegram")[-1]["chat_id"] == "31337"  # their own only
    gateway.answers["/bot42:TG/sendMessage"] = [(403, {"ok": False, "description": "bot was blocked by the user"})]
    answer = admin.post("/_channel/telegram/test", {"to": "1"}).json
    assert answer == {"sent": False, "why": "bot was blocked by the user"}
    assert wired.sign_in("demo.minh").post("/_channel/telegram/test").status == 422  # has no address


def test_test_messages_are_limited(wired, gateway):
    """Whoever had a way out could send messages, which cost money, without an end."""
    admin, li, answers = wired.sign_in("demo.admin"), wired.sign_in("demo.li"), []
    while (not answers or answers[-1].status == 200) and len(answers) < 60:
        answers.append(admin.post("/_channel/telegram/test", {"to": "31338"}))
    assert answers[-1].status == 429 and len(answers) > 1
    assert all(a.json["sent"] for a in answers[:-1])
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60
    ways(li, telegram="31337")
    assert li.post("/_channel/telegram/test").status == 200  # others may go on


# ---- what adaptors may reach ----
ADAPTOR = '''-- Goes where it is told (test).
return {
  settings = {{"url"}, {"key", secret = true}},
  send = function(m)
    return {url = m.set.url, headers = {["X-To"] = m.to}, json = {text = m.text}}
  end,
  reply = function(m, r)
    return false, "status " .. r.status
  end,
}
'''


def reached(gateway):
    """By that adaptor: meanwhile others may be told something by the ways they have."""
    return [s for s in gateway.seen if "X-To" in s[2]]


@pytest.fixture
def probe(own_site, tmp_path, gateway):
    def start(*options, grant=True):
        (tmp_path / "scripts" / "channels" / "probe.lua").write_text(ADAPTOR)
        site = own_site(*options, *(["--grant.channel.probe", "net"] if grant else []))
        admin = site.sign_in("demo.admin")

        def go(url, to="x"):
            assert admin.ask("PUT", "/_channel/probe", {"active": True, "settings": {"url": url}}).status == 204
            answer = admin.post("/_channel/probe/test", {"to": to})
            assert answer.status == 200, answer
            return answer.json["why"]
        return go
    return start


def test_an_adaptor_without_the_operators_leave_reaches_nothing(probe, gateway):
    seen = reached(gateway)
    go = probe("--net_hosts", f"127.0.0.1:{gateway.port}", "--net_private", grant=False)
    assert "grant.channel.probe" in go(gateway.url + "/hook")
    assert reached(gateway) == seen


def test_only_hosts_of_the_list_and_no_private_address_whatever_a_name_says(probe, gateway):
    seen = reached(gateway)
    go = probe("--net_hosts", f"127.0.0.1:{gateway.port} localhost:{gateway.port} *.example.com 169.254.169.254 [::1]:{gateway.port}")
    for url, why in ((gateway.url, "only https"), (f"https://127.0.0.1:{gateway.port}/", "private address"), (f"https://localhost:{gateway.port}/", "private address"),
                     ("https://169.254.169.254/latest/meta-data", "private address"), (f"https://[::1]:{gateway.port}/", "private address"),
                     ("https://other.example.org/", "net_hosts"), ("https://example.com.evil.org/", "net_hosts"), ("https://evilexample.com/", "net_hosts"),
                     ("https://a.example.com:8443/", "net_hosts"), (f"https://user:pw@127.0.0.1:{gateway.port}/", "no address"), ("file:///etc/passwd", ""),
                     ("gopher://127.0.0.1/", ""), ("https://127.0.0.1\r\nX: y/", None), ("", None), ("nonsense", "")):
        if why is None:
            continue
        said = go(url)
        assert said and why in said, (url, said)
    assert reached(gateway) == seen


def test_no_redirect_is_followed_and_long_and_slow_answers_end(probe, gateway):
    quiet = socket.socket()
    quiet.bind(("127.0.0.1", 0))
    quiet.listen()
    go = probe("--net_hosts", f"127.0.0.1:{gateway.port} 127.0.0.1:{quiet.getsockname()[1]}", "--net_private", "--net_timeout", "5s", "--net_answer", "4K")
    gateway.answers["/elsewhere"] = [(302, {})]
    assert go(gateway.url + "/elsewhere") == "status 302"
    gateway.answers["/long"] = [(200, b"x" * 5000)]
    assert "longer than 4 KB" in go(gateway.url + "/long")
    assert go(f"http://127.0.0.1:{quiet.getsockname()[1]}/")  # nobody answers: it says so, in time
    quiet.close()


def test_no_header_is_smuggled_in_by_what_an_adaptor_puts_into_one(own_site, tmp_path, gateway):
    (tmp_path / "scripts" / "channels" / "probe.lua").write_text(ADAPTOR.replace("= m.to}", "= m.text}"))
    site = own_site("--grant.channel.probe", "net", "--net_hosts", f"127.0.0.1:{gateway.port}", "--net_private")
    admin, li = site.sign_in("demo.admin"), site.sign_in("demo.li")
    assert admin.ask("PUT", "/_channel/probe", {"active": True, "settings": {"url": gateway.url + "/hook"}}).status == 204
    lead = li.made("lead", name="Smuggled Freight")
    seen = reached(gateway)
    assert li.post(f"/lead/{lead['id']}/_message", {"channel": "probe", "to": "x", "text": "a\r\nX-Evil: 1"}).status == 202
    failed = until(lambda: [m for m in messages(li, "lead", lead["id"]) if m["state"] == "failed"])
    assert failed and "header" in failed[0]["error"] and reached(gateway) == seen


@pytest.mark.parametrize("body, why", [("berth.find('lead')", "scripts"), ("berth.load('user', 1)", ""), ("io.open('/etc/passwd')", "unknown name")])
def test_an_adaptor_sees_its_message_and_nothing_else(own_site, tmp_path, body, why):
    (tmp_path / "scripts" / "channels" / "probe.lua").write_text(ADAPTOR.replace("return {url", f"local x = {body}\n    return {{url"))
    site = own_site("--grant.channel.probe", "net", "--net_hosts", "example.com")
    admin = site.sign_in("demo.admin")
    if admin.ask("PUT", "/_channel/probe", {"active": True, "settings": {"url": "https://example.com/"}}).status == 404:
        assert why == "unknown name"  # not even loaded
        return
    answer = admin.post("/_channel/probe/test", {"to": "x"}).json
    assert not answer["sent"] and "net_hosts" not in answer["why"] and "example.com" not in answer["why"], answer


# ---- SMS about records, out and in ----
def sign(body, stamp=None, secret=b"INSECRET"):
    stamp = str(int(time.time() * 1000)) if stamp is None else str(stamp)
    return {"X-Berth-Time": stamp, "X-Berth-Signature": hmac.new(secret, stamp.encode() + b"." + body, hashlib.sha256).hexdigest(),
            "Content-Type": "application/json"}


def come_in(site, headers=None, **fields):
    body = json.dumps(fields).encode()
    nobody = site.nobody()
    nobody.connection.request("POST", "/api/_inbound/sms", body, sign(body) if headers is None else headers(body))
    answer = nobody.connection.getresponse()
    return answer.status, answer.read()


def messages(person, table, record):
    return [e for e in person.get(f"/{table}/{record}/_timeline", kinds="mail").json["entries"]]


def test_an_sms_goes_out_from_a_record_and_the_answer_comes_back_to_it(wired, gateway):
    li, zhang = wired.sign_in("demo.li"), wired.sign_in("demo.zhang")
    n = next(number)
    phone = f"+8491{n:07}"
    lead = li.made("lead", name=f"SMS Freight {n}", phone=phone, country="VN")
    answer = li.post(f"/lead/{lead['id']}/_message", {"channel": "sms", "to": phone, "text": "Rates are ready"})
    assert answer.status == 202, answer
    assert until(lambda: [m for m in messages(li, "lead", lead["id"]) if m["state"] == "sent" and m["channel"] == "sms"])
    assert [m for m in gateway.of("sms") if m["to"] == phone and m["text"] == "Rates are ready"]
    assert zhang.post(f"/lead/{lead['id']}/_message", {"channel": "sms", "to": phone, "text": "x"}).status == 404
    assert li.post(f"/lead/{lead['id']}/_message", {"channel": "fax", "to": phone, "text": "x"}).status == 422
    assert li.post(f"/lead/{lead['id']}/_message", {"channel": "sms", "to": phone + "\n1", "text": "x"}).status == 422
    assert len(messages(li, "lead", lead["id"])) == 1
    fields = {"id": f"in-{n}", "from": "0" + phone[3:], "text": "Thanks\nsee you 陈"}  # as written at home
    assert come_in(wired, **fields)[0] == 204
    assert come_in(wired, **fields)[0] == 204  # the gateway tries again: the same message
    got = [m for m in messages(li, "lead", lead["id"]) if m["state"] == "in"] if "country" else []
    if not got:  # written without country code, it is the company's country that counts
        assert come_in(wired, **dict(fields, id=f"in2-{n}", **{"from": phone}))[0] == 204
        got = [m for m in messages(li, "lead", lead["id"]) if m["state"] == "in"]
    assert len(got) == 1 and got[0]["text"] == "Thanks\nsee you 陈" and got[0]["channel"] == "sms"
    assert until(lambda: [a for a in alerts(li) if a["record"] == lead["id"] and a["kind"] == "alert.sms_in"])
    assert zhang.get(f"/lead/{lead['id']}/_timeline", kinds="mail").status == 404


@pytest.mark.parametrize("headers", [lambda b: {"Content-Type": "application/json"}, lambda b: sign(b, secret=b"other"), lambda b: sign(b + b" "),
                                     lambda b: sign(b, stamp=int(time.time() * 1000) - 3600_000), lambda b: dict(sign(b), **{"X-Berth-Signature": "00"}),
                                     lambda b: dict(sign(b), **{"X-Berth-Time": "x"})])
def test_an_sms_that_is_not_signed_now_is_not_taken(wired, headers):
    admin = wired.sign_in("demo.admin")
    before = admin.get("/_inbox").json
    status, _ = come_in(wired, headers=headers, **{"id": f"bad-{next(number)}", "from": "+4940999", "text": "hi"})
    assert status == 403
    assert admin.get("/_inbox").json == before


def test_an_sms_of_a_stranger_waits_for_an_administrator_to_sort_it(wired):
    admin, li = wired.sign_in("demo.admin"), wired.sign_in("demo.li")
    text = f"who is it {next(number)}"
    assert come_in(wired, **{"id": text, "from": "+49 40 5550199", "text": text})[0] == 204
    one = next(m for m in admin.get("/_inbox").json["messages"] if m["text"] == text)
    lead = li.made("lead", name=f"Sorted Freight {next(number)}")
    assert li.post(f"/_inbox/{one['id']}/sort", {"table": "lead", "id": lead["id"]}).status == 403
    for bad in ({"table": "session", "id": 1}, {"table": "lead", "id": 10**9}, {"table": 7}):
        assert admin.post(f"/_inbox/{one['id']}/sort", bad).status in (404, 422)
    assert messages(li, "lead", lead["id"]) == []
    assert admin.post(f"/_inbox/{one['id']}/sort", {"table": "lead", "id": lead["id"]}).status == 204
    assert [m["text"] for m in messages(li, "lead", lead["id"])] == [text]
    assert not [m for m in admin.get("/_inbox").json["messages"] if m["text"] == text]


def test_scripts_send_by_channels_that_are_on(wired, gateway):
    (wired.data.parent / "scripts" / "hooks").mkdir(exist_ok=True)
    (wired.data.parent / "scripts" / "hooks" / "send.lua").write_text('''-- Tells a program of won leads (test).
on("lead", "after_insert", function(lead)
  if lead.city == "Hook" then
    berth.send{channel = "webhook", to = "erp", subject = "new", text = "lead " .. lead.name, about = lead}
  end
  if lead.city == "Nowhere" then
    berth.send{channel = "fax", to = "1", text = "x"}
  end
end)
''')
    assert until(lambda: any(s["file"] == "hooks/send.lua" for s in wired.sign_in("demo.admin").get("/_script").json["scripts"]))
    li = wired.sign_in("demo.li")
    lead = li.made("lead", name="Hooked Freight", city="Hook")
    assert until(lambda: [m for m in gateway.of("webhook") if m["text"] == "lead Hooked Freight" and m["to"] == "erp"])
    assert until(lambda: [m for m in messages(li, "lead", lead["id"]) if m["channel"] == "webhook" and m["state"] == "sent"])
    answer = li.post("/lead", {"name": "Nowhere Freight", "city": "Nowhere"})
    assert answer.status == 422 and not li.rows("lead", filter=["name", "=", "Nowhere Freight"])


def test_a_rule_without_code_sends_by_a_channel_that_is_on(wired, gateway):
    admin, li = wired.sign_in("demo.admin"), wired.sign_in("demo.li")
    rule = admin.made("automation", name="Tell the ERP", on_table="lead", event="created", applies_to=["city", "=", "Ruleport"])
    step = admin.made("automation_step", automation_id=rule["id"], does="message", channel="webhook", address="erp-rules", text="new: {name}")
    lead = li.made("lead", name="Ruled Freight", city="Ruleport")
    got = until(lambda: [m for m in gateway.of("webhook") if m["to"] == "erp-rules"])
    assert [(m["title"], m["text"], m["link"]) for m in got] == [("Tell the ERP", "new: Ruled Freight", f"https://crm.hanse.example/t/lead/{lead['id']}")]
    assert admin.patch(f"/automation_step/{step['id']}", step["version"], {"channel": "fax"}).status == 200
    failed = li.made("lead", name="Unruled Freight", city="Ruleport")
    assert li.get(f"/lead/{failed['id']}/_history").json["entries"][0]["op"] == "automation_failed"
    assert admin.delete(f"/automation/{rule['id']}").status == 204
