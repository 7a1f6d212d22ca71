"""What history, alerts and open browsers cost; run.py calls it.  On a server of its own with demo data, for none of it
depends on how many leads there are."""
import selectors
import shutil
import socket
import sqlite3
import statistics
import subprocess
import threading
import time

BROWSERS, PER_PERSON, ALERTS, GROUP = 1000, 20, 10_000, 10
RECORDS, CHANGES = 400, 20
PLUGIN = """
#include <berth.h>
static const struct berth_field fields[] = {
    {"name", BERTH_TEXT, BERTH_REQUIRED | BERTH_SEARCH | BERTH_LIST},
    {"phone", BERTH_PHONE, BERTH_SEARCH | BERTH_DUPLICATE}, {"email", BERTH_EMAIL, BERTH_SEARCH | BERTH_DUPLICATE},
    {"status", BERTH_TEXT, BERTH_FILTER, .max = 40}, {"country", BERTH_PICK, BERTH_FILTER, "base.country"}, {0}};
static const struct berth_table tables[] = {
    {"bench_plain", fields, .flags = BERTH_OWNED, .title = "name"},
    {"bench_kept", fields, .flags = BERTH_OWNED | BERTH_HISTORY, .title = "name"}, {0}};
BERTH_PLUGIN(.name = "bench", .version = "1.0.0", .needs = "base", .tables = tables)
"""


def fresh(bench, name, *options):
    data = bench.HOME / name
    shutil.rmtree(data, ignore_errors=True)
    return data, bench.Server(bench.BUILD / "berth", "serve", "--no-supervisor", "--demo", "--listen", "127.0.0.1:0", "--data", data,
                              "--scripts", data / "scripts", *options, ready=r"http://127\.0\.0\.1:(\d+)")


def team(bench, b, n):
    """n people who see all leads; (id, cookie) of each."""
    make = lambda table, **fields: b.ask("POST", f"/api/{table}", fields)["row"]["id"]
    role = make("role", name="bench")
    make("role_table", role_id=role, on_table="lead", read_scope="all", update_scope="none", delete_scope="none")
    people = []
    for i in range(n):
        user = make("user", login=f"bench.{i}", name=f"Bench {i}")
        b.ask("POST", f"/api/user/{user}/_password", {"password": bench.PASSWORD})
        make("user_role", user_id=user, role_id=role)
        people.append(user)
    admin, cookies = b.cookie, []
    for i in range(n):
        b.cookie = None
        cookies.append(b.sign_in(f"bench.{i}"))
    b.cookie = admin
    return list(zip(people, cookies))


class Browsers:
    """Streams of events, read by one thread."""

    def __init__(self, port, cookies):
        self.poll, self.seen = selectors.DefaultSelector(), {}
        for cookie in cookies:
            s = socket.create_connection(("127.0.0.1", port))
            s.sendall(f"GET /api/_events HTTP/1.1\r\nHost: a\r\nCookie: {cookie}\r\n\r\n".encode())
            self.poll.register(s, selectors.EVENT_READ, cookie)
        self.sockets = [k.fileobj for k in self.poll.get_map().values()]

    def hear(self, word, seconds, begun):
        """When, after `begun`, each stream brought the word."""
        at = {}
        while len(at) < len(self.sockets) and time.monotonic() < begun + seconds:
            for key, _ in self.poll.select(0.05):
                text = key.fileobj.recv(1 << 16)
                if word in text and key.fileobj not in at:
                    at[key.fileobj] = time.monotonic() - begun
        return sorted(at.values())

    def close(self):
        for s in self.sockets:
            s.close()


