/* part.c - one XML part of an .xlsx, unpacked and parsed as it streams, within the limits.
 *
 * Against bombs: what comes out is counted, nothing is kept.  Against entities: any DOCTYPE ends
 * the reading, so there is nothing to expand and nothing to fetch.  Against endless tags, which
 * expat collects in memory: only so many bytes may go in without an event coming out. */
#include "sheet/part.h"

#include <expat.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zip.h>

enum {
    CHUNK = 64 * 1024,
    RATIO_FROM = 16 << 20, /* a small part may pack as well as it likes */
    TAIL = 65557 + 20,     /* where a zip file's end record can be */
    DIRECTORY_MAX = 4 << 20
};

struct archive {
    zip_t *zip;
    uint64_t size;
    const struct sheet_limits *limits;
};

struct part {
    XML_Parser xml;
    zip_file_t *file;
    const struct sheet_limits *limits;
    const struct part_handler *handler;
    void *user;
    uint64_t size, packed, done, most;
    uint64_t event_at; /* done when the last event came */
    unsigned depth;
    bool last, paused;
    struct sheet_error failed;
};

/* ---- Archive ------------------------------------------------------------------------------- */

static uint64_t le(const unsigned char *p, int bytes)
{
    uint64_t v = 0;

    for (int i = bytes; i-- > 0;)
        v = v << 8 | p[i];
    return v;
}

/* libzip reads the whole directory into memory, so every end record that it might believe has to
 * claim a small one. */
static int check_directory(int fd, uint64_t size, struct sheet_error *err)
{
    size_t len = size < TAIL ? (size_t)size : TAIL;
    uint64_t from = size - len;
    unsigned char *tail = mem_realloc(NULL, len), wide[56];
    uint64_t most = 0;
    ssize_t n = pread(fd, tail, len, (off_t)from);

    for (ssize_t i = 0; i + 20 <= n; i++) {
        if (memcmp(tail + i, "PK\x05\x06", 4) == 0 && i + 22 <= n) {
            uint64_t bytes = le(tail + i + 12, 4);

            most = bytes != 0xffffffff && bytes > most ? bytes : most;
        }
        if (memcmp(tail + i, "PK\x06\x07", 4) == 0 &&
            pread(fd, wide, sizeof(wide), (off_t)le(tail + i + 8, 8)) == (ssize_t)sizeof(wide)) {
            uint64_t bytes = le(wide + 40, 8);

            most = bytes > most ? bytes : most;
        }
    }
    free(tail);
    return most <= DIRECTORY_MAX ? 0 : sheet_fail_limit(err, SHEET_E_ENTRIES, DIRECTORY_MAX / 46);
}

struct archive *archive_open(int fd, uint64_t size, const struct sheet_limits *limits,
                             struct sheet_error *err)
{
    if (check_directory(fd, size, err) < 0)
        return NULL;
    int code = 0, own = dup(fd);
    zip_t *zip = own < 0 ? NULL : zip_fdopen(own, 0, &code);

    if (zip == NULL) {
        zip_error_t why;

        if (own >= 0)
            close(own);
        zip_error_init_with_code(&why, code);
        sheet_fail(err, SHEET_E_DAMAGED, own < 0 ? "no descriptor left" : zip_error_strerror(&why));
        zip_error_fini(&why);
        return NULL;
    }
    if ((uint64_t)zip_get_num_entries(zip, 0) > limits->entries) {
        zip_discard(zip);
        sheet_fail_limit(err, SHEET_E_ENTRIES, limits->entries);
        return NULL;
    }
    struct archive *z = mem_alloc(sizeof(*z));

    *z = (struct archive){zip, size, limits};
    return z;
}

void archive_close(struct archive **z)
{
    if (*z == NULL)
        return;
    zip_discard((*z)->zip);
    free(*z);
    *z = NULL;
}

int64_t archive_find(struct archive *z, const char *name)
{
    int64_t i = zip_name_locate(z->zip, name, ZIP_FL_ENC_RAW);

    return i >= 0 ? i : zip_name_locate(z->zip, name, ZIP_FL_NOCASE | ZIP_FL_ENC_RAW);
}

/* ---- XML ----------------------------------------------------------------------------------- */

static const char *local(const char *name)
{
    const char *colon = strchr(name, ':');

    return colon != NULL ? colon + 1 : name;
}

const char *part_attribute(const char **attributes, const char *name)
{
    for (; *attributes != NULL; attributes += 2)
        if (strcmp(local(attributes[0]), name) == 0)
            return attributes[1];
    return NULL;
}

/* A handler has returned rc. */
static void after(struct part *p, int rc)
{
    p->event_at = p->done;
    if (rc != 0)
        XML_StopParser(p->xml, rc == PART_PAUSE);
}

static void on_start(void *user, const char *name, const char **attributes)
{
    struct part *p = user;

    if (p->failed.code != SHEET_OK)
        return;
    if (++p->depth > p->limits->depth)
        after(p, sheet_fail_limit(&p->failed, SHEET_E_DEPTH, p->limits->depth));
    else
        after(p, p->handler->start(p->user, local(name), attributes, &p->failed));
}

static void on_end(void *user, const char *name)
{
    struct part *p = user;

    p->depth--;
    if (p->failed.code == SHEET_OK)
        after(p, p->handler->end(p->user, local(name), &p->failed));
}

