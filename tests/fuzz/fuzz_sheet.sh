#!/bin/sh
# fuzz_sheet.sh [SECONDS] - builds fuzz_sheet with clang and runs it; findings stay in build/fuzz.
# Wants clang and libclang-rt-14-dev, and ./build made before (for a generated table).
set -eu
cd "$(dirname "$0")/../.."
out=build/fuzz
mkdir -p $out/sheet-corpus
clang -g -O1 -std=gnu11 -D_GNU_SOURCE -Ihost -fsanitize=fuzzer,address,undefined \
    -fno-sanitize-recover=undefined -fno-omit-frame-pointer \
    tests/fuzz/fuzz_sheet.c host/sheet/*.c host/text/charset.c host/text/charset_guess.c host/text/valid.c \
    host/text/fold.c build/host/text/tables.c host/base/arena.c host/base/buf.c host/base/map.c host/base/when.c \
    $(pkg-config --cflags --libs libzip expat uchardet icu-uc xlsxwriter zlib) -lm -o $out/fuzz_sheet
PYTHONPATH=tests/sheet /usr/bin/python3 -B - $out/sheet-corpus <<'SEEDS'
import struct, sys, pathlib, hostile
out = pathlib.Path(sys.argv[1])
for name, content, _ in hostile.corpus():
    if len(content) < 20000 and not name.startswith("flipped"):
        (out / name).write_bytes(content)
        if name.endswith(".xls") and content.startswith(b"\xd0\xcf"):
            (out / ("b-" + name)).write_bytes(b"B" + content[512:512 + 4096].rstrip(b"\0"))
for i, (name, text) in enumerate(hostile.parts().items()):
    (out / f"part-{i}").write_bytes((b"Y" if "styles" in name else b"S" if "shared" in name else b"X") + text.encode())
for i, code in enumerate(['#,##0.00;[Red]-#,##0.00;"x"', 'yyyy"年"m"月"d"日" h:mm:ss.000 AM/PM', "[h]:mm:ss", "0.0E+00",
                          "# ?/?", "[<=9999999]###-####;(###) ###-####", "00-0%,_)*x", "[$-804]aaaa ddd mmm"]):
    (out / f"format-{i}").write_bytes(b"F" + struct.pack("<d", 44887.5) + code.encode())
SEEDS
cd $out
exec ./fuzz_sheet -max_total_time="${1:-300}" -max_len=16384 -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
    -artifact_prefix=sheet- sheet-corpus
