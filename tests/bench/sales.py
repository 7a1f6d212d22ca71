#!/usr/bin/python3
"""The daily work of a large sales team: a million customers, two million contacts, ten million activities, half a
million opportunities, made once in build/bench/sales, and how long each screen's questions take.

  sales.py [make lists boards page home graph sums reports]     --requests N --scale N
"""
import argparse
import http.client
import json
import os
import shutil
import sqlite3
import sys
import time
import urllib.parse

import leads
from run import HOME, PASSWORD, Server, berth, line, table

DATA = HOME / "sales"
PEOPLE = 500
LINKS = 300   # of the best connected company
DEALS = 3000  # activities of the busiest
DAY = 86_400_000
MADE = ("customer", "contact", "activity", "opportunity", "stage_log", "task", "party_relation", "history")


# ---- data --------------------------------------------------------------------------------------
def people(b):
    """500 salespeople in ten departments below that of bench.boss, who sees them by his department tree."""
    make = lambda of, **fields: b.ask("POST", f"/api/{of}", fields)["row"]["id"]
    role = {r["name"]: r["id"] for r in b.ask("GET", "/api/role?limit=200")["rows"]}
    top = make("department", name="Bench")
    units = [make("department", name=f"Bench {i}", parent_id=top) for i in range(10)]
    boss = make("user", login="bench.boss", name="Bench boss", department_id=top)
    make("user_role", user_id=boss, role_id=role["manager"])
    made = []
    for i in range(PEOPLE):
        made.append(make("user", login=f"tree.{i}", name=f"Tree {i}", department_id=units[i % 10], manager_id=boss))
        make("user_role", user_id=made[-1], role_id=role["sales"])
    for user in (boss, made[0]):
        b.ask("POST", f"/api/user/{user}/_password", {"password": PASSWORD})


def without_indexes(db, load):
    """Rows go in first and each index is made of all of them: many times quicker."""
    marks = ",".join("?" * len(MADE))
    indexes = db.execute(f"SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN ({marks})", MADE).fetchall()
    for name, _ in indexes:
        db.execute(f'DROP INDEX "{name}"')
    load()
    for name, sql in indexes:
        began = time.monotonic()
        db.execute(sql)
        print(f"  {name}: {time.monotonic() - began:.1f} s", file=sys.stderr)


NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :many)"
OWNER = "(SELECT id FROM o WHERE o.n = {k} * 7919 / 10 % :people)"


