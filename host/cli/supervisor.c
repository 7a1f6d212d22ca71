/* supervisor.c - starts the worker, restarts it when it dies, replaces it on an upgrade.
 *
 * A single thread waits for signals and for what the workers say.  While no worker accepts, clients
 * wait in the listening socket's queue.  In an upgrade the new worker loads beside the old one;
 * when it is loaded, the old one is told to stop, and when that has left, the new one may write. */
#include "cli/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/when.h"
#include "cli/cli.h"
#include "cli/datadir.h"
#include "cli/link.h"
#include "cli/listen.h"
#include "cli/quarantine.h"

/* How long (ms) the next worker waits after so many deaths in a row.  One that had become ready is
 * succeeded soon, because clients wait; one that never did is likely to fail again. */
static const int64_t backoff[] = {0, 200, 500, 1000, 2000, 5000, 10000, 30000};
enum { BACKOFFS = sizeof(backoff) / sizeof(backoff[0]), LONGEST_AFTER_READY = 200 };

enum {
    GROWN_UP = 5000,      /* ms ready: the next death counts as a first one */
    LOAD_TIMEOUT = 60000, /* ms for the new worker of an upgrade to load */
    KILL_AFTER = 5000,    /* ms beyond stop_timeout before a stopping worker is killed */
    HOPELESS = 8,         /* deaths before the first readiness after which we give up */
};

enum phase { NONE, LOADING, LOADED, OPENING, READY, STOPPING };

struct worker {
    enum phase phase;
    pid_t pid;
    int link;
    struct crash_page *page;
    int64_t since;   /* monotonic: when it entered its phase */
    int64_t kill_at; /* monotonic; 0: not to be killed */
    char why[400];   /* why it failed, in its own words */
};

struct supervisor {
    struct conf *conf;
    char *const *argv;
    char exe[PATH_MAX];
    int listen_fd, lock_fd, signal_fd;
    struct worker now, next; /* next: while upgrading */
    int64_t restart_at;      /* monotonic; 0: nothing to restart */
    int deaths;              /* in a row, without growing up */
    bool upgrading, stopping;
    int exit_code; /* once stopping */
    struct server_state state;
    struct crash_log crashes;
};

/* ---- telling others ---- */

/* systemd's protocol: READY=1 to the datagram socket it names. */
static void notify_systemd(const char *text)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd;

    if (path == NULL || strlen(path) >= sizeof(to.sun_path))
        return;
    memcpy(to.sun_path, path, strlen(path));
    if (to.sun_path[0] == '@')
        to.sun_path[0] = '\0';
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    if (sendto(fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&to,
               (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path))) < 0)
        log_warn("serve", "cannot notify systemd: %s", strerror(errno));
    close(fd);
}

static void write_state(struct supervisor *s)
{
    struct buf err = BUF_INIT;
    const char *phase = s->stopping             ? "stopping"
                        : s->next.phase != NONE ? "upgrading"
                        : s->now.phase == READY ? "ready"
                                                : "starting";

    s->state.supervisor = (int)getpid();
    s->state.worker = (int)s->now.pid;
    snprintf(s->state.phase, sizeof(s->state.phase), "%s", phase);
    if (server_state_write(s->conf->data, &s->state, &err) < 0)
        log_error("serve", "%s", buf_str(&err));
    buf_free(&err);
}

