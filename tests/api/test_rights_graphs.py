"""On random graphs of people, departments, roles, teams, shares, deputies and helpers everybody sees and may change
exactly what the rules say, and every channel says the same.

The rules stand here once more, written plainly; the host's predicate is not asked.  BERTH_GRAPHS=10000 is the long
form (./dev torture graphs), BERTH_GRAPHS_SEED another walk, BERTH_GRAPHS_LOG a file that is told every hundred graphs
how many answers were compared."""
import collections
import os
import random
import sqlite3
import time

import pytest

from site_ import PATIENCE

GRAPHS = int(os.environ.get("BERTH_GRAPHS", 25))
SEED = int(os.environ.get("BERTH_GRAPHS_SEED", 20261127))
LOG = os.environ.get("BERTH_GRAPHS_LOG")
SCOPES = ["none", "own", "team", "department", "tree", "all"]
PEOPLE, UNITS, LEADS, ROLES = 8, 5, 16, 4
WORD = "Graphprobe"
FAR = "2036-01-01T00:00:00Z"
LATER = "2035-01-01T00:00:00Z"
DAY = "2031-05-05"
REPORT = f"""-- Who sees which
return {{columns = {{{{name = 'id', type = 'int'}}}}, sql = [[SELECT id FROM lead WHERE name LIKE '{WORD} %']]}}
"""


