import pathlib
import shutil
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "api"))
from site_ import ROOT, Site  # noqa: E402


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """One server with demo data, among which the records of these tests have to be found."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(ROOT / "scripts", folder / "scripts")
    site = Site(folder / "data")
    yield site
    code = site.stop()
    assert code == 0, site.log()
    assert "level=error" not in site.log(), site.log()


@pytest.fixture(scope="session")
def people(site):
    return {name: site.sign_in("demo." + name) for name in ("admin", "manager", "li", "zhang", "lan", "minh", "alice")}
