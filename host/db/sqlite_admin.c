/* sqlite_admin.c - the SQLite driver's backup, integrity check and description of its tables. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/map.h"
#include "db/sqlite.h"

static const char all_of_it[] = "PRAGMA integrity_check(20)", pages_and_rows[] = "PRAGMA quick_check(20)";

enum {
    BACKUP_PAGES = 1000, /* in one go, */
    BACKUP_PAUSE_MS = 2, /* then others have the disk */
};

static int checked(sqlite3 *h, const char *pragma, struct buf *report)
{
    sqlite3_stmt *s;
    int rc = sqlite3_prepare_v2(h, pragma, -1, &s, NULL);
    bool sound = false;

    if (rc == SQLITE_OK) {
        while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
            const char *line = (const char *)sqlite3_column_text(s, 0);

            sound = line != NULL && strcmp(line, "ok") == 0;
            if (!sound)
                buf_addf(report, "%s\n", line == NULL ? "out of memory" : line);
        }
    }
    sqlite3_finalize(s);
    if (rc == SQLITE_DONE && sound)
        return 0;
    if ((rc & 0xff) == SQLITE_INTERRUPT)
        return DB_INTERRUPTED;
    if (rc != SQLITE_DONE)
        buf_addf(report, "%s\n", sqlite3_errmsg(h));
    return -1;
}

int sq_integrity(struct db *base, struct buf *report)
{
    struct sq_conn *c = sq_connect((struct sq_db *)base, false, report);

    if (c == NULL)
        return -1;
    int rc = checked(c->h, all_of_it, report);
    sq_disconnect(c);
    return rc;
}

int sq_table_sound(struct db_conn *base, const char *table, struct buf *report)
{
    struct sq_conn *c = (struct sq_conn *)base;

    if (c->evicted) /* its snapshot is gone: it would look at another one */
        return DB_INTERRUPTED;
    char *pragma = sqlite3_mprintf("PRAGMA integrity_check(\"%w\")", table);
    int rc = checked(c->h, pragma, report);

    sqlite3_free(pragma);
    return rc;
}

