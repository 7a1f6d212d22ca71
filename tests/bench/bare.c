/* bare.c - what Berth's figures are compared with: libmicrohttpd and SQLite and nothing between them.
 *
 *   bare serve DATABASE THREADS       GET /list?after=ID, GET /one/ID, POST /create; prints its port
 *   bare bulk DATABASE FILE.csv CHUNK rows and four hashed keys each, sorted, CHUNK rows a
 *                                    commit; nothing is looked up first
 *
 * No users, no rights, no checks, one table of ten columns.  It is as fast as these two libraries
 * are known to go: connections are dealt out by a thread of their own, statements are prepared once a
 * thread, creates of many connections share one durable commit. */
#include <arpa/inet.h>
#include <jansson.h>
#include <microhttpd.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"

#define COLUMNS "name, phone, fax, email, owner_id, status, country, created_at, updated_at"

enum { PAGE = 50, BATCH = 64, TEXTS = 4 };

static void die(const char *what, sqlite3 *h)
{
    fprintf(stderr, "bare: %s: %s\n", what, h == NULL ? "failed" : sqlite3_errmsg(h));
    exit(1);
}

static sqlite3 *open_database(const char *path, const char *pragmas)
{
    sqlite3 *h;

    if (sqlite3_open_v2(path, &h, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
        die(path, h);
    sqlite3_busy_timeout(h, 1000);
    if (sqlite3_exec(h, pragmas, NULL, NULL, NULL) != SQLITE_OK)
        die(pragmas, h);
    return h;
}

static sqlite3_stmt *prepare(sqlite3 *h, const char *sql)
{
    sqlite3_stmt *s;

    if (sqlite3_prepare_v3(h, sql, -1, SQLITE_PREPARE_PERSISTENT, &s, NULL) != SQLITE_OK)
        die(sql, h);
    return s;
}

static void exec(sqlite3 *h, const char *sql)
{
    if (sqlite3_exec(h, sql, NULL, NULL, NULL) != SQLITE_OK)
        die(sql, h);
}

/* ---- answers ------------------------------------------------------------------------------ */
struct worker {
    struct MHD_Daemon *daemon;
    sqlite3 *h;
    sqlite3_stmt *list, *one;
};

static void put_text(struct buf *b, const char *s, int n)
{
    int from = 0;

    buf_putc(b, '"');
    for (int i = 0; i < n; i++)
        if (s[i] == '"' || s[i] == '\\' || (unsigned char)s[i] < ' ') {
            buf_add(b, s + from, (size_t)(i - from));
            buf_addf(b, "\\u%04x", (unsigned char)s[i]);
            from = i + 1;
        }
    buf_add(b, s + from, (size_t)(n - from));
    buf_putc(b, '"');
}

static void put_int(struct buf *b, int64_t v)
{
    char text[24], *at = text + sizeof(text);
    uint64_t u = v < 0 ? -(uint64_t)v : (uint64_t)v;

    do
        *--at = (char)('0' + u % 10);
    while ((u /= 10) != 0);
    if (v < 0)
        *--at = '-';
    buf_add(b, at, (size_t)(text + sizeof(text) - at));
}

static void put_row(struct buf *b, sqlite3_stmt *s)
{
    static const char *const keys[] = {"{\"id\":", ",\"name\":", ",\"phone\":", ",\"fax\":", ",\"email\":",
        ",\"owner_id\":", ",\"status\":", ",\"country\":", ",\"created_at\":", ",\"updated_at\":"};

    for (int i = 0; i < 10; i++) {
        buf_puts(b, keys[i]);
        switch (sqlite3_column_type(s, i)) {
        case SQLITE_INTEGER:
            put_int(b, sqlite3_column_int64(s, i));
            break;
        case SQLITE_NULL:
            buf_puts(b, "null");
            break;
        default:
            put_text(b, (const char *)sqlite3_column_text(s, i), sqlite3_column_bytes(s, i));
        }
    }
    buf_putc(b, '}');
}

static void put_list(struct worker *w, int64_t after, struct buf *b)
{
    int64_t last = 0;
    int n = 0;

    buf_puts(b, "{\"rows\":[");
    for (sqlite3_bind_int64(w->list, 1, after); sqlite3_step(w->list) == SQLITE_ROW; n++) {
        if (n > 0)
            buf_putc(b, ',');
        put_row(b, w->list);
        last = sqlite3_column_int64(w->list, 0);
    }
    sqlite3_reset(w->list);
    buf_puts(b, "],\"next\":");
    put_int(b, last);
    buf_putc(b, '}');
}

static int put_one(struct worker *w, int64_t id, struct buf *b)
{
    int rc;

    sqlite3_bind_int64(w->one, 1, id);
    rc = sqlite3_step(w->one);
    if (rc == SQLITE_ROW)
        put_row(b, w->one);
    sqlite3_reset(w->one);
    return rc == SQLITE_ROW ? 200 : 404;
}

static enum MHD_Result send_buf(struct MHD_Connection *c, int status, struct buf *b)
{
    struct MHD_Response *r = MHD_create_response_from_buffer(b->len, b->s, MHD_RESPMEM_MUST_FREE);
    enum MHD_Result ok;

    MHD_add_response_header(r, "Content-Type", "application/json");
    ok = MHD_queue_response(c, (unsigned)status, r);
    MHD_destroy_response(r);
    return ok;
}

/* ---- creating: one thread, many bodies a commit ----------------------------------------------- */
struct create {
    struct MHD_Connection *conn;
    struct buf body;
    json_t *json;
    int64_t id;
    bool queued;
    struct create *next;
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct create *head, **tail;
    const char *path;
} writer = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL, &writer.head, NULL};

static void insert(sqlite3 *h, sqlite3_stmt *s, struct create *k, int64_t now)
{
    static const char *const names[] = {"name", "phone", "fax", "email", NULL, "status", "country"};

    for (int i = 0; i < 7; i++) {
        const char *v = names[i] == NULL ? NULL : json_string_value(json_object_get(k->json, names[i]));

        sqlite3_bind_text(s, i + 1, v, -1, SQLITE_STATIC);
    }
    sqlite3_bind_int64(s, 8, now);
    sqlite3_bind_int64(s, 9, now);
    if (sqlite3_step(s) != SQLITE_DONE)
        die("insert", h);
    sqlite3_reset(s);
    k->id = sqlite3_last_insert_rowid(h);
}

static void *write_all(void *arg)
{
    sqlite3 *h = open_database(writer.path, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-16384");
    sqlite3_stmt *s = prepare(h, "INSERT INTO lead (" COLUMNS ") VALUES (?,?,?,?,?,?,?,?,?)");
    sqlite3_stmt *begin = prepare(h, "BEGIN IMMEDIATE"), *commit = prepare(h, "COMMIT");

    for (;;) {
        struct create *batch[BATCH];
        int n = 0;

        pthread_mutex_lock(&writer.lock);
        while (writer.head == NULL)
            pthread_cond_wait(&writer.more, &writer.lock);
        for (; n < BATCH && writer.head != NULL; writer.head = writer.head->next)
            batch[n++] = writer.head;
        if (writer.head == NULL)
            writer.tail = &writer.head;
        pthread_mutex_unlock(&writer.lock);
        sqlite3_step(begin);
        sqlite3_reset(begin);
        for (int i = 0; i < n; i++)
            insert(h, s, batch[i], (int64_t)time(NULL));
        if (sqlite3_step(commit) != SQLITE_DONE)
            die("commit", h);
        sqlite3_reset(commit);
        for (int i = 0; i < n; i++)
            MHD_resume_connection(batch[i]->conn);
    }
    return arg;
}

static enum MHD_Result create(struct MHD_Connection *c, struct create *k, const char *data, size_t *size)
{
    struct buf out = BUF_INIT;

    if (*size > 0) {
        buf_add(&k->body, data, *size);
        *size = 0;
        return MHD_YES;
    }
    if (!k->queued) {
        k->json = json_loadb(buf_str(&k->body), k->body.len, 0, NULL);
        k->conn = c;
        k->queued = true;
        MHD_suspend_connection(c);
        pthread_mutex_lock(&writer.lock);
        *writer.tail = k;
        writer.tail = &k->next;
        pthread_cond_signal(&writer.more);
        pthread_mutex_unlock(&writer.lock);
        return MHD_YES;
    }
    buf_puts(&out, "{\"id\":");
    put_int(&out, k->id);
    buf_putc(&out, '}');
    return send_buf(c, 201, &out);
}

static void done(void *cls, struct MHD_Connection *c, void **context, enum MHD_RequestTerminationCode why)
{
    struct create *k = *context;

    (void)cls, (void)c, (void)why;
    if (k == NULL)
        return;
    json_decref(k->json);
    buf_free(&k->body);
    free(k);
}

static enum MHD_Result answer(void *cls, struct MHD_Connection *c, const char *url, const char *method,
                              const char *version, const char *data, size_t *size, void **context)
{
    struct buf b = BUF_INIT;
    int status = 404;

    (void)version;
    if (*context == NULL) { /* the head is there, the body is to come */
        *context = mem_alloc(sizeof(struct create));
        return MHD_YES;
    }
    if (strcmp(method, "POST") == 0)
        return create(c, *context, data, size);
    if (strcmp(url, "/list") == 0) {
        const char *after = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "after");

        put_list(cls, after == NULL ? INT64_MAX : atoll(after), &b);
        status = 200;
    } else if (strncmp(url, "/one/", 5) == 0) {
        status = put_one(cls, atoll(url + 5), &b);
    }
    return send_buf(c, status, &b);
}

/* ---- serving ------------------------------------------------------------------------------------ */
static int listen_anywhere(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(a);
    int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (s < 0 || bind(s, (struct sockaddr *)&a, len) < 0 || listen(s, 512) < 0 ||
        getsockname(s, (struct sockaddr *)&a, &len) < 0)
        die("listen", NULL);
    printf("%u\n", ntohs(a.sin_port));
    fflush(stdout);
    return s;
}

__attribute__((noreturn)) static void serve(const char *path, unsigned threads)
{
    struct worker *w = mem_alloc(threads * sizeof(*w));
    pthread_t id;
    int s;

    for (unsigned i = 0; i < threads; i++) {
        w[i].h = open_database(path, "PRAGMA journal_mode=WAL; PRAGMA cache_size=-4096; PRAGMA query_only=1");
        w[i].list = prepare(w[i].h, "SELECT id, " COLUMNS " FROM lead WHERE id < ? ORDER BY id DESC LIMIT 50");
        w[i].one = prepare(w[i].h, "SELECT id, " COLUMNS " FROM lead WHERE id = ?");
        w[i].daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ITC |
                                       MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, answer, &w[i],
                                       MHD_OPTION_NOTIFY_COMPLETED, done, NULL, MHD_OPTION_CONNECTION_LIMIT, 1000u,
                                       MHD_OPTION_END);
        if (w[i].daemon == NULL)
            die("start", NULL);
    }
    writer.path = path;
    pthread_create(&id, NULL, write_all, NULL);
    s = listen_anywhere();
    for (unsigned i = 0;; i++) {
        struct sockaddr_storage a;
        socklen_t len = sizeof(a);
        int on = 1, c = accept4(s, (struct sockaddr *)&a, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (c < 0)
            continue;
        setsockopt(c, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        MHD_add_connection(w[i % threads].daemon, c, (struct sockaddr *)&a, len);
    }
}

/* ---- bulk ------------------------------------------------------------------------------------- */
struct key {
    int64_t hash, rec;
};

struct bulk {
    sqlite3 *h;
    sqlite3_stmt *row, *key;
    struct key *keys;
    size_t n;
    int64_t rows;
};

/* A field, quoted or not, in place; returns the beginning of the next one or NULL. */
static char *next_field(char *s, char **out)
{
    char *to = s;

    *out = s;
    if (*s == '"')
        for (s++; *s != '\0' && (*s != '"' || *++s == '"');)
            *to++ = *s++;
    else
        for (; *s != '\0' && *s != ',' && *s != '\n'; s++)
            *to++ = *s;
    bool more = *s == ',';

    *to = '\0';
    return more ? s + 1 : NULL;
}

/* Letters and digits alone, hashed; good enough to take the time it takes. */
static int64_t hash_of(int kind, const char *s)
{
    uint64_t h = 0xcbf29ce484222325u ^ (uint64_t)kind;

    for (; *s != '\0'; s++)
        if ((unsigned char)*s > ' ' && *s != '-' && *s != '(' && *s != ')' && *s != '+')
            h = (h ^ (unsigned char)(*s | 0x20)) * 0x100000001b3u;
    h ^= h >> 32;
    return (int64_t)(h * 0x9E3779B97F4A7C15u);
}

static void add_row(struct bulk *b, char *line)
{
    char *f[8] = {0};
    int64_t hash[TEXTS];
    int n = 0;

    while (n < 8 && line != NULL)
        line = next_field(line, &f[n++]);
    for (int i = 0; i < TEXTS; i++)
        hash[i] = *f[i] == '\0' ? 0 : hash_of(i == 2 ? 1 : i, f[i]);
    for (int i = 0; i < 6; i++) /* name, phone, fax, email, status, country */
        sqlite3_bind_text(b->row, i + 1, i < n && *f[i] != '\0' ? f[i] : NULL, -1, SQLITE_STATIC);
    if (sqlite3_step(b->row) != SQLITE_DONE)
        die("insert", b->h);
    sqlite3_reset(b->row);
    for (int i = 0; i < TEXTS; i++)
        if (hash[i] != 0)
            b->keys[b->n++] = (struct key){hash[i], sqlite3_last_insert_rowid(b->h)};
}

static int by_hash(const void *a, const void *b)
{
    int64_t x = ((const struct key *)a)->hash, y = ((const struct key *)b)->hash;

    return (x > y) - (x < y);
}

static void flush(struct bulk *b)
{
    qsort(b->keys, b->n, sizeof(*b->keys), by_hash);
    for (size_t i = 0; i < b->n; i++) {
        sqlite3_bind_int64(b->key, 1, b->keys[i].hash);
        sqlite3_bind_int64(b->key, 2, b->keys[i].rec);
        sqlite3_step(b->key);
        sqlite3_reset(b->key);
    }
    b->n = 0;
    exec(b->h, "COMMIT");
}

static int bulk(const char *path, const char *csv, int64_t chunk)
{
    struct bulk b = {.h = open_database(path, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536")};
    FILE *in = fopen(csv, "r");
    char *line = NULL;
    size_t cap = 0;
    struct timespec t0, t1;

    if (in == NULL || getline(&line, &cap, in) < 0)
        die(csv, NULL);
    b.row = prepare(b.h, "INSERT INTO lead (name, phone, fax, email, status, country, created_at, updated_at)"
                         " VALUES (?,?,?,?,?,?,0,0)");
    b.key = prepare(b.h, "INSERT INTO dup_key (hash, rec) VALUES (?, ?)");
    b.keys = mem_alloc((size_t)chunk * TEXTS * sizeof(*b.keys));
    clock_gettime(CLOCK_MONOTONIC, &t0);
    while (getline(&line, &cap, in) >= 0) {
        if (b.rows++ % chunk == 0)
            exec(b.h, "BEGIN IMMEDIATE");
        add_row(&b, line);
        if (b.rows % chunk == 0)
            flush(&b);
    }
    if (b.rows % chunk != 0)
        flush(&b);
    clock_gettime(CLOCK_MONOTONIC, &t1);
    printf("{\"rows\":%lld,\"seconds\":%.4f}\n", (long long)b.rows,
           (double)(t1.tv_sec - t0.tv_sec) + (double)(t1.tv_nsec - t0.tv_nsec) / 1e9);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "serve") == 0)
        serve(argv[2], (unsigned)atoi(argv[3]));
    if (argc == 5 && strcmp(argv[1], "bulk") == 0)
        return bulk(argv[2], argv[3], atoll(argv[4]));
    fprintf(stderr, "usage: bare serve DATABASE THREADS | bare bulk DATABASE FILE.csv CHUNK\n");
    return 2;
}