static void tell(struct worker *w, enum link_byte byte)
{
    const char b = (char)byte;

    if (w->phase != NONE && w->link >= 0 && send(w->link, &b, 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        log_warn("serve", "cannot reach worker %d: %s", (int)w->pid, strerror(errno));
}

/* ---- starting and stopping ---- */

static void enter(struct worker *w, enum phase phase)
{
    w->phase = phase;
    w->since = when_monotonic();
}

/* argv of the worker: ours, with the descriptors and the quarantine behind "serve". */
static char **worker_argv(struct supervisor *s, struct arena *a, int link, int page)
{
    struct quarantine q;
    int n = 0, given = 0;
    char **out;

    quarantine_read(s->conf->data, &q);
    while (s->argv[given] != NULL)
        given++;
    out = arena_alloc(a, (size_t)(given + q.n + 2) * sizeof(*out));
    out[n++] = s->exe;
    out[n++] = s->argv[1];
    out[n++] = arena_fmt(a, "--worker=%d,%d,%d,%d", s->listen_fd, link, page, s->lock_fd);
    for (int i = 0; i < q.n; i++)
        out[n++] = arena_fmt(a, "--left-out=%s:%s", q.at[i].kind, q.at[i].name);
    for (int i = 2; i < given; i++)
        out[n++] = s->argv[i];
    return out;
}

/* In the child: becomes the worker.  The worker dies with its supervisor. */
static _Noreturn void become_worker(struct supervisor *s, char **argv, int link, int page,
                                    pid_t parent)
{
    const int inherited[] = {s->listen_fd, link, page, s->lock_fd};
    sigset_t none;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    for (size_t i = 0; i < sizeof(inherited) / sizeof(inherited[0]); i++)
        fcntl(inherited[i], F_SETFD, 0);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execv(s->exe, argv);
    log_error("serve", "cannot run %s: %s", s->exe, strerror(errno));
    _exit(CLI_FAILED);
}

static int start_worker(struct supervisor *s, struct worker *w)
{
    struct arena *a = arena_new();
    pid_t parent = getpid();
    int pair[2] = {-1, -1}, page = memfd_create("berth-crash-page", MFD_CLOEXEC);

    *w = (struct worker){.phase = NONE};
    if (page < 0 || ftruncate(page, sizeof(*w->page)) < 0 ||
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
        log_error("serve", "cannot start a worker: %s", strerror(errno));
        if (page >= 0)
            close(page);
        arena_free(&a);
        return -1;
    }
    w->page = mmap(NULL, sizeof(*w->page), PROT_READ | PROT_WRITE, MAP_SHARED, page, 0);
    w->link = pair[0];
    w->pid = w->page != MAP_FAILED ? fork() : -1;
    if (w->pid == 0)
        become_worker(s, worker_argv(s, a, pair[1], page), pair[1], page, parent);
    close(pair[1]);
    close(page);
    arena_free(&a);
    if (w->pid < 0) {
        log_error("serve", "cannot start a worker: %s", strerror(errno));
        close(pair[0]);
        *w = (struct worker){.phase = NONE};
        return -1;
    }
    enter(w, LOADING);
    log_debug("serve", "worker %d starts", (int)w->pid);
    return 0;
}

static void stop_worker(struct supervisor *s, struct worker *w)
{
    if (w->phase == NONE || w->phase == STOPPING)
        return;
    tell(w, LINK_STOP);
    enter(w, STOPPING);
    w->kill_at = w->since + s->conf->stop_timeout + KILL_AFTER;
}

static void plan_restart(struct supervisor *s, bool was_ready)
{
    int64_t wait = backoff[s->deaths < BACKOFFS ? s->deaths : BACKOFFS - 1];

    if (was_ready && wait > LONGEST_AFTER_READY)
        wait = LONGEST_AFTER_READY;
    s->deaths++;
    s->restart_at = when_monotonic() + wait;
    if (wait > 0)
        log_info("serve", "next worker starts in %lld ms", (long long)wait);
}

static void restart(struct supervisor *s)
{
    s->restart_at = 0;
    if (start_worker(s, &s->now) < 0)
        plan_restart(s, false);
    write_state(s);
}

static void stop(struct supervisor *s)
{
    s->stopping = true;
    s->restart_at = 0;
    log_info("serve", "stopping");
    notify_systemd("STOPPING=1");
    /* The worker closes its copy too; from then on clients are refused instead of left waiting. */
    close(s->listen_fd);
    s->listen_fd = -1;
    stop_worker(s, &s->now);
    stop_worker(s, &s->next);
    write_state(s);
}

static void kill_worker(struct worker *w)
{
    if (w->phase != NONE)
        kill(w->pid, SIGKILL);
}

/* ---- upgrades ---- */

static void end_upgrade(struct supervisor *s, const char *how)
{
    s->upgrading = false;
    s->state.upgrades++;
    snprintf(s->state.upgrade, sizeof(s->state.upgrade), "%s", how);
    if (strcmp(how, "ok") == 0)
        log_info("serve", "upgrade: worker %d has taken over", (int)s->now.pid);
    else
        log_error("serve", "upgrade: %s", how);
}

static void begin_upgrade(struct supervisor *s)
{
    if (s->upgrading)
        return;
    if (s->now.phase != READY) {
        end_upgrade(s, "no worker is ready");
    } else if (start_worker(s, &s->next) < 0) {
        end_upgrade(s, "the new worker cannot be started");
    } else {
        s->upgrading = true;
        s->next.kill_at = s->next.since + LOAD_TIMEOUT;
        log_info("serve", "upgrade: worker %d loads", (int)s->next.pid);
    }
    write_state(s);
}

/* The old worker has left: the new one may write. */
static void promote(struct supervisor *s)
{
    s->now = s->next;
    s->next = (struct worker){.phase = NONE};
    s->now.kill_at = 0;
    if (s->now.phase == LOADED) {
        tell(&s->now, LINK_GO);
        enter(&s->now, OPENING);
    }
}

/* ---- what workers say ---- */

static void on_ready(struct supervisor *s, struct worker *w)
{
    if (w->phase == STOPPING)
        return;
    enter(w, READY);
    s->state.starts++;
    log_info("serve", "worker %d is ready", (int)w->pid);
    if (s->upgrading && w == &s->now)
        end_upgrade(s, "ok");
    write_state(s);
    if (s->state.starts == 1) {
        printf("listening on %s/\n", s->state.url);
        fflush(stdout);
        notify_systemd("READY=1");
    }
}

static void on_loaded(struct supervisor *s, struct worker *w)
{
    if (w->phase != LOADING)
        return;
    if (w == &s->now) {
        tell(w, LINK_GO);
        enter(w, OPENING);
        return;
    }
    enter(w, LOADED);
    w->kill_at = 0;
    stop_worker(s, &s->now);
    if (s->now.phase == NONE) /* it has died meanwhile */
        promote(s);
}

static void on_message(struct supervisor *s, struct worker *w)
{
    char message[512];
    ssize_t n = recv(w->link, message, sizeof(message) - 1, MSG_DONTWAIT);

    if (n == 0) { /* the worker's end follows by SIGCHLD */
        close(w->link);
        w->link = -1;
    }
    if (n <= 0)
        return;
    message[n] = '\0';
    if (message[0] == LINK_LOADED)
        on_loaded(s, w);
    else if (message[0] == LINK_READY)
        on_ready(s, w);
    else if (message[0] == LINK_FAILED)
        snprintf(w->why, sizeof(w->why), "%.*s", (int)sizeof(w->why) - 1, message + 1);
}

/* ---- the end of a worker ---- */

static void quarantine_culprit(struct supervisor *s, const struct crash_page *page)
{
    struct buf err = BUF_INIT;
    struct quarantine q;
    struct culprit *c;

    quarantine_read(s->conf->data, &q);
    if (quarantine_has(&q, page->kind, page->name))
        return;
    if (q.n == QUARANTINE_MAX) {
        log_error("serve", "cannot leave out %s %s: too many are left out", page->kind, page->name);
        return;
    }
    c = &q.at[q.n++];
    snprintf(c->kind, sizeof(c->kind), "%s", page->kind);
    snprintf(c->name, sizeof(c->name), "%s", page->name);
    snprintf(c->why, sizeof(c->why), "%d crashes, last: %s", CRASHES_TO_QUARANTINE, page->why);
    when_time_format(when_now(), c->since);
    if (quarantine_write(s->conf->data, &q, &err) < 0)
        log_error("serve", "%s", buf_str(&err));
    log_error("serve",
              "%s %s is left out from now on after %s; berth quarantine --lift %s lets it back",
              c->kind, c->name, c->why, c->name);
    buf_free(&err);
}

/* Nothing works without base, and a name with a space could not be written down. */
static bool can_be_left_out(const struct crash_page *page)
{
    return page->name[0] != '\0' && strcmp(page->name, "base") != 0 &&
           strpbrk(page->name, " \t\n") == NULL;
}

/* Takes the page's memory away from the worker that shared it: strings end, whatever it wrote. */
static void count_crash(struct supervisor *s, struct crash_page *page)
{
    page->kind[sizeof(page->kind) - 1] = '\0';
    page->name[sizeof(page->name) - 1] = '\0';
    page->why[sizeof(page->why) - 1] = '\0';
    if (page->signal == 0 || !can_be_left_out(page))
        return;
    if (crash_log_add(&s->crashes, page, when_monotonic()))
        quarantine_culprit(s, page);
}

static void log_death(const struct worker *w, int status)
{
    const struct crash_page *page = w->page;

    if (page->signal != 0)
        log_error("serve", "worker %d crashed%s%s%s%s: %s", (int)w->pid,
                  page->name[0] ? " in " : "", page->kind, page->name[0] ? " " : "", page->name,
                  page->why);
    else if (WIFSIGNALED(status))
        log_error("serve", "worker %d was killed by signal %d", (int)w->pid, WTERMSIG(status));
    else if (WEXITSTATUS(status) != 0)
        log_error("serve", "worker %d left with code %d", (int)w->pid, WEXITSTATUS(status));
}

static void bury(struct worker *w)
{
    if (w->link >= 0)
        close(w->link);
    munmap(w->page, sizeof(*w->page));
    *w = (struct worker){.phase = NONE};
}

static void fail_upgrade(struct supervisor *s, const struct worker *w)
{
    struct buf why = BUF_INIT;

    buf_addf(&why, "the new worker failed%s%s", w->why[0] ? ": " : "", w->why);
    end_upgrade(s, buf_str(&why));
    buf_free(&why);
}

/* Is it pointless to try again?  A start that fails by itself will fail again. */
static bool is_hopeless(const struct supervisor *s, int status, bool crashed)
{
    if (s->state.starts > 0)
        return false;
    return (!crashed && WIFEXITED(status)) || s->deaths + 1 >= HOPELESS;
}

static void on_death(struct supervisor *s, int status)
{
    bool crashed = s->now.page->signal != 0 || WIFSIGNALED(status);
    bool asked = s->now.phase == STOPPING, was_ready = s->now.phase == READY;

    if (s->upgrading && s->now.phase == OPENING)
        fail_upgrade(s, &s->now);
    if (was_ready && when_monotonic() - s->now.since >= GROWN_UP)
        s->deaths = 0;
    bury(&s->now);
    if (s->stopping)
        return;
    if (s->next.phase == LOADED || s->next.phase == LOADING) {
        promote(s);
    } else if (is_hopeless(s, status, crashed)) {
        s->stopping = true;
        s->exit_code =
            WIFEXITED(status) && WEXITSTATUS(status) != 0 ? WEXITSTATUS(status) : CLI_FAILED;
        log_error("serve", "the server does not start");
    } else if (asked) {
        restart(s); /* the upgrade's new worker died while the old one stopped */
    } else {
        plan_restart(s, was_ready);
    }
}

static void reap(struct supervisor *s)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        struct worker *w = pid == s->now.pid ? &s->now : pid == s->next.pid ? &s->next : NULL;

        if (w == NULL)
            continue;
        on_message(s, w); /* its last words */
        log_death(w, status);
        count_crash(s, w->page);
        if (w == &s->now) {
            on_death(s, status);
        } else {
            if (!s->stopping)
                fail_upgrade(s, w);
            bury(w);
        }
        write_state(s);
    }
}

