"""The command line: help that teaches, suggestions, exit codes; berth config."""
import os
import subprocess

import pytest

from server import BUILD, PATIENCE


def berth(*arguments, cwd="/", env=None):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("BERTH_")}
    return subprocess.run([BUILD / "berth", *arguments], capture_output=True, text=True, cwd=cwd,
                          env={**clean, **(env or {})}, timeout=PATIENCE)


def commands():
    lines = berth().stdout.split("\n\n")[2].splitlines()
    return [line[2:16].rstrip() for line in lines]


def test_alone_it_lists_the_commands():
    done = berth()
    assert done.returncode == 0
    assert "  serve         run the server\n" in done.stdout
    assert done.stdout == berth("help").stdout == berth("--help").stdout


@pytest.mark.parametrize("command", commands())
def test_every_command_has_help_with_a_usage_line_that_fits_the_terminal(command):
    done = berth(*command.split(), "--help")
    assert done.returncode == 0
    assert done.stdout.startswith(f"berth {command} - ")
    assert f"\nusage: berth {command}" in done.stdout
    assert done.stdout == berth("help", command).stdout
    assert max(len(line) for line in done.stdout.splitlines()) <= 110


@pytest.mark.parametrize("arguments, message", [
    (["srve"], 'no command "srve"; did you mean "serve"?'),
    (["xyzzy"], 'no command "xyzzy"'),
    (["help", "confgi"], 'no command "confgi"; did you mean "config"?'),
    (["serve", "--lissten", "x"], "unknown option --lissten; did you mean --listen?"),
    (["serve", "--listen"], "--listen needs a value"),
    (["serve", "-x"], "unknown option -x"),
    (["serve", "here"], 'unexpected argument "here"'),
    (["serve", "--no-supervisor=x"], "--no-supervisor takes no value"),
    (["config", "--request-timeout", "30"], '--request-timeout: "30" is not a time such as'),
    (["config", "--config", "/nowhere"], "cannot read /nowhere: No such file"),
])
def test_a_wrong_command_line_exits_with_2_and_a_hint(arguments, message):
    done = berth(*arguments)
    assert done.returncode == 2
    assert message in done.stderr and "--help tells more" in done.stderr
    assert done.stdout == ""


def test_config_tells_values_and_where_they_come_from(tmp_path):
    (tmp_path / "berth.conf").write_text("currency = VND\ndata = /srv/a\ngrant.leads = sql\n")
    done = berth("config", "--data=/srv/b", "--upload-max", "10M", "--demo", cwd=tmp_path,
                 env={"BERTH_COUNTRY": "VN"})
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    for line in ["# file: berth.conf", "currency = VND # berth.conf:1", "data = /srv/b # --data",
                 "upload_max = 10M # --upload-max", "country = VN # BERTH_COUNTRY",
                 "demo = yes # --demo", "database = sqlite:/srv/b/berth.db # default",
                 "language = zh-CN # default", "grant.leads = sql"]:
        assert line in lines


def test_the_output_of_config_is_a_configuration(tmp_path):
    first = berth("config", cwd=tmp_path)
    (tmp_path / "berth.conf").write_text(first.stdout)
    second = berth("config", cwd=tmp_path)
    assert second.returncode == 0, second.stderr
    values = [[line.split("#")[0].rstrip() for line in out.splitlines()[1:]]
              for out in (first.stdout, second.stdout)]
    assert values[0] == values[1]


def test_one_value_can_be_asked_for():
    assert berth("config", "currency").stdout == "CNY\n"
    done = berth("config", "curency")
    assert done.returncode == 1 and 'did you mean "currency"?' in done.stderr


def test_version_is_one_line():
    assert berth("version").stdout == berth("--version").stdout
    assert berth("version").stdout.startswith("berth 0.")
