#!/usr/bin/python3
"""Berth against libmicrohttpd and SQLite with nothing between them, on the same million leads, in the same run.

Both are measured in turn (A B A B ...); a line's figure is the median over the pairs of B / A, so that what else the
machine does falls on both.  Data is made once, in build/bench.

  run.py [list one create import million search box start]     --pairs N --seconds N --leads N
  run.py seed            only makes the data
  run.py [audit growth live due]   what history, open browsers and alerts cost; needs no data (live.py)
"""
import argparse
import base64
import http.client
import itertools
import json
import os
import pathlib
import random
import re
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import time
import urllib.parse

import leads
import live

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BERTH_BUILD", ROOT / "build")).resolve()
HOME = BUILD / "bench"
PASSWORD = "berth-demo"
FIELDS = "name,phone,fax,email,owner_id,status,country,created_at,updated_at"
IMPORT = 100_000
MILLION = 1_000_000
SALES = 40  # people besides those of the demo


# ---- servers -----------------------------------------------------------------------------------
class Server:
    def __init__(self, *command, ready):
        self.log = open(HOME / "server.log", "ab")
        self.process = subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, stderr=self.log, text=True)
        found = re.search(ready, self.process.stdout.readline())
        if not found:
            sys.exit(f"{command[0]} did not start, see {HOME}/server.log")
        self.port = int(found[1])
        self.cookie = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.process.stdout.close()
        self.log.close()

    def ask(self, method, path, body=None):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        head = {"X-Berth": "1", "Content-Type": "application/json"}
        if self.cookie:
            head["Cookie"] = self.cookie
        c.request(method, path, None if body is None else json.dumps(body), head)
        answer = c.getresponse()
        text = answer.read()
        if answer.status >= 300:
            sys.exit(f"{method} {path}: {answer.status} {text[:500]}")
        if "Set-Cookie" in answer.headers:
            self.cookie = answer.headers["Set-Cookie"].split(";")[0]
        c.close()
        return json.loads(text) if text else None

    def sign_in(self, login):
        self.ask("POST", "/api/_session", {"login": login, "password": PASSWORD})
        return self.cookie

    def cpu(self):
        """Seconds of processor time so far."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def work(self):
        """The same in milliseconds, to the microsecond: the process's own clock (CPUCLOCK_SCHED)."""
        return time.clock_gettime(~self.process.pid << 3 | 2) * 1000

    def memory(self):
        """Resident memory in MB: now, and at most."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return tuple(int(re.search(rf"{k}:\s+(\d+)", status)[1]) / 1024 for k in ("VmRSS", "VmHWM"))


def berth(data):
    return Server(BUILD / "berth", "serve", "--no-supervisor", "--demo", "--listen", "127.0.0.1:0", "--data", data,
                  ready=r"http://127\.0\.0\.1:(\d+)")


def bare(threads=4):
    return Server(BUILD / "tests/bench/bare", "serve", HOME / "bare.db", threads, ready=r"^(\d+)$")


# ---- data --------------------------------------------------------------------------------------
def copy(source, target):
    shutil.rmtree(target, ignore_errors=True)
    for end in ("", "-wal", "-shm"):  # another run's log would be read into the copy
        target.with_name(target.name + end).unlink(missing_ok=True)
    subprocess.run(["cp", "-r", "--reflink=auto", str(source), str(target)], check=True)


def settle(data):
    """Until everything imported can be found, and what the index has was merged."""
    db = sqlite3.connect(f"file:{data}/berth.db?mode=ro", uri=True)
    left = lambda: db.execute("SELECT 1 FROM fts_todo UNION ALL SELECT 1 FROM fts_range LIMIT 1").fetchone()
    index = [n for n, in db.execute("SELECT name FROM sqlite_schema WHERE name LIKE 'search!_%!_idx' ESCAPE '!'")]
    segments = lambda: [db.execute(f"SELECT segid, count(*) FROM {n} GROUP BY 1").fetchall() for n in index]
    now, before = segments(), None
    while left() or now != before:
        time.sleep(3)
        now, before = segments(), now
    db.close()


def migrate(data):
    subprocess.run([BUILD / "berth", "migrate", "--data", data], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def import_csv(data, path):
    """Seconds and peak memory (MB) of `berth import`."""
    began = time.monotonic()
    p = subprocess.Popen([BUILD / "berth", "import", path, "--table", "lead", "--data", data], stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, text=True)
    result = dict(line.split() for line in p.stdout.read().splitlines() if line)
    _, status, usage = os.wait4(p.pid, 0)
    p.returncode = status
    if status != 0:
        sys.exit(f"berth import {path} failed")
    return time.monotonic() - began, usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime, result


def seed_berth(n):
    """Demo people and 40 more salespeople; the leads are spread over them, three of ten lie in the first pool."""
    data = HOME / "making"
    shutil.rmtree(data, ignore_errors=True)
    with berth(data) as s:
        s.sign_in("demo.admin")
        rows = {t: {r["name"]: r["id"] for r in s.ask("GET", f"/api/{t}?limit=200")["rows"]} for t in ("department", "role")}
        boss = next(u["id"] for u in s.ask("GET", "/api/user?limit=200")["rows"] if u["login"] == "demo.manager")
        for i in range(SALES):
            user = s.ask("POST", "/api/user", {"login": f"bench.{i}", "name": f"Bench {i}", "manager_id": boss,
                                               "department_id": rows["department"]["Sales Shenzhen"]})["row"]["id"]
            s.ask("POST", "/api/user_role", {"user_id": user, "role_id": rows["role"]["sales"]})
    print(f"  importing {n} leads", file=sys.stderr)
    print("  ", import_csv(data, HOME / "leads.csv"), file=sys.stderr)
    db = sqlite3.connect(data / "berth.db")
    owners = [r[0] for r in db.execute('SELECT id FROM "user" WHERE login LIKE ? OR login LIKE ? ORDER BY login DESC', ("bench.%", "demo.%"))]
    pool = db.execute("SELECT min(id) FROM pool").fetchone()[0]
    db.execute("CREATE TEMP TABLE o (n INTEGER PRIMARY KEY, id INTEGER)")
    db.executemany("INSERT INTO o VALUES (?, ?)", enumerate(owners))
    now = int(time.time() * 1000)  # worked on just now: the release run leaves them alone
    db.execute("UPDATE model_table SET searched = '' WHERE name = 'lead'")  # owners stand in the index, too: made anew
    db.execute("UPDATE lead SET touched_at = ?, claimed_at = ?, pool_id = ?, owner_id = CASE WHEN id % 10 < 7 THEN"
               " (SELECT o.id FROM o WHERE o.n = (lead.id * 7919 / 10) % ?) END", (now, now, pool, len(owners)))
    db.commit()
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    with berth(data):
        print("  waiting for the search index", file=sys.stderr)
        settle(data)
    (data / "berth.db.lock").unlink(missing_ok=True)
    data.rename(HOME / "seed")


def stale(data):
    """Whether the data were made by an earlier version of Berth, whose first start would migrate them or make the search index anew."""
    db = sqlite3.connect(f"file:{data}/berth.db?mode=ro&immutable=1", uri=True)
    made = db.execute("SELECT searched FROM model_table WHERE name = 'lead'").fetchone()[0]
    db.close()
    version = re.search(r"TOKENS_VERSION = (\d+)", (ROOT / "host/record/reindex.c").read_text())[1]
    plan = subprocess.run([BUILD / "berth", "migrate", "--plan", "--data", data], check=True, capture_output=True, text=True).stdout
    return not made.startswith(version + " ") or not plan.endswith("-- 0 to do\n")


def seed_both(n):
    """The leads and as many contacts, spread over the same owners."""
    data = HOME / "making"
    copy(HOME / "seed", data)
    with berth(data):  # the tables of all plugins that are there now
        pass
    print(f"  making {n} contacts", file=sys.stderr)
    db = sqlite3.connect(data / "berth.db")
    now = int(time.time() * 1000)
    owners = [r[0] for r in db.execute("SELECT DISTINCT owner_id FROM lead WHERE owner_id IS NOT NULL ORDER BY 1")]
    db.executemany("INSERT INTO contact (version, created_at, updated_at, owner_id, name, mobile, email) VALUES (1, ?, ?, ?, ?, ?, ?)",
                   ((now, now, owners[i * 7919 // 10 % len(owners)], *leads.person(i)) for i in range(1, n + 1)))
    db.execute("UPDATE model_table SET searched = '' WHERE name = 'contact'")
    db.commit()
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    with berth(data):
        print("  waiting for the search index", file=sys.stderr)
        settle(data)
    (data / "berth.db.lock").unlink(missing_ok=True)
    data.rename(HOME / "both")


def seed_bare():
    made = HOME / "making.db"
    made.unlink(missing_ok=True)
    db = sqlite3.connect(made)
    db.executescript(f"""
        PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;
        CREATE TABLE lead (id INTEGER PRIMARY KEY, name TEXT, phone TEXT, fax TEXT, email TEXT, owner_id INTEGER,
                           status TEXT, country TEXT, created_at INTEGER, updated_at INTEGER) STRICT;
        CREATE TABLE dup_key (hash INTEGER NOT NULL, rec INTEGER NOT NULL, PRIMARY KEY (hash, rec)) STRICT, WITHOUT ROWID;
        ATTACH '{HOME}/seed/berth.db' AS seed;
        INSERT INTO lead SELECT id, {FIELDS} FROM seed.lead;
        INSERT INTO dup_key SELECT hash, rec FROM seed.dup_key ORDER BY hash;
        CREATE INDEX ix_owner ON lead (owner_id);
        DETACH seed;
        PRAGMA wal_checkpoint(TRUNCATE);""")
    db.close()
    made.rename(HOME / "bare-seed.db")


def seed(n):
    HOME.mkdir(parents=True, exist_ok=True)
    if not (HOME / "leads.csv").exists():
        print("making the data, once", file=sys.stderr)
        leads.write(HOME / "leads.part", 1, n)
        (HOME / "leads.part").rename(HOME / "leads.csv")
        leads.write(HOME / "import.csv", n + 1, IMPORT, duplicates_percent=5)
    if not (HOME / "seed").exists():
        seed_berth(n)
    elif stale(HOME / "seed"):
        print("  bringing the data up to this version", file=sys.stderr)
        copy(HOME / "seed", HOME / "making")
        with berth(HOME / "making"):
            settle(HOME / "making")
        (HOME / "making" / "berth.db.lock").unlink(missing_ok=True)
        shutil.rmtree(HOME / "making" / "before-migration", ignore_errors=True)
        shutil.rmtree(HOME / "seed")
        (HOME / "making").rename(HOME / "seed")
    if not (HOME / "bare-seed.db").exists():
        seed_bare()


# ---- load --------------------------------------------------------------------------------------
def lua_list(values):
    return "{" + ",".join(json.dumps(v) for v in values) + "}"


runs = itertools.count()


def wrk(server, connections, seconds, paths=None, body=None):
    """Requests a second; fails when an answer is none of 2xx."""
    lua = HOME / f"load-{server.port}.lua"
    head = f'["Cookie"] = "{server.cookie or ""}", ["X-Berth"] = "1"'
    if body:  # every thread makes leads of its own, with telephone numbers that no other has
        lua.write_text(f"""
            local threads = 0
            function setup(t) t:set("me", threads); threads = threads + 1 end
            local n = 0
            local base = {int(time.time() * 1000) % 10**9}
            local run = {1 + next(runs) % 24} -- the demo's leads have numbers of the first 200,000
            function request()
                n = n + 1
                local k = string.format("%d%d%06d", base, me, n)
                return wrk.format("POST", "{body}", {{{head}, ["Content-Type"] = "application/json"}},
                    '{{"name":"深圳市测试' .. k .. '贸易有限公司","phone":"0755-8' .. string.format("%07d", (run * 2 + me) * 200000 + n)
                    .. '","email":"a' .. k .. '@example.com",'
                    .. '"status":"new","country":"CN"}}')
            end""")
    else:
        lua.write_text(f"""
            local paths = {lua_list(paths)}
            local head = {{{head}}}
            local at = math.random(#paths)
            function request() at = at % #paths + 1; return wrk.format("GET", paths[at], head) end""")
    p = subprocess.run(["wrk", "-t2", f"-c{connections}", f"-d{seconds}s", "-s", lua, f"http://127.0.0.1:{server.port}"],
                       capture_output=True, text=True, check=True)
    lua.unlink()
    if "Non-2xx" in p.stdout:
        sys.exit(f"wrk: {p.stdout}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", p.stdout)[1])


