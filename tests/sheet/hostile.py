"""Files nobody should have to open: each is made in memory, with what has to become of it."""
import io
import random
import struct
import zipfile
import zlib

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PKG = "http://schemas.openxmlformats.org/package/2006/relationships"


def relations(*list_):
    return f'<Relationships xmlns="{PKG}">' + "".join(
        f'<Relationship Id="{i}" Type="{REL}/{t}" Target="{target}"{more}/>' for i, t, target, more in list_
    ) + "</Relationships>"


def sheet(data, before=""):
    return f'<worksheet xmlns="{MAIN}">{before}<sheetData>{data}</sheetData></worksheet>'


def parts(**changes):
    """The parts of a small .xlsx that reads as a|b / c|1."""
    p = {
        "_rels/.rels": relations(("r1", "officeDocument", "xl/workbook.xml", "")),
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{REL}"><sheets>'
                           '<sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": relations(
            ("r1", "worksheet", "worksheets/sheet1.xml", ""),
            ("r2", "sharedStrings", "sharedStrings.xml", ""), ("r3", "styles", "styles.xml", "")),
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}"><si><t>a</t></si><si><t>b</t></si><si><t>c</t></si></sst>',
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><cellXfs><xf numFmtId="0"/></cellXfs></styleSheet>',
        "xl/worksheets/sheet1.xml": sheet(
            '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>'
            '<row r="2"><c r="A2" t="s"><v>2</v></c><c r="B2"><v>1</v></c></row>'),
    }
    p.update(changes)
    return p


SHEET = "xl/worksheets/sheet1.xml"


def archive(p, level=6):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as z:
        for name, content in p.items():
            if content is not None:
                z.writestr(name, content)
    return out.getvalue()


def xlsx(**changes):
    return archive(parts(**{k: v for k, v in changes.items()}))


def with_part(name, content):
    return archive({**parts(), name: content})


