/* listen.h - the listening socket. */
#ifndef BERTH_LISTEN_H
#define BERTH_LISTEN_H

#include "base/buf.h"

/* Opens "127.0.0.1:8080", "[::1]:0", "*:8080" or "name:port"; non-blocking, close-on-exec.  Returns
 * the descriptor or -1. */
int listen_open(const char *address, struct buf *err);
/* "http://127.0.0.1:8080", with the port that was really taken. */
void listen_url(int fd, struct buf *out);
/* Connects to a URL such as listen_url() gives.  Returns the descriptor or -1. */
int listen_connect(const char *url, struct buf *err);

#endif
