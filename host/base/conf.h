/* conf.h - every option of the host, from one table (conf.c): the configuration file, the
 * command line, the environment, `--help` and `berth config` all read it.
 *
 * Command line beats environment beats file beats default.  In the file a line is
 * `key = value`, `#` begins a comment, relative paths start from the file's folder.  On the command
 * line it is `--key value` or `--key=value` (a switch may stand alone: `--demo`), in the environment
 * BERTH_KEY.  To add an option: a member here and a row in the table. */
#ifndef BERTH_CONF_H
#define BERTH_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct conf_list {
    const char *const *at; /* ends with NULL */
    size_t n;
};

struct conf_pair {
    const char *name, *value;
};

struct conf_pairs {
    const struct conf_pair *at;
    size_t n;
};

/* Sizes are bytes, times milliseconds.  Strings live as long as the conf. */
struct conf {
    /* server */
    const char *listen; /* "127.0.0.1:8080", "[::1]:0", "*:8080"; port 0: any free one */
    const char *data;
    const char *database; /* "sqlite:FILE" or "postgresql://..." */
    const char *public_url; /* "": the address listened on */
    struct conf_list allow_origin;
    const char *log_level;
    const char *ui;    /* the built web UI */
    const char *share; /* labels, templates, sdk */
    bool demo;
    const char *backups; /* "": backups/ in the data directory */
    bool backup_download;
    const char *smtp_url, *smtp_user, *smtp_password, *smtp_from, *smtp_ca;
    bool smtp_plain;
    const char *imap_url, *imap_user, *imap_password, *imap_ca;
    bool imap_plain;
    int64_t imap_every, imap_mail_max;
    struct conf_list net_hosts;
    bool net_private;
    int64_t net_timeout, net_answer;
    const char *scanner; /* clamd: a socket's path or host:port; "": none */

    /* limits */
    int64_t event_threads, pool_threads; /* 0: from the number of cores */
    int64_t max_connections, max_per_address;
    int64_t header_max, body_max, upload_max;
    int64_t header_timeout, request_timeout, idle_timeout, stop_timeout;

    /* plugins */
    struct conf_list plugins, plugin_path;
    struct conf_pairs grant; /* plugin -> "sql, net" */
    const char *scripts;
    bool edit_scripts;
    int64_t script_memory, rule_time, script_time, inline_time;

    /* sessions */
    int64_t session_idle, session_absolute, password_memory, password_parallel;

    /* company: defaults of a new database */
    const char *company, *country, *currency, *timezone, *language;

    struct conf_inside *inside;
};

enum conf_type {
    CONF_BOOL, CONF_INT,
    CONF_SIZE,  /* 512K, 50M, 2G */
    CONF_TIME,  /* 100ms, 30s, 10m, 12h, 7d */
    CONF_TEXT,
    CONF_PICK,  /* one of .choices */
    CONF_PATH,
    CONF_LIST,  /* separated by spaces or commas */
    CONF_PATHS, /* separated by colons */
    CONF_PAIRS, /* `name.KEY = value`, any number */
};

enum {
    CONF_LIVE = 1 << 0,   /* a reload changes it in the running server */
    CONF_SECRET = 1 << 1, /* shown with the password in its URL blanked out */
};

struct conf_option {
    const char *name;
    enum conf_type type;
    size_t offset; /* in struct conf */
    const char *def; /* as one would write it; @x is a place that comes with the program */
    const char *section, *help;
    int64_t min, max; /* both 0: any */
    const char *choices; /* CONF_PICK: the words; CONF_PAIRS: how a key is written */
    unsigned flags;
};

extern const struct conf_option conf_options[]; /* ends with name NULL */

/* An empty conf that takes settings from the command line, and then the rest. */
struct conf *conf_new(void);
void conf_free(struct conf **c);

/* Is "grant.leads" or "listen" an option?  NULL when not; *nearest_r is then a suggestion or NULL. */
const struct conf_option *conf_find(const char *name, const char **nearest_r);

/* Remembers `--name text`.  It is checked by conf_load(). */
void conf_argument(struct conf *c, const char *name, const char *text);

/* Reads defaults, file, environment and arguments into the members.  file NULL: ./berth.conf, else
 * /etc/berth/berth.conf, else none. */
int conf_load(struct conf *c, const char *file, struct buf *err);

/* Reads the file again.  Members marked CONF_LIVE take their new values (call from one thread;
 * others see a pointer or a number change, never half of one); nothing changes on an error. */
int conf_reload(struct conf *c, struct buf *err);

const char *conf_file(const struct conf *c); /* the file read, or NULL */
/* Where a value came from: "default", "berth.conf:3", "BERTH_LISTEN" or "--listen". */
const char *conf_origin(const struct conf *c, const struct conf_option *o);
/* The value as one would write it in the file, passwords blanked out. */
void conf_show(const struct conf *c, const struct conf_option *o, struct buf *out);

const char *conf_pair(const struct conf_pairs *pairs, const char *name); /* NULL: not there */
bool conf_has(const struct conf_list *list, const char *name);

#endif
