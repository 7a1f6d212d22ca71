"""./dev as far as it can be tried without installing anything."""
import subprocess

from server import ROOT


def dev(*arguments):
    return subprocess.run([ROOT / "dev", *arguments], capture_output=True, text=True, cwd="/")


def test_help_names_the_two_commands_that_matter():
    done = dev("help")
    assert done.returncode == 0
    assert "  run [OPTIONS] " in done.stdout and "  test [NAMES] " in done.stdout


def test_an_unknown_command_is_refused():
    done = dev("tset")
    assert done.returncode == 1
    assert 'no command "tset"' in done.stderr


def test_an_unknown_test_is_refused_and_the_known_ones_are_named():
    done = dev("test", "nonsense")
    assert done.returncode == 1
    assert "no such test: nonsense; there are: " in done.stderr and " layers unit " in done.stderr


def test_the_test_groups_contain_this_one_under_both_builds():
    groups = dev("test", "--list").stdout.split()
    assert {"layers", "unit", "unit-asan", "ops", "ops-asan"} <= set(groups)
    assert len(groups) == len(set(groups))
