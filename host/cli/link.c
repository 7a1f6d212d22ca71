/* link.c - the worker's end of the link. */
#include "cli/link.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/listen.h"

static int watch_signals(void)
{
    sigset_t set;

    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_SETMASK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC);
}

void worker_link_open(struct worker_link *l, int fd, int listen_fd, int page_fd)
{
    l->fd = fd;
    l->listen_fd = listen_fd;
    l->page = NULL;
    l->signal_fd = watch_signals();
    if (page_fd >= 0) {
        void *p = mmap(NULL, sizeof(*l->page), PROT_READ | PROT_WRITE, MAP_SHARED, page_fd, 0);

        if (p != MAP_FAILED)
            l->page = p;
        close(page_fd);
    }
    blame_install(l->page);
}

void worker_link_close(struct worker_link *l)
{
    close(l->signal_fd);
    if (l->fd >= 0)
        close(l->fd);
}

static void tell(struct worker_link *l, const char *bytes, size_t n)
{
    if (l->fd >= 0 && send(l->fd, bytes, n, MSG_NOSIGNAL) < 0) {
        /* the supervisor is gone; worker_link_wait() will see it */
    }
}

bool worker_link_loaded(struct worker_link *l)
{
    if (l->fd < 0)
        return true;
    tell(l, (const char[]){LINK_LOADED}, 1);
    for (;;) {
        char byte;
        ssize_t n = recv(l->fd, &byte, 1, 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0 || byte == LINK_STOP)
            return false;
        if (byte == LINK_GO)
            return true;
    }
}

void worker_link_ready(struct worker_link *l)
{
    struct buf url = BUF_INIT;

    if (l->fd >= 0) {
        tell(l, (const char[]){LINK_READY}, 1);
        return;
    }
    listen_url(l->listen_fd, &url);
    printf("listening on %s/\n", buf_str(&url));
    fflush(stdout);
    buf_free(&url);
}

void worker_link_failed(struct worker_link *l, const char *why)
{
    char message[512];
    int n = snprintf(message, sizeof(message), "%c%s", LINK_FAILED, why);

    tell(l, message, n < (int)sizeof(message) ? (size_t)n : sizeof(message) - 1);
}

/* A second SIGINT or SIGTERM ends a process without supervisor at once. */
static void let_signals_kill(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

enum worker_order worker_link_wait(struct worker_link *l)
{
    struct pollfd fds[] = {{.fd = l->signal_fd, .events = POLLIN}, {.fd = l->fd, .events = POLLIN}};

    for (;;) {
        struct signalfd_siginfo info;
        char byte;

        if (poll(fds, 2, -1) < 0)
            continue;
        if (fds[1].revents != 0) {
            if (recv(l->fd, &byte, 1, 0) <= 0 || byte == LINK_STOP)
                return WORKER_STOP;
            if (byte == LINK_RELOAD)
                return WORKER_RELOAD;
        }
        if (fds[0].revents != 0 && read(l->signal_fd, &info, sizeof(info)) == sizeof(info)) {
            /* Ctrl-C reaches the whole process group: the supervisor decides. */
            if (info.ssi_signo == SIGINT && l->fd >= 0)
                continue;
            if (info.ssi_signo == SIGHUP)
                return WORKER_RELOAD;
            if (l->fd < 0)
                let_signals_kill();
            return WORKER_STOP;
        }
    }
}
