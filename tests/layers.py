#!/usr/bin/python3
"""Checks the #include lines of host/ and plugins/ against the order of the layers.

A file of the host includes headers of its own folder and of folders above it in LAYERS.  A plugin
includes <berth.h> and its own headers.  The libraries below belong to one layer each; a header that
includes one of them is private to its folder.  usage: layers.py [ROOT]
"""
import pathlib
import re
import sys

LAYERS = ["base", "text", "sheet", "db", "model", "record", "service", "lua", "plugin", "web", "cli"]
LIBRARIES = {
    "sqlite3.h": "db",
    "libpq-fe.h": "db",
    "lua.h": "lua",
    "lualib.h": "lua",
    "lauxlib.h": "lua",
    "microhttpd.h": "web",
}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
SOURCES = {".c", ".h", ".cc", ".cpp", ".hpp"}


def sources(folder):
    return sorted(p for p in folder.rglob("*") if p.suffix in SOURCES and p.is_file())


def includes(path):
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        found = INCLUDE.match(line)
        if found:
            yield number, found[1] == "<", found[2]


def library_fault(layer, name):
    owner = LIBRARIES.get(pathlib.PurePath(name).name)
    if owner is None:
        return None
    if layer != owner:
        return f"<{name}> belongs to host/{owner}" if layer else f"a plugin may not include <{name}>"
    return None


def knows_library(header):
    return any(pathlib.PurePath(name).name in LIBRARIES for _, _, name in includes(header))


def host_fault(host, path, layer, angled, name):
    if angled or name == "berth.h":
        return None
    if not (host / name).is_file() and not (path.parent / name).is_file():
        return f'"{name}" is no header of the host (write it as "layer/file.h")'
    wanted = name.split("/")[0]
    if wanted not in LAYERS:
        return f'"{name}": write it as "layer/file.h"'
    if LAYERS.index(wanted) > LAYERS.index(layer):
        return f'"{name}": {layer} stands above {wanted} and may not know it'
    if wanted != layer and knows_library(host / name):
        return f'"{name}" is private to {wanted}: it includes a library of that layer'
    return None


def plugin_fault(root, plugin, path, angled, name):
    if name == "berth.h":
        return None
    if angled:
        inside = (root / "host" / name).is_file()
        return f"<{name}> is inside the host; a plugin knows <berth.h> only" if inside else None
    target = (path.parent / name).resolve()
    if target.is_relative_to(plugin.resolve()) and target.is_file():
        return None
    return f'"{name}" is outside the plugin; it knows <berth.h> and its own headers only'


def check(root):
    host, faults, files = root / "host", [], 0
    for path in sources(host):
        parts = path.relative_to(host).parts
        layer = parts[0] if len(parts) > 1 else ("cli" if path.suffix == ".c" else "base")
        files += 1
        if layer not in LAYERS:
            faults.append(f"{path.relative_to(root)}: host/{layer} is no layer")
            continue
        for number, angled, name in includes(path):
            fault = library_fault(layer, name) or host_fault(host, path, layer, angled, name)
            if fault is None and parts == ("berth.h",) and not angled:
                fault = f'"{name}": the public header includes nothing of ours'
            if fault:
                faults.append(f"{path.relative_to(root)}:{number}: {fault}")
    for plugin in sorted(p for p in (root / "plugins").glob("*") if p.is_dir()):
        for path in sources(plugin):
            files += 1
            for number, angled, name in includes(path):
                fault = library_fault(None, name)
                fault = fault or plugin_fault(root, plugin, path, angled, name)
                if fault:
                    faults.append(f"{path.relative_to(root)}:{number}: {fault}")
    return files, faults


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else __file__)
    root = root if root.is_dir() else root.resolve().parent.parent
    files, faults = check(root)
    for fault in faults:
        print(fault)
    print(f"layers: {files} files, {len(faults)} faults")
    return 1 if faults or files == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