class Graph:
    """What was told to the host, and what follows from it."""

    def __init__(self, admin):
        self.admin = admin
        self.units = [admin.made("department", name=f"Unit {i}")["id"] for i in range(UNITS)]
        self.parent, self.leader = {}, {}
        self.people, self.unit, self.manager = [], {}, {}
        self.more = {}      # (user, unit) -> id of user_department
        self.roles, self.rights, self.has = [], {}, {}   # rights: role -> (id, read, update); has: (user, role) -> id
        self.owner, self.pool = {}, {}
        self.members = {}   # (pool, "user" | "department", id) -> id
        self.shares = {}    # id -> (lead, kind of target, target, cooperate)
        self.deputies = {}  # id -> (away, deputy, now)
        self.helpers = {}   # id -> (owner, helper, cooperate)
        self.pools = [admin.made("pool", name=f"Graph pool {i}", on_table="lead")["id"] for i in range(2)]

    # ---- the rules ----
    def below(self, units):
        units = set(units)
        while more := {u for u in self.units if self.parent.get(u) in units} - units:
            units |= more
        return units

    def above(self, units):
        units = set(units)
        while more := {self.parent[u] for u in units if self.parent.get(u)} - units:
            units |= more
        return units

    def units_of(self, user):
        return {self.unit[user]} - {None} | {u for p, u in self.more if p == user}

    def people_of(self, units):
        return {p for p in self.people if self.units_of(p) & units}

    def team(self, user):
        team = {user} | self.people_of(self.below(u for u in self.units if self.leader.get(u) == user))
        while more := {p for p in self.people if self.manager[p] in team} - team:
            team |= more
        return team

    def reach(self, user, scope):
        if scope == "own":
            return {user}
        if scope == "team":
            return self.team(user)
        units = self.units_of(user)
        return self.team(user) | self.people_of(units if scope == "department" else self.below(units))

    def scope(self, user, deed):
        mine = [self.rights[role][1 + deed] for p, role in self.has if p == user]
        return max(mine, key=SCOPES.index, default="none")

    def alone(self, user, lead, deed):
        scope = self.scope(user, deed)
        if scope == "none":
            return False
        if scope == "all":
            return True
        for to, kind, target, cooperate in self.shares.values():
            if to == lead and (cooperate or deed == 0) and (
                    (kind == "user_id" and target == user) or (kind == "role_id" and (user, target) in self.has) or
                    (kind == "department_id" and target in self.above(self.units_of(user)))):
                return True
        if self.owner[lead] is None:
            return any(pool == self.pool[lead] and (target == user if kind == "user" else target in self.units_of(user))
                       for pool, kind, target in self.members)
        helped = {o for o, h, cooperate in self.helpers.values() if h == user and (cooperate or deed == 0)}
        return self.owner[lead] in self.reach(user, scope) | helped

    def may(self, user, lead, deed):
        away = {a for a, d, now in self.deputies.values() if d == user and now}
        return any(self.alone(p, lead, deed) for p in {user} | away)

    def visible(self, user):
        return {lead for lead in self.owner if self.may(user, lead, 0)}

    # ---- changes ----
    def set(self, table, id, **fields):
        answer = self.admin.ask("PATCH", f"/{table}/{id}", fields, {"If-Match": "*"})
        assert answer.status == 200, answer

    def toggle(self, table, known, key, **fields):
        if key in known:
            assert self.admin.delete(f"/{table}/{known.pop(key)}").status == 204
        else:
            known[key] = self.admin.made(table, **fields)["id"]

    def change(self, r):
        return getattr(self, r.choice([m for m in dir(self) if m.startswith("change_")]))(r)

    def change_unit(self, r):
        user = r.choice(self.people)
        self.unit[user] = r.choice([None, *self.units])
        self.set("user", user, department_id=self.unit[user])

    def change_manager(self, r):
        at = r.randrange(1, PEOPLE)
        user = self.people[at]
        self.manager[user] = r.choice([None, *self.people[:at]])
        self.set("user", user, manager_id=self.manager[user])

    def change_more(self, r):
        user, unit = r.choice(self.people), r.choice(self.units)
        self.toggle("user_department", self.more, (user, unit), user_id=user, department_id=unit)

    def change_tree(self, r):
        at = r.randrange(1, UNITS)
        unit = self.units[at]
        self.parent[unit], self.leader[unit] = r.choice([None, *self.units[:at]]), r.choice([None, *self.people])
        self.set("department", unit, parent_id=self.parent[unit], leader_id=self.leader[unit])

    def change_has(self, r):
        user, role = r.choice(self.people), r.choice(self.roles)
        self.toggle("user_role", self.has, (user, role), user_id=user, role_id=role)

    def change_right(self, r):
        role = r.choice(self.roles)
        read = r.choice(SCOPES)
        update = r.choice(SCOPES[:SCOPES.index(read) + 1])
        self.rights[role] = self.rights[role][0], read, update
        self.set("role_table", self.rights[role][0], read_scope=read, update_scope=update)

    def change_lead(self, r):
        lead = r.choice(list(self.owner))
        self.owner[lead] = r.choice([None, *self.people])
        if self.owner[lead] is None:
            self.pool[lead] = r.choice(self.pools)
        self.set("lead", lead, owner_id=self.owner[lead], pool_id=self.pool[lead])

    def change_member(self, r):
        pool, kind = r.choice(self.pools), r.choice(["user", "department"])
        target = r.choice(self.people if kind == "user" else self.units)
        self.toggle("pool_member", self.members, (pool, kind, target), pool_id=pool, **{kind + "_id": target})

    def change_share(self, r):
        if self.shares and r.random() < 0.5:
            id = r.choice(list(self.shares))
            del self.shares[id]
            assert self.admin.delete(f"/_share/{id}").status == 204
            return
        lead = r.choice(list(self.owner))
        to_unit = ("department_id", self.units)  # more often: it alone depends on the tree, downwards
        kind, among = r.choice([("user_id", self.people), to_unit, to_unit, ("role_id", self.roles)])
        target, cooperate = r.choice(among), r.random() < 0.5
        what = "team" if kind == "user_id" and r.random() < 0.5 else "share"
        same = [i for i, s in self.shares.items() if s[:3] == (lead, kind, target)]
        if same:
            return
        answer = self.admin.post(f"/lead/{lead}/_share", {"kind": what, kind: target, "until_at": r.choice([None, FAR]),
                                                         "access": "cooperate" if cooperate else "read"})
        assert answer.status == 201, answer
        self.shares[answer.json["id"]] = lead, kind, target, cooperate

    def change_deputy(self, r):
        if self.deputies and r.random() < 0.5:
            id = r.choice(list(self.deputies))
            del self.deputies[id]
            assert self.admin.delete(f"/deputy/{id}").status == 204
            return
        away, deputy = r.sample(self.people, 2)
        now = r.random() < 0.8
        id = self.admin.made("deputy", owner_id=away, deputy_id=deputy, from_at="2026-01-01T00:00:00Z" if now else LATER, until_at=FAR)["id"]
        self.deputies[id] = away, deputy, now

    def change_helper(self, r):
        if self.helpers and r.random() < 0.5:
            id = r.choice(list(self.helpers))
            del self.helpers[id]
            assert self.admin.delete(f"/helper/{id}").status == 204
            return
        owner, helper = r.sample(self.people, 2)
        cooperate = r.random() < 0.5
        id = self.admin.made("helper", owner_id=owner, helper_id=helper, access="cooperate" if cooperate else "read",
                             until_at=r.choice([None, FAR]))["id"]
        self.helpers[id] = owner, helper, cooperate


