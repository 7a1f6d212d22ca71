/* plain_mhd_server.c - the same fixed answers from nothing but libmicrohttpd's own thread pool:
 * what the server's figures are compared with.  Prints its port, ends at SIGTERM. */
#include <microhttpd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char big[10240];

static enum MHD_Result answer(void *cls, struct MHD_Connection *c, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *size, void **context)
{
    static int seen;
    static char small[] = "{\"ok\":true}";
    struct MHD_Response *r;
    enum MHD_Result ok;

    (void)cls, (void)method, (void)version, (void)data, (void)size;
    if (*context == NULL) {
        *context = &seen;
        return MHD_YES;
    }
    if (strcmp(url, "/big") == 0)
        r = MHD_create_response_from_buffer(sizeof(big), big, MHD_RESPMEM_MUST_COPY);
    else
        r = MHD_create_response_from_buffer(sizeof(small) - 1, small, MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(r, "Content-Type", "application/json");
    ok = MHD_queue_response(c, 200, r);
    MHD_destroy_response(r);
    return ok;
}

int main(int argc, char **argv)
{
    unsigned threads = argc > 1 ? (unsigned)atoi(argv[1]) : 4;
    struct MHD_Daemon *d;
    sigset_t set;
    int sig;

    memset(big, 'x', sizeof(big));
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    d = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, answer, NULL,
                         MHD_OPTION_THREAD_POOL_SIZE, threads, MHD_OPTION_END);
    if (d == NULL)
        return 1;
    printf("%u\n", (unsigned)MHD_get_daemon_info(d, MHD_DAEMON_INFO_BIND_PORT)->port);
    fflush(stdout);
    sigwait(&set, &sig);
    MHD_stop_daemon(d);
    return 0;
}
