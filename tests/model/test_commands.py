"""berth migrate, berth schema, berth check: what they do to files and what they answer."""
import fcntl
import os
import pathlib
import re
import sqlite3
import subprocess

import pytest

BUILD = pathlib.Path(os.environ.get("BERTH_BUILD", pathlib.Path(__file__).resolve().parents[2] / "build"))
PLUGINS = f"{BUILD}/plugins:{BUILD}/tests/plugins"


def berth(*words, ok=True):
    done = subprocess.run([BUILD / "berth", *words], capture_output=True, text=True, cwd="/tmp",
                          env={k: v for k, v in os.environ.items() if not k.startswith("BERTH_")})
    assert (done.returncode == 0) == ok, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def migrate(tmp_path):
    def run(plugins, *words, ok=True):
        return berth("migrate", "--data", tmp_path / "data", "--plugin_path", PLUGINS,
                     "--plugins", plugins, *words, ok=ok)
    return run


@pytest.fixture
def query(tmp_path):
    def run(sql):
        with sqlite3.connect(tmp_path / "data" / "berth.db") as db:
            return db.execute(sql).fetchall()
    return run


def backups(tmp_path):
    return sorted((tmp_path / "data" / "before-migration").glob("*.db"))


def test_a_new_database_gets_all_tables_and_a_second_time_nothing(migrate, query, tmp_path):
    assert 'CREATE TABLE "user"' in migrate("base")
    assert migrate("base") == "nothing to do\n"
    assert query('SELECT count(*) FROM "user"') == [(0,)]
    assert query("PRAGMA integrity_check") == [("ok",)]
    assert not backups(tmp_path)  # there was nothing to lose


def test_a_plan_is_a_script_that_makes_the_same_and_changes_nothing(migrate, tmp_path):
    plan = migrate("base", "--plan")
    assert not (tmp_path / "data").exists()
    made = sqlite3.connect(tmp_path / "by-script.db")
    made.executescript(plan)
    assert made.execute("SELECT count(*) FROM history").fetchall() == [(0,)]


def test_a_plugin_that_is_added_changes_a_database_after_a_copy_of_it(migrate, query, tmp_path):
    migrate("base")
    plan = migrate("base good", "--plan")
    assert "CREATE TABLE thing" in plan and plan.endswith("-- 3 to do\n")
    assert query("SELECT count(*) FROM sqlite_schema WHERE name = 'thing'") == [(0,)]
    migrate("base good")
    assert query("SELECT count(*) FROM thing") == [(0,)]
    assert query("SELECT plugin FROM model_table WHERE name = 'thing'") == [("good",)]
    copy, = backups(tmp_path)
    assert sqlite3.connect(copy).execute("SELECT count(*) FROM sqlite_schema WHERE name = 'thing'"
                                         ).fetchall() == [(0,)]


def test_a_start_copies_to_where_migrate_does_and_three_copies_are_kept(migrate, tmp_path):
    """They once went to two places, and those of `berth migrate` were kept for ever."""
    migrate("base")
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen([f"{BUILD}/berth", "serve", "--no-supervisor", "--listen", "127.0.0.1:0", "--data", tmp_path / "data", "--plugin_path", PLUGINS,
                                   "--plugins", "base good"], stdout=subprocess.PIPE, stderr=log, text=True)
        assert "http://" in server.stdout.readline()
        server.terminate()
        assert server.wait(60) == 0
    (first,) = backups(tmp_path)
    assert sqlite3.connect(first).execute("SELECT count(*) FROM sqlite_schema WHERE name = 'thing'").fetchall() == [(0,)]
    for _ in range(2):
        migrate("base", "--prune")
        migrate("base good")
    assert len(backups(tmp_path)) == 3 and first not in backups(tmp_path)
    assert sorted(p.name for p in (tmp_path / "data").iterdir() if "before" in p.name or p.name == "backup") == ["before-migration"]


def test_a_change_that_fails_again_and_again_pushes_no_older_copy_out(migrate, query, tmp_path):
    migrate("base")
    migrate("base good")
    migrate("base", "--prune")
    assert len(backups(tmp_path)) == 2
    query("CREATE VIEW thing AS SELECT 1 AS id")  # in the way of the plugin's table
    kept = backups(tmp_path)
    for _ in range(4):
        migrate("base good", ok=False)
        assert backups(tmp_path) == kept


def test_no_copy_is_made_when_nobody_wants_one(migrate, tmp_path):
    migrate("base")
    migrate("base good", "--no-backup")
    assert not backups(tmp_path)


def test_a_table_is_dropped_only_by_prune(migrate, query):
    migrate("base good")
    assert "drop table thing (kept; --prune drops it)" in migrate("base")
    assert query("SELECT count(*) FROM thing") == [(0,)]
    assert "DROP TABLE" in migrate("base", "--plan", "--prune")
    assert query("SELECT count(*) FROM thing") == [(0,)]
    migrate("base", "--prune")
    assert query("SELECT count(*) FROM sqlite_schema WHERE name = 'thing'") == [(0,)]


