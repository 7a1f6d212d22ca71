"""The layer test itself must be able to fail."""
import pathlib
import subprocess
import sys

import pytest

LAYERS = pathlib.Path(__file__).resolve().parent.parent / "layers.py"


def check(tmp_path, path, line):
    for name, text in {
        "host/base/buf.h": "",
        "host/db/db.h": '#include "base/buf.h"\n',
        "host/db/private.h": "#include <sqlite3.h>\n",
        "host/db/sqlite.c": '#include "db/db.h"\n#include <sqlite3.h>\n',
        "plugins/leads/leads.h": "#include <berth.h>\n",
        "plugins/leads/leads.c": '#include <berth.h>\n#include "leads.h"\n',
        "plugins/tasks/tasks.h": "",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    if path:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(line + "\n")
    return subprocess.run([sys.executable, LAYERS, tmp_path], capture_output=True, text=True)


def test_arrows_that_point_upwards_are_fine(tmp_path):
    done = check(tmp_path, None, None)
    assert done.returncode == 0, done.stdout
    assert done.stdout == "layers: 7 files, 0 faults\n"


@pytest.mark.parametrize("path, line, fault", [
    ("host/base/x.c", '#include "db/db.h"', "base stands above db"),
    ("host/model/x.c", "#include <sqlite3.h>", "belongs to host/db"),
    ("host/record/x.c", '#include "db/private.h"', "is private to db"),
    ("host/model/x.h", "#include <sqlite3.h>", "belongs to host/db"),
    ("host/db/x.c", '#include "db.h"', 'write it as "layer/file.h"'),
    ("host/db/x.c", '#include "db/gone.h"', "no header of the host"),
    ("host/misc/x.c", "", "host/misc is no layer"),
    ("host/berth.h", '#include "base/buf.h"', "includes nothing of ours"),
    ("plugins/leads/x.c", '#include "db/db.h"', "knows <berth.h> and its own headers only"),
    ("plugins/leads/x.c", "#include <db/db.h>", "is inside the host"),
    ("plugins/leads/x.c", '#include "../tasks/tasks.h"', "is outside the plugin"),
    ("plugins/leads/x.c", "#include <sqlite3.h>", "a plugin may not include"),
])
def test_a_wrong_arrow_fails_with_file_and_line(tmp_path, path, line, fault):
    done = check(tmp_path, path, line)
    assert done.returncode == 1
    assert done.stdout.startswith(path) and fault in done.stdout