def live(o, bench):
    data, server = fresh(bench, "live")
    with server as b:
        b.sign_in("demo.admin")
        people = team(bench, b, BROWSERS // PER_PERSON)
        lead = b.ask("POST", "/api/lead", {"name": "Heard By All Shipping"})["row"]
        time.sleep(3)
        before = b.memory()[0]
        all_ = Browsers(b.port, [c for _, c in people for _ in range(PER_PERSON)])
        all_.hear(b"event: alerts", 20, time.monotonic())  # how things stand
        time.sleep(1)
        took, far = [], []
        for k in range(2 * o.pairs + 1):
            begun = time.monotonic()
            lead = b.ask("PATCH", f"/api/lead/{lead['id']}", {"version": lead["version"], "city": f"City {k}"})["row"]
            heard = all_.hear(b"event: changed", 10, begun)
            took.append(heard[-1] if len(heard) == BROWSERS else 99)
            far.append(heard[len(heard) // 2] if heard else 99)
        grown = b.memory()[0] - before
        all_.close()
    bench.line(f"a change reaches {BROWSERS} open browsers", f"half {statistics.median(far) * 1000:.0f} ms, last {max(took) * 1000:.0f} ms",
               "<= 1 s", max(took) <= 1)
    bench.line("memory for them", f"{grown:.0f} MB", "< 100 MB", grown < 100)
    shutil.rmtree(data, ignore_errors=True)


def due(o, bench):
    data, server = fresh(bench, "due")
    with server as b:
        b.sign_in("demo.admin")
        people = team(bench, b, 50)
        lead = b.ask("POST", "/api/lead", {"name": "Due At Once Freight"})["row"]["id"]
        at = int(time.time()) + 40
        text = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
        for n in range(ALERTS // GROUP):
            group = [people[(n * GROUP + i) % len(people)][0] for i in range(GROUP)]
            b.ask("POST", f"/api/lead/{lead}/_alert", {"text": f"Number {n}", "due_at": text, "people": group})
        if time.time() > at - 2:
            raise SystemExit("the alerts took too long to be made")
        all_ = Browsers(b.port, [c for _, c in people])
        all_.hear(b"event: alerts", 5, time.monotonic())
        db = sqlite3.connect(f"file:{data}/berth.db?mode=ro", uri=True)
        open_ = lambda: db.execute("SELECT count(*) FROM alert WHERE state = 'open'").fetchone()[0]
        told = []
        reader = threading.Thread(target=lambda: told.extend(all_.hear(b"event: alerts", 60, time.monotonic() + at - time.time())))
        reader.start()
        while open_() < ALERTS and time.time() < at + 60:
            time.sleep(0.05)
        took = time.time() - at
        reader.join()
        db.close()
        all_.close()
    bench.line(f"{ALERTS} alerts of one minute, all open in the app", f"{took:.1f} s; all {len(told)} browsers told after {max(told):.1f} s", "<= 5 s",
               took <= 5 and len(told) == len(people))
    shutil.rmtree(data, ignore_errors=True)


SHORT = lambda k: {"name": f"Thâm Quyến Logistics 深圳市测试{k}贸易有限公司", "phone": f"0755-8{k:07d}", "email": f"a{k}@example.com", "city": "深圳", "country": "CN",
                   "status": "new", "contact": "陈伟", "address": "南山区科技园科苑路15号"}
NOTE = "2026-11-{:02d} 与客户通话：每月约 12×40HQ 宁波到鹿特丹，现由同行承运，合同 12 月到期，希望先报一票试单；付款 30 天月结。Gọi lại tuần sau, cần báo giá cả nội địa.\n"
FULL = lambda k: {**SHORT(k), "position": "物流经理", "mobile": f"139{k:08d}", "fax": f"0755-2{k:07d}", "website": f"https://www.example{k}.com", "wechat": f"wx_chenwei{k}",
                  "zalo": f"0912{k:06d}", "whatsapp": f"86139{k:08d}", "province": "广东", "postcode": "518057", "rating": "warm", "source": "exhibition",
                  "next_action": "发送鹿特丹航线报价", "next_action_on": "2026-12-01", "notes": "".join(map(NOTE.format, range(1, 4)))}


def a_short_field(n, row):
    return [{"status": ["new", "contacted", "qualified"][n % 3]}, {"city": f"Ningbo {n}"}, {"status": ["new", "contacted", "qualified"][n % 3],
            "next_action_on": f"2026-12-{n % 28 + 1:02d}"}, {"rating": ["hot", "warm", "cold"][n % 3]}, {"next_action_on": f"2026-12-{n % 28 + 1:02d}"}][n % 5]


def notes_now_and_then(n, row):
    return a_line_of_notes(n, row) if n % 5 == 4 else a_short_field(n, row)


def a_line_of_notes(n, row):
    return {"notes": row["notes"] + NOTE.format(n % 28 + 1)}


def growth(o, bench):
    """What a change adds to the log against the row it writes, and 20 of them against all that one lead takes."""
    log = ("history", "ix_history_tbl_rec_seq", "seal", "audit")
    for what, fields, change in (("short fields", SHORT, a_short_field), ("a full lead, each fifth time a line of notes", FULL, notes_now_and_then),
                                 ("a full lead, each time a line of notes", FULL, a_line_of_notes)):
        data, server = fresh(bench, "growth")
        used = lambda: {name: size for name, size in sqlite3.connect(f"file:{data}/berth.db?mode=ro", uri=True).execute(
            "SELECT name, sum(pgsize - unused) FROM dbstat GROUP BY name")}
        with server as b:
            b.sign_in("demo.admin")
            known = {f["name"] for f in b.ask("GET", "/api/_meta/lead")["fields"]}
            first = used()
            rows = [b.ask("POST", "/api/lead?duplicates=allow", {f: v for f, v in fields(k).items() if f in known})["row"] for k in range(RECORDS)]
            made, written = used(), 0
            for n in range(CHANGES):
                rows = [b.ask("PATCH", f"/api/lead/{r['id']}", {"version": r["version"], **change(n, r)})["row"] for r in rows]
                written += (used()["lead"] - first.get("lead", 0)) / RECORDS
            last = used()
        grown = sum(last.get(t, 0) - made.get(t, 0) for t in log) / RECORDS
        all_ = sum(last[t] - first.get(t, 0) for t in last if t not in log) / RECORDS
        row = (last["lead"] - first.get("lead", 0)) / RECORDS
        bench.line(f"the log at {CHANGES} changes a record, each a commit of its own: {what}", f"{grown / CHANGES:.0f} bytes a change, its row {written / CHANGES:.0f} bytes: "
                   f"{grown / written:.2f}; all 20 against one row {grown / row:.2f}, against all that a lead takes {grown / all_:.2f}", "<= 1.5", grown / written <= 1.5)
        shutil.rmtree(data, ignore_errors=True)


def audit(o, bench):
    plugins = bench.HOME / "plugins"
    (plugins / "bench").mkdir(parents=True, exist_ok=True)
    source = plugins / "bench" / "bench.c"
    source.write_text(PLUGIN)
    subprocess.run(["cc", "-std=c11", "-O1", "-fPIC", "-fvisibility=hidden", "-shared", "-I", bench.ROOT / "host", "-o", plugins / "bench" / "bench.so", source], check=True)
    data, server = fresh(bench, "audit", "--plugins", "base pools leads bench", "--plugin-path", f"{bench.BUILD / 'plugins'}:{plugins}")
    with server as b:
        b.sign_in("demo.admin")
        for table in ("bench_plain", "bench_kept"):
            bench.wrk(b, 64, 1, body=f"/api/{table}")
        cpu = {}

        def create(table):  # what else the machine does counts less in processor time
            before, begun = b.cpu(), time.monotonic()
            rate = bench.wrk(b, 64, o.seconds, body=f"/api/{table}")
            cpu.setdefault(table, []).append((b.cpu() - before) * 1e6 / rate / (time.monotonic() - begun))
            return rate

        one, two, ratio = bench.pairs(2 * o.pairs + 1, lambda: create("bench_plain"), lambda: create("bench_kept"))
        bench.line("durable create, 64 connections, history and seals on", f"{two:,.0f}/s of {one:,.0f}/s without: {ratio - 1:+.0%}", ">= -25%", ratio >= 0.75)
        one, two, ratio = (statistics.median(x) for x in (cpu["bench_plain"], cpu["bench_kept"], [y / x for x, y in zip(cpu["bench_plain"], cpu["bench_kept"])]))
        bench.line("the same by processor time", f"{two:.0f} us of {one:.0f} us: {ratio - 1:+.0%}", "<= +33%", ratio <= 1.33)
    shutil.rmtree(data, ignore_errors=True)
    shutil.rmtree(plugins, ignore_errors=True)
