"""A real server with demo data for tests, and people who use it over HTTP."""
import contextlib
import datetime
import http.client
import json
import os
import pathlib
import re
import signal
import sqlite3
import subprocess
import time
import urllib.parse
import zoneinfo

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BERTH_BUILD", ROOT / "build"))
PATIENCE = 120  # seconds until something is given up; machines that test are slow and busy
PASSWORD = "berth-demo"


def until(check):
    """What the check answers as soon as that is true, or in the end; jobs, timers and alerts work behind requests."""
    end = time.monotonic() + PATIENCE
    while True:
        got = check()
        if got or time.monotonic() > end:
            return got
        time.sleep(0.02)


COMPANY = zoneinfo.ZoneInfo("Asia/Shanghai")  # where the demo's company is: not always the test machine's zone


def today():
    """The day it is there."""
    return datetime.datetime.now(COMPANY).date()


def day(n):
    return (today() + datetime.timedelta(days=n)).isoformat()


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        return self.json["error"]["code"]

    def __repr__(self):
        return f"{self.status} {self.body[:400]!r}"


class Person:
    """Somebody signed in (or not), with a connection of their own."""

    def __init__(self, site, cookie=None, token=None):
        self.site, self.cookie, self.token = site, cookie, token
        self.connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=PATIENCE)

    def ask(self, method, path, body=None, headers=None, raw=None, **query):
        if query:
            path += "?" + urllib.parse.urlencode({k.rstrip("_"): v if isinstance(v, str) else json.dumps(v)
                                                  for k, v in query.items()})
        head = {"X-Berth": "1"}
        if self.cookie:
            head["Cookie"] = self.cookie
        if self.token:
            head = {"Authorization": "Bearer " + self.token}
        data = raw
        if raw is not None:
            head["Content-Type"] = "application/octet-stream"
        elif body is not None:
            data = json.dumps(body)
            head["Content-Type"] = "application/json"
        head.update(headers or {})
        try:
            self.connection.request(method, "/api" + path, data, head)
            answer = self.connection.getresponse()
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            self.connection.close()  # an idle connection the server had closed
            self.connection.request(method, "/api" + path, data, head)
            answer = self.connection.getresponse()
        return Answer(answer.status, dict(answer.getheaders()), answer.read())

    def get(self, path, **query):
        return self.ask("GET", path, **query)

    def post(self, path, body=None, **query):
        return self.ask("POST", path, {} if body is None else body, **query)

    def delete(self, path):
        return self.ask("DELETE", path)

    def patch(self, path, version, body):
        return self.ask("PATCH", path, body, {"If-Match": f'"{version}"'})

    def row(self, path):
        answer = self.get(path)
        assert answer.status == 200, answer
        return answer.json["row"]

    def made(self, table, **fields):
        answer = self.post(f"/{table}", fields)
        assert answer.status == 201, answer
        return answer.json["row"]

    def rows(self, table, **query):
        """All pages of a list."""
        rows, after = [], None
        while True:
            answer = self.get(f"/{table}", **query, **({"after": after} if after else {}))
            assert answer.status == 200, answer
            rows += answer.json["rows"]
            after = answer.json["next"]
            if not after:
                return rows

    def hits(self, q, **query):
        """What the palette answers, asked again while it cut off a table, as on a machine with much else to do."""
        whole = lambda answer: answer if answer.status != 200 or not any(g["late"] for g in answer.json["groups"]) else None
        return until(lambda: whole(self.get("/_search", q=q, **query)))

    def until(self, path, holds):
        """The record at that path as soon as it is so."""
        row = until(lambda: (lambda r: r if holds(r) else None)(self.row(path)))
        assert row, self.row(path)
        return row

    def job(self, answer):
        assert answer.status == 202, answer
        look = lambda: self.get(f"/_job/{answer.json['job']}").json
        assert until(lambda: look()["state"] not in ("queued", "running")), look()
        return look()


class Site:
    def __init__(self, data, *options, supervised=False):
        self.data = pathlib.Path(data)
        self.log_path = self.data.with_suffix(".log")
        self.options = [] if supervised else ["--no-supervisor"]
        self.options += options
        self.start()

    def start(self):
        self.log_file = open(self.log_path, "ab")
        self.process = subprocess.Popen(
            [BUILD / "berth", "serve", "--listen", "127.0.0.1:0", "--data", self.data, "--demo",
             "--scripts", self.data.parent / "scripts", *self.options],
            stdout=subprocess.PIPE, stderr=self.log_file, text=True)
        line = self.process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)", line)
        assert found, self.log()
        self.port = int(found[1])

    def log(self):
        return self.log_path.read_text(errors="replace")

    def between_two_runs(self, *statements):
        """SQL of a test's own: only while nobody serves, for SQLite's log is not safe with two programs that write."""
        assert self.stop() == 0, self.log()
        with contextlib.closing(sqlite3.connect(self.data / "berth.db")) as db:
            for statement in statements:
                db.execute(statement)
            db.commit()
        self.start()

    def without_daily_timers(self):
        """The clock begins none of them from here on, and the demo's alerts have gone out: what these write would stand between two
        looks at a database."""
        admin = self.sign_in("demo.admin")
        daily = [t["name"] for t in admin.get("/_timer").json["timers"] if t["every"].startswith("daily ")]
        assert daily and admin.delete("/_session").status == 204
        done = int((time.time() + 36 * 3600) * 1000)  # further ahead, it would be a clock that was wrong
        self.between_two_runs(*(f"INSERT OR REPLACE INTO timer (name, since) VALUES ('{name}', {done})" for name in daily))
        assert until(lambda: not self.asked("SELECT count(*) FROM alert WHERE run_at <= ?", int(time.time() * 1000))[0][0])
        return self

    def asked(self, query, *values):
        with contextlib.closing(sqlite3.connect(f"file:{self.data}/berth.db?mode=ro", uri=True)) as db:
            return db.execute(query, values).fetchall()

    def nobody(self):
        return Person(self)

    def sign_in(self, login, password=PASSWORD):
        person = Person(self)
        answer = person.post("/_session", {"login": login, "password": password})
        assert answer.status == 200, answer
        person.cookie = answer.headers["Set-Cookie"].split(";")[0]
        person.user = answer.json["user"]
        return person

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.log_file.close()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(PATIENCE)
        self.process.stdout.close()
        self.log_file.close()
        return code
