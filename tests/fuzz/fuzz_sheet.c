/* fuzz_sheet.c - libFuzzer on the spreadsheet readers.
 *
 *   clang -g -O1 -fsanitize=fuzzer,address,undefined ...   (tests/fuzz/fuzz_sheet.sh does it all)
 *
 * The first byte says what the rest is: F a number and its format, X the sheet of an .xlsx, S
 * its shared texts, Y its styles, B the records of an .xls, anything else a whole file (that byte
 * too). Wrapping what a checksum or a directory would hide lets the fuzzer get at the parsers. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "sheet/numfmt.h"
#include "sheet/sheet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put(struct buf *out, uint64_t v, int bytes)
{
    for (int i = 0; i < bytes; i++)
        buf_putc(out, i < 8 ? (char)(v >> (8 * i)) : '\0');
}

/* ---- An .xlsx around one part ---------------------------------------------------------------- */

struct member {
    const char *name, *text;
    size_t len;
};

static void zip_member(struct buf *out, struct buf *directory, const struct member *m)
{
    size_t at = out->len;
    uint64_t crc = crc32(0, (const Bytef *)m->text, (uInt)m->len);

    buf_puts(out, "PK\3\4");
    buf_puts(directory, "PK\1\2");
    put(directory, 20, 2);
    for (int i = 0; i < 2; i++) {
        struct buf *b = i == 0 ? out : directory;

        put(b, 20, 2); /* version, flags, method, time, date */
        put(b, 0, 8);
        put(b, crc, 4);
        put(b, m->len, 4);
        put(b, m->len, 4);
        put(b, strlen(m->name), 2);
        put(b, 0, 2);
    }
    put(directory, 0, 10);
    put(directory, at, 4);
    buf_puts(out, m->name);
    buf_add(out, m->text, m->len);
    buf_puts(directory, m->name);
}

#define TYPE "http://x/"

static void wrap_xlsx(struct buf *out, const char *part, const char *data, size_t len)
{
    static const char rels[] =
        "<a><Relationship Id='r' Type='" TYPE "officeDocument' Target='w'/></a>";
    static const char book[] = "<workbook><sheet name='S' r:id='r' xmlns:r='x'/></workbook>";
    static const char parts[] = "<a><Relationship Id='r' Type='" TYPE "worksheet' Target='s'/>"
                                "<Relationship Id='t' Type='" TYPE "sharedStrings' Target='t'/>"
                                "<Relationship Id='y' Type='" TYPE "styles' Target='y'/></a>";
    static const char styles[] =
        "<s><cellXfs><xf numFmtId='0'/><xf numFmtId='14'/><xf numFmtId='10'/>"
        "<xf numFmtId='46'/></cellXfs></s>";
    static const char texts[] = "<sst><si><t>a</t></si><si><t>b</t></si></sst>";
    static const char sheet[] = "<a><sheetData><row><c t='s'><v>0</v></c></row></sheetData></a>";
    struct member members[] = {
        {"_rels/.rels", rels, sizeof(rels) - 1},
        {"w", book, sizeof(book) - 1},
        {"_rels/w.rels", parts, sizeof(parts) - 1},
        {"y", styles, sizeof(styles) - 1},
        {"t", texts, sizeof(texts) - 1},
        {"s", sheet, sizeof(sheet) - 1},
    };
    struct buf directory = BUF_INIT;

    for (size_t i = 0; i < 6; i++) {
        if (strcmp(members[i].name, part) == 0)
            members[i] = (struct member){part, data, len};
        zip_member(out, &directory, &members[i]);
    }
    size_t at = out->len;

    buf_add(out, directory.s, directory.len);
    buf_puts(out, "PK\5\6");
    put(out, 0, 4);
    put(out, 6, 2);
    put(out, 6, 2);
    put(out, directory.len, 4);
    put(out, at, 4);
    put(out, 0, 2);
    buf_free(&directory);
}

/* ---- An .xls around its records -------------------------------------------------------------- */