def stream_archive(p, big, pieces):
    """Like archive(); the part `big` is made of pieces, so that bombs need no memory here."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as z:
        for name, content in p.items():
            if name != big:
                z.writestr(name, content)
        with z.open(big, "w", force_zip64=False) as f:
            for piece in pieces:
                f.write(piece)
    return out.getvalue()


class Pipe:
    """Takes an archive written in one go, whose sizes therefore stand behind the data."""
    content = b""

    def write(self, data):
        self.content += bytes(data)
        return len(data)

    def flush(self):
        pass


def ole(stream, name="Workbook", shift=9):
    """A compound file with one stream."""
    size = 1 << shift
    body = stream if len(stream) >= 4096 else stream.ljust(4096, b"\0")
    sectors = [body[i:i + size].ljust(size, b"\0") for i in range(0, len(body), size)]
    entries = b""
    for title, kind, start, length in (("Root Entry", 5, 0xFFFFFFFE, 0), (name, 2, 0, len(body))):
        raw = title.encode("utf-16le")
        entries += (raw.ljust(64, b"\0") + struct.pack("<HBBIII", len(raw) + 2, kind, 1, 0xFFFFFFFF, 0xFFFFFFFF,
                    1 if kind == 5 else 0xFFFFFFFF) + b"\0" * 36 + struct.pack("<IQ", start, length))
    directory = entries.ljust(size, b"\0")
    n = len(sectors)
    count = n + 1
    fats = 1
    while fats * (size // 4) < count + fats:
        fats += 1
    fat = [i + 1 for i in range(n - 1)] + [0xFFFFFFFE, 0xFFFFFFFE] + [0xFFFFFFFD] * fats
    fat += [0xFFFFFFFF] * (fats * size // 4 - len(fat))
    assert fats <= 109
    difat = [n + 1 + i for i in range(fats)] + [0xFFFFFFFF] * (109 - fats)
    header = (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16
              + struct.pack("<HHHHH6xIIIIIIIII", 0x3E, 3 if shift == 9 else 4, 0xFFFE, shift, 6, 0, fats, n, 0, 4096,
                            0xFFFFFFFE, 0, 0xFFFFFFFE, 0) + struct.pack("<109I", *difat))
    return header.ljust(size, b"\0") + b"".join(sectors) + directory + struct.pack(f"<{len(fat)}I", *fat)


def record(number, data=b""):
    return struct.pack("<HH", number, len(data)) + data


def bof(version, kind):
    return record(0x809, struct.pack("<HHHH", version, kind, 0, 0) + b"\0" * (8 if version == 0x600 else 0))


def biff5(rows, codepage=1252, charset="cp1252"):
    """A workbook of Excel 5: texts are bytes in a code page."""
    name = "表".encode(charset) if charset != "cp1252" else b"Tab"
    cells = b"".join(
        record(0x204, struct.pack("<HHHH", r, c, 0, len(t.encode(charset))) + t.encode(charset))
        for r, row in enumerate(rows) for c, t in enumerate(row))
    body = bof(0x500, 0x10) + record(0x200, struct.pack("<HHHHH", 0, len(rows), 0, 2, 0)) + cells + record(0x0A)
    def book(offset):
        return (bof(0x500, 5) + record(0x42, struct.pack("<H", codepage))
                + record(0x85, struct.pack("<IHB", offset, 0, len(name)) + name) + record(0x0A))
    return book(len(book(0))) + body


def biff8(cells, sst=b"", globals_=b""):
    """A workbook of Excel 97: `cells` are the records of its one sheet."""
    body = bof(0x600, 0x10) + cells + record(0x0A)
    def book(offset):
        return (bof(0x600, 5) + globals_ + record(0x85, struct.pack("<IHBB", offset, 0, 1, 0) + b"S")
                + sst + record(0x0A))
    return book(len(book(0))) + body


def label(row, column, text):
    return record(0x204, struct.pack("<HHHHB", row, column, 0, len(text), 1) + text.encode("utf-16le"))


def corpus():
    """(name, bytes, outcome): outcome is the rows' texts, or the keys one of which refuses it."""
    good = [["a", "b"], ["c", "1"]]
    damaged = {"damaged"}
    yield "plain.xlsx", xlsx(), good
    streamed = Pipe()
    with zipfile.ZipFile(streamed, "w", zipfile.ZIP_DEFLATED) as z:
        for part, content in parts().items():
            z.writestr(part, content)
    yield "streamed.xlsx", streamed.content, good
    yield "upper-case.xlsx", archive({k.replace("sharedStrings", "SharedStrings"): v for k, v in parts().items()}), good
    yield "entity.xlsx", with_part(SHEET, '<!DOCTYPE x [<!ENTITY e SYSTEM "http://127.0.0.1:9/x">]>'
                                   + sheet('<row><c t="str"><v>&e;</v></c></row>')), {"doctype"}
    yield "dtd.xlsx", with_part("xl/workbook.xml", '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd"><workbook/>'), {"doctype"}
    laughs = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 12))
    for part in ("xl/sharedStrings.xml", "xl/styles.xml", SHEET, "xl/workbook.xml", "_rels/.rels"):
        yield f"laughs-{part.replace('/', '-')}.xlsx", with_part(
            part, f'<!DOCTYPE x [<!ENTITY l0 "lol">{laughs}]><x>&l11;</x>'), {"doctype"}
    yield "parameter-entity.xlsx", with_part(
        SHEET, '<!DOCTYPE x [<!ENTITY % p SYSTEM "file:///etc/passwd">%p;]><x/>'), {"doctype"}
    yield "unknown-entity.xlsx", with_part(SHEET, sheet('<row><c t="str"><v>&nbsp;</v></c></row>')), damaged
    zeros = b" " * (1 << 20)
    yield "bomb-space.xlsx", stream_archive(parts(), SHEET, [b"<worksheet>"] + [zeros] * 100), {"ratio", "unpacked"}
    yield "bomb-cells.xlsx", stream_archive(parts(), SHEET, [b"<worksheet><sheetData><row>"] + [b'<c t="n"></c>' * 50000] * 100), {"ratio"}
    yield "bomb-strings.xlsx", stream_archive(parts(), "xl/sharedStrings.xml", [b"<sst>"] + [b"<si><t>x</t></si>" * 60000] * 60), {"ratio", "strings", "string_bytes"}
    yield "bomb-styles.xlsx", stream_archive(parts(), "xl/styles.xml", [b"<styleSheet><cellXfs>"] + [b'<xf numFmtId="1"/>' * 50000] * 70), {"formats", "unpacked", "ratio"}
    yield "bomb-attribute.xlsx", stream_archive(parts(), SHEET, [b'<worksheet a="'] + [b"x" * (1 << 20)] * 60), {"token", "ratio"}
    yield "bomb-comment.xlsx", stream_archive(parts(), SHEET, [b"<worksheet><!--"] + [b"x" * (1 << 20)] * 60), {"token", "ratio"}
    yield "many-formats.xlsx", with_part("xl/styles.xml", "<styleSheet><numFmts>" + "".join(
        f'<numFmt numFmtId="{i}" formatCode="0"/>' for i in range(200, 6000)) + "</numFmts></styleSheet>"), {"formats"}
    many = {f"xl/junk{i}.xml": b"x" for i in range(5000)}
    yield "many-parts.xlsx", archive({**parts(), **many}), {"entries"}
    huge_count = bytearray(xlsx())
    end = huge_count.rfind(b"PK\5\6")
    huge_count[end + 12:end + 16] = struct.pack("<I", 900 << 20)
    yield "directory-claims-900mb.xlsx", bytes(huge_count), {"entries", "damaged"}
    yield "deep.xlsx", with_part(SHEET, "<a>" * 100000), {"depth"}
    yield "deep-in-cell.xlsx", with_part(SHEET, sheet("<row><c>" + "<is>" * 1000)), {"depth"}
    yield "dimension-1e9.xlsx", with_part(SHEET, sheet(
        '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row><row r="2"><c t="s"><v>2</v></c><c><v>1</v></c></row>',
        '<dimension ref="A1:XFD1000000000"/>')), good
    yield "row-1e9.xlsx", with_part(SHEET, sheet('<row r="1000000000"><c><v>1</v></c></row>')), damaged
    yield "rows-backwards.xlsx", with_part(SHEET, sheet('<row r="5"><c><v>1</v></c></row><row r="4"><c><v>1</v></c></row>')), damaged
    yield "column-xfd.xlsx", with_part(SHEET, sheet('<row r="1"><c r="XFD1"><v>1</v></c></row>')), {"columns"}
    yield "column-zzzz.xlsx", with_part(SHEET, sheet('<row r="1"><c r="ZZZZ1"><v>1</v></c></row>')), damaged
    yield "many-columns.xlsx", with_part(SHEET, sheet("<row>" + "<c><v>1</v></c>" * 20000 + "</row>")), {"columns"}
    yield "many-empty-columns.xlsx", with_part(SHEET, sheet('<row><c t="s"><v>0</v></c>' + "<c/>" * 20000 + "</row>")), [["a"]]
    for index in ("3", "99999999999999999999", "-1", "x", "1.5", "4294967295"):
        yield f"string-index-{index}.xlsx", with_part(SHEET, sheet(f'<row><c t="s"><v>{index}</v></c></row>')), damaged
    yield "style-index.xlsx", with_part(SHEET, sheet('<row><c s="99999999"><v>5</v></c><c s="-1"><v>6</v></c></row>')), [["5", "6"]]
    yield "cell-10mb.xlsx", with_part(SHEET, sheet(f'<row><c t="str"><v>{"x" * (10 << 20)}</v></c></row>')), {"cell"}
    yield "string-10mb.xlsx", with_part("xl/sharedStrings.xml", f'<sst><si><t>{"x" * (10 << 20)}</t></si></sst>'), {"cell"}
    yield "row-20mb.xlsx", with_part(SHEET, sheet(f'<row>{("<c t=%sstr%s><v>" % (chr(34), chr(34)) + "x" * 32000 + "</v></c>") * 700}</row>')), {"row_bytes", "ratio"}
    yield "latin1.xlsx", with_part(SHEET, ('<?xml version="1.0" encoding="ISO-8859-1"?>' + sheet(
        '<row><c t="str"><v>caf\xe9</v></c></row>')).encode("latin-1")), [["café"]]
    yield "utf16.xlsx", with_part(SHEET, ('<?xml version="1.0" encoding="UTF-16"?>' + sheet(
        '<row><c t="str"><v>广州</v></c></row>')).encode("utf-16")), [["广州"]]
    yield "gbk-xml.xlsx", with_part(SHEET, ('<?xml version="1.0" encoding="GBK"?>' + sheet(
        '<row><c t="str"><v>广州</v></c></row>')).encode("gbk")), damaged
    yield "bad-utf8.xlsx", with_part(SHEET, sheet('<row><c t="str"><v>\xff</v></c></row>').encode("latin-1")), damaged
    yield "nul.xlsx", with_part(SHEET, sheet('<row><c t="str"><v>a\0b</v></c></row>')), damaged
    yield "nul-escaped.xlsx", with_part(SHEET, sheet('<row><c t="str"><v>a_x0000_b</v></c></row>')), [["ab"]]
    yield "surrogate-escaped.xlsx", with_part(SHEET, sheet('<row><c t="str"><v>a_xD800_b</v></c></row>')), [["a_xD800_b"]]
    yield "not-closed.xlsx", with_part(SHEET, f'<worksheet xmlns="{MAIN}"><sheetData><row><c><v>1</v></c></row>'), damaged
    yield "no-sheet-part.xlsx", archive({**parts(), SHEET: None}), damaged
    yield "no-workbook.xlsx", archive({**parts(), "xl/workbook.xml": None}), damaged
    yield "no-strings.xlsx", archive({**parts(), "xl/sharedStrings.xml": None}), damaged
    yield "no-styles.xlsx", archive({**parts(), "xl/styles.xml": None}), good
    yield "workbook-is-no-workbook.xlsx", with_part("xl/workbook.xml", "<html/>"), {"type"}
    for target in ("../../etc/passwd", "/../x", "..\\..\\x", "worksheets/../../../../etc/passwd"):
        rels = relations(("r1", "worksheet", target, ""))
        yield f"path-{zlib.crc32(target.encode())}.xlsx", with_part("xl/_rels/workbook.xml.rels", rels), damaged
    yield "external.xlsx", with_part("xl/_rels/workbook.xml.rels", relations(
        ("r1", "worksheet", "http://127.0.0.1:9/sheet.xml", ' TargetMode="External"'))), damaged
    yield "many-sheets.xlsx", archive({**parts(), "xl/workbook.xml": f'<workbook xmlns:r="{REL}"><sheets>'
                                       + '<sheet name="S" r:id="r1"/>' * 1000 + "</sheets></workbook>"}), {"sheets"}
    yield "docx.xlsx", archive({"_rels/.rels": relations(("r", "officeDocument", "word/document.xml", ""))}), {"other"}
    yield "xlsb.xlsx", archive({"_rels/.rels": relations(("r", "officeDocument", "xl/workbook.bin", ""))}), {"other"}
    yield "ods.xlsx", archive({"mimetype": "application/vnd.oasis.opendocument.spreadsheet"}), {"other"}
    yield "zip.xlsx", archive({"a.txt": "x"}), {"other"}
    yield "empty-zip.xlsx", b"PK\5\6" + b"\0" * 18, {"other", "damaged"}
    flagged = bytearray(xlsx())
    for mark, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        at = flagged.find(mark)
        while at >= 0:
            flagged[at + offset] |= 1
            at = flagged.find(mark, at + 4)
    yield "zip-password.xlsx", bytes(flagged), {"encrypted"}
    whole = xlsx()
    for tenth in range(1, 10):
        yield f"cut-{tenth}0.xlsx", whole[:len(whole) * tenth // 10], damaged
    rng = random.Random(20261122)
    for i in range(60):
        broken = bytearray(whole)
        for _ in range(rng.randint(1, 6)):
            broken[rng.randrange(len(broken))] = rng.randrange(256)
        yield f"flipped-{i}.xlsx", bytes(broken), None

    yield "empty.csv", b"", {"empty"}
    yield "nul.csv", b"a,b\nc\0d,1\n", {"nul"}
    yield "binary.csv", bytes(rng.randrange(256) for _ in range(5000)), None
    yield "zeros.csv", b"\0" * 100000, {"nul", "encoding"}
    yield "cell-10mb.csv", b"a,b\n1," + b"x" * (10 << 20), {"cell"}
    yield "quote-10mb.csv", b'a,b\n1,"' + b"x\n" * (5 << 20), {"open_cell"}
    yield "open-quote.csv", b'a,b\n"c,1\n', {"quote"}
    yield "commas.csv", b"a" + b"," * (1 << 20) + b"b\n", {"columns"}
    yield "commas-20mb.csv", b"a" + b"," * (20 << 20), {"row_bytes"}
    yield "html.xls", b"<html><body><table><tr><td>a</td></tr></table></body></html>", {"html"}
    yield "spreadsheetml.xls", b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook/>', {"other"}
    yield "xlsx-named.csv", whole, good
    yield "csv-named.xlsx", b"a,b\nc,1\n", good
    yield "pdf.csv", b"%PDF-1.7\n", {"other"}

    rows = label(0, 0, "a") + label(0, 1, "b") + label(1, 0, "c") + label(1, 1, "1")
    book = ole(biff8(rows))
    yield "plain.xls", book, good
    yield "sectors-4096.xls", ole(biff8(rows), shift=12), good
    yield "excel5.xls", ole(biff5([["a", "b"], ["c", "1"]]), "Book"), good
    yield "excel5-gbk.xls", ole(biff5([["公司", "电话"], ["广州", "1"]], 936, "gbk"), "Book"), [["公司", "电话"], ["广州", "1"]]
    yield "excel5-big5.xls", ole(biff5([["公司", "電話"]], 950, "big5"), "Book"), [["公司", "電話"]]
    yield "excel5-codepage.xls", ole(biff5([["a", "b"]], 31337), "Book"), {"charset"}
    yield "excel5-nul.xls", ole(biff5([["a\0b", "b"]]), "Book"), [["ab", "b"]]  # by fuzzing
    yield "excel5-nameless.xls", ole(biff5([["a", "b"]]).replace(b"\3Tab", b"\0Tab"), "Book"), [["a", "b"]]  # by fuzzing
    yield "excel4.xls", ole(record(0x409, b"\0" * 6) + b"\0" * 5000, "Workbook"), {"other"}
    yield "password.xls", ole(biff8(rows, globals_=record(0x2F, b"\0" * 54))), {"encrypted"}
    yield "encrypted-xlsx.xls", ole(b"\0" * 5000, "EncryptedPackage"), {"encrypted"}
    yield "word.xls", ole(b"\0" * 5000, "WordDocument"), {"other"}
    yield "backwards.xls", ole(biff8(label(5, 0, "a") + label(4, 0, "b"))), damaged
    yield "string-index.xls", ole(biff8(record(0xFD, struct.pack("<HHHI", 0, 0, 0, 7)))), damaged
    yield "wide.xls", ole(biff8(label(0, 60000, "x"))), {"columns"}
    yield "short-record.xls", ole(biff8(record(0x203, b"\0\0\0\0"))), damaged
    yield "short-text.xls", ole(biff8(record(0x204, struct.pack("<HHHHB", 0, 0, 0, 5000, 1)))), damaged
    yield "sst-count.xls", ole(biff8(rows, record(0xFC, struct.pack("<II", 1, 0xFFFFFFFF)))), damaged
    yield "sst-runs.xls", ole(biff8(rows, record(0xFC, struct.pack("<IIHBHI", 1, 1, 3, 12, 65535, 0xFFFFFFFF) + b"abc"))), damaged
    first, second = "广" * 10, "b" * 10
    split = record(0xFC, struct.pack("<IIHB", 2, 2, 20, 1) + first.encode("utf-16le")) + record(
        0x3C, b"\0" + second.encode() + struct.pack("<HB", 1, 0) + b"z")
    yield "sst-continued.xls", ole(biff8(
        record(0xFD, struct.pack("<HHHI", 0, 0, 0, 0)) + record(0xFD, struct.pack("<HHHI", 0, 1, 0, 1)), split)), [[first + second, "z"]]
    yield "rk.xls", ole(biff8(
        record(0x27E, struct.pack("<HHHI", 0, 0, 0, (1234 << 2) | 2)) + record(0x27E, struct.pack("<HHHI", 0, 1, 0, (1234 << 2) | 3))
        + record(0xBD, struct.pack("<HHHIHIH", 0, 2, 0, 0x3FF00000, 0, ((-5 & 0x3FFFFFFF) << 2) | 2, 3)))), [["1234", "12.34", "1", "-5"]]
    yield "formula-text.xls", ole(biff8(
        record(6, struct.pack("<HHH", 0, 0, 0) + b"\0\0\0\0\0\0\xff\xff" + b"\0" * 8) + record(0x207, struct.pack("<HB", 2, 0) + b"ok")
        + record(6, struct.pack("<HHH", 0, 1, 0) + b"\1\0\1\0\0\0\xff\xff" + b"\0" * 8)
        + record(6, struct.pack("<HHH", 0, 2, 0) + b"\2\0\x2a\0\0\0\xff\xff" + b"\0" * 8))), [["ok", "TRUE", "#N/A"]]
    loop = bytearray(book)
    fat = 512 + (len(loop) - 1024) // 512 * 512
    loop[fat:fat + 4] = struct.pack("<I", 0)  # sector 0 follows sector 0
    yield "fat-loop.xls", bytes(loop), None
    for tenth in range(1, 10):
        yield f"cut-{tenth}0.xls", book[:len(book) * tenth // 10], None if tenth > 8 else damaged
    for i in range(150):
        broken = bytearray(book)
        for _ in range(rng.randint(1, 8)):
            where = rng.choice((range(24, 80), range(512, 900), range(len(book) - 1100, len(book))))
            broken[rng.choice(where)] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
        yield f"flipped-{i}.xls", bytes(broken), None
