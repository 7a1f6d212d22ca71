/* mime.c - reading a mail: headers, the first text that people can read, reports of what was not
 * delivered. */
#include "service/mime.h"

#include <gmime/gmime.h>
#include <string.h>
#include <strings.h>

enum { TEXT_MAX = 200000, DEPTH_MAX = 20, PARTS_MAX = 200, NESTED_MAX = 100 };

void mime_ready(void)
{
    g_mime_init();
}

static const char *whole_text(struct arena *a, const char *s, size_t max)
{
    char *valid = s == NULL ? NULL : g_utf8_make_valid(s, (gssize)strnlen(s, max));
    const char *copy = valid == NULL ? NULL : arena_strdup(a, valid);

    g_free(valid);
    return copy;
}

/* ---- HTML --------------------------------------------------------------------------------------- */
static bool is_tag(const char *s, const char *name)
{
    size_t n = strlen(name);

    return strncasecmp(s, name, n) == 0 && strchr(" \t\r\n/>", s[n]) != NULL;
}

/* Behind the end of what nobody reads: a script, a style. */
static const char *behind(const char *s, const char *end_tag)
{
    const char *end = strcasestr(s, end_tag);

    return end == NULL ? s + strlen(s) : end + strcspn(end, ">");
}

static const char *entity(const char *s, struct buf *out)
{
    static const char *const known[][2] = {{"&amp;", "&"},   {"&lt;", "<"},   {"&gt;", ">"},
                                           {"&quot;", "\""}, {"&nbsp;", " "}, {"&#39;", "'"}};

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strncasecmp(s, known[i][0], strlen(known[i][0])) == 0) {
            buf_puts(out, known[i][1]);
            return s + strlen(known[i][0]);
        }
    buf_putc(out, '&');
    return s + 1;
}

/* The text of a page, roughly: only for reading. */
static const char *without_tags(struct arena *a, const char *s)
{
    struct buf out = BUF_INIT;
    const char *text;

    while (*s != '\0' && out.len < TEXT_MAX) {
        if (*s == '&') {
            s = entity(s, &out);
        } else if (*s != '<') {
            if (*s != '\r' && (*s != '\n' || (out.len > 0 && out.s[out.len - 1] != ' ')))
                buf_putc(&out, *s == '\n' ? ' ' : *s);
            s++;
        } else {
            if (is_tag(s + 1, "br") || is_tag(s + 1, "/p") || is_tag(s + 1, "/div") ||
                is_tag(s + 1, "/tr"))
                buf_putc(&out, '\n');
            if (is_tag(s + 1, "style"))
                s = behind(s, "</style");
            else if (is_tag(s + 1, "script"))
                s = behind(s, "</script");
            else
                s += strcspn(s, ">");
            s += *s == '>';
        }
    }
    text = arena_strdup(a, buf_str(&out));
    buf_free(&out);
    return text;
}

/* ---- parts -------------------------------------------------------------------------------------- */
struct looking {
    struct arena *a;
    struct mime_mail *out;
    const char *html;
    int parts, related; /* related: how many multipart/related we are in */
    bool report;
};

static const char *text_of(struct looking *l, GMimePart *part)
{
    char *text = g_mime_text_part_get_text((GMimeTextPart *)part);
    const char *copy = whole_text(l->a, text, TEXT_MAX);

    g_free(text);
    return copy;
}

/* The bytes of a small part, as they are: message/delivery-status, headers of the mail that came
 * back. */
static const char *bytes_of(struct looking *l, GMimeObject *part)
{
    GMimeStream *mem = g_mime_stream_mem_new();
    GByteArray *bytes;
    const char *copy;

    g_mime_object_write_to_stream(part, NULL, mem);
    bytes = g_mime_stream_mem_get_byte_array((GMimeStreamMem *)mem);
    copy = arena_strndup(l->a, (const char *)bytes->data,
                         bytes->len < TEXT_MAX ? bytes->len : TEXT_MAX);
    g_object_unref(mem);
    return whole_text(l->a, copy, TEXT_MAX);
}