/* One read snapshot for all pages, so that writes meanwhile neither show nor start it over. */
static int copy_pages(sqlite3 *from, sqlite3 *to)
{
    struct timespec pause = {0, BACKUP_PAUSE_MS * 1000000};
    int rc = sqlite3_exec(from, "BEGIN; SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL);

    if (rc != SQLITE_OK)
        return rc;
    sqlite3_backup *b = sqlite3_backup_init(to, "main", from, "main");
    if (b == NULL)
        return sqlite3_errcode(to);
    while ((rc = sqlite3_backup_step(b, BACKUP_PAGES)) == SQLITE_OK)
        nanosleep(&pause, NULL);
    int end = sqlite3_backup_finish(b);
    sqlite3_exec(from, "COMMIT", NULL, NULL, NULL);
    return rc == SQLITE_DONE ? end : rc;
}

/* Fills the new file `to`: a plain database file, no log beside it. */
static int fill(struct sq_db *db, const char *to, bool quick, const char *amend, struct buf *err)
{
    struct sq_conn *from = sq_connect(db, false, err);
    sqlite3 *h = NULL;

    if (from == NULL)
        return -1;
    int rc = sqlite3_open_v2(to, &h, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(h, "PRAGMA synchronous=OFF", NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = copy_pages(from->h, h);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(h, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL);
    if (rc == SQLITE_OK && amend != NULL)
        rc = sqlite3_exec(h, amend, NULL, NULL, NULL);
    sq_disconnect(from);
    if (rc != SQLITE_OK)
        buf_addf(err, "copy to %s: %s", to, sqlite3_errmsg(h));
    else
        rc = checked(h, quick ? pages_and_rows : all_of_it, err);
    sqlite3_close(h);
    return rc == SQLITE_OK ? 0 : -1;
}

static int sync_path(const char *path, int flags, struct buf *err)
{
    int fd = open(path, flags | O_CLOEXEC);

    if (fd >= 0 && fsync(fd) == 0 && close(fd) == 0)
        return 0;
    buf_addf(err, "sync %s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

static int publish(const char *temp, const char *to, struct buf *err)
{
    char dir[4096];

    if (sync_path(temp, O_RDONLY, err) < 0)
        return -1;
    if (rename(temp, to) != 0) {
        buf_addf(err, "rename %s to %s: %s", temp, to, strerror(errno));
        return -1;
    }
    snprintf(dir, sizeof(dir), "%s", to);
    return sync_path(dirname(dir), O_RDONLY | O_DIRECTORY, err);
}

int sq_backup(struct db *base, const char *to_path, bool quick, const char *amend, struct buf *err)
{
    char *temp = mem_alloc(strlen(to_path) + sizeof(".XXXXXX"));

    stpcpy(stpcpy(temp, to_path), ".XXXXXX");
    int fd = mkostemp(temp, O_CLOEXEC);
    if (fd < 0) {
        buf_addf(err, "create %s: %s", temp, strerror(errno));
        free(temp);
        return -1;
    }
    close(fd);
    int rc = fill((struct sq_db *)base, temp, quick, amend, err);
    if (rc == 0)
        rc = publish(temp, to_path, err);
    if (rc != 0)
        unlink(temp);
    free(temp);
    return rc;
}

/* The description of the tables.  A name in a row is valid only until the next step, so each level
 * is its own statement; db_prepare() keeps those of one text apart. */

static const char *text(struct db_stmt *s, int i)
{
    return sq_col_text(s, i, NULL);
}

static void see_columns(struct db_conn *c, const char *table, const struct db_schema *seen)
{
    struct db_stmt *s = sq_prepare(c, "SELECT name, type, dflt_value, \"notnull\", pk"
                                      " FROM pragma_table_info(?) ORDER BY cid");

    db_bind_text(s, 1, table, -1);
    while (db_step(s) == DB_ROW) {
        struct db_column col = {.name = text(s, 0),
                                .type = text(s, 1),
                                .dflt = text(s, 2),
                                .not_null = sq_col_int(s, 3) != 0,
                                .primary = sq_col_int(s, 4) != 0};

        seen->column(seen->arg, table, &col);
    }
}

/* As created, by name: to look for each index in the list of all tables would take longer than all else. */
static struct map index_texts(struct db_conn *c, struct arena *a)
{
    struct db_stmt *s = sq_prepare(c, "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL");
    struct map texts = {0};

    while (db_step(s) == DB_ROW)
        map_put(&texts, arena_strdup(a, text(s, 0)), arena_strdup(a, text(s, 1)));
    return texts;
}

static void see_indexes(struct db_conn *c, const char *table, const struct map *texts, const struct db_schema *seen)
{
    struct db_stmt *s = sq_prepare(
        c, "SELECT l.name, l.\"unique\", l.partial,"
           " (SELECT group_concat(coalesce(name, '()'), ', ') FROM (SELECT name FROM pragma_index_info(l.name)"
           "  ORDER BY seqno))"
           " FROM pragma_index_list(?) l ORDER BY l.name");

    db_bind_text(s, 1, table, -1);
    while (db_step(s) == DB_ROW) {
        const char *columns = text(s, 3);
        struct db_index ix = {.name = text(s, 0),
                              .unique = sq_col_int(s, 1) != 0,
                              .partial = sq_col_int(s, 2) != 0,
                              .sql = map_get(texts, text(s, 0)),
                              .columns = strstr(columns, "()") != NULL ? "" : columns};

        seen->index(seen->arg, table, &ix);
    }
}

int sq_schema(struct db_conn *c, const struct db_schema *seen)
{
    struct db_stmt *s =
        sq_prepare(c, "SELECT l.name, l.type, m.sql FROM pragma_table_list l JOIN sqlite_schema m"
                      " ON m.name = l.name AND m.type = l.type"
                      " WHERE l.schema = 'main' AND l.type IN ('table', 'view')"
                      " AND l.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
                      " AND l.name NOT IN ('fts_todo', 'fts_range') ORDER BY l.type, l.name");
    int rc = db_read_begin(c);
    struct arena *a = arena_new();
    struct map texts = seen->index != NULL ? index_texts(c, a) : (struct map){0};

    while (rc >= 0 && (rc = db_step(s)) == DB_ROW) {
        const char *name = text(s, 0);

        if (strcmp(text(s, 1), "view") == 0) {
            if (seen->view != NULL)
                seen->view(seen->arg, name, text(s, 2));
            continue;
        }
        if (seen->table != NULL)
            seen->table(seen->arg, name);
        if (seen->column != NULL)
            see_columns(c, name, seen);
        if (seen->index != NULL)
            see_indexes(c, name, &texts, seen);
    }
    db_reset(s);
    db_read_end(c);
    map_free(&texts);
    arena_free(&a);
    return rc < 0 ? rc : DB_OK;
}
