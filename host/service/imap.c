/* imap.c - a mailbox through libcurl. */
#include "service/imap.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

enum { ANSWER_MAX = 1 << 20 };

struct imap {
    const struct imap_box *box;
    const atomic_bool *stop;
    CURL *c;
    char error[CURL_ERROR_SIZE];
};

struct taking {
    struct buf *out;
    size_t max;
};

static size_t take(char *s, size_t size, size_t n, void *arg)
{
    struct taking *t = arg;

    if (t->out->len + size * n > t->max)
        return 0;
    buf_add(t->out, s, size * n);
    return size * n;
}

/* Now and then, each second at least. */
static int look(void *arg, curl_off_t down_all, curl_off_t down, curl_off_t up_all, curl_off_t up)
{
    (void)down_all, (void)down, (void)up_all, (void)up;
    return atomic_load((const atomic_bool *)arg);
}

struct imap *imap_open(const struct imap_box *box, const atomic_bool *stop)
{
    struct imap *i = mem_alloc(sizeof(*i));

    i->box = box;
    i->stop = stop;
    i->c = curl_easy_init();
    return i;
}

void imap_close(struct imap **pi)
{
    curl_easy_cleanup((*pi)->c);
    free(*pi);
    *pi = NULL;
}

/* "imaps://host:993" and "/INBOX" */
static size_t host_len(const char *url)
{
    const char *host = strstr(url, "://");

    return host == NULL ? strlen(url) : (size_t)(host + 3 - url) + strcspn(host + 3, "/");
}

static const char *mailbox(const struct imap_box *box)
{
    const char *path = box->url + host_len(box->url);

    return path[0] == '/' && path[1] != '\0' ? path + 1 : "INBOX";
}

static CURLcode ask(struct imap *i, const char *path, const char *request, struct buf *out,
                    size_t max, struct buf *why)
{
    const struct imap_box *b = i->box;
    struct buf url = BUF_INIT;
    struct taking t = {out, max};
    CURLcode rc;

    buf_add(&url, b->url, host_len(b->url));
    buf_addf(&url, "/%s", path);
    buf_clear(out);
    curl_easy_reset(i->c); /* options; the connection stays */
    curl_easy_setopt(i->c, CURLOPT_URL, buf_str(&url));
    curl_easy_setopt(i->c, CURLOPT_PROTOCOLS_STR, "imap,imaps");
    curl_easy_setopt(i->c, CURLOPT_USE_SSL,
                     b->plain ? (long)CURLUSESSL_NONE : (long)CURLUSESSL_ALL);
    curl_easy_setopt(i->c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (b->ca != NULL && *b->ca != '\0')
        curl_easy_setopt(i->c, CURLOPT_CAINFO, b->ca);
    curl_easy_setopt(i->c, CURLOPT_USERNAME, b->user);
    curl_easy_setopt(i->c, CURLOPT_PASSWORD, b->password);
    curl_easy_setopt(i->c, CURLOPT_CONNECTTIMEOUT, 20L);
    curl_easy_setopt(i->c, CURLOPT_TIMEOUT, 120L);
    curl_easy_setopt(i->c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(i->c, CURLOPT_PROXY, "");
    curl_easy_setopt(i->c, CURLOPT_ERRORBUFFER, i->error);
    curl_easy_setopt(i->c, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(i->c, CURLOPT_XFERINFOFUNCTION, look);
    curl_easy_setopt(i->c, CURLOPT_XFERINFODATA, (void *)i->stop);
    curl_easy_setopt(i->c, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(i->c, CURLOPT_WRITEDATA, &t);
    if (request != NULL)
        curl_easy_setopt(i->c, CURLOPT_CUSTOMREQUEST, request);
    i->error[0] = '\0';
    rc = curl_easy_perform(i->c);
    if (rc != CURLE_OK)
        buf_addf(why, "%s", i->error[0] != '\0' ? i->error : curl_easy_strerror(rc));
    buf_free(&url);
    return rc;
}

/* The number behind a word of the answer: "UIDNEXT 45". */
static bool number(const char *s, const char *word, int64_t *out)
{
    const char *at = strstr(s, word);

    if (at == NULL)
        return false;
    *out = strtoll(at + strlen(word), NULL, 10);
    return true;
}

int imap_status(struct imap *i, uint32_t *validity, uint32_t *next, struct buf *why)
{
    struct buf out = BUF_INIT, request = BUF_INIT;
    int64_t v = 0, n = 0;
    int rc = -1;

    buf_addf(&request, "STATUS \"%s\" (UIDVALIDITY UIDNEXT)", mailbox(i->box));
    if (ask(i, "", buf_str(&request), &out, ANSWER_MAX, why) == CURLE_OK) {
        if (number(buf_str(&out), "UIDVALIDITY ", &v) && number(buf_str(&out), "UIDNEXT ", &n)) {
            *validity = (uint32_t)v;
            *next = (uint32_t)n;
            rc = 0;
        } else {
            buf_puts(why, "the server does not say how the mailbox stands");
        }
    }
    buf_free(&out);
    buf_free(&request);
    return rc;
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

int imap_new(struct imap *i, uint32_t after, uint32_t *uids, int max, struct buf *why)
{
    struct buf out = BUF_INIT, request = BUF_INIT;
    uint32_t *all = NULL;
    size_t n = 0;
    int found = -1;

    buf_addf(&request, "UID SEARCH UID %lu:*", (unsigned long)after + 1);
    if (ask(i, mailbox(i->box), buf_str(&request), &out, ANSWER_MAX * 8, why) == CURLE_OK) {
        const char *s = strstr(buf_str(&out), "SEARCH");
        char *end;

        all = mem_alloc((out.len / 2 + 1) * sizeof(*all));
        for (s = s == NULL ? "" : s + 6;; s = end) {
            unsigned long uid = strtoul(s, &end, 10);

            if (end == s)
                break;
            if (uid > after && uid <= UINT32_MAX) /* "n:*" always holds the last one, too */
                all[n++] = (uint32_t)uid;
        }
        qsort(all, n, sizeof(*all), by_number);
        for (found = 0; found < max && (size_t)found < n; found++)
            uids[found] = all[found];
    }
    free(all);
    buf_free(&out);
    buf_free(&request);
    return found;
}

int imap_fetch(struct imap *i, uint32_t validity, uint32_t uid, struct buf *mail, bool *whole,
               struct buf *why)
{
    struct buf text = BUF_INIT;
    int64_t size = 0;
    CURLcode rc;

    buf_addf(&text, "UID FETCH %lu (RFC822.SIZE)", (unsigned long)uid);
    rc = ask(i, mailbox(i->box), buf_str(&text), mail, ANSWER_MAX, why);
    if (rc == CURLE_OK && !number(buf_str(mail), "RFC822.SIZE ", &size)) {
        buf_free(&text);
        return 1; /* somebody deleted it meanwhile */
    }
    *whole = size <= i->box->mail_max;
    buf_clear(&text);
    buf_addf(&text, "%s;UIDVALIDITY=%lu/;UID=%lu%s", mailbox(i->box), (unsigned long)validity,
             (unsigned long)uid, *whole ? "" : "/;SECTION=HEADER");
    if (rc == CURLE_OK)
        rc = ask(i, buf_str(&text), NULL, mail,
                 *whole ? (size_t)i->box->mail_max + ANSWER_MAX : ANSWER_MAX, why);
    buf_free(&text);
    return rc == CURLE_OK ? 0 : -1;
}
