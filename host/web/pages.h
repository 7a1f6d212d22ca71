/* pages.h - pages that plugins bring themselves: modules in ui/ beside the .so, told of by ui/pages.json.
 *
 *     [{"id": "board", "tag": "customs-board", "module": "board.js", "icon": "box", "sdk": 1, "perm": "customs.board"}]
 *
 * The tag begins with the plugin's name; icon, sdk and perm may be left out.  "customs.page.board" is its
 * label.  The contract of the module: share/sdk/berth-ui.d.ts. */
#ifndef BERTH_WEB_PAGES_H
#define BERTH_WEB_PAGES_H

#include "plugin/plugin.h"
#include "web/app.h"

struct pages;

/* Reads every plugin's; what is wrong is logged and left out. */
struct pages *pages_open(const struct plugin *plugins, size_t n);
void pages_close(struct pages **p);
/* The pages the user may open, for GET /api/_start. */
void pages_json(struct call *k, struct json *j);
/* The i-th page as a place to go to; *to is NULL when it is not for this user.  False: there is none. */
bool pages_at(struct call *k, size_t i, const char **plugin, const char **to, const char **label, const char **icon);
/* Answers /plugins/<name>/<file>; false: it is no such path. */
bool pages_serve(const struct pages *p, struct http_req *req);

#endif
