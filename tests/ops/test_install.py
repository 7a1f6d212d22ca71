"""What `meson install` puts where, and that the program finds it there."""
import os
import pathlib
import subprocess

import pytest

from server import BUILD, Client, Server


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    destination = tmp_path_factory.mktemp("installed")
    subprocess.run(["meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", destination],
                   check=True, capture_output=True)
    return destination / "usr/local"


def config(prefix, option):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("BERTH_")}
    done = subprocess.run([prefix / "bin/berth", "config", option], capture_output=True, text=True,
                          check=True, cwd="/", env=clean)
    return pathlib.Path(os.path.normpath(done.stdout.strip()))


@pytest.mark.parametrize("option, place", [
    ("plugin_path", "lib/berth/plugins"), ("scripts", "share/berth/scripts"),
    ("share", "share/berth"), ("ui", "share/berth/ui"),
])
def test_an_installed_program_finds_its_parts_below_its_prefix(prefix, option, place):
    assert config(prefix, option) == prefix / place


def test_enabled_plugins_are_installed_where_the_program_looks_for_them(prefix):
    assert list(config(prefix, "plugin_path").rglob("base.so"))


def test_the_systemd_unit_starts_the_installed_program(prefix):
    unit = (prefix / "lib/systemd/system/berth.service").read_text()
    assert "ExecStart=/usr/local/bin/berth serve --data /var/lib/berth" in unit


def test_the_systemd_unit_lets_the_writer_go_before_the_others(prefix):
    """What its filter leaves out ends the program at the first call, which is the first write."""
    unit = (prefix / "lib/systemd/system/berth.service").read_text()
    assert unit.index("SystemCallFilter=~@privileged @resources\n") < unit.index("SystemCallFilter=setpriority\n")
    assert "LimitNICE=-5\n" in unit


def test_the_web_ui_is_installed_as_it_was_built(prefix):
    built, installed = BUILD / "share/ui/index.html", prefix / "share/berth/ui/index.html"
    if built.is_file():
        assert installed.read_bytes() == built.read_bytes()
    else:
        assert not installed.exists()


def test_the_installed_program_serves(prefix, tmp_path):
    server = Server(prefix / "bin/berth", tmp_path / "data", "--demo")
    try:
        assert '"ok":true' in server.get("/api/_health"), server.log()
        status, meta = Client(server).ask("GET", "/api/_meta/lead?locale=vi")
        assert status == 200 and meta["label"] not in ("", "lead", "lead.label")
        assert server.stop() == 0
    finally:
        server.process.kill()
        server.process.wait()