def fill(db, scale):
    customers, now = scale, int(time.time() * 1000)
    today = now // DAY
    first = {t: db.execute(f'SELECT coalesce(max(id), 0) FROM "{t}"').fetchone()[0] for t in MADE if t != "history"}
    owners = [r[0] for r in db.execute('SELECT id FROM "user" WHERE login LIKE ? ORDER BY id', ("tree.%",))]
    stages = db.execute("SELECT id, pipeline_id, percent, state FROM stage WHERE pipeline_id = (SELECT min(id) FROM pipeline) ORDER BY place").fetchall()
    open_, won, lost = ([s for s in stages if s[3] == k] for k in ("open", "won", "lost"))
    common = {"now": now, "today": today, "people": len(owners), "customers": customers, "c0": first["customer"], "p0": first["contact"],
              "d0": first["opportunity"], "pipeline": stages[0][1], "won": won[0][0], "lost": lost[0][0], "nopen": len(open_)}

    db.execute("CREATE TEMP TABLE o (n INTEGER PRIMARY KEY, id INTEGER)")
    db.executemany("INSERT INTO o VALUES (?, ?)", enumerate(owners))
    db.execute("CREATE TEMP TABLE s (n INTEGER PRIMARY KEY, id INTEGER, percent INTEGER)")
    db.executemany("INSERT INTO s VALUES (?, ?, ?)", ((n, s[0], s[2]) for n, s in enumerate(open_)))
    pool = db.execute("SELECT min(id) FROM pool WHERE on_table = 'customer'").fetchone()[0]
    life = ("lead", "prospect", "customer", "customer", "dormant", "lost")
    pick = lambda of, i, salt: of[leads.mix(i * 31 + salt) % len(of)]

    def customer_rows():
        for i in range(1, customers + 1):
            name, phone, fax, email, _, country = leads.lead(i)
            made = now - leads.mix(i) % (1500 * DAY)
            yield (first["customer"] + i, made, made + leads.mix(i + 9) % (now - made + 1), owners[i * 7919 // 10 % len(owners)] if i % 10 < 7 else None,
                   pool, made, now - leads.mix(i + 3) % (200 * DAY), name, f"B{i:07d}", "|customer|", pick(life, i, 1), pick(("key", "a", "b", "c"), i, 2),
                   pick(("high", "medium", "low", "silent"), i, 4), i % 97 == 0, today + leads.mix(i + 5) % 120 - 40 if i % 3 == 0 else None,
                   phone, fax or None, email or None, country, pick(("none", "none", "none", "requested", "approved"), i, 6))

    def contact_rows():
        for i in range(1, 2 * customers + 1):
            name, mobile, email = leads.person(i)
            k = (i + 1) // 2
            made = now - leads.mix(i) % (1500 * DAY)
            yield (first["contact"] + i, made, made + leads.mix(i + 9) % (now - made + 1), owners[k * 7919 // 10 % len(owners)] if k % 10 < 7 else None,
                   name, first["customer"] + k, i % 2, 0, mobile, email, pick(("decides", "buys", "influences"), i, 1), pick(("high", "medium", "low"), i, 2),
                   today + leads.mix(i) % 365 if i % 4 == 0 else None)

    def keys(name, columns):
        """What texts are sorted by; their own bytes are as long as the company's order makes them."""
        return [c for c in columns.split(",") if any(r[1] == c + "__order" for r in db.execute(f"PRAGMA table_info({name})"))]

    def put(name, columns, rows):
        of = columns.split(",")
        values = ["?%d" % (i + 1) for i in range(len(of))] + ["CAST(?%d AS BLOB)" % (of.index(k) + 1) for k in keys(name, columns)]
        db.executemany(f"INSERT INTO {name} ({','.join([columns, *(k + '__order' for k in keys(name, columns))])}) VALUES ({','.join(values)})", rows)
        said(name)

    def select(name, columns, many, sql, **more):
        into = ",".join([columns, *(k + "__order" for k in keys(name, columns))])
        made = ",".join(["*", *(f"CAST({k} AS BLOB)" for k in keys(name, columns))])
        db.execute(f"INSERT INTO {name} ({into}) {NUMBERS}, q({columns}) AS (SELECT {sql} FROM n) SELECT {made} FROM q",
                   {**common, **more, "many": many, "first": first.get(name, 0)})
        said(name)

    def said(name, at=[time.monotonic()]):
        print(f"  {name}: {time.monotonic() - at[0]:.1f} s", file=sys.stderr)
        at[0] = time.monotonic()

    def load():
        put("customer", "id,created_at,updated_at,owner_id,pool_id,claimed_at,touched_at,name,number,parties,lifecycle,level,activity,is_hard,"
            "next_action_on,phone,fax,email,country,approval,version,activity_fixed,churned", ((*r, 1, 0, 0) for r in customer_rows()))
        put("contact", "id,created_at,updated_at,owner_id,name,customer_id,is_main,has_left,mobile,email,role,influence,birthday_next,version",
            ((*r, 1) for r in contact_rows()))
        # r: spread evenly, d: a deal's customer.  One company in a thousand has most to do.
        select("opportunity", "id,version,created_at,updated_at,owner_id,name,number,customer_id,contact_id,pipeline_id,stage_id,status,next_action_on,"
               "amount,profit,currency,rate,base_amount,base_profit,percent,weighted,mode,direction,teu,close_on,stage_since,touched_at,idle,closed_on,lost_reason",
               customers // 2, f"""
               :first + i, 1, :now - i * 7919 % 900 * {DAY}, :now - i * 6971 % 300 * {DAY} - i * 37 % {DAY}, {OWNER.format(k='(i * 2 - 1)')},
               'Deal ' || i || CASE i % 3 WHEN 0 THEN ' 盐田–洛杉矶' WHEN 1 THEN ' Cát Lái–Hamburg' ELSE ' Ningbo–Rotterdam' END, 'D' || i, :c0 + i * 2 - 1, :p0 + i * 4 - 3, :pipeline,
               CASE WHEN i % 10 < 3 THEN (SELECT id FROM s WHERE s.n = i / 10 % :nopen) WHEN i % 10 < 6 THEN :won ELSE :lost END,
               CASE WHEN i % 10 < 3 THEN 'open' WHEN i % 10 < 6 THEN 'won' ELSE 'lost' END, CASE WHEN i % 3 = 0 THEN :today + i * 7919 % 90 - 30 END,
               i * 7919 % 500000 * 10000, i * 7919 % 50000 * 10000, 'CNY', 1.0, i * 7919 % 500000 * 10000, i * 7919 % 50000 * 10000,
               CASE WHEN i % 10 < 3 THEN (SELECT percent FROM s WHERE s.n = i / 10 % :nopen) WHEN i % 10 < 6 THEN 100 ELSE 0 END, i * 7919 % 250000 * 10000,
               CASE i % 4 WHEN 0 THEN 'air' WHEN 1 THEN 'sea_lcl' ELSE 'sea_fcl' END, CASE i % 2 WHEN 0 THEN 'export' ELSE 'import' END, i % 40 * 1.0,
               :today + i * 7919 % 200 - CASE WHEN i % 10 < 3 THEN 20 ELSE 200 END, :now - i * 7919 % 60 * {DAY}, :now - i * 6971 % 100 * {DAY}, i % 17 = 0,
               CASE WHEN i % 10 >= 3 THEN :today - i * 7919 % 700 END, CASE WHEN i % 10 >= 6 THEN 'price' END""")
        select("stage_log", "id,version,created_at,updated_at,opportunity_id,pipeline_id,stage_id,percent,from_at,to_at,hours,onward,owner_id", customers // 2 * 4, f"""
               :first + i, 1, :now, :now, :d0 + 1 + (i - 1) / 4, :pipeline, (SELECT id FROM s WHERE s.n = (i - 1) % 4 % :nopen), 30,
               :now - (i * 7919 / 4 % 700 + 28 - (i - 1) % 4 * 7) * {DAY}, :now - (i * 7919 / 4 % 700 + 21 - (i - 1) % 4 * 7) * {DAY}, 168.0, (i - 1) % 4 < 3,
               {OWNER.format(k='((1 + (i - 1) / 4) * 2 - 1)')}""")
        # planned ones are three in a hundred, around today; done ones lie in the last 1000 days
        select("activity", "id,version,created_at,updated_at,owner_id,subject,kind,status,purpose,start_at,end_at,clash,customer_id,contact_id,opportunity_id,note,minutes",
               customers * 10, f"""
               :first + i, 1, :now - i * 6971 % 1000 * {DAY}, :now - i * 6971 % 1000 * {DAY} + i % 3600000, {OWNER.format(k='(1 + i * 7919 % :customers)')},
               CASE i % 4 WHEN 0 THEN '报价跟进 ' WHEN 1 THEN 'Gọi hỏi lịch tàu ' WHEN 2 THEN 'Rate follow-up ' ELSE '拜访采购 ' END || i,
               CASE i % 5 WHEN 0 THEN 'visit' WHEN 1 THEN 'email' ELSE 'call' END, CASE WHEN i % 33 = 0 THEN 'planned' ELSE 'done' END,
               CASE i % 4 WHEN 0 THEN 'development' WHEN 1 THEN 'quote' WHEN 2 THEN 'service' ELSE 'care' END,
               CASE WHEN i % 33 = 0 THEN :now + (i * 7919 % 60 - 10) * {DAY} ELSE :now - i * 6971 % 1000 * {DAY} END + i % 36000000,
               CASE WHEN i % 33 = 0 THEN :now + (i * 7919 % 60 - 10) * {DAY} ELSE :now - i * 6971 % 1000 * {DAY} END + i % 36000000 + 1800000, 0,
               :c0 + CASE WHEN i <= {DEALS} THEN 1 ELSE 1 + i * 7919 % :customers END, CASE WHEN i % 2 = 0 THEN :p0 + 1 + i * 7919 % :customers * 2 END,
               CASE WHEN i % 5 = 0 THEN :d0 + 1 + i * 7919 % (:customers / 2) END, 'Wants a rate for 2 x 40HQ, ready in three weeks; compares with two others.', 12""")
        select("task", "id,version,created_at,updated_at,owner_id,subject,status,priority,due_on,progress,from_id,customer_id,done_at", customers, f"""
               :first + i, 1, :now - i * 7919 % 400 * {DAY}, :now - i * 7919 % 400 * {DAY}, {OWNER.format(k='i')}, 'Task ' || i,
               CASE WHEN i % 20 = 0 THEN 'accepted' ELSE 'done' END, CASE i % 3 WHEN 0 THEN 'high' ELSE 'normal' END,
               :today + CASE WHEN i % 20 = 0 THEN i * 7919 % 60 - 10 ELSE -(i * 7919 % 400) END, 0, {OWNER.format(k='i')}, :c0 + i,
               CASE WHEN i % 20 <> 0 THEN :now - i * 7919 % 400 * {DAY} END""")
        # company 1 has 300 links, each of those 20 more; the others a few
        select("party_relation", "id,version,created_at,updated_at,owner_id,kind,from_customer_id,to_customer_id,to_contact_id", LINKS * 21 + customers, f"""
               :first + i, 1, :now, :now, {OWNER.format(k='i')}, CASE i % 3 WHEN 0 THEN 'supplies' WHEN 1 THEN 'agent_of' ELSE 'partner' END,
               CASE WHEN i <= {LINKS} THEN :c0 + 1 WHEN i <= {LINKS * 21} THEN :c0 + 1 + (i - {LINKS} - 1) / 20 * 2 + 2 ELSE :c0 + 1 + i * 7919 % :customers END,
               CASE WHEN i <= {LINKS} THEN :c0 + 1 + i * 2 WHEN i % 4 <> 0 THEN :c0 + 1 + i * 104729 % :customers END,
               CASE WHEN i > {LINKS} AND i % 4 = 0 THEN :p0 + 1 + i * 7919 % :customers END""")
        tbl = db.execute("SELECT id FROM model_table WHERE name = 'customer'").fetchone()
        db.execute(f"INSERT INTO history (tbl, rec, at, by, op, changes) {NUMBERS} SELECT :tbl, :c0 + 1 + i * 7919 % :customers, :now - :many + i,"
                   f" {OWNER.format(k='i')}, 'update', '{{\"level\":[\"b\",\"a\"]}}' FROM n", {**common, "many": customers * 2, "tbl": tbl[0]})
        said("history")

    without_indexes(db, load)


def make(o):
    began, data = time.monotonic(), HOME / "making-sales"
    shutil.rmtree(data, ignore_errors=True)
    HOME.mkdir(parents=True, exist_ok=True)
    with berth(data) as b:
        b.sign_in("demo.admin")
        people(b)
    db = sqlite3.connect(data / "berth.db")
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-800000", "temp_store=FILE"):
        db.execute("PRAGMA " + pragma)
    fill(db, o.scale)
    db.commit()
    db.close()
    db = sqlite3.connect(data / "berth.db")
    db.execute("PRAGMA journal_mode=WAL")
    db.close()
    (data / "berth.db.lock").unlink(missing_ok=True)
    shutil.rmtree(DATA, ignore_errors=True)
    data.rename(DATA)
    print(f"made in {time.monotonic() - began:.0f} s, {(DATA / 'berth.db').stat().st_size / 1e9:.1f} GB", file=sys.stderr)


# ---- questions -----------------------------------------------------------------------------------
WHO = (("administrator", "demo.admin"), ("manager, tree of 500", "bench.boss"), ("sales", "tree.0"))
LISTS = ("customer", "contact", "activity", "opportunity", "task")


class Asking:
    """One person's requests, one after the other on one connection."""

    def __init__(self, b, login):
        b.cookie = None
        self.cookie = b.sign_in(login)
        self.c = http.client.HTTPConnection("127.0.0.1", b.port, timeout=120)

    def get(self, path, **query):
        """Milliseconds and the answer."""
        text = urllib.parse.urlencode({k: v if isinstance(v, str) else json.dumps(v) for k, v in query.items() if v is not None})
        began = time.perf_counter()
        self.c.request("GET", f"/api/{path}?{text}" if text else f"/api/{path}", headers={"Cookie": self.cookie})
        answer = self.c.getresponse()
        body = answer.read()
        ms = (time.perf_counter() - began) * 1000
        if answer.status >= 300:
            sys.exit(f"GET {path} {query}: {answer.status} {body[:300]}")
        return ms, json.loads(body)

    def pages(self, n, name, **query):
        """The first n pages of a list, from the start again when it ends; fewer where they take too long."""
        took, after = [], None
        while len(took) < n and sum(took) < 3000:
            ms, answer = self.get(name, after=after, limit=50, **query)
            took.append(ms)
            after = answer["next"]
        return took


def p99(took):
    took = sorted(took)
    return took[len(took) // 2], took[min(len(took) - 1, len(took) * 99 // 100)], took[-1]


worst = {}


def told(group, what, took, most):
    mid, late, last = p99(took)
    if late >= most or os.environ.get("BENCH_ALL"):
        line(what, f"p50 {mid:.1f} ms, p99 {late:.1f} ms, longest {last:.0f} ms", f"p99 < {most} ms", late < most)
    worst.setdefault(group, []).append((late, what, late < most, most))


def lists(o, b):
    for who, login in WHO:
        a = Asking(b, login)
        for name in LISTS:
            meta = a.get(f"_meta/{name}")[1]
            for v in meta["views"]:
                if v["look"] in ("list", "tree"):
                    told(f"lists, {who}", f"{name}, {v['name']}, {who}", a.pages(o.requests, name, view=v["name"]), 50)
            for f in meta["fields"]:
                for down in ("", "-"):
                    if f["sort"]:
                        told(f"lists, {who}", f"{name} by {down}{f['name']}, {who}", a.pages(o.requests, name, sort=down + f["name"]), 50)


def boards(o, b):
    for who, login in WHO:
        a = Asking(b, login)
        for name in LISTS:
            meta = a.get(f"_meta/{name}")[1]
            for v in (v for v in meta["views"] if v["look"] == "board"):
                groups = a.get(f"{name}/_aggregate", view=v["name"], group=v["by"])[1]["groups"]
                for g in groups:
                    key = g["key"][0]
                    where = [v["by"], "empty"] if key is None else [v["by"], "=", key]
                    told(f"board columns, {who}", f"{name}, {v['name']}, column {key}, {who}", a.pages(o.requests, name, view=v["name"], filter=where), 50)


def page(o, b):
    for who, login in WHO:
        a = Asking(b, login)
        details = a.get("_meta/customer")[1]["details"]
        rows = [r["id"] for view in ("mine", "team", "all") for r in a.get("customer", view=view, limit=100, sort="name")[1]["rows"]]
        ids = (rows * o.requests)[:max(o.requests, 100)]
        if a.get("customer", filter=["number", "=", "B0000001"])[1]["rows"]:
            ids.append(a.get("customer", filter=["number", "=", "B0000001"])[1]["rows"][0]["id"])  # the busiest
        for what, path in (("record", "customer/%d"), ("about", "customer/%d/_about"), ("timeline", "customer/%d/_timeline"), ("history", "customer/%d/_history")):
            told(f"customer page, {who}", f"customer page, {what}, {who}", [a.get(path % i)[0] for i in ids], 50)
        for d in (d for d in details if not d.get("through")):
            told(f"customer page, {who}", f"customer page, {d['table']} by {d['by']}, {who}",
                 [a.get(d["table"], filter=[d["by"], "=", i], limit=200)[0] for i in ids], 50)


def home(o, b):
    for who, login in WHO:
        a = Asking(b, login)
        told(f"my day, {who}", f"my day, {who}", [a.get("_todo")[0] for _ in range(max(20, o.requests))], 100)


def graph(o, b):
    for who, login in WHO:
        a = Asking(b, login)
        found = a.get("customer", filter=["number", "=", "B0000001"])[1]["rows"]
        if not found:
            continue
        ms = [a.get("relations", table="customer", id=found[0]["id"], hops=2) for _ in range(max(20, o.requests))]
        told(f"graph of two hops, {who}", f"relations, two hops, {len(ms[0][1]['nodes'])} nodes, {len(ms[0][1]['links'])} links, {who}", [m for m, _ in ms], 100)


def sums(o, b):
    """What boards, tiles of the home page and lists add up."""
    for who, login in WHO:
        a = Asking(b, login)
        for name in LISTS:
            meta = a.get(f"_meta/{name}")[1]
            money = [f["name"] for f in meta["fields"] if f["type"] == "money" and f["name"] in ("base_amount", "weighted")]
            for v in (v for v in meta["views"] if v["look"] == "board"):
                told(f"sums of boards, {who}", f"{name}, {v['name']}, sums, {who}",
                     [a.get(f"{name}/_aggregate", view=v["name"], group=v["by"], sum=",".join(money) or None)[0] for _ in range(20)], 100)
        for t in a.get("_home")[1]["tiles"]:
            if t["table"] in LISTS and t["kind"] != "table":
                told(f"tiles, {who}", f"{t['name']}, {who}",
                     [a.get(f"{t['table']}/_aggregate", tile=t["name"], group=t["by"], sum=t["sum"])[0] for _ in range(10)], 250)


def reports(o, b):
    for who, login in WHO:
        a = Asking(b, login)
        for what, of in (("opportunities/funnel", {}), ("opportunities/forecast", {}), ("opportunities/closed", {}), ("opportunities/closed", {"by": "rival"}),
                         ("activities/overview", {}), ("activities/targets", {}), ("activities/reports", {})):
            told(f"reports, {who}", " ".join([what, *of.values(), who]), [a.get(what, **of)[0] for _ in range(5)], 1000)


def main():
    all_ = {"lists": lists, "boards": boards, "page": page, "home": home, "graph": graph, "sums": sums, "reports": reports}
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("names", nargs="*", metavar="NAME", help="make " + " ".join(all_))
    p.add_argument("--requests", type=int, default=100, help="of each kind")
    p.add_argument("--scale", type=int, default=1_000_000, help="customers")
    o = p.parse_args()
    if "make" in o.names or not DATA.exists():
        make(o)
    with berth(DATA) as b:
        b.ask("GET", "/api/_public")
        print("load when it began: %.1f on %d processors" % (os.getloadavg()[0], os.cpu_count()))
        for name in o.names or all_:
            if name in all_:
                all_[name](o, b)
        now, peak = b.memory()
        line("memory of the worker", f"{now:.0f} MB, at most {peak:.0f} MB", "< 150 MB", peak < 150)
    for group, found in worst.items():
        late, what, ok, most = max(found)
        print(f"{group}: {len(found)} questions, slowest p99 {late:.1f} ms ({what}); {sum(not k for _, _, k, _ in found)} above {most} ms")


if __name__ == "__main__":
    main()