/* "Name: value" of the first line that begins so; NULL. */
static const char *line_of(struct looking *l, const char *text, const char *name)
{
    for (const char *s = text; s != NULL && *s != '\0';
         s = strchr(s, '\n'), s = s == NULL ? NULL : s + 1)
        if (strncasecmp(s, name, strlen(name)) == 0) {
            s += strlen(name);
            s += strspn(s, " \t");
            return arena_strndup(l->a, s, strcspn(s, "\r\n"));
        }
    return NULL;
}

static const char *bare_id(struct arena *a, const char *s)
{
    s += strspn(s, " \t<");
    return arena_strndup(a, s, strcspn(s, ">\r\n \t"));
}

static void report_part(struct looking *l, GMimeObject *part)
{
    const char *text = bytes_of(l, part), *id = line_of(l, text, "Message-ID:"),
               *action = line_of(l, text, "Action:");

    if (action != NULL && strncasecmp(action, "failed", 6) == 0) {
        const char *code = line_of(l, text, "Diagnostic-Code:");

        l->out->why = code != NULL ? code : line_of(l, text, "Status:");
        if (l->out->why == NULL)
            l->out->why = action;
    }
    if (id != NULL && l->out->bounced == NULL)
        l->out->bounced = bare_id(l->a, id);
}

/* A picture of the page itself, such as the logo of a signature, is no attachment. */
static bool is_decoration(struct looking *l, GMimeObject *part, GMimeContentType *type)
{
    return l->related > 0 && g_mime_object_get_content_id(part) != NULL && g_mime_content_type_is_type(type, "image", "*");
}

/* What is in it, unpacked from base64 and the like; false: nothing, or it has no name. */
static bool take_file(struct looking *l, GMimeObject *part)
{
    struct mime_file *f = &l->out->file[l->out->nfiles];
    GMimeStream *mem = g_mime_stream_mem_new();
    GByteArray *bytes;

    *f = (struct mime_file){0};
    if (GMIME_IS_MESSAGE_PART(part)) {
        GMimeMessage *m = g_mime_message_part_get_message((GMimeMessagePart *)part);
        const char *subject = m == NULL ? NULL : whole_text(l->a, g_mime_message_get_subject(m), 120);

        f->name = m == NULL ? NULL : arena_fmt(l->a, "%s.eml", subject == NULL || *subject == '\0' ? "mail" : subject);
        if (m != NULL)
            g_mime_object_write_to_stream((GMimeObject *)m, NULL, mem);
    } else if (GMIME_IS_PART(part)) {
        GMimeDataWrapper *content = g_mime_part_get_content((GMimePart *)part);

        f->name = whole_text(l->a, g_mime_part_get_filename((GMimePart *)part), 400);
        if (content != NULL && f->name != NULL)
            g_mime_data_wrapper_write_to_stream(content, mem);
    }
    bytes = g_mime_stream_mem_get_byte_array((GMimeStreamMem *)mem);
    if (f->name != NULL && bytes != NULL && bytes->len > 0) {
        f->bytes = arena_strndup(l->a, (const char *)bytes->data, bytes->len);
        f->n = bytes->len;
        l->out->nfiles++;
    }
    g_object_unref(mem);
    return f->n > 0;
}

static void look(struct looking *l, GMimeObject *part, int depth);

static void look_inside(struct looking *l, GMimeMultipart *multi, int depth)
{
    int n = g_mime_multipart_get_count(multi);

    for (int i = 0; i < n && l->parts < PARTS_MAX; i++)
        look(l, g_mime_multipart_get_part(multi, i), depth + 1);
}

static void look(struct looking *l, GMimeObject *part, int depth)
{
    GMimeContentType *type = part == NULL ? NULL : g_mime_object_get_content_type(part);

    if (type == NULL || depth > DEPTH_MAX || l->parts++ >= PARTS_MAX) {
        l->out->left_out++;
    } else if (GMIME_IS_MULTIPART(part)) {
        bool related = g_mime_content_type_is_type(type, "multipart", "related");

        l->report = l->report || g_mime_content_type_is_type(type, "multipart", "report");
        l->related += related;
        look_inside(l, (GMimeMultipart *)part, depth);
        l->related -= related;
    } else if (l->report && (g_mime_content_type_is_type(type, "message", "*") ||
                             g_mime_content_type_is_type(type, "text", "rfc822-headers"))) {
        report_part(l, part);
    } else if (GMIME_IS_TEXT_PART(part) && !g_mime_part_is_attachment((GMimePart *)part) &&
               g_mime_content_type_is_type(type, "text", "plain") && l->out->text == NULL) {
        l->out->text = text_of(l, (GMimePart *)part);
    } else if (GMIME_IS_TEXT_PART(part) && !g_mime_part_is_attachment((GMimePart *)part) &&
               g_mime_content_type_is_type(type, "text", "html")) {
        if (l->html == NULL)
            l->html = text_of(l, (GMimePart *)part);
    } else if (is_decoration(l, part, type)) {
        /* nobody misses it */
    } else if (l->out->nfiles == MIME_FILES || !take_file(l, part)) {
        l->out->left_out++;
    }
}

