/* config.h - the configuration as one file: what an installation was set up with, without its records, its
 * people and its secrets.  Which tables belong to it they say themselves (.known of berth.h).  The form:
 * share/doc/config.md.
 *
 * In the file a record is known by the values of its .known fields: one text alone, else a list of them, with
 * a number behind when there are several alike.  Rows stand in the order of these, so that two installations
 * set up alike write the same file. */
#ifndef BERTH_CONFIG_H
#define BERTH_CONFIG_H

#include <jansson.h>

#include "record/row.h"

enum { CONFIG_FORM = 1, CONFIG_ROWS_MAX = 20000, CONFIG_BYTES_MAX = 16 << 20 };

enum config_deed { CONFIG_SAME, CONFIG_ADD, CONFIG_CHANGE, CONFIG_REMOVE, CONFIG_ONLY_HERE, CONFIG_CONFLICT, CONFIG_DEEDS };

struct config_change {
    const char *field, *from, *to; /* JSON as it stands in the file */
};
struct config_line {
    enum config_deed deed;         /* never CONFIG_SAME: those are only counted */
    const char *section, *name;    /* of which record, for people */
    const char *field, *message;   /* of a conflict; field may be NULL */
    const struct config_change *changes;
    size_t nchanges;
};

/* One file read: what it asks for, then what came of it. */
struct config_task {
    const json_t *file;
    bool remove; /* what the file's sections do not name goes */
    bool dry;    /* all is tried and taken back */
    /* What is no table ("scripts"); may be NULL.  Tells its lines with config_tell(). */
    int (*scripts)(struct berth_ctx *c, struct config_task *k, const json_t *section);
    void *scripts_arg;

    struct config_line *line; /* in the arena of the ctx */
    size_t nline, room;
    int64_t count[CONFIG_DEEDS];
    struct config_item *items;
    size_t nitems;
    const struct model *made[2]; /* while it was applied */
};

/* The whole file.  scripts: adds its section behind the tables; may be NULL. */
int config_write(struct berth_ctx *c, const char *product, int (*scripts)(struct berth_ctx *c, struct json *j, void *arg), void *arg,
                 struct buf *out);
/* What is not carried over although it is configuration, for it names records: [{"section","name"}]. */
int config_left(struct berth_ctx *c, struct json *j);
/* On the writer, by an administrator.  All or, with a conflict or dry, nothing; the lines tell.  Conflicts
 * are no error of the ctx. */
int config_apply(struct berth_ctx *c, struct config_task *k);
void config_tell(struct berth_ctx *c, struct config_task *k, const struct config_line *l);
/* {"sections":[…],"count":{…},"lines":[…]} */
void config_plan_json(struct berth_ctx *c, struct json *j, const struct config_task *k);
/* {"entries":[{"table","label","title","entry":{… as in a record's history}}],"refs","next"}: what was changed in
 * the tables that belong to it, newest first. */
int config_log(struct berth_ctx *c, int64_t before, int limit, struct buf *out);
const char *config_deed_name(enum config_deed d);

#endif