def make(site, admin, r):
    g = Graph(admin)
    for i in range(ROLES):
        role = admin.made("role", name=f"Graph role {i}")["id"]
        read, update = ("own", "own") if i == 0 else ("none", "none")
        g.roles.append(role)
        g.rights[role] = admin.made("role_table", role_id=role, on_table="lead", read_scope=read, update_scope=update,
                                    delete_scope="none", can_create=True, can_export=True)["id"], read, update
    signed = {}
    for i in range(PEOPLE):
        user = admin.made("user", name=f"Graph {i}", login=f"graph{i}")["id"]
        assert admin.post(f"/user/{user}/_password", {"password": "graph walker"}).status == 204
        g.people.append(user)
        g.unit[user] = g.manager[user] = None
        signed[user] = site.sign_in(f"graph{i}", "graph walker")
        g.toggle("user_role", g.has, (user, g.roles[0]), user_id=user, role_id=g.roles[0])
    for i in range(LEADS):
        lead = admin.ask("POST", "/lead?duplicates=allow", {"name": f"{WORD} {i}", "owner_id": r.choice(g.people), "phone": "+86 755 2699 8801", "next_action_on": DAY,
                                                            "website": f"https://graph{i}.example.com"})
        assert lead.status == 201, lead
        row = lead.json["row"]
        g.owner[row["id"]], g.pool[row["id"]] = row["owner_id"], row["pool_id"]
    return g, signed


def put_what_hangs_on(site, admin, g):
    """A file on every lead, and an alert about every lead for everybody."""
    files = {}
    for lead in g.owner:
        answer = admin.ask("POST", f"/lead/{lead}/_files?name=probe.txt", raw=b"probe")
        assert answer.status == 201, answer
        files[lead] = answer.json["file"]["id"]
    db = sqlite3.connect(site.data / "berth.db", timeout=PATIENCE)
    tbl = db.execute("SELECT id FROM model_table WHERE name = 'lead'").fetchone()[0]
    now = int(time.time() * 1000)
    db.executemany("INSERT INTO alert (user_id, text, tbl, rec, severity, state, due_at, fired_at) VALUES (?, 'alert.changed', ?, ?, 1, 'open', ?, ?)",
                   [(p, tbl, lead, now, now) for p in g.people for lead in g.owner])
    db.commit()
    db.close()
    return files


def ids(rows, key="id"):
    return {r[key] for r in rows}


def among(person, lead, files):
    """Channels that are asked about one record: whether each gives it."""
    at = person.get(f"/lead/{lead}", at="2030-01-01T00:00:00Z").status
    return {"one": person.get(f"/lead/{lead}").status, "at": at, "neighbours": person.get(f"/lead/{lead}/_neighbours").status, "history": person.get(f"/lead/{lead}/_history").status,
            "timeline": person.get(f"/lead/{lead}/_timeline").status, "about": person.get(f"/lead/{lead}/_about").status,
            "files": person.get(f"/lead/{lead}/_files").status, "file": person.get(f"/_file/{files[lead]}").status,
            "shares": person.get(f"/lead/{lead}/_share").status}


def exported(person):
    answer = person.post("/lead/_export", {"kind": "csv", "fields": "name", "q": WORD})
    if answer.status == 403:
        return None
    job = person.job(answer)
    assert job["state"] == "done", job
    text = person.get(f"/_job/{job['id']}/file").body.decode("utf-8-sig")
    return {int(line.split(WORD)[1].split('"')[0].split(",")[0]) for line in text.splitlines() if WORD in line}


def told(count, graphs, since):
    """What was walked so far; a mismatch ends the walk with an error instead."""
    if LOG and (graphs % 100 == 0 or graphs == GRAPHS):
        with open(LOG, "a") as log:
            log.write(f"{time.strftime('%F %T')} seed {SEED}: {graphs} of {GRAPHS} graphs, {sum(count.values())} answers compared, "
                      f"0 mismatches, {time.monotonic() - since:.0f} s; {dict(count)}\n")