static void on_text(void *user, const char *s, int len)
{
    struct part *p = user;

    if (p->failed.code == SHEET_OK)
        after(p, p->handler->text(p->user, s, (size_t)len, &p->failed));
}

static void on_doctype(void *user, const char *name, const char *system, const char *public, int in)
{
    struct part *p = user;

    (void)name, (void)system, (void)public, (void)in;
    sheet_fail(&p->failed, SHEET_E_DOCTYPE, NULL);
    XML_StopParser(p->xml, XML_FALSE);
}

static struct part *open_within(struct archive *z, int64_t number, uint64_t most,
                                const struct part_handler *handler, void *user,
                                struct sheet_error *err)
{
    zip_stat_t st;
    zip_file_t *file;

    if (number < 0 || zip_stat_index(z->zip, (zip_uint64_t)number, 0, &st) < 0) {
        sheet_fail(err, SHEET_E_DAMAGED, "a part is missing");
        return NULL;
    }
    if (st.encryption_method != ZIP_EM_NONE) {
        sheet_fail(err, SHEET_E_ENCRYPTED, NULL);
        return NULL;
    }
    if (st.comp_method != ZIP_CM_STORE && st.comp_method != ZIP_CM_DEFLATE) {
        sheet_fail(err, SHEET_E_DAMAGED, "packed in a way that spreadsheets do not use");
        return NULL;
    }
    if (st.size > most) {
        sheet_fail_limit(err, SHEET_E_UNPACKED, most);
        return NULL;
    }
    file = zip_fopen_index(z->zip, (zip_uint64_t)number, 0);
    if (file == NULL) {
        sheet_fail(err, SHEET_E_DAMAGED, zip_strerror(z->zip));
        return NULL;
    }
    struct part *p = mem_alloc(sizeof(*p));

    *p = (struct part){.xml = XML_ParserCreate(NULL),
                       .file = file,
                       .most = most,
                       .limits = z->limits,
                       .handler = handler,
                       .user = user,
                       .size = st.size,
                       .packed = st.comp_size < z->size ? st.comp_size : z->size};
    if (p->xml == NULL)
        mem_die(0);
    XML_SetUserData(p->xml, p);
    XML_SetElementHandler(p->xml, on_start, on_end);
    XML_SetCharacterDataHandler(p->xml, on_text);
    XML_SetStartDoctypeDeclHandler(p->xml, on_doctype);
    return p;
}

struct part *part_open(struct archive *z, int64_t number, const struct part_handler *handler,
                       void *user, struct sheet_error *err)
{
    return open_within(z, number, z->limits->unpacked_bytes, handler, user, err);
}

void part_close(struct part **p)
{
    if (*p == NULL)
        return;
    XML_ParserFree((*p)->xml);
    zip_fclose((*p)->file);
    free(*p);
    *p = NULL;
}

uint64_t part_size(const struct part *p)
{
    return p->size;
}

static int check_growth(const struct part *p, struct sheet_error *err)
{
    if (p->done > p->most)
        return sheet_fail_limit(err, SHEET_E_UNPACKED, p->most);
    if (p->done > RATIO_FROM && p->done / p->limits->ratio > p->packed)
        return sheet_fail_limit(err, SHEET_E_RATIO, p->limits->ratio);
    if (p->done - p->event_at > p->limits->token_bytes)
        return sheet_fail_limit(err, SHEET_E_TOKEN, p->limits->token_bytes);
    return 0;
}

static int fail_xml(const struct part *p, struct sheet_error *err)
{
    enum XML_Error code = XML_GetErrorCode(p->xml);

    if (p->failed.code != SHEET_OK) {
        *err = p->failed;
        return -1;
    }
    return sheet_fail(err, SHEET_E_DAMAGED, XML_ErrorString(code));
}

/* Gives the parser its next piece. */
static int feed(struct part *p, enum XML_Status *status, struct sheet_error *err)
{
    void *to = XML_GetBuffer(p->xml, CHUNK);

    if (to == NULL)
        return fail_xml(p, err);
    zip_int64_t n = zip_fread(p->file, to, CHUNK);

    if (n < 0)
        return sheet_fail(err, SHEET_E_DAMAGED, zip_error_strerror(zip_file_get_error(p->file)));
    p->done += (uint64_t)n;
    p->last = n == 0;
    if (check_growth(p, err) < 0)
        return -1;
    *status = XML_ParseBuffer(p->xml, (int)n, n == 0);
    return 0;
}

int part_run(struct part *p, uint64_t *done, struct sheet_error *err)
{
    for (;;) {
        enum XML_Status status = XML_STATUS_ERROR;

        if (p->paused)
            status = XML_ResumeParser(p->xml);
        else if (feed(p, &status, err) < 0)
            return -1;
        *done = p->done;
        p->paused = status == XML_STATUS_SUSPENDED;
        if (p->paused)
            return PART_PAUSE;
        if (status == XML_STATUS_ERROR)
            return fail_xml(p, err);
        if (p->last)
            return 0;
    }
}

int part_read(struct archive *z, int64_t number, const struct part_handler *handler, void *user,
              struct sheet_error *err)
{
    struct part *p = open_within(z, number, z->limits->part_bytes, handler, user, err);
    uint64_t done;

    if (p == NULL)
        return -1;
    int rc = part_run(p, &done, err);

    part_close(&p);
    return rc < 0 ? -1 : 0;
}
