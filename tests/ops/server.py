"""Runs a berth server for a test: on a free port, in a data directory of its own, ended by its pid."""
import http.client
import json
import os
import pathlib
import re
import signal
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BERTH_BUILD", ROOT / "build"))
PATIENCE = 120  # seconds; generous, because the machine may be busy


def wait_until(condition, what):
    until = time.monotonic() + PATIENCE
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < until, f"waited {PATIENCE} s in vain for: {what}"
        time.sleep(0.01)


def is_gone(pid):
    """No such process, or one that is dead and waits for its parent to notice."""
    try:
        return open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


class Server:
    def __init__(self, program, data, *options, env=None):
        self.program, self.data = BUILD / program, pathlib.Path(data)
        self.log_path = self.data.with_suffix(".log")
        self.log_file = open(self.log_path, "ab")
        self.process = subprocess.Popen(
            [self.program, "serve", "--listen", "127.0.0.1:0", "--data", data, *options],
            stdout=subprocess.PIPE, stderr=self.log_file, text=True,
            env={**os.environ, **(env or {})})
        line = self.process.stdout.readline()
        found = re.fullmatch(r"listening on http://127\.0\.0\.1:(\d+)/\n", line)
        self.port = int(found[1]) if found else None  # None: it did not start; see the log

    def get(self, path="/", timeout=PATIENCE):
        """The body of a 200; anything else raises."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read().decode()
            assert answer.status == 200, (answer.status, body)
            return body
        finally:
            connection.close()

    def provoke(self, path):
        """A request that its server does not survive."""
        try:
            self.get(path)
        except (ConnectionError, http.client.HTTPException):
            pass

    def worker(self):
        return int(self.get("/"))

    def run(self, *arguments):
        return subprocess.run([self.program, *arguments, "--data", self.data],
                              capture_output=True, text=True, timeout=PATIENCE)

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self):
        return self.process.wait(PATIENCE)

    def stop(self):
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        code = self.wait()
        self.process.stdout.close()
        self.log_file.close()
        return code

    def log(self):
        return self.log_path.read_text(errors="replace")

    def has_logged(self, text):
        return text in self.log()


class Client:
    """A signed-in user of a server with demo data; every request is a connection of its own."""

    def __init__(self, server, login="demo.admin"):
        self.server, self.cookie = server, None
        status, answer = self.ask("POST", "/api/_session", {"login": login, "password": "berth-demo"})
        assert status == 200, answer

    def ask(self, method, path, body=None):
        headers = {"X-Berth": "1", **({"Cookie": self.cookie} if self.cookie else {})}
        if body is not None:
            body = json.dumps(body)
            headers["Content-Type"] = "application/json"
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
            if answer.getheader("Set-Cookie"):
                self.cookie = answer.getheader("Set-Cookie").split(";")[0]
            return answer.status, json.loads(text) if text else None
        finally:
            connection.close()

    def create(self, table, **values):
        """The id; anything but a created record raises."""
        status, answer = self.ask("POST", f"/api/{table}", values)
        assert status == 201, (status, answer)
        return answer["row"]["id"]
