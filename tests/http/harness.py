"""harness.py - starts the HTTP test server and talks to it over raw sockets."""
import json
import os
import resource
import signal
import socket
import subprocess
import time

SERVER = os.environ["HTTP_TEST_SERVER"]
PATIENCE = 120  # seconds until a wait is given up; nothing is asserted about time below it


class Answer:
    """One response; .status, .headers (lower case), .body."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def header(self, name):
        got = [v for n, v in self.headers if n == name.lower()]
        return got[0] if got else None

    def all(self, name):
        return [v for n, v in self.headers if n == name.lower()]


class Client:
    """One connection."""

    def __init__(self, port):
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rest = b""

    def send(self, data):
        self.sock.sendall(data)

    def more(self):
        data = self.sock.recv(65536)
        self.rest += data
        return data

    def read_head(self):
        while b"\r\n\r\n" not in self.rest:
            if not self.more():
                raise EOFError(f"closed after {self.rest!r}")
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        headers = []
        for line in lines[1:]:
            name, value = line.split(":", 1)
            headers.append((name.lower(), value.strip()))
        return int(lines[0].split(" ")[1]), headers

    def read(self, head_only=False):
        status, headers = self.read_head()
        length = [int(v) for n, v in headers if n == "content-length"]
        bodyless = head_only or status in (204, 304) or status < 200
        size = 0 if bodyless or not length else length[0]
        while len(self.rest) < size:
            if not self.more():
                raise EOFError("closed inside a body")
        body, self.rest = self.rest[:size], self.rest[size:]
        return Answer(status, headers, body)

    def get(self, path, *headers, method="GET"):
        self.send(request(path, *headers, method=method))
        return self.read(head_only=method == "HEAD")

    def post(self, path, body, *headers):
        self.send(request(path, f"Content-Length: {len(body)}", *headers, method="POST") + body)
        return self.read()

    def closed(self):
        """True when the server ends the stream and has sent nothing more."""
        try:
            return not self.rest and self.more() == b""
        except ConnectionResetError:
            return True

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def request(path, *headers, method="GET", host="Host: test"):
    lines = [f"{method} {path} HTTP/1.1", *([host] if host else []), *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1")


class Server:
    def __init__(self, env=None, files=None, **options):
        """files: how many descriptors the server may have"""
        limit = files and (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files)))
        args = [f"{k}={v}" for k, v in options.items()]
        self.process = subprocess.Popen([SERVER, *args], stdout=subprocess.PIPE, text=True,
                                        preexec_fn=limit, env={**os.environ, **(env or {})})
        self.port = int(self.process.stdout.readline())

    def client(self):
        return Client(self.port)

    def get(self, path, *headers, **more):
        with self.client() as c:
            return c.get(path, *headers, **more)

    def stats(self):
        return self.get("/stats").json()

    def wait_stat(self, name, value):
        return wait_for(lambda: self.stats()[name] == value, f"{name} == {value}")

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def wait(self):
        return self.process.wait(PATIENCE)

    def stop(self):
        if self.process.poll() is None:
            self.terminate()
        code = self.wait()
        self.process.stdout.close()
        return code

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        code = self.stop()
        if kind is None and code != 0:
            raise AssertionError(f"the server ended with {code}")


def wait_for(claim, what):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        got = claim()
        if got:
            return got
        time.sleep(0.01)
    raise AssertionError(f"never happened: {what}")