/* ---- headers ------------------------------------------------------------------------------------ */
static const char *first_address(struct arena *a, InternetAddressList *list)
{
    for (int i = 0, n = list == NULL ? 0 : internet_address_list_length(list); i < n; i++) {
        InternetAddress *one = internet_address_list_get_address(list, i);

        if (INTERNET_ADDRESS_IS_MAILBOX(one))
            return whole_text(a, internet_address_mailbox_get_addr((InternetAddressMailbox *)one),
                              254);
    }
    return NULL;
}

static void take_refs(struct arena *a, struct mime_mail *out, int *n, const char *header)
{
    GMimeReferences *refs = header == NULL ? NULL : g_mime_references_parse(NULL, header);
    int all = refs == NULL ? 0 : g_mime_references_length(refs);

    for (int i = all - 1; i >= 0 && *n < MIME_REFS; i--) {
        const char *id = whole_text(a, g_mime_references_get_message_id(refs, i), 250);

        if (id != NULL)
            out->refs[(*n)++] = id;
    }
    if (refs != NULL)
        g_mime_references_free(refs);
}

static void take_headers(struct arena *a, GMimeMessage *m, struct mime_mail *out)
{
    GDateTime *date = g_mime_message_get_date(m);
    int n = 0;

    out->from = first_address(a, g_mime_message_get_from(m));
    out->subject = whole_text(a, g_mime_message_get_subject(m), 2000);
    out->id = whole_text(a, g_mime_message_get_message_id(m), 250);
    if (date != NULL)
        out->at = (int64_t)g_date_time_to_unix(date) * 1000;
    take_refs(a, out, &n, g_mime_object_get_header((GMimeObject *)m, "In-Reply-To"));
    take_refs(a, out, &n, g_mime_object_get_header((GMimeObject *)m, "References"));
}

/* How many parts it says to hold: the parser goes as deep as it is led. */
static int nested(const char *text, size_t len)
{
    int n = 0;

    for (size_t i = 0; i + 10 < len && n <= NESTED_MAX; i++)
        n += strncasecmp(text + i, "multipart/", 10) == 0 ||
             strncasecmp(text + i, "message/rf", 10) == 0;
    return n;
}

static size_t header_len(const char *text, size_t len)
{
    const char *end = memmem(text, len, "\r\n\r\n", 4), *bare = memmem(text, len, "\n\n", 2);

    return end != NULL ? (size_t)(end - text) + 4 : bare != NULL ? (size_t)(bare - text) + 2 : len;
}

bool mime_read(struct arena *a, const char *text, size_t len, bool whole, struct mime_mail *out)
{
    bool body = whole && nested(text, len) <= NESTED_MAX;
    GMimeStream *mem = g_mime_stream_mem_new_with_buffer(text, body ? len : header_len(text, len));
    GMimeParser *parser = g_mime_parser_new_with_stream(mem);
    GMimeMessage *m = g_mime_parser_construct_message(parser, NULL);
    struct looking l = {.a = a, .out = out};

    *out = (struct mime_mail){0};
    if (m != NULL) {
        take_headers(a, m, out);
        if (body)
            look(&l, g_mime_message_get_mime_part(m), 0);
        else
            out->left_out = 1;
        if (out->text == NULL)
            out->text = l.html == NULL ? "" : without_tags(a, l.html);
        if (!l.report || out->why == NULL)
            out->bounced = NULL;
        g_object_unref(m);
    }
    g_object_unref(parser);
    g_object_unref(mem);
    return m != NULL && out->from != NULL;
}
