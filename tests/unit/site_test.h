/* site_test.h - what tests share that need a whole installation without a server: a site in a folder of its own. */
#ifndef SITE_TEST_H
#define SITE_TEST_H

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/conf.h"
#include "cli/cli.h"
#include "cli/site.h"

/* cli.c asks for the program's commands */
const struct cli_command *const cli_commands[] = {NULL};

static struct site site;
static struct conf *site_conf;
static struct db_conn *conn; /* reads */
static char dir[] = "/tmp/berth-test-site-XXXXXX";

/* A new installation in Shanghai.  clock: what it shows from the first write on, ms; 0: the time that it is. */
static inline int site_up(int64_t clock)
{
    struct buf err = BUF_INIT;

    site_conf = conf_new();
    if (mkdtemp(dir) == NULL)
        return -1;
    conf_argument(site_conf, "data", dir);
    conf_argument(site_conf, "plugin_path", getenv("TEST_PLUGIN_PATH"));
    conf_argument(site_conf, "scripts", dir);
    conf_argument(site_conf, "share", getenv("TEST_SHARE"));
    conf_argument(site_conf, "timezone", "Asia/Shanghai");
    if (conf_load(site_conf, NULL, &err) == 0 && site_load(&site, site_conf, &err) == 0) {
        atomic_store(&site.st.clock, clock);
        if (site_open(&site, NULL, &err) == 0 && (conn = db_reader(site.st.db, &err)) != NULL)
            return 0;
    }
    fprintf(stderr, "%s\n", buf_str(&err));
    return -1;
}

static inline int site_unlink(const char *path, const struct stat *s, int kind, struct FTW *at)
{
    (void)s;
    (void)kind;
    (void)at;
    return remove(path);
}

static inline int close_site(void **state)
{
    (void)state;
    db_conn_close(&conn);
    site_close(&site);
    conf_free(&site_conf);
    return nftw(dir, site_unlink, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void write_as_host(int (*body)(struct berth_ctx *, void *), void *arg)
{
    struct buf err = BUF_INIT;

    if (site_write(&site, body, arg, &err) < 0)
        fail_msg("%s", buf_str(&err));
    buf_free(&err);
}

static inline int sql_body(struct db_conn *w, void *arg)
{
    return db_exec(w, arg) < 0 ? -1 : 0;
}

/* Runs a statement past all hooks. */
static inline void BERTH_PRINTF(1, 2) sql(const char *fmt, ...)
{
    struct buf text = BUF_INIT;
    va_list ap;

    va_start(ap, fmt);
    buf_addv(&text, fmt, ap);
    va_end(ap);
    assert_int_equal(db_write(site.st.db, sql_body, (void *)buf_str(&text)), 0);
    buf_free(&text);
}

/* The number that a question answers; -1: no row. */
static inline int64_t BERTH_PRINTF(1, 2) number(const char *fmt, ...)
{
    struct buf text = BUF_INIT;
    struct db_stmt *s;
    va_list ap;
    int64_t n;

    va_start(ap, fmt);
    buf_addv(&text, fmt, ap);
    va_end(ap);
    s = db_prepare(conn, buf_str(&text));
    n = db_step(s) == DB_ROW ? db_col_int(s, 0) : -1;
    db_reset(s);
    db_settle(conn);
    buf_free(&text);
    return n;
}

#endif
