/* plugin.h - finds plugins, checks their files, loads them in the order of their needs.
 *
 * A plugin's code runs in this process, so everything that can be told from outside is told before
 * it is loaded: a file for another machine, cut short, without its entry, with symbols that would
 * mix with the host's libraries.  Nothing is ever unloaded. */
#ifndef BERTH_PLUGIN_H
#define BERTH_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/conf.h"
#include "berth.h"

struct plugin {
    const char *name;
    const char *path; /* of the .so */
    const char *dir;  /* where it lies; i18n/ and ui/ are beside it */
    /* In the sizes of this host, whatever berth.h it was built with. */
    const struct berth_plugin *desc;
    const char *const *needs; /* names only, ends with NULL */
};

struct plugin_set {
    struct arena *arena;
    const struct plugin *plugins; /* in load order: base first, needs before those who need them */
    const struct berth_plugin *const *descs; /* the same, for model_build() */
    size_t n;
    const char *left_out; /* a line for each plugin not loaded because of .skip; "" */
};

struct plugin_wanted {
    struct conf_list names; /* base is loaded whether named or not */
    struct conf_list path;  /* folders with <name>/<name>.so or <name>.so */
    struct conf_list skip;  /* left out after crashes, with all that need them */
    struct conf_pairs grant;
    bool with_needs;        /* load what is needed though nobody named it */
    bool trust;             /* do not ask whether powers are granted */
};

/* 0, or -1 with a line in err for each problem. */
int plugin_load_all(const struct plugin_wanted *w, const struct berth_api *api,
                    struct plugin_set *set_r, struct buf *err);
void plugin_set_free(struct plugin_set *set); /* for tests; the code stays loaded */

/* The path of a plugin's .so, or NULL. */
const char *plugin_find(struct arena *a, const struct conf_list *path, const char *name);
/* What can be told of a file without running any of it.  -1 with a line for each problem. */
int plugin_file_check(const char *path, struct buf *err);
/* Calls the entry and copies what it gives into structs of this host's size. */
const struct berth_plugin *plugin_load(struct arena *a, const char *path,
                                       const struct berth_api *api, struct buf *err);

/* "1.10" > "1.9": -1, 0, 1 */
int plugin_version_compare(const char *a, const char *b);
/* "sql", "net all_rows" <-> BERTH_CAP_...; false when a word is unknown. */
bool plugin_caps_parse(const char *words, uint32_t *caps_r);
void plugin_caps_format(struct buf *out, uint32_t caps);

#endif