/* ---- the loop ---- */

/* The worker does the same and reports what is wrong with the file. */
static void reload(struct supervisor *s)
{
    struct buf err = BUF_INIT;

    if (conf_reload(s->conf, &err) == 0)
        cli_set_log_level(s->conf);
    buf_free(&err);
    log_info("serve", "reloading");
    tell(&s->now, LINK_RELOAD);
}

static void on_signal(struct supervisor *s)
{
    struct signalfd_siginfo info;

    if (read(s->signal_fd, &info, sizeof(info)) != sizeof(info))
        return;
    switch (info.ssi_signo) {
    case SIGCHLD:
        reap(s);
        break;
    case SIGHUP:
        reload(s);
        break;
    case SIGUSR2:
        if (!s->stopping)
            begin_upgrade(s);
        break;
    default: /* SIGTERM, SIGINT; the second one means now */
        if (s->stopping) {
            s->exit_code = CLI_FAILED;
            kill_worker(&s->now);
            kill_worker(&s->next);
        } else {
            stop(s);
        }
    }
}

static void kill_overdue(struct worker *w, int64_t now)
{
    if (w->phase == NONE || w->kill_at == 0 || now < w->kill_at)
        return;
    log_warn("serve", "worker %d takes too long to %s: killed", (int)w->pid,
             w->phase == STOPPING ? "stop" : "load");
    snprintf(w->why, sizeof(w->why), "it took too long to load");
    w->kill_at = 0;
    kill_worker(w);
}