def spread(n, count=2000):
    return [1 + leads.mix(k) % n for k in range(count)]


def pairs(count, one, two):
    """Measures in turn; medians of both and of the ratio pair by pair."""
    a, b = [], []
    for _ in range(count):
        a.append(one())
        b.append(two())
    return statistics.median(a), statistics.median(b), statistics.median(y / x for x, y in zip(a, b))


table = []


def line(what, got, wanted, ok):
    table.append((what, got, wanted, "ok" if ok else "MISSED"))
    print("%-58s %-34s %-16s %s" % table[-1], flush=True)


def ratio_line(what, one, two, ratio, least):
    line(what, f"{two:,.0f}/s of {one:,.0f}/s: {ratio:.0%}", f">= {least:.0%}", ratio >= least)


# ---- what is measured ------------------------------------------------------------------------------
PEOPLE = (("administrator", "demo.admin"), ("manager: all below", "demo.manager"), ("sales: own and pool", "demo.li"))


def reads(o, kind):
    ids = spread(o.leads)
    copy(HOME / "bare-seed.db", HOME / "bare.db")
    with berth(HOME / "data") as b, bare() as a:
        for who, login in PEOPLE:
            b.cookie = None
            b.sign_in(login)
            if kind == "list":
                after = [base64.urlsafe_b64encode(b"[%d]" % i).rstrip(b"=").decode() for i in ids]
                ours = [f"/api/lead?fields={FIELDS}&limit=50&after={c}" for c in after]
                theirs = [f"/list?after={i}" for i in ids]
            else:
                mine = [r["id"] for i in ids[:40] for r in b.ask(
                    "GET", f"/api/lead?fields=name&limit=50&after=" + base64.urlsafe_b64encode(b"[%d]" % i).rstrip(b"=").decode())["rows"]]
                ours, theirs = [f"/api/lead/{i}" for i in mine], [f"/one/{i}" for i in mine]
            for s, paths in ((a, theirs), (b, ours)):
                wrk(s, 16, 1, paths)
            what = {"list": "list of 50 by key", "one": "one record by id"}[kind]
            ratio_line(f"{what}, 16 connections, {who}",
                       *pairs(o.pairs, lambda: wrk(a, 16, o.seconds, theirs), lambda: wrk(b, 16, o.seconds, ours)),
                       0.7 if kind == "list" else 0.5)


