/* worker.c - the process that answers requests: opens the site, serves it, closes it. */
#include "cli/worker.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/when.h"
#include "cli/demo.h"
#include "cli/listen.h"
#include "cli/site.h"
#include "record/job.h"
#include "record/session.h"
#include "record/timer.h"
#include "service/channel.h"
#include "service/mail.h"
#include "service/mailbox.h"
#include "service/service.h"
#include "web/app.h"
#include "web/pages.h"

struct server {
    struct site site;
    struct app app;
    struct http *http;
    struct static_dir *ui;
    struct pages *pages;
    struct jobs *jobs;
    struct timers *timers;
    struct services *services;
    struct outbox *outbox;
    struct mail_server mail;
    struct out_ways ways;
    struct net net;
    struct mailbox *mailbox; /* NULL: none is read */
    struct imap_box imap;
    pthread_t watch;
    atomic_bool stop;
};

/* ---- scripts: followed while running; a thread stuck in one ends the process --------------------- */
static void *watch(void *arg)
{
    struct server *s = arg;
    char name[SCRIPT_NAME];
    int ticks = 0;

    while (!atomic_load(&s->stop)) {
        usleep(200000);
        if (scripts_overdue(SCRIPT_OVERDUE_MS, name))
            blame_die("script", name, "it could not be stopped"); /* the supervisor leaves it out next time */
        if (++ticks % 5 == 0 && scripts_changed(s->site.scripts, atomic_load(&s->site.st.model)))
            site_reload(&s->site);
    }
    return NULL;
}

/* ---- what is printed for whoever starts it --------------------------------------------------------- */
static int setup_body(struct berth_ctx *c, void *arg)
{
    return session_setup_secret(c, arg);
}

static void greet(struct server *s, int listen_fd)
{
    struct buf url = BUF_INIT, err = BUF_INIT;
    char secret[SECRET_TEXT] = "";

    if (*s->site.conf->public_url != '\0')
        buf_puts(&url, s->site.conf->public_url);
    else
        listen_url(listen_fd, &url);
    if (site_write(&s->site, setup_body, secret, &err) == 0 && secret[0] != '\0')
        fprintf(stderr, "\nBerth is new here.  Make the first administrator (the link works once):\n  %s/setup#%s\n\n",
                buf_str(&url), secret);
    else
        fprintf(stderr, "\nBerth answers at %s\n", buf_str(&url));
    if (s->site.conf->demo)
        demo_print(stderr);
    buf_free(&url);
    buf_free(&err);
}

static uint64_t tag(const char *s)
{
    uint64_t h = (uint64_t)when_now();

    while (*s != '\0')
        h = (h ^ (unsigned char)*s++) * 1099511628211u;
    return h;
}

