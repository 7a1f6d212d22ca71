"""torture.py - slow clients, idle masses and connection floods, with figures.  Not part of the
quick tests: some minutes long.  usage: HTTP_TEST_SERVER=... torture.py [seconds per attack]"""
import multiprocessing
import os
import resource
import selectors
import socket
import sys
import time

from harness import Server, request

SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 60


def quantile(values, q):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * q))] if values else float("nan")


def rss(server):
    with open(f"/proc/{server.process.pid}/status", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS")) / 1024


def visitor(port, stop, out):
    """An honest user: a fresh connection, two requests, a pause; times in ms."""
    times, refused = [], 0
    while not stop.is_set():
        begin = time.monotonic()
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=30) as s:
                for path in ("/big", "/pool"):
                    s.sendall(request(path))
                    got = b""
                    while b"\r\n\r\n" not in got:
                        piece = s.recv(65536)
                        if not piece:
                            raise OSError("closed")
                        got += piece
                    length = int(got.split(b"Content-Length: ")[1].split(b"\r\n")[0])
                    size = got.index(b"\r\n\r\n") + 4 + length
                    while len(got) < size:
                        got += s.recv(65536)
                    refused += not got.startswith(b"HTTP/1.1 200")
        except OSError:
            refused += 1
        times.append((time.monotonic() - begin) * 1000)
        time.sleep(0.02)
    out.put((times, refused))


class Visitors:
    def __init__(self, port, n=4):
        self.stop, self.out = multiprocessing.Event(), multiprocessing.Queue()
        self.all = [multiprocessing.Process(target=visitor, args=(port, self.stop, self.out))
                    for _ in range(n)]
        for p in self.all:
            p.start()

    def end(self):
        self.stop.set()
        got = [self.out.get() for _ in self.all]
        for p in self.all:
            p.join()
        times = [t for ts, _ in got for t in ts]
        return (f"{len(times)} visits, p50 {quantile(times, .5):.1f} ms, "
                f"p99 {quantile(times, .99):.1f} ms, refused {sum(r for _, r in got)}")


def connect(port, rcvbuf=None):
    s = socket.socket()
    if rcvbuf:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
    s.connect(("127.0.0.1", port))
    s.setblocking(False)
    return s


ATTACKS = {
    "slow headers": (b"GET /big HTTP/1.1\r\nHost: a\r\n", b"X-A: b\r\n", None),
    "slow bodies": (request("/echo", "Content-Length: 100000", method="POST"), b"x", None),
    "slow reading": (request("/huge?mb=1"), None, 2048),
    "silence": (b"", b"", None),
}


def attack(server, name, n):
    """n connections that send a byte or read a few now and then; replaced when cut off."""
    first, more, rcvbuf = ATTACKS[name]
    before, visitors = rss(server), Visitors(server.port)
    conns, cuts, longest = {}, 0, 0.0
    end = time.monotonic() + SECONDS
    peak = before
    while time.monotonic() < end:
        while len(conns) < n:
            s = connect(server.port, rcvbuf)
            s.send(first) if first else None
            conns[s] = time.monotonic()
        for s, since in list(conns.items()):
            try:
                if more:
                    s.send(more[:1] if name == "slow bodies" else more)
                    if s.recv(1) == b"":
                        raise ConnectionResetError
                else:
                    if s.recv(16) == b"":
                        raise ConnectionResetError
            except BlockingIOError:
                pass
            except OSError:
                longest = max(longest, time.monotonic() - since)
                cuts += 1
                s.close()
                del conns[s]
        peak = max(peak, rss(server))
        time.sleep(1)
    told = visitors.end()
    for s in conns:
        s.close()
    time.sleep(1)
    print(f"{n} x {name:13} {told}; cut off {cuts} (longest {longest:.0f} s); "
          f"memory {before:.0f} -> {peak:.0f} -> {rss(server):.0f} MB", flush=True)


def idle_mass(server, n):
    before = rss(server)
    socks = []
    for _ in range(n):
        s = socket.create_connection(("127.0.0.1", server.port))
        s.sendall(request("/small"))
        s.recv(4096)
        socks.append(s)
    held = rss(server)
    visitors = Visitors(server.port, 4)
    time.sleep(min(SECONDS, 20))
    print(f"{n} idle keep-alive: {visitors.end()}; memory {before:.0f} -> {held:.0f} MB", flush=True)
    for s in socks:
        s.close()
    server.wait_stat("connections", 1)
    print(f"  all closed: {server.descriptors()} descriptors, {rss(server):.0f} MB", flush=True)


def flood(server):
    """New connections as fast as possible, most of them abandoned."""
    visitors = Visitors(server.port)
    end, made, failed = time.monotonic() + SECONDS, 0, 0
    sel = selectors.DefaultSelector()
    while time.monotonic() < end:
        batch = []
        for _ in range(50):
            s = socket.socket()
            s.setblocking(False)
            try:
                s.connect(("127.0.0.1", server.port))
            except BlockingIOError:
                pass
            except OSError:
                failed += 1
                s.close()
                continue
            batch.append(s)
        for i, s in enumerate(batch):
            try:
                s.send(request("/small") if i % 2 else b"GET /")
            except OSError:
                failed += 1
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0" if i % 3 else
                         b"\0" * 8)
            s.close()
            made += 1
    sel.close()
    print(f"flood of {made / SECONDS:.0f} connections/s: {visitors.end()}; failed {failed}",
          flush=True)
    server.wait_stat("connections", 1)
    print(f"  afterwards: {server.descriptors()} descriptors, {rss(server):.0f} MB", flush=True)


def main():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, descriptors {soft}/{hard}")
    with Server() as server:
        server.get("/big")
        visitors = Visitors(server.port)
        time.sleep(5)
        print(f"alone: {visitors.end()}")
        for name in ATTACKS:
            attack(server, name, 1000)
        flood(server)
        idle_mass(server, min(10_000, hard - 1000))
        print({k: v for k, v in server.stats().items() if v})


if __name__ == "__main__":
    main()
