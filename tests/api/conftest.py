import shutil

import pytest

from site_ import ROOT, Site


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """One server for all tests that only add records of their own."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(ROOT / "scripts", folder / "scripts")
    site = Site(folder / "data").without_daily_timers()
    yield site
    code = site.stop()
    assert code == 0, site.log()
    assert "level=error" not in site.log(), site.log()


@pytest.fixture
def own_site(tmp_path):
    """Starts servers that a test may kill or fill."""
    sites = []
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")

    def start(*options, **keywords):
        site = Site(tmp_path / "data", *options, **keywords)
        sites.append(site)
        return site

    yield start
    for site in sites:
        if site.process.poll() is None:
            site.kill()


@pytest.fixture(scope="session")
def people(site):
    """Everybody of the demo, by the last part of their login."""
    names = ("admin", "manager", "li", "zhang", "lan", "minh", "alice")
    return {name: site.sign_in("demo." + name) for name in names}
