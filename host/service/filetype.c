/* filetype.c - the table of types.  A list of what is allowed, not of what is dangerous: HTML, SVG,
 * scripts and programs are simply not in it. */
#include "service/filetype.h"

#include <string.h>
#include <strings.h>

#define BYTES(s) s, sizeof(s) - 1
#define ZIP BYTES("PK\x03\x04"), 0
#define OLE BYTES("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), 0
#define TEXT NULL, 0, 0
#define OOXML "application/vnd.openxmlformats-officedocument."
#define ODF "application/vnd.oasis.opendocument."

/* clang-format off */
static const struct filetype types[] = {
    {"pdf", "application/pdf", LOOK_PDF, BYTES("%PDF-"), 0},
    {"png", "image/png", LOOK_IMAGE, BYTES("\x89PNG\r\n\x1a\n"), 0},
    {"jpg", "image/jpeg", LOOK_IMAGE, BYTES("\xff\xd8\xff"), 0},
    {"jpeg", "image/jpeg", LOOK_IMAGE, BYTES("\xff\xd8\xff"), 0},
    {"gif", "image/gif", LOOK_IMAGE, BYTES("GIF8"), 0},
    {"webp", "image/webp", LOOK_IMAGE, BYTES("WEBP"), 8},
    {"heic", "image/heic", LOOK_NONE, BYTES("ftyp"), 4},
    {"tif", "image/tiff", LOOK_NONE, BYTES("II*"), 0},
    {"tiff", "image/tiff", LOOK_NONE, BYTES("II*"), 0},
    {"bmp", "image/bmp", LOOK_NONE, BYTES("BM"), 0},
    {"txt", "text/plain", LOOK_TEXT, TEXT},
    {"csv", "text/csv", LOOK_TEXT, TEXT},
    {"md", "text/plain", LOOK_TEXT, TEXT},
    {"json", "application/json", LOOK_NONE, TEXT},
    {"xml", "application/xml", LOOK_NONE, TEXT},
    {"eml", "message/rfc822", LOOK_NONE, TEXT},
    {"ics", "text/calendar", LOOK_NONE, TEXT},
    {"vcf", "text/vcard", LOOK_NONE, TEXT},
    {"edi", "text/plain", LOOK_NONE, TEXT},
    {"rtf", "application/rtf", LOOK_NONE, BYTES("{\\rtf"), 0},
    {"docx", OOXML "wordprocessingml.document", LOOK_NONE, ZIP},
    {"xlsx", OOXML "spreadsheetml.sheet", LOOK_NONE, ZIP},
    {"pptx", OOXML "presentationml.presentation", LOOK_NONE, ZIP},
    {"odt", ODF "text", LOOK_NONE, ZIP},
    {"ods", ODF "spreadsheet", LOOK_NONE, ZIP},
    {"odp", ODF "presentation", LOOK_NONE, ZIP},
    {"ofd", "application/ofd", LOOK_NONE, ZIP}, /* Chinese invoices */
    {"zip", "application/zip", LOOK_NONE, ZIP},
    {"doc", "application/msword", LOOK_NONE, OLE},
    {"xls", "application/vnd.ms-excel", LOOK_NONE, OLE},
    {"ppt", "application/vnd.ms-powerpoint", LOOK_NONE, OLE},
    {"msg", "application/vnd.ms-outlook", LOOK_NONE, OLE},
    {"wps", "application/vnd.ms-works", LOOK_NONE, OLE},
    {"et", "application/vnd.ms-excel", LOOK_NONE, OLE},
    {"dwg", "image/vnd.dwg", LOOK_NONE, BYTES("AC10"), 0},
    {"rar", "application/vnd.rar", LOOK_NONE, BYTES("Rar!"), 0},
    {"7z", "application/x-7z-compressed", LOOK_NONE, BYTES("7z\xbc\xaf\x27\x1c"), 0},
    {"gz", "application/gzip", LOOK_NONE, BYTES("\x1f\x8b"), 0},
    {"mp3", "audio/mpeg", LOOK_NONE, BYTES("ID3"), 0},
    {"wav", "audio/wav", LOOK_NONE, BYTES("WAVE"), 8},
    {"m4a", "audio/mp4", LOOK_NONE, BYTES("ftyp"), 4},
    {"amr", "audio/amr", LOOK_NONE, BYTES("#!AMR"), 0},
    {"mp4", "video/mp4", LOOK_NONE, BYTES("ftyp"), 4},
};
/* clang-format on */

const struct filetype *filetype_of(const char *name)
{
    const char *dot = strrchr(name, '.');

    for (size_t i = 0; dot != NULL && i < sizeof(types) / sizeof(types[0]); i++)
        if (strcasecmp(types[i].ending, dot + 1) == 0)
            return &types[i];
    return NULL;
}

bool filetype_fits(const struct filetype *t, const unsigned char *head, size_t n)
{
    if (t->magic != NULL)
        return n >= t->at + t->len && memcmp(head + t->at, t->magic, t->len) == 0;
    if (n >= 2 && ((head[0] == 0xff && head[1] == 0xfe) || (head[0] == 0xfe && head[1] == 0xff)))
        return true; /* UTF-16 says so */
    return memchr(head, 0, n) == NULL;
}