static void wrap_xls(struct buf *out, const char *data, size_t len)
{
    enum { SECTOR = 512 };
    size_t n = (len < 4096 ? 4096 : len + SECTOR - 1) / SECTOR, start;

    if (n > 120)
        return;
    buf_add(out, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8);
    put(out, 0, 16);
    put(out, 0x3e, 2);
    put(out, 3, 2);
    put(out, 0xfffe, 2);
    put(out, 9, 2);
    put(out, 6, 2);
    put(out, 0, 8);
    put(out, 0, 2);
    put(out, 1, 4); /* one FAT sector, behind the directory */
    put(out, n, 4);
    put(out, 0, 4);
    put(out, 4096, 4);
    put(out, 0xfffffffe, 4);
    put(out, 0, 4);
    put(out, 0xfffffffe, 4);
    put(out, 0, 4);
    put(out, n + 1, 4);
    while (out->len < SECTOR)
        buf_putc(out, (char)0xff);
    buf_add(out, data, len);
    while (out->len < SECTOR * (n + 1))
        buf_putc(out, 0);
    start = out->len;
    for (const char *p = "Workbook"; *p != '\0'; p++)
        put(out, (uint64_t)*p, 2);
    while (out->len < start + 64)
        buf_putc(out, 0);
    put(out, 18, 2);
    put(out, 2, 2);
    while (out->len < start + 120)
        buf_putc(out, 0);
    put(out, n * SECTOR, 8);
    while (out->len < start + SECTOR)
        buf_putc(out, 0);
    for (size_t i = 0; i < 128; i++)
        put(out, i + 1 == n || i >= n ? 0xfffffffe : i + 1, 4);
}

/* ---- Reading --------------------------------------------------------------------------------- */

static const struct sheet_limits *small_limits(void)
{
    static struct sheet_limits limits;

    limits = sheet_limits_default;
    limits.rows = 2000;
    limits.unpacked_bytes = limits.part_bytes = 1 << 20;
    limits.string_memory = 64; /* the way through the file is the longer one */
    return &limits;
}

static void read_all(struct sheet *s)
{
    struct sheet_error err;
    struct sheet_row row;
    struct buf text = BUF_INIT;

    for (size_t i = 0; i < sheet_count(s) && i < 4; i++) {
        int rc = sheet_select(s, i, &err);

        while (rc == 0 && (rc = sheet_next(s, &row, &err)) > 0) {
            rc = 0;
            for (uint32_t k = 0; k < row.len; k++)
                if (strlen(row.cells[k].text) != row.cells[k].len)
                    abort();
        }
        if (rc < 0)
            sheet_error_text(&err, NULL, &text);
    }
    buf_free(&text);
}

static void read_file(const char *data, size_t len)
{
    struct sheet_options options = {.limits = small_limits()};
    int fd = memfd_create("sheet", MFD_CLOEXEC);
    struct sheet_error err;
    struct sheet *s;
    char path[64];

    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (write(fd, data, len) == (ssize_t)len && sheet_open(path, &options, &s, &err) == 0) {
        read_all(s);
        sheet_close(&s);
    }
    close(fd);
}

static void show(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new();
    struct buf out = BUF_INIT;
    struct sheet_cell c;
    double v;

    if (size > sizeof(v)) {
        memcpy(&v, data, sizeof(v));
        const struct numfmt *f =
            numfmt_new(a, arena_strndup(a, (const char *)data + sizeof(v), size - sizeof(v)));

        numfmt_show(f, v, NULL, false, &out, &c);
        numfmt_show(f, 44887.354178, "44887.354178", true, &out, &c);
        numfmt_show(f, -1234567.891, NULL, false, &out, &c);
    }
    buf_free(&out);
    arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf file = BUF_INIT;
    const char *rest = (const char *)data + 1;

    if (size == 0)
        return 0;
    switch (data[0]) {
    case 'F':
        show(data + 1, size - 1);
        return 0;
    case 'X':
        wrap_xlsx(&file, "s", rest, size - 1);
        break;
    case 'S':
        wrap_xlsx(&file, "t", rest, size - 1);
        break;
    case 'Y':
        wrap_xlsx(&file, "y", rest, size - 1);
        break;
    case 'B':
        wrap_xls(&file, rest, size - 1);
        break;
    default:
        buf_add(&file, (const char *)data, size);
    }
    read_file(buf_str(&file), file.len);
    buf_free(&file);
    return 0;
}