static int start(struct server *s, int listen_fd, struct buf *err)
{
    const struct conf *c = s->site.conf;
    struct http_config h = {
        .listen_fd = listen_fd,
        .threads = (int)c->event_threads,
        .pool_threads = (int)c->pool_threads,
        .max_connections = (int)c->max_connections,
        .per_address = (int)c->max_per_address,
        .header_max = (size_t)c->header_max,
        .body_max = (size_t)c->body_max,
        .header_ms = c->header_timeout,
        .idle_ms = c->idle_timeout,
        .behind_proxy = c->public_url[0] != '\0', /* it is there for a proxy in front */
        .deadline_ms = c->request_timeout,
        .upload_dir = s->site.files_dir,
        .headers = app_headers,
        .data = &s->app,
        .begin = app_begin,
        .run = app_run,
        .finish = app_finish,
        .done = app_done,
        .error = app_error,
        .thread_new = app_thread_new,
        .thread_free = app_thread_free,
    };

    session_limits(c);
    if (c->demo && demo_load(&s->site, err) < 0)
        return -1;
    s->ui = static_open(c->ui, app_csp, err);
    if (s->ui == NULL)
        return -1;
    s->pages = pages_open(s->site.plugins.plugins, s->site.plugins.n);
    s->app = (struct app){.st = &s->site.st, .ui = s->ui, .scripts = s->site.scripts, .version = BERTH_VERSION, .public_url = c->public_url,
                          .secure = strncmp(c->public_url, "https://", 8) == 0, .demo = c->demo, .inline_ms = c->inline_time,
                          .upload_max = (uint64_t)c->upload_max, .meta_tag = tag(BERTH_VERSION),
                          .pages = s->pages, .edit_scripts = c->edit_scripts, .backup_download = c->backup_download, .started = when_now(),
                          .database = strncmp(c->database, "sqlite:", 7) == 0 ? c->database + 7 : NULL,
                          .left_out = s->site.plugins.left_out};
    inside_ready(&s->app);
    s->net = (struct net){{c->net_hosts, c->net_private, c->net_timeout, (size_t)c->net_answer}, c->grant};
    s->site.st.net = &s->net; /* before the first thread that may reach out */
    fetch_ready();
    s->app.hub = hub_start(&s->site.st); /* first: jobs and timers tell it what they change */
    if ((s->jobs = jobs_start(&s->site.st, err)) == NULL)
        return -1;
    s->timers = timers_start(&s->site.st);
    s->mail = (struct mail_server){c->smtp_url, c->smtp_user, c->smtp_password, c->smtp_from, c->smtp_ca, c->smtp_plain};
    if (*c->smtp_url != '\0' && strchr(c->smtp_from, '@') == NULL) {
        buf_puts(err, "smtp_from: set the address that mails come from");
        return -1;
    }
    s->ways.mail = *c->smtp_url != '\0' ? &s->mail : NULL;
    s->imap = (struct imap_box){c->imap_url, c->imap_user, c->imap_password, c->imap_ca, c->imap_plain, c->imap_every, c->imap_mail_max};
    if (*c->imap_url != '\0' && (s->mailbox = mailbox_start(&s->site.st, &s->imap)) == NULL)
        return -1;
    if ((s->outbox = outbox_start(&s->site.st, &s->ways)) == NULL)
        return -1;
    if ((s->services = services_start(&s->site.st)) == NULL)
        return -1;
    if (pthread_create(&s->watch, NULL, watch, s) != 0)
        return -1;
    s->http = http_start(&h, err);
    return s->http == NULL ? -1 : 0;
}

static int stop(struct server *s)
{
    if (s->app.hub != NULL)
        hub_stop(s->app.hub);
    int left = s->http == NULL ? 0 : http_stop(&s->http, s->site.conf->stop_timeout);

    if (left > 0) {
        log_warn("serve", "%d requests did not end in time", left);
        _exit(1); /* their memory cannot be taken away from under them */
    }
    if (s->jobs != NULL)
        jobs_stop(&s->jobs);
    if (s->mailbox != NULL)
        mailbox_stop(&s->mailbox);
    if (s->services != NULL)
        services_stop(&s->services);
    if (s->timers != NULL)
        timers_stop(&s->timers);
    if (s->outbox != NULL) /* behind all that have something to send: they wake it */
        outbox_stop(&s->outbox);
    atomic_store(&s->stop, true);
    if (s->watch != 0)
        pthread_join(s->watch, NULL);
    if (s->ui != NULL)
        static_close(&s->ui);
    pages_close(&s->pages);
    site_close(&s->site);
    if (s->app.hub != NULL)
        hub_free(&s->app.hub);
    return 0;
}

int worker_main(struct conf *conf, int listen_fd, struct worker_link *link)
{
    struct server s = {0};
    struct buf err = BUF_INIT;
    int rc = 1;

    if (site_load(&s.site, conf, &err) < 0) {
        log_error("serve", "%s", buf_str(&err));
        worker_link_failed(link, buf_str(&err));
    } else if (!worker_link_loaded(link)) {
        rc = 0;
    } else if (site_open(&s.site, &link->scripts_left_out, &err) < 0 || start(&s, listen_fd, &err) < 0) {
        log_error("serve", "%s", buf_str(&err));
        worker_link_failed(link, buf_str(&err));
        stop(&s);
    } else {
        greet(&s, listen_fd);
        worker_link_ready(link);
        while (worker_link_wait(link) == WORKER_RELOAD)
            log_info("serve", "scripts read again, %zu problems", site_reload(&s.site));
        rc = stop(&s);
    }
    buf_free(&err);
    return rc;
}
