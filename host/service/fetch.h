/* fetch.h - HTTP requests of the host's own, to where the operator allows, through libcurl.
 *
 * Only hosts of the list; https (http only where private addresses are allowed); no private
 * address, whatever a name resolves to; no proxy, no redirect: 3xx is an answer like others; limits
 * on time and size.  It waits for the network: never call it in a transaction. */
#ifndef BERTH_FETCH_H
#define BERTH_FETCH_H

#include "base/buf.h"
#include "base/conf.h"

struct fetch_limits {       /* from berth.conf; live as long as the process */
    struct conf_list hosts; /* "api.telegram.org", "*.example.com", "10.0.0.7:8443" */
    bool private_;          /* addresses of this machine and of private networks, and plain http */
    int64_t timeout;        /* ms for the whole of it */
    size_t answer_max;
};

struct fetch {
    const char *method, *url;
    const char *const *headers; /* name, value, ..., NULL */
    const char *body;           /* NULL: none */
    size_t len;
};

enum fetch_rc {
    FETCH_ANSWERED,
    FETCH_DOWN = 1,     /* nobody answered in time */
    FETCH_REFUSED = -1, /* by these limits, or it is no request */
};

/* status and answer: when it was answered.  why: the reason when not; holds nothing of the URL but
 * the host. */
enum fetch_rc fetch(const struct fetch_limits *limits, const struct fetch *f, long *status,
                    struct buf *answer, struct buf *why);
void fetch_ready(void); /* once, before threads */

#endif