static int ms_until(const struct supervisor *s, int64_t now)
{
    const int64_t deadlines[] = {s->restart_at, s->now.phase != NONE ? s->now.kill_at : 0,
                                 s->next.phase != NONE ? s->next.kill_at : 0};
    int64_t least = 3600000;

    for (size_t i = 0; i < sizeof(deadlines) / sizeof(deadlines[0]); i++)
        if (deadlines[i] != 0 && deadlines[i] - now < least)
            least = deadlines[i] > now ? deadlines[i] - now : 0;
    return (int)least;
}

static void run_once(struct supervisor *s)
{
    struct worker *const workers[] = {&s->now, &s->next};
    struct pollfd fds[3] = {{.fd = s->signal_fd, .events = POLLIN}};
    int64_t now = when_monotonic();

    for (int i = 0; i < 2; i++)
        fds[i + 1] = (struct pollfd){.fd = workers[i]->phase != NONE ? workers[i]->link : -1,
                                     .events = POLLIN};
    if (poll(fds, 3, ms_until(s, now)) > 0) {
        for (int i = 0; i < 2; i++)
            if (fds[i + 1].revents != 0)
                on_message(s, workers[i]);
        if (fds[0].revents != 0)
            on_signal(s);
    }
    now = when_monotonic();
    kill_overdue(&s->now, now);
    kill_overdue(&s->next, now);
    if (s->restart_at != 0 && now >= s->restart_at)
        restart(s);
}

static int watch_signals(void)
{
    static const int wanted[] = {SIGCHLD, SIGHUP, SIGTERM, SIGINT, SIGUSR2};
    sigset_t set;

    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
        sigaddset(&set, wanted[i]);
    sigprocmask(SIG_SETMASK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int supervisor_run(struct conf *conf, char *const *argv, int listen_fd, int lock_fd)
{
    struct supervisor *s = mem_alloc(sizeof(*s));
    struct buf url = BUF_INIT;
    ssize_t n = readlink("/proc/self/exe", s->exe, sizeof(s->exe) - 1);
    int rc;

    if (n < 0)
        snprintf(s->exe, sizeof(s->exe), "%s", argv[0]);
    s->conf = conf;
    s->argv = argv;
    s->listen_fd = listen_fd;
    s->lock_fd = lock_fd;
    s->signal_fd = watch_signals();
    listen_url(listen_fd, &url);
    snprintf(s->state.url, sizeof(s->state.url), "%s", buf_str(&url));
    buf_free(&url);

    restart(s);
    while (!s->stopping || s->now.phase != NONE || s->next.phase != NONE)
        run_once(s);
    close(s->signal_fd);
    rc = s->exit_code;
    free(s);
    return rc;
}