def check(g, user, person, files, r, number, count):
    want = g.visible(user)
    opened = any(g.scope(p, 0) != "none" for p in {user} | {a for a, d, now in g.deputies.values() if d == user and now})
    names = {lead: i for i, lead in enumerate(g.owner)}
    if not opened:
        assert person.get("/lead").status == 403
        assert not want
        count["closed"] += 1
        seen = {}
    else:
        some = ["id", "in", list(g.owner)]
        totals = person.get("/lead/_aggregate", group="status", q=WORD).json
        found = person.hits(WORD, tables="lead", limit=20).json["results"]
        match = person.post("/lead", {"name": "Another", "phone": "0755-26998801"})
        seen = {
            "list": ids(person.rows("lead", filter=some)),
            "pages": ids(person.rows("lead", filter=some, limit=3)),
            "sorted": ids(person.rows("lead", filter=some, sort="name", limit=5)),
            "unindexed": ids(person.rows("lead", filter=some, sort="-website", limit=5)),
            "nulls": ids(person.rows("lead", filter=some, sort="-next_action_on,name", limit=5)),
            "search": ids(person.rows("lead", q=WORD)),
            "search sorted": ids(person.rows("lead", q=WORD, sort="name")),
            "palette": ids(found),
            "report": {row["id"] for row in person.get("/_report/script.graph/rows").json["rows"]},
            "calendar": ids(person.rows("lead", filter={"and": [some, ["next_action_on", "within", [DAY, DAY]]]}, sort="next_action_on")),
            "board": ids(person.rows("lead", view="board", filter={"and": [some, ["status", "=", "new"]]}, limit=5)),
            "alerts": ids(person.get("/_alert", state="open", limit=100).json["alerts"], "record"),
            "duplicates": {m["id"] for m in match.json["error"]["matches"]} - {None},
        }
        count.update(seen.keys())
        count.update({"by owner": 3, "ordered": 2, "counted": 3, "aggregate": 2})
        owner = r.choice(g.people)
        theirs = {lead for lead in want if g.owner[lead] == owner}
        assert ids(person.rows("lead", filter={"and": [some, ["owner_id", "=", owner]]})) == theirs
        assert ids(person.rows("lead", filter={"and": [some, ["owner_id", "empty"]]})) == {lead for lead in want if g.owner[lead] is None}
        order = [row["name"] for row in person.rows("lead", filter=some, sort="-name", limit=4)]
        assert order == sorted(order, key=lambda n: int(n.split()[-1]), reverse=True)  # numbers count as numbers
        assert [row["id"] for row in person.rows("lead", filter=some, limit=4)] == sorted(want, reverse=True)
        for query in (dict(filter=some), dict(q=WORD), dict(filter={"and": [some, ["owner_id", "=", owner]]})):
            expected = len(theirs) if "and" in str(query) else len(want)
            assert person.get("/lead", count=1, **query).json["total"] == expected, query
        assert sum(row["count"] for row in totals["groups"]) == len(want), totals
        owners = [g.owner[lead] for lead in want]
        grouped = person.get("/lead/_aggregate", group="owner_id", q=WORD).json["groups"]
        assert {row["key"][0]: row["count"] for row in grouped} == {o: owners.count(o) for o in owners}, grouped
        out = exported(person) if number % 3 == 0 else None
        if out is not None:
            count["export"] += 1
            assert out == {names[lead] for lead in want}
    for channel, answer in seen.items():
        assert answer == want, (channel, sorted(answer ^ want), vars(g))
    for lead in r.sample(list(g.owner), 3):
        answers = among(person, lead, files)
        count.update(answers.keys())
        assert set(answers.values()) == {200 if lead in want else 404}, (lead, answers, vars(g))
        why = person.get(f"/lead/{lead}/_why")
        count["why"] += 1
        assert why.status == 404 and lead not in want or why.json["allowed"] == (lead in want), (lead, why, vars(g))
        if lead in want:
            may = person.get(f"/lead/{lead}").json["can"]["update"]
            assert may == g.may(user, lead, 1), (lead, vars(g))
            count["may change"] += 1


def test_on_random_graphs_every_channel_shows_what_the_rules_say(own_site):
    r = random.Random(SEED)
    site = own_site()
    admin = site.sign_in("demo.admin")
    (site.data.parent / "scripts" / "reports" / "graph.lua").write_text(REPORT)
    assert admin.post("/_script/_reload").json["problems"] == []
    g, signed = make(site, admin, r)
    files = put_what_hangs_on(site, admin, g)
    for _ in range(60):
        g.change(r)
    count, since = collections.Counter(), time.monotonic()
    for number in range(GRAPHS):
        g.change(r)
        user = r.choice(g.people)
        check(g, user, signed[user], files, r, number, count)
        told(count, number + 1, since)
    assert count["why"] == 3 * GRAPHS and count["one"] == 3 * GRAPHS and count["list"] + count["closed"] == GRAPHS, count
