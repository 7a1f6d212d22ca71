/* static.h - serves a folder of built web UI files from memory.
 *
 * Everything is read once, when the folder is opened: a request only looks a path up in a table,
 * so there is nothing to traverse, list or follow.  Files whose name begins with a dot and
 * symbolic links are left out.  `x.js.gz` and `x.js.br` are other forms of `x.js`, chosen by
 * Accept-Encoding.  Files below /assets/ carry a hash in their name and never change; all others
 * are asked for again each time (ETag).  A path without a file extension answers with index.html:
 * the UI's router owns it. */
#ifndef BERTH_STATIC_H
#define BERTH_STATIC_H

#include "web/http.h"

struct static_dir;

/* The policy for pages when static_open() is given none. */
#define STATIC_CSP                                                                                 \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "        \
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; "                \
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

/* csp: the Content-Security-Policy of HTML pages, NULL for STATIC_CSP.  A folder that does not
 * exist is no error: one page then says how to build the UI.  NULL: unreadable or too large. */
struct static_dir *static_open(const char *dir, const char *csp, struct buf *err);
void static_close(struct static_dir **s); /* no request may be using it */

/* Answers GET and HEAD for req->path (others 405).  Quick; needs no pool. */
void static_serve(const struct static_dir *s, struct http_req *req);

#endif
