/* stub_worker.c - a worker that can misbehave on request, for the tests of the supervisor.
 *
 *   /            200, the process id                /slow/MS       the same, later; makes DATA/slow
 *   /left-out    what it runs without               /crash/NAME    SIGSEGV in plugin NAME
 *   /overflow/NAME  stack overflow in it            /abort         SIGABRT that names nobody
 *   /script/NAME    the watchdog's end for a script /exit/CODE     leaves
 *
 * "Opening the database" is an exclusive lock on DATA/writer: two writers at once are a failed
 * start. The file DATA/refuse makes loading fail with its text, DATA/stumble makes opening crash.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/when.h"
#include "cli/datadir.h"
#include "cli/worker.h"

static struct worker_link *the_link;
static int in_flight;
static int stop_fd;
static const char *data;

static int depth = 1 << 30;

static int overflow(volatile char *from)
{
    volatile char here[4096];

    here[0] = from != NULL ? from[0] : 'x';
    return depth-- > 0 ? overflow(here) + here[0] : 0;
}

static void die(void)
{
    volatile int *volatile nowhere = (volatile int *)(uintptr_t)64; /* NULL would end in UBSan */

    *nowhere = 1;
}

static void add_list(struct buf *out, const char *kind, const struct conf_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        buf_addf(out, "%s:%s\n", kind, list->at[i]);
}

static void perform(const char *what, const char *arg, struct buf *out)
{
    if (strcmp(what, "slow") == 0) {
        struct buf err = BUF_INIT;

        datadir_write(data, "slow", &err, false, &err); /* the test sees it and goes on */
        usleep((unsigned)atoi(arg) * 1000);
    } else if (strcmp(what, "left-out") == 0) {
        add_list(out, "plugin", &the_link->plugins_left_out);
        add_list(out, "script", &the_link->scripts_left_out);
        return;
    } else if (strcmp(what, "crash") == 0) {
        blame_enter(arg);
        die();
    } else if (strcmp(what, "overflow") == 0) {
        blame_enter(arg);
        overflow(NULL);
    } else if (strcmp(what, "abort") == 0) {
        abort();
    } else if (strcmp(what, "script") == 0) {
        blame_die("script", arg, "ran for 30 s");
    } else if (strcmp(what, "exit") == 0) {
        _exit(atoi(arg));
    }
    buf_addf(out, "%d", (int)getpid());
}

static void *serve_one(void *arg)
{
    struct buf body = BUF_INIT, reply = BUF_INIT;
    char request[4096] = "", what[32] = "", more[64] = "";
    int fd = (int)(intptr_t)arg;

    blame_thread();
    if (recv(fd, request, sizeof(request) - 1, 0) > 0) {
        sscanf(request, "GET /%31[^/ ]/%63[^/ ]", what, more);
        perform(what, more, &body);
        buf_addf(&reply, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
                 body.len, buf_str(&body));
        send(fd, reply.s, reply.len, MSG_NOSIGNAL);
        shutdown(fd, SHUT_WR);
        recv(fd, request, sizeof(request), 0);
    }
    close(fd);
    buf_free(&body);
    buf_free(&reply);
    __atomic_sub_fetch(&in_flight, 1, __ATOMIC_SEQ_CST);
    return NULL;
}

static void *accept_all(void *arg)
{
    struct pollfd fds[] = {{.fd = (int)(intptr_t)arg, .events = POLLIN},
                           {.fd = stop_fd, .events = POLLIN}};

    while (fds[1].revents == 0) {
        int fd;
        pthread_t thread;

        poll(fds, 2, -1);
        while (fds[1].revents == 0 && (fd = accept4(fds[0].fd, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
            __atomic_add_fetch(&in_flight, 1, __ATOMIC_SEQ_CST);
            if (pthread_create(&thread, NULL, serve_one, (void *)(intptr_t)fd) == 0)
                pthread_detach(thread);
        }
    }
    close(fds[0].fd);
    return NULL;
}

static int open_database(void)
{
    struct buf path = BUF_INIT;
    int fd;

    buf_addf(&path, "%s/writer", data);
    fd = open(path.s, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    buf_free(&path);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    return -1;
}

int worker_main(struct conf *conf, int listen_fd, struct worker_link *link)
{
    struct buf text = BUF_INIT;
    pthread_t thread;
    int writer;

    the_link = link;
    data = conf->data;
    if (datadir_read(data, "refuse", &text) == 0) {
        log_error("stub", "%s", buf_str(&text));
        worker_link_failed(link, buf_str(&text));
        buf_free(&text);
        return 1;
    }
    if (!worker_link_loaded(link))
        return 0;
    if (datadir_read(data, "stumble", &text) == 0)
        die();
    writer = open_database();
    if (writer < 0) {
        worker_link_failed(link, "two writers at once");
        return 1;
    }
    stop_fd = eventfd(0, EFD_CLOEXEC);
    if (pthread_create(&thread, NULL, accept_all, (void *)(intptr_t)listen_fd) != 0)
        return 1;
    worker_link_ready(link);
    while (worker_link_wait(link) != WORKER_STOP) {
        struct buf err = BUF_INIT;

        if (conf_reload(conf, &err) < 0)
            log_error("stub", "%s", buf_str(&err));
        else
            log_info("stub", "reloaded, stop_timeout %lld", (long long)conf->stop_timeout);
        buf_free(&err);
    }
    if (write(stop_fd, &(uint64_t){1}, 8) != 8)
        return 1;
    pthread_join(thread, NULL);
    int64_t until = when_monotonic() + conf->stop_timeout;
    while (__atomic_load_n(&in_flight, __ATOMIC_SEQ_CST) > 0 && when_monotonic() < until)
        usleep(5000);
    close(writer);
    close(stop_fd);
    return 0;
}
