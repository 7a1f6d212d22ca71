"""The real server under kill -9, upgrades, stops and a plugin that crashes."""
import http.client
import os
import random
import signal
import sqlite3
import threading
import time

import pytest

from server import Client, is_gone, wait_until

KILLS = int(os.environ.get("BERTH_KILLS", 10))  # ./dev torture raises it


class Writers:
    """Threads that create leads without pause and note what was acknowledged."""

    def __init__(self, server, n=4):
        self.server = server
        self.acknowledged, self.refused, self.broken = {}, [], []
        self.over = threading.Event()
        self.clients = [Client(server) for _ in range(n)]
        self.threads = [threading.Thread(target=self.write, args=(i,)) for i in range(n)]

    def write(self, i):
        n = 0
        while not self.over.is_set():
            n += 1
            name = f"writer {i} lead {n}"
            try:
                self.acknowledged[name] = self.clients[i].create("lead", name=name)
            except ConnectionRefusedError as e:
                self.refused.append(e)
            except (OSError, AssertionError, http.client.HTTPException) as e:
                self.broken.append((name, e))

    def wait_for(self, more):
        goal = len(self.acknowledged) + more
        wait_until(lambda: len(self.acknowledged) >= goal, f"{more} more acknowledgements")

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()


def worker_of(server):
    state = (server.data / "berth.state").read_text()
    return int(dict(line.split("=", 1) for line in state.splitlines())["worker"])


def answers(server):
    try:
        return '"ok":true' in server.get("/api/_health")
    except (ConnectionResetError, http.client.HTTPException):  # of the worker that was killed
        return False


def stored(server):
    """Names of the leads in the database of a server that has stopped, with their ids."""
    db = sqlite3.connect(server.data / "berth.db")
    assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    rows = db.execute("SELECT name, id FROM lead WHERE name LIKE 'writer %'").fetchall()
    db.close()
    names = [name for name, _ in rows]
    assert len(names) == len(set(names)), "a lead was stored twice"
    return dict(rows)


def assert_nothing_is_lost(server, writers):
    found = stored(server)
    lost = {name: id for name, id in writers.acknowledged.items() if found.get(name) != id}
    assert lost == {}, f"{len(lost)} of {len(writers.acknowledged)} acknowledged leads are lost"
    print(f"{len(writers.acknowledged)} acknowledged, {len(writers.broken)} broken off, none lost")


def test_kill_9_under_write_load_loses_nothing_acknowledged_and_refuses_nobody(berth):
    server = berth()
    dice = random.Random(1)
    times = []
    with Writers(server) as writers:
        for _ in range(KILLS):
            writers.wait_for(dice.randrange(1, 60))
            worker = worker_of(server)
            began = time.monotonic()
            os.kill(worker, signal.SIGKILL)
            wait_until(lambda: is_gone(worker), "the worker's end")
            wait_until(lambda: answers(server), "an answer of the next one")
            times.append(time.monotonic() - began)
        writers.wait_for(20)
    assert writers.refused == []
    times.sort()
    print(f"{KILLS} kills; to the next answer: median {times[len(times) // 2] * 1000:.0f} ms, "
          f"p99 {times[len(times) * 99 // 100] * 1000:.0f} ms, most {times[-1] * 1000:.0f} ms")
    assert server.stop() == 0
    assert_nothing_is_lost(server, writers)


def test_an_upgrade_under_write_load_loses_nothing_and_refuses_nobody(berth):
    server = berth()
    with Writers(server) as writers:
        for _ in range(3):
            writers.wait_for(30)
            done = server.run("upgrade")
            assert done.returncode == 0, done.stderr
        writers.wait_for(30)
    assert writers.refused == [] and writers.broken == []
    assert server.stop() == 0
    assert_nothing_is_lost(server, writers)


def test_a_stop_under_write_load_loses_nothing_acknowledged(berth):
    server = berth()
    with Writers(server) as writers:
        writers.wait_for(50)
        server.signal(signal.SIGTERM)
        assert server.wait() == 0
    assert_nothing_is_lost(server, writers)


def test_a_plugin_that_crashes_three_workers_is_left_out_and_the_administrator_is_told(berth):
    server = berth()
    admin = Client(server)
    assert "crasher" in [p["name"] for p in admin.ask("GET", "/api/_state")[1]["plugins"]]
    for _ in range(3):
        worker = worker_of(server)
        with pytest.raises((OSError, http.client.HTTPException)):
            admin.ask("POST", "/api/lead", {"name": "crash"})
        wait_until(lambda: worker_of(server) not in (0, worker), "the next worker")
    assert admin.create("lead", name="crash") > 0
    state = admin.ask("GET", "/api/_state")[1]
    assert "crasher" in state["left_out"]
    assert "crasher" not in [p["name"] for p in state["plugins"]]
    assert server.has_logged("plugin crasher is left out from now on after 3 crashes, last: SEGV")
    assert server.stop() == 0


def test_health_asks_the_server_itself(berth):
    server = berth()
    done = server.run("health")
    assert done.returncode == 0 and "answer       200 in" in done.stdout
    assert server.stop() == 0