def seed_perm(data):
    """The leads spread over 500 people in departments below that of bench.boss, who sees them by his department tree."""
    copy(HOME / "seed", data)
    with berth(data) as b:
        b.sign_in("demo.admin")
        manager = next(r["id"] for r in b.ask("GET", "/api/role?limit=200")["rows"] if r["name"] == "manager")
        make = lambda table, **fields: b.ask("POST", f"/api/{table}", fields)["row"]["id"]
        top = make("department", name="Bench")
        units = [make("department", name=f"Bench {i}", parent_id=top) for i in range(10)]
        boss = make("user", login="bench.boss", name="Bench boss", department_id=top)
        b.ask("POST", f"/api/user/{boss}/_password", {"password": PASSWORD})
        make("user_role", user_id=boss, role_id=manager)
        people = [make("user", login=f"tree.{i}", name=f"Tree {i}", department_id=units[i % len(units)]) for i in range(500)]
    db = sqlite3.connect(data / "berth.db")
    db.execute("UPDATE lead SET owner_id = ? + (id * 7919) % ? WHERE owner_id IS NOT NULL", (people[0], len(people)))
    db.commit()
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


def perm(o):
    """What rights cost: the same lists for an administrator and for somebody with a department tree of 500 people."""
    data = HOME / "perm"
    seed_perm(data)
    after = [base64.urlsafe_b64encode(b"[%d]" % i).rstrip(b"=").decode() for i in spread(o.leads)]
    lists = {"": [f"/api/lead?fields={FIELDS}&limit=50&after={c}" for c in after],
             ", by name": [f"/api/lead?fields={FIELDS}&limit=50&sort=name"]}
    with berth(data) as b:
        admin, b.cookie = b.sign_in("demo.admin"), None
        boss = b.sign_in("bench.boss")

        def cost(who, paths):  # processor time a request, us: what else the machine does counts less there
            b.cookie, before = who, b.cpu()
            requests = wrk(b, 4, 1, paths)
            return (b.cpu() - before) * 1e6 / requests

        for what, paths in lists.items():
            cost(admin, paths), cost(boss, paths)
            one, two, ratio = pairs(2 * o.pairs + 1, lambda: cost(admin, paths), lambda: cost(boss, paths))
            line(f"rights: a list of 50{what}, department tree of 500", f"{two:.0f} us of {one:.0f} us: +{ratio - 1:.0%}", "<= +25%", ratio <= 1.25)
    shutil.rmtree(data, ignore_errors=True)