def test_a_field_that_an_administrator_added_survives_prune(migrate, query):
    migrate("base")
    query("INSERT INTO custom_field (version, created_at, updated_at, on_table, name, type, sort)"
          " VALUES (1, 0, 0, 'user', 'x_desk', 'text', 1)")
    assert "ADD COLUMN x_desk" in migrate("base", "--prune")
    query("INSERT INTO \"user\" (version, created_at, updated_at, x_desk) VALUES (1, 0, 0, 'A4')")
    assert migrate("base", "--prune") == "nothing to do\n"
    assert query('SELECT x_desk FROM "user" INDEXED BY ix_user_x_desk__order WHERE x_desk__order IS NULL AND x_desk = \'A4\'') == [("A4",)]


def test_a_running_server_is_in_the_way_but_not_of_the_plan(migrate, tmp_path):
    migrate("base")
    with open(tmp_path / "data" / "berth.lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "migrate: " in migrate("base good", ok=False)
        assert "CREATE TABLE thing" in migrate("base good", "--plan")


def test_a_plugin_in_quarantine_is_passed_over(migrate, tmp_path):
    migrate("base good")
    (tmp_path / "data" / "quarantine").write_text("plugin good 2026-11-22T00:00:00Z SIGSEGV\n")
    assert "kept" in migrate("base good")


def test_clashing_plugins_change_nothing(migrate, query):
    migrate("base")
    assert "plugin clash, table thing: plugin good has a table of that name" in migrate(
        "base good clash", ok=False)
    assert query("SELECT count(*) FROM sqlite_schema WHERE name = 'thing'") == [(0,)]


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_the_schema_is_printed_for_either_database(database):
    text = berth("schema", database, "--plugins", "base good", "--plugin_path", PLUGINS)
    assert "CREATE TABLE thing" in text and "CREATE TABLE history" in text


def test_an_unknown_database_is_named():
    assert '"oracle" is no database' in berth("schema", "oracle", "--plugins", "base", ok=False)


def test_check_tells_what_a_plugin_declares():
    text = berth("check", f"{BUILD}/tests/plugins/good.so")
    for part in ["plugin good 1.10", "table   thing", "action  thing.grow", "nothing wrong"]:
        assert part in text


@pytest.mark.parametrize("name, what", [
    ("crash_on_load", "crashes while it is loaded"),
    ("unresolved", "calls no_such_function"),
    ("wrong_magic", "BERTH_MAGIC"),
    ("clash", "has a table of that name already"),
    ("needs_missing", "plugin nowhere, needed by needs_missing"),
])
def test_check_fails_on_a_wrong_plugin_and_says_why(name, what):
    assert what in berth("check", f"{BUILD}/tests/plugins/{name}.so", ok=False)


def test_check_judges_several_and_answers_with_the_worst(tmp_path):
    (tmp_path / "text.so").write_text("hello")
    text = berth("check", f"{BUILD}/tests/plugins/good.so", tmp_path / "text.so", ok=False)
    assert "good.so: nothing wrong" in text and "is no shared object" in text


def test_a_database_that_only_gets_an_index_is_not_copied(migrate, query, tmp_path):
    migrate("base good")
    index, = query("SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'user' AND sql LIKE '%login%'")[0]
    with sqlite3.connect(tmp_path / "data" / "berth.db") as db:
        db.execute(f'DROP INDEX "{index}"')
    db.close()
    before = backups(tmp_path)
    assert migrate("base good").endswith("-- done\n")
    assert query(f"SELECT count(*) FROM sqlite_schema WHERE name = '{index}'") == [(1,)]
    assert backups(tmp_path) == before


# ---- the manual ------------------------------------------------------------------------------------------------
ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = ["README.md", "scripts/README.md", *sorted(str(p.relative_to(ROOT)) for p in (ROOT / "share/doc").glob("*.md"))]


def examples(page):
    """Whole files of Lua that a page shows, each with the folder it belongs into."""
    for text in re.findall(r"```lua\n(--.*?)```", (ROOT / page).read_text(), re.S):
        if re.search(r"^(on|job|every)\(", text, re.M):
            yield "hooks/example.lua", text
        elif re.search(r"^return function\(lead, pool\)", text, re.M):
            yield "rules/leads.release.lua", text
        elif re.search(r"^return function\(lead\)", text, re.M):
            yield "rules/leads.release_days.lua", text
        else:
            yield ("reports" if "sql =" in text else "channels") + "/example.lua", text


@pytest.mark.parametrize("page", [p for p in PAGES if list(examples(p))])
def test_scripts_that_the_manual_shows_are_taken_as_they_stand_there(tmp_path, page):
    for name, text in examples(page):
        file = tmp_path / "scripts" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        assert "nothing wrong" in berth("check", file), text
