/* smtp.c - handing a message to the mail server, through libcurl. */
#include <curl/curl.h>
#include <string.h>

#include "base/when.h"
#include "service/mail.h"

enum { LAST_WORD_MS = 3000 }; /* for the server to say that it took a message, when this one stops */
/* Less than that in so long: it is broken off.  libcurl takes up to 64 KB at once: of a line of 1 KB a second it asks for more
 * once a minute. */
enum { SLOW_MS = 70000, SLOW_BYTES = 32768 };

struct reading {
    const char *s;
    size_t left;
    const atomic_bool *stop;
    int64_t stopping; /* when_monotonic() since which it is; 0: it is not */
    int64_t since;    /* and since when it is watched how much goes out; 0: nothing has yet */
    size_t then;      /* what was left then */
    bool slow;
};

static size_t give(char *to, size_t size, size_t n, void *arg)
{
    struct reading *r = arg;
    size_t len = size * n < r->left ? size * n : r->left;

    memcpy(to, r->s, len);
    r->s += len;
    r->left -= len;
    if (r->since == 0) {
        r->since = when_monotonic();
        r->then = r->left;
    }
    return len;
}

/* Only while a part of it went out and a part is missing: before that, and over a whole one, the server may take its time. */
static bool too_slow(struct reading *r)
{
    int64_t now = when_monotonic();

    if (r->since == 0 || now - r->since < SLOW_MS)
        return false;
    r->slow = r->left > 0 && r->then - r->left < SLOW_BYTES;
    r->since = now;
    r->then = r->left;
    return r->slow;
}

/* Now and then, each second at least.  A message of which a part is missing is none, so it may go again at once; all of
 * one may have been taken, so its answer is waited for a little. */
static int look(void *arg, curl_off_t down_all, curl_off_t down, curl_off_t up_all, curl_off_t up)
{
    struct reading *r = arg;

    (void)down_all, (void)down, (void)up_all, (void)up;
    if (!atomic_load(r->stop))
        return too_slow(r);
    if (r->stopping == 0)
        r->stopping = when_monotonic();
    return r->left > 0 || when_monotonic() - r->stopping >= LAST_WORD_MS;
}

static void set_up(CURL *c, const struct mail_server *s, size_t n, char *error)
{
    curl_easy_setopt(c, CURLOPT_URL, s->url);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(c, CURLOPT_USE_SSL, s->plain ? (long)CURLUSESSL_NONE : (long)CURLUSESSL_ALL);
    curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
    if (s->ca != NULL && *s->ca != '\0')
        curl_easy_setopt(c, CURLOPT_CAINFO, s->ca);
    if (s->user != NULL && *s->user != '\0') {
        curl_easy_setopt(c, CURLOPT_USERNAME, s->user);
        curl_easy_setopt(c, CURLOPT_PASSWORD, s->password);
    }
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, 20L);
    curl_easy_setopt(c, CURLOPT_TIMEOUT, 60 + (long)(n / 50000)); /* with files: 50 KB a second at least */
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, error);
}

enum out_result smtp_send(const struct mail_server *s, const char *to, const char *message, size_t n, const atomic_bool *stop,
                          struct buf *why)
{
    char error[CURL_ERROR_SIZE] = "";
    struct reading r = {.s = message, .left = n, .stop = stop};
    struct curl_slist *rcpt = curl_slist_append(NULL, to);
    CURL *c = curl_easy_init();
    CURLcode rc;
    long code = 0;

    if (c == NULL)
        return OUT_LATER;
    set_up(c, s, n, error);
    curl_easy_setopt(c, CURLOPT_MAIL_FROM, s->from);
    curl_easy_setopt(c, CURLOPT_MAIL_RCPT, rcpt);
    curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(c, CURLOPT_READFUNCTION, give);
    curl_easy_setopt(c, CURLOPT_READDATA, &r);
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, look);
    curl_easy_setopt(c, CURLOPT_XFERINFODATA, &r);
    rc = curl_easy_perform(c);
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &code);
    if (rc != CURLE_OK)
        buf_addf(why, "%s", *error != '\0' ? error : curl_easy_strerror(rc));
    curl_slist_free_all(rcpt);
    curl_easy_cleanup(c);
    if (rc == CURLE_OK)
        return OUT_SENT;
    if (r.slow) {
        buf_clear(why);
        buf_puts(why, "the server takes it too slowly");
        return OUT_LATER;
    }
    if (rc == CURLE_ABORTED_BY_CALLBACK)
        return r.left > 0 ? OUT_STOPPED : OUT_LATER;
    if (code == 0)
        return OUT_DOWN;
    /* 5xx of the server is its last word, unless it is about signing in: that may be put right */
    return code >= 500 && code < 600 && rc != CURLE_LOGIN_DENIED && code != 530 && code != 535 ? OUT_NEVER : OUT_LATER;
}