def why(o):
    """Why somebody may or may not: any lead, deed and field; the administrator about any of 200 people, their head about herself."""
    data = HOME / "perm"
    seed_perm(data)
    r = random.Random(20261128)
    with berth(data) as b:
        admin, b.cookie = b.sign_in("demo.admin"), None
        boss = b.sign_in("bench.boss")
        b.cookie = admin
        fields = [f["name"] for f in b.ask("GET", "/api/_meta/lead")["fields"]]
        people = [row["id"] for row in b.ask("GET", "/api/user?limit=200&filter=" + urllib.parse.quote('["login","^","tree."]'))["rows"]]
        unit = min(row["id"] for row in b.ask("GET", "/api/department?limit=200")["rows"])
        c = http.client.HTTPConnection("127.0.0.1", b.port, timeout=60)

        def question():
            deed = r.choice(["read", "update", "delete", "release", "claim"])
            field = "&field=" + r.choice(fields) if deed in ("read", "update") and r.random() < 0.5 else ""
            about = f"user={r.choice(people)}&" if b.cookie == admin else ""
            before = b.work()
            return ask_on(b, c, "GET", f"/api/lead/{r.randrange(1, o.leads + 1)}/_why?{about}deed={deed}{field}"), b.work() - before

        def told(what, took):
            for how, n in (("", 0), (", by processor time", 1)):
                ms = sorted(t[n] for t in took)
                line(f"why, {what}{how}", f"p50 {ms[len(ms) // 2]:.2f}, p99 {ms[len(ms) * 99 // 100]:.2f}, longest {ms[-1]:.2f} ms", "< 5 ms",
                     ms[len(ms) * 99 // 100] < 5)

        for cookie, who in ((admin, "administrator"), (boss, "head of 500 people")):
            b.cookie = cookie
            question()
            told(f"3000 questions of the {who}", [question() for _ in range(3000)])
        b.cookie, took = admin, []
        for _ in range(200):
            b.ask("POST", "/api/user_department", {"user_id": r.choice(people), "department_id": unit})
            took.append(question())
            for row in b.ask("GET", "/api/user_department?limit=50")["rows"]:
                b.ask("DELETE", "/api/user_department/%d" % row["id"])
        told("right after a change of rights", took)
    shutil.rmtree(data, ignore_errors=True)


def list_(o):
    reads(o, "list")


def one(o):
    reads(o, "one")


def rest(server):
    """Until it has done what it left for later: indexing is neither to go on beside the other program nor to be forgotten."""
    before = server.work()
    while True:
        time.sleep(1.5)
        now = server.work()
        if now - before < 10:
            return
        before = now


def create(o):
    copy(HOME / "bare-seed.db", HOME / "bare.db")
    made = []
    with berth(HOME / "data") as b, bare() as a:
        b.sign_in("demo.li")
        rest(b)
        before = b.work()

        def ours():
            made.append(wrk(b, 64, o.seconds, body="/api/lead?fields=id"))  # the bare program answers with the id, too
            rest(b)
            return made[-1]

        ratio_line("durable create, 64 connections, sales", *pairs(o.pairs, lambda: wrk(a, 64, o.seconds, body="/create"), ours), 0.5)
        line("  processor time of a create, with what is left for later", f"{(b.work() - before) * 1000 / sum(made) / o.seconds:.0f} us", "", True)


def bulk(file, chunk):
    copy(HOME / "bare-seed.db", HOME / "bare.db")
    os.sync()
    text = subprocess.run([BUILD / "tests/bench/bare", "bulk", HOME / "bare.db", file, str(chunk)],
                          capture_output=True, text=True, check=True).stdout
    return json.loads(text)["seconds"]


def sound(result, rows):
    """One row in twenty is there already."""
    there = sum(int(result.get(k, 0)) for k in ("duplicate", "held", "pool"))
    if int(result["new"]) + there != rows or not 3 < there * 100 / rows < 7:
        sys.exit(f"import: {result}")


def sqlite_alone(imported):
    """Seconds SQLite needs for the rows and keys of an import, known beforehand and in the best order, with nothing around it:
    one transaction for the rows with the table's indexes, one for the keys, and the copying of the log into the file."""
    copy(HOME / "seed", HOME / "alone")
    os.sync()
    db = sqlite3.connect(HOME / "alone" / "berth.db", isolation_level=None)
    for sql in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "PRAGMA cache_size=-65536", "PRAGMA wal_autocheckpoint=0"):
        db.execute(sql)
    columns = ", ".join(c[1] for c in db.execute("PRAGMA table_info(lead)") if c[1] != "id")
    last = db.execute("SELECT max(id) FROM lead").fetchone()[0]
    db.execute("ATTACH ? AS done", (str(imported / "berth.db"),))
    db.execute(f"CREATE TEMP TABLE r AS SELECT {columns} FROM done.lead WHERE id > {last} ORDER BY name")
    keys = db.execute(f"SELECT hash, tbl, rec FROM done.dup_key WHERE rec > {last}").fetchall()
    for tbl, first, hashes in db.execute("SELECT tbl, first_rec, hashes FROM done.dup_part"):  # not sorted in yet, see dup_stage.c
        for i, record in enumerate(hashes.split(";")):
            for k in range(0, len(record), 16):
                value = int(record[k:k + 16], 16)
                keys.append((value - (1 << 64) if value >> 63 else value, tbl, first + i))
    db.execute("CREATE TEMP TABLE k (hash, tbl, rec)")
    db.executemany("INSERT INTO k VALUES (?, ?, ?)", sorted(keys))
    began = time.monotonic()
    for sql in (f"INSERT INTO lead ({columns}) SELECT {columns} FROM r", "INSERT INTO dup_key SELECT hash, tbl, rec FROM k WHERE true ON CONFLICT DO NOTHING"):
        db.execute("BEGIN IMMEDIATE")
        db.execute(sql)
        db.execute("COMMIT")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    took = time.monotonic() - began
    db.close()
    shutil.rmtree(HOME / "alone", ignore_errors=True)
    return took


def job_seconds(data):
    """Of the last import: without the start and the end of the program, which are not counted of the bare one either."""
    db = sqlite3.connect(f"file:{data}/berth.db?mode=ro", uri=True)
    ms = db.execute("SELECT ended_at - started_at FROM job WHERE kind = 'import' ORDER BY id DESC").fetchone()[0]
    db.close()
    return ms / 1000


def imports(o, file, rows, what):
    peaks, cpu, alone = [], [], []

    def ours():
        copy(HOME / "seed", HOME / "import")
        migrate(HOME / "import")
        os.sync()
        seconds, peak, used, result = import_csv(HOME / "import", file)
        sound(result, rows)
        peaks.append(peak)
        cpu.append(used)
        alone.append(job_seconds(HOME / "import"))
        return seconds

    theirs, mine, ratio = pairs(o.pairs, lambda: bulk(file, IMPORT), ours)
    line(f"import of {what} rows into a million, 4 keys", f"{mine:.2f} s of {theirs:.2f} s: {ratio:.1f} times", "<= 2.5 times", ratio <= 2.5)
    job, sqlite = statistics.median(alone), statistics.median(sqlite_alone(HOME / "import") for _ in range(o.pairs))
    line("  without the program's start and end, as in a server", f"{job:.2f} s, {job / theirs:.1f} times bare", "", True)
    line("  SQLite alone with these rows, indexes and keys", f"{sqlite:.2f} s, {sqlite / theirs:.1f} times bare", "", True)
    line("  the same, processor time", f"{statistics.median(cpu):.2f} s", "", True)
    line("  the same, peak memory", f"{max(peaks):.0f} MB", "< 300 MB", max(peaks) < 300)
    shutil.rmtree(HOME / "import", ignore_errors=True)


def import_(o):
    imports(o, HOME / "import.csv", IMPORT, "100,000")


def million(o):
    """The same of a million rows, and what other people wait while a server imports them."""
    file = HOME / "million.csv"
    if not file.exists():
        leads.write(HOME / "million.part", o.leads + 1, MILLION, duplicates_percent=5)
        (HOME / "million.part").rename(file)
    imports(o, file, MILLION, "a million")
    beside(o, file)


def ask_on(server, connection, method, path, body=None):
    """Milliseconds of one request on a connection that stays."""
    began = time.perf_counter()
    connection.request(method, path, None if body is None else json.dumps(body),
                       {"Cookie": server.cookie, "X-Berth": "1", "Content-Type": "application/json"})
    answer = connection.getresponse()
    text = answer.read()
    if answer.status >= 300:
        sys.exit(f"{method} {path}: {answer.status} {text[:300]}")
    return (time.perf_counter() - began) * 1000


def beside(o, file):
    """Somebody lists, somebody creates, one request after the other, while the server imports."""
    took = {"list of 50 by key": [], "create": []}
    copy(HOME / "seed", HOME / "import")
    with berth(HOME / "import") as b:
        b.sign_in("demo.admin")
        admin = b.cookie
        c = http.client.HTTPConnection("127.0.0.1", b.port, timeout=120)
        c.request("POST", "/api/_import/lead?name=million.csv", file.read_bytes(),
                  {"Cookie": admin, "X-Berth": "1", "Content-Type": "application/octet-stream"})
        look = json.loads(c.getresponse().read())
        began = time.monotonic()
        job = b.ask("POST", f"/api/_import/{look['import']}/run", {
            "sheet": 0, "header_row": 1, "map": {str(k["index"]): k["field"] for k in look["columns"] if k["field"]}})["job"]
        b.cookie = None
        b.sign_in("demo.manager")
        state, at = {"state": "queued"}, 0
        ids = spread(o.leads)
        while state["state"] in ("queued", "running"):
            for _ in range(20):
                at += 1
                after = base64.urlsafe_b64encode(b"[%d]" % ids[at % len(ids)]).rstrip(b"=").decode()
                took["list of 50 by key"].append(ask_on(b, c, "GET", f"/api/lead?fields={FIELDS}&limit=50&after={after}"))
                took["create"].append(ask_on(b, c, "POST", "/api/lead", {"name": f"Beside {at} {leads.mix(at)} Shipping", "phone": f"+84 7{at:08d}"}))
                time.sleep(0.01)
            c.request("GET", f"/api/_job/{job}", headers={"Cookie": admin})
            state = json.loads(c.getresponse().read())
        seconds = time.monotonic() - began
        sound(state["result"], MILLION)
        peak = b.memory()[1]
        c.close()
    line("import of a million rows, by a server at work", f"{seconds:.1f} s", "<= 60 s", seconds <= 60)
    line("  the same, peak memory of the worker", f"{peak:.0f} MB", "< 300 MB", peak < 300)
    for what, ms in took.items():
        ms.sort()
        p99 = ms[len(ms) * 99 // 100]
        line(f"  meanwhile: {what}", f"p50 {ms[len(ms) // 2]:.1f} ms, p99 {p99:.1f} ms, longest {ms[-1]:.0f} ms", "p99 < 100 ms", p99 < 100)
    shutil.rmtree(HOME / "import", ignore_errors=True)


QUERIES = (("one character", ["华", "深", "公", "国", "明"]),
           ("two characters, common", ["华中", "科创", "东方", "金龙", "泰安", "宏伟", "明光", "智慧"]),
           ("three characters of a name", ["昌思华", "跃创中", "泰仁国", "永富东", "海金银", "安康健"]),
           ("in 200,000 names", ["电子", "有限", "机械", "股份", "国际"]),
           ("two words, rare and common", ["昌思 有限", "跃创 电子", "泰仁 深圳"]),
           ("two initials", ["sz", "hz", "gz", "xz", "dg"]),
           ("a beginning that half of all have", ["sal", "sales", "info", "shenzhen", "dianzi"]),
           ("Latin and digits", ["thornwal", "park", "Nga Kien", "0755", "sales77", "20000"]),
           ("parts of a name", ["深圳电子", "昌思电子科技", "广州国际物流", "shenzhendianzi", "shenzhenguojiwuliu"]),
           ("syllables apart, words together", ["shen zhen", "hua zhong dian zi", "jin long", "ngakien", "vantai", "szdianzi", "wood park"]))


BOX = (("one Chinese character", ["华", "深", "王", "明", "公", "a", "s"]),
       ("two Chinese characters", ["华中", "金龙", "王华", "泰安", "李明", "深圳", "有限"]),
       ("two initials", ["sz", "wh", "gz", "lm", "hz", "zq"]),
       ("a common word", ["电子", "有限公司", "sales", "nguyen", "example.com", "cong ty", "trading"]),
       ("a name, typed", ["深圳市昌思华", "wanghua", "nguyen van an", "james parkwood", "thornwal"]),
       ("digits", ["0755", "138", "4321", "13800012345", "20000"]),
       ("parts of a name", ["深圳电子", "昌思电子科技", "广州国际物流", "shenzhendianzi", "shenzhenguojiwuliu"]),
       ("syllables apart, words together", ["wang hua", "hua zhong dian zi", "li ming", "nguyenvanan", "vantai", "szdianzi", "wood park"]))


def box(o):
    """The search box over all tables, with as many contacts as leads."""
    if not (HOME / "both").exists():
        seed_both(o.leads)
    with berth(HOME / "both") as b:
        asked(o, b, "the box", BOX, "/api/_search?q=")


def search(o):
    with berth(HOME / "data") as b:
        asked(o, b, "search", QUERIES, f"/api/lead?limit=50&fields={FIELDS}&q=")


def asked(o, b, what, queries, path):
    """Each kind of query as each person; the first time of a word counts like the others."""
    for who, login in PEOPLE:
        b.cookie = None
        b.sign_in(login)
        c = http.client.HTTPConnection("127.0.0.1", b.port, timeout=60)
        for name, words in queries:
            took = []
            for _ in range(max(1, o.searches // len(words))):
                for w in words:
                    began = time.perf_counter()
                    c.request("GET", path + urllib.parse.quote(w), headers={"Cookie": b.cookie})
                    r = c.getresponse()
                    r.read()
                    took.append((time.perf_counter() - began) * 1000)
                    if r.status != 200:
                        sys.exit(f"search {w}: {r.status}")
            took.sort()
            p99 = took[min(len(took) - 1, len(took) * 99 // 100)]
            line(f"{what}, {name}, {who}", f"p50 {took[len(took) // 2]:.1f} ms, p99 {p99:.1f} ms", "p99 < 20 ms", p99 < 20)
        c.close()


def start(o):
    took, idle = [], []
    for _ in range(max(5, o.pairs)):
        began = time.perf_counter()
        with berth(HOME / "data") as b:
            b.ask("GET", "/api/_public")
            took.append((time.perf_counter() - began) * 1000)
            b.sign_in("demo.li")
            b.ask("GET", f"/api/lead?fields={FIELDS}")
            time.sleep(1.5)  # until the memory of the first sign-in is given back
            idle.append(b.memory()[0])
    line("cold start to the first answer", f"{statistics.median(took):.0f} ms, best {min(took):.0f} ms", "< 150 ms", statistics.median(took) < 150)
    line("memory of the idle worker", f"{statistics.median(idle):.0f} MB", "< 40 MB", statistics.median(idle) < 40)


def main():
    all_ = {"list": list_, "one": one, "create": create, "import": import_, "million": million, "search": search, "box": box, "start": start, "perm": perm, "why": why}
    alone = {name: lambda o, f=getattr(live, name): f(o, sys.modules[__name__]) for name in ("audit", "growth", "live", "due")}
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("names", nargs="*", metavar="NAME", help=" ".join([*all_, *alone]))
    p.add_argument("--pairs", type=int, default=5)
    p.add_argument("--seconds", type=int, default=5)
    p.add_argument("--searches", type=int, default=400)
    p.add_argument("--leads", type=int, default=1_000_000)
    o = p.parse_args()
    for name in o.names:
        if name not in all_ and name not in alone and name != "seed":
            p.error(f"no benchmark {name}")
    HOME.mkdir(exist_ok=True)
    if o.names and all(name in alone for name in o.names):
        print("load when it began: %.1f on %d processors" % (os.getloadavg()[0], os.cpu_count()))
        for name in o.names:
            alone[name](o)
        return
    subprocess.run(["ninja", "-C", BUILD, "tests/bench/bare"], check=True, stdout=subprocess.DEVNULL)
    seed(o.leads)
    if o.names == ["seed"]:
        return
    copy(HOME / "seed", HOME / "data")
    print("%d leads; load when it began: %.1f on %d processors" % (o.leads, os.getloadavg()[0], os.cpu_count()))
    for name in o.names or all_:
        {**all_, **alone}[name](o)
    shutil.rmtree(HOME / "data", ignore_errors=True)
    (HOME / "bare.db").unlink(missing_ok=True)


if __name__ == "__main__":
    main()
