"""kill -9 under write load: what was acknowledged is there, once; a stop lets requests finish."""
import concurrent.futures
import os
import random
import sqlite3
import threading
import time

ROUNDS = int(os.environ.get("BERTH_KILLS", "6"))


def test_nothing_acknowledged_is_lost_when_the_server_is_killed(own_site):
    site = own_site()
    acknowledged, lock = {}, threading.Lock()

    def write(worker, round_):
        person = site.sign_in("demo.admin")
        i = 0
        try:
            while True:
                name = f"ack r{round_} w{worker} n{i}"
                answer = person.post("/lead?duplicates=allow", {"name": name})
                if answer.status == 201:
                    with lock:
                        acknowledged[answer.json["row"]["id"]] = name
                i += 1
        except (OSError, Exception):  # the server is gone
            return

    for round_ in range(ROUNDS):
        with concurrent.futures.ThreadPoolExecutor(4) as threads:
            for worker in range(4):
                threads.submit(write, worker, round_)
            before = len(acknowledged)
            while len(acknowledged) < before + 20:
                time.sleep(0.005)
            time.sleep(random.random() * 0.2)
            site.kill()
        site.start()
    site.stop()
    db = sqlite3.connect(site.data / "berth.db")
    assert db.execute("pragma integrity_check").fetchone() == ("ok",)
    stored = dict(db.execute("select id, name from lead where name like 'ack r%'"))
    assert len(acknowledged) > 20 * ROUNDS
    assert all(stored.get(i) == name for i, name in acknowledged.items())
    assert len(set(stored.values())) == len(stored)


def test_a_stop_lets_requests_under_way_finish(own_site):
    site = own_site()
    people = [site.sign_in("demo.admin") for _ in range(4)]
    statuses = []

    def write(person):
        try:
            for i in range(10000):
                statuses.append(person.post("/lead?duplicates=allow", {"name": f"stop {id(person)} {i}"}).status)
        except OSError:
            pass
        except Exception:
            pass

    threads = [threading.Thread(target=write, args=(p,)) for p in people]
    for t in threads:
        t.start()
    while len(statuses) < 50:
        time.sleep(0.005)
    assert site.stop() == 0
    for t in threads:
        t.join()
    good = statuses.count(201)
    db = sqlite3.connect(site.data / "berth.db")
    assert db.execute("select count(*) from lead where name like 'stop %'").fetchone()[0] >= good
    assert set(statuses) <= {201, 503}
