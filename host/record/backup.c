/* backup.c - copying a live installation. */
#include "record/backup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/when.h"

static int copy_one(int from_dir, int to_dir, const char *name, struct buf *err)
{
    int in = openat(from_dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), out = -1;
    struct stat st;
    int rc = -1;

    if (in < 0 && errno == ENOENT)
        return 0; /* gone since: nothing referred to it */
    if (in >= 0 && fstat(in, &st) == 0 && (out = openat(to_dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)) >= 0) {
        off_t left = st.st_size;
        ssize_t n = 1;

        while (left > 0 && (n = sendfile(out, in, NULL, (size_t)left)) > 0)
            left -= n;
        rc = left == 0 && fsync(out) == 0 ? 0 : -1;
    }
    if (rc < 0)
        buf_addf(err, "copy the file %s: %s", name, strerror(errno));
    if (in >= 0)
        close(in);
    if (out >= 0)
        close(out);
    return rc;
}

/* After the database: every file that it names was there already, and stays for a day at least.  Attachments
 * lie in folders by the first two letters of their hash. */
static int copy_files(struct arena *a, const char *from, const char *to, struct buf *err)
{
    DIR *d = opendir(from);
    int to_dir, rc = 0;

    if (d == NULL)
        return errno == ENOENT ? 0 : (buf_addf(err, "read %s: %s", from, strerror(errno)), -1);
    if (mkdir(to, 0700) < 0 && errno != EEXIST) {
        buf_addf(err, "make %s: %s", to, strerror(errno));
        closedir(d);
        return -1;
    }
    to_dir = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (struct dirent *e; rc == 0 && (e = readdir(d)) != NULL;)
        if (e->d_type == DT_REG)
            rc = copy_one(dirfd(d), to_dir, e->d_name, err);
        else if (e->d_type == DT_DIR && e->d_name[0] != '.')
            rc = copy_files(a, arena_fmt(a, "%s/%s", from, e->d_name), arena_fmt(a, "%s/%s", to, e->d_name), err);
    if (to_dir >= 0)
        close(to_dir);
    closedir(d);
    return rc;
}

static int make(struct db *db, const struct backup_from *from, const char *to, const char *amend, struct buf *err)
{
    struct arena *a = arena_new();
    int rc = -1;

    if (mkdir(to, 0700) < 0 && errno != EEXIST)
        buf_addf(err, "make %s: %s", to, strerror(errno));
    else if (db_backup(db, arena_fmt(a, "%s/berth.db", to), false, amend, err) == 0)
        rc = copy_files(a, from->files, arena_fmt(a, "%s/files", to), err);
    if (rc == 0) /* what is cut off meanwhile is in both */
        rc = copy_files(a, from->archive, arena_fmt(a, "%s/archive", to), err);
    arena_free(&a);
    return rc;
}

int backup_make(struct db *db, const struct backup_from *from, const char *to, struct buf *err)
{
    return make(db, from, to, NULL, err);
}

/* In the copy the job that makes it is over: who goes back to it would see it run, and make another. */
static const char *over(struct job *j, const char *name)
{
    return arena_fmt(j->a, "UPDATE job SET state = 'done', result = '{\"name\":\"%s\"}', ended_at = %lld WHERE id = %lld", name,
                     (long long)when_now(), (long long)j->id);
}

/* The folder appears under its name when it is whole. */
int backup_run(struct job *j, struct buf *err)
{
    char now[WHEN_TIME_MAX];
    const char *to, *half;

    if (mkdir(j->st->backup_dir, 0700) < 0 && errno != EEXIST) {
        buf_addf(err, "make %s: %s", j->st->backup_dir, strerror(errno));
        return -1;
    }
    when_time_format(when_now(), now);
    for (char *p = now; *p != '\0'; p++)
        if (*p == ':' || *p == '.')
            *p = '-';
    to = arena_fmt(j->a, "%s/%s", j->st->backup_dir, now);
    half = arena_fmt(j->a, "%s/.%s", j->st->backup_dir, now);
    if (make(j->st->db, &(struct backup_from){j->st->files_dir, j->st->archive_dir}, half, over(j, now), err) < 0)
        return -1;
    if (rename(half, to) < 0) {
        buf_addf(err, "name %s: %s", to, strerror(errno));
        return -1;
    }
    json_object_set_new(j->result, "name", json_string(now));
    return job_progress(j);
}
