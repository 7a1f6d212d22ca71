import shutil

import pytest

from server import BUILD, Server


def starter(program, tmp_path, *always):
    servers = []

    def start(*options, **keywords):
        server = Server(program, tmp_path / "data", *always, *options, **keywords)
        servers.append(server)
        return server

    yield start
    for server in servers:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait()


@pytest.fixture
def stub(tmp_path):
    """Starts servers whose worker misbehaves on request (stub_worker.c)."""
    yield from starter("tests/ops/berth-stub", tmp_path)


@pytest.fixture
def berth(tmp_path):
    """Starts real servers with demo data and the plugin crasher, which crashes on request."""
    crasher = tmp_path / "plugins/crasher"
    (crasher / "i18n").mkdir(parents=True)
    shutil.copy(BUILD / "tests/ops/crasher.so", crasher)
    for locale in ["en", "zh-CN", "zh-TW", "vi"]:
        (crasher / f"i18n/{locale}.json").write_text("{}")
    yield from starter("berth", tmp_path, "--demo", "--plugins", "base pools leads crasher",
                       "--plugin-path", f"{BUILD}/plugins:{tmp_path}/plugins")
