/* site.h - an installation opened: plugins, database, model, scripts.  The server and the commands
 * that work on the data start here. */
#ifndef BERTH_SITE_H
#define BERTH_SITE_H

#include "base/conf.h"
#include "lua/script.h"
#include "plugin/plugin.h"
#include "record/store.h"

struct app;

struct site {
    const struct conf *conf;
    struct plugin_set plugins;
    struct model *bare; /* what plugins alone declare, checked before the database is touched */
    struct store st;
    struct scripts *scripts;
    struct app *app; /* what host->call() and berth.call() reach where no server runs */
    const char *files_dir;
    bool opened;
};

/* Everything that can be checked without writing. */
int site_load(struct site *s, const struct conf *conf, struct buf *err);
/* Opens and migrates the database, installs what is new, reads the scripts. */
int site_open(struct site *s, const struct conf_list *scripts_left_out, struct buf *err);
/* Only to look, beside a running server; no scripts.  The database must be as the plugins want it. */
int site_look(struct site *s, struct buf *err);
void site_close(struct site *s);
/* The rights of an active user; NULL: there is none with this login. */
const struct who *site_who(struct site *s, struct db_conn *conn, const char *login);
/* Scripts are read again; the number of problems. */
size_t site_reload(struct site *s);

/* Runs body on the writer as the host itself. */
int site_write(struct site *s, int (*body)(struct berth_ctx *c, void *arg), void *arg, struct buf *err);

#endif
