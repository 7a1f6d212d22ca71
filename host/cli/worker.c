/* worker.c - placeholder of the process that answers requests: says 200 to everything. */
#include "cli/worker.h"

#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

static void *answer(void *arg)
{
    static const char reply[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    struct pollfd p = {.fd = (int)(intptr_t)arg, .events = POLLIN};
    char request[4096];

    for (;;) {
        poll(&p, 1, -1);
        int fd = accept(p.fd, NULL, NULL);

        if (fd < 0)
            continue;
        if (recv(fd, request, sizeof(request), 0) > 0)
            send(fd, reply, sizeof(reply) - 1, MSG_NOSIGNAL);
        shutdown(fd, SHUT_WR);
        close(fd);
    }
    return NULL;
}

int worker_main(struct conf *conf, int listen_fd, struct worker_link *link)
{
    pthread_t thread;

    (void)conf;
    if (!worker_link_loaded(link))
        return 0;
    if (pthread_create(&thread, NULL, answer, (void *)(intptr_t)listen_fd) != 0)
        return 1;
    pthread_detach(thread);
    worker_link_ready(link);
    while (worker_link_wait(link) != WORKER_STOP)
        ;
    return 0;
}
