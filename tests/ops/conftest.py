import pytest

from server import Server


@pytest.fixture
def stub(tmp_path):
    """Starts servers whose worker misbehaves on request (stub_worker.c)."""
    servers = []

    def start(*options, **keywords):
        server = Server("tests/ops/berth-stub", tmp_path / "data", *options, **keywords)
        servers.append(server)
        return server

    yield start
    for server in servers:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait()
