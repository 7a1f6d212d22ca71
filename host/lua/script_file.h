/* script_file.h - scripts as files: read, replaced and taken away, each version kept in the database.  The
 * file on the disk is the truth; a change is put in its place in one move, when all else is done. */
#ifndef BERTH_SCRIPT_FILE_H
#define BERTH_SCRIPT_FILE_H

#include "lua/script.h"
#include "record/config.h"

enum { SCRIPT_TEXT_MAX = 256 << 10 };

/* "rules/leads.release_days.lua", and nothing that leads elsewhere. */
bool script_file_ok(const char *file);
/* The text on the disk, in the arena; NULL: there is none. */
const char *script_file_text(const struct scripts *s, const char *file, struct arena *a);

/* On the writer: keeps what the file said and says from now on (NULL: it goes), and lays the text beside its
 * place.  script_file_move() puts it there, script_file_forget() takes it away again. */
int script_file_lay(struct berth_ctx *c, const struct scripts *s, const char *file, const char *before, const char *text);
int script_file_move(struct berth_ctx *c, const struct scripts *s, const char *file, bool goes);
void script_file_forget(struct berth_ctx *c, const struct scripts *s, const char *file);

/* The section "scripts" of the configuration's file: [{"file","text"}].  In: .scripts of a config_task, whose
 * .scripts_arg is the second. */
struct script_config {
    struct scripts *scripts;
    bool edit; /* scripts may be changed this way */
};
int script_config_out(struct berth_ctx *c, struct json *j, void *scripts);
int script_config_in(struct berth_ctx *c, struct config_task *k, const json_t *section);

#endif
