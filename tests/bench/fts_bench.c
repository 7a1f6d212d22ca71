/* fts_bench.c - what search costs: indexing and finding among many rows of about 25 tokens each,
 * made like a lead's: two-character pieces of a Chinese name, its pinyin, initials, phones, mail,
 * country, city.
 * Usage: fts_bench [rows, default 1000000] [directory, default .] */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/when.h"
#include "db/db.h"

enum { CHUNK = 1000, TRIES_MAX = 1000 };

static int64_t rows = 1000000;
static char path[4096];
static uint64_t seed = 88172645463325252u;

static _Noreturn void die(const char *what, const char *why)
{
    fprintf(stderr, "fts_bench: %s: %s\n", what, why);
    exit(1);
}

static double now(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint64_t random64(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

/* One of n things, the first ones far more often (as 1 / (rank + flat)). */
static int common(int n, double flat)
{
    double x = (double)(random64() >> 11) / 9007199254740992.0;
    int i = (int)(flat * (pow((n + flat) / flat, x) - 1));

    return i >= n ? n - 1 : i;
}

static char *add_char(char *to, int i)
{
    int c = 0x4e00 + i;

    *to++ = (char)(0xe0 | c >> 12);
    *to++ = (char)(0x80 | (c >> 6 & 63));
    *to++ = (char)(0x80 | (c & 63));
    return to;
}

static char *add_syllable(char *to, int i)
{
    static const char *const initial[] = {"b",  "p", "m", "f", "d", "t", "n",  "l",
                                          "g",  "k", "h", "j", "q", "x", "zh", "ch",
                                          "sh", "r", "z", "c", "s", "y", "w",  ""};
    static const char *const final[] = {"a",   "o",  "e",   "i",   "u",    "ai",  "ei",  "ao",
                                        "ou",  "an", "en",  "ang", "eng",  "ong", "ia",  "ie",
                                        "iao", "iu", "ian", "in",  "iang", "ing", "uan", "un"};

    to = stpcpy(to, initial[i * 7 % 24]);
    return stpcpy(to, final[(i * 11 / 24 + i * 5) % 24]);
}

enum { NAME = 9, CHARS = 3000, SYLLABLES = 400 };

/* The same of the same row each time. */
static void tokens_of(char *to, int64_t id)
{
    int name[NAME];

    seed = 88172645463325252u + (uint64_t)id * 0x9e3779b97f4a7c15u;
    for (int i = 0; i < NAME; i++) {
        name[i] = common(CHARS, 30);
        if (i > 0) {
            to = add_char(add_char(to, name[i - 1]), name[i]);
            *to++ = ' ';
        }
    }
    for (int i = 0; i < NAME - 1; i++) {
        to = add_syllable(to, name[i] % SYLLABLES);
        *to++ = ' ';
    }
    for (int i = 0; i < 6; i++)
        *to++ = (char)('a' + random64() % 26);
    to += sprintf(to, " 1%010d %08d user%d dom%d.com ctry%d city%d", (int)(random64() % 2000000000),
                  (int)(random64() % 100000000), (int)(random64() % 900000), common(50000, 20),
                  common(10, 1), common(300, 10));
    if (id % 5 == 0)
        to = stpcpy(to, " often");
    if (id % 3 == 0)
        to = stpcpy(to, " usual");
    if (id % 20011 == 0)
        stpcpy(to, " rare");
}

static int create(struct db_conn *c, void *arg)
{
    (void)arg;
    int rc = db_exec(c, "CREATE TABLE lead (id INTEGER PRIMARY KEY, name TEXT)");
    return rc == 0 ? db_fts_create(c, "lead_fts") : rc;
}

static int put_chunk(struct db_conn *c, void *arg)
{
    int64_t *next = arg;
    char tokens[600];
    int rc = 0;

    for (int i = 0; i < CHUNK && rc == 0; i++) {
        struct db_stmt *s = db_prepare(c, "INSERT INTO lead (id, name) VALUES (?, ?)");

        tokens_of(tokens, *next);
        db_bind_int(s, 1, *next);
        db_bind_text(s, 2, tokens, 24);
        rc = db_step(s);
        if (rc == 0)
            rc = db_fts_put_new(c, "lead_fts", (*next)++);
    }
    return rc;
}

static int tokens_of_rows(void *arg, struct db_conn *w, const char *name, int64_t first, int64_t last,
                          bool (*put)(void *to, int64_t id, const char *tokens), void *to)
{
    char tokens[600];

    (void)arg, (void)w, (void)name;
    do
        tokens_of(tokens, first);
    while (put(to, first, tokens) && ++first <= last);
    return 0;
}

static const struct db_fts_source source = {tokens_of_rows, NULL};

static void fill(struct db *db)
{
    int64_t next = 1;
    double t = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);

    if (db_write(db, create, NULL) != 0)
        die("create", "see above");
    db_fts_source(db, &source);
    while (next <= rows)
        if (db_write_low(db, put_chunk, &next) != 0)
            die("fill", "see above");
    printf("%-46s %9.1f us a row, %.1f of them processor\n", "rows and what is to be indexed",
           (now(CLOCK_MONOTONIC) - t) / (double)rows * 1e6,
           (now(CLOCK_PROCESS_CPUTIME_ID) - cpu) / (double)rows * 1e6);
    t = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
    if (!db_fts_wait(db, -1))
        die("index", "see above");
    printf("%-46s %9.1f us a row, %.1f of them processor\n", "indexing what was left then",
           (now(CLOCK_MONOTONIC) - t) / (double)rows * 1e6,
           (now(CLOCK_PROCESS_CPUTIME_ID) - cpu) / (double)rows * 1e6);
}

/* Queries: a term is a list of words, some of them beginnings. */

struct query {
    char text[2][32];
    struct db_fts_word word[2];
    struct db_fts_term term[2];
    int n;
};

static void ask(struct query *q, bool prefix, const char *text)
{
    int i = q->n++;

    snprintf(q->text[i], sizeof(q->text[i]), "%s", text);
    q->word[i] = (struct db_fts_word){q->text[i], strlen(q->text[i]), prefix};
    q->term[i] = (struct db_fts_term){&q->word[i], 1, false};
}

static void ask_chars(struct query *q, bool prefix, int a, int b)
{
    char text[8] = "", *end = add_char(text, a);

    if (b >= 0)
        end = add_char(end, b);
    *end = '\0';
    ask(q, prefix, text);
}

static void ask_letters(struct query *q, int n)
{
    char text[8] = "";

    for (int i = 0; i < n; i++)
        text[i] = (char)('a' + random64() % 26);
    ask(q, true, text);
}

static void ask_digits(struct query *q, int n)
{
    char text[16];

    snprintf(text, sizeof(text), "1%09d", (int)(random64() % 1000000000));
    text[n] = '\0';
    ask(q, true, text);
}

static void two_characters(struct query *q)
{
    ask_chars(q, false, common(CHARS, 30), common(CHARS, 30));
}

static void three_characters(struct query *q)
{
    int middle = common(CHARS, 30);

    ask_chars(q, false, common(CHARS, 30), middle);
    ask_chars(q, false, middle, common(CHARS, 30));
}

static void one_character(struct query *q)
{
    ask_chars(q, true, common(CHARS, 30), -1);
}

static void most_common_character(struct query *q)
{
    ask_chars(q, true, 0, -1);
}

static void syllable(struct query *q)
{
    char text[16];

    *add_syllable(text, common(SYLLABLES, 30)) = '\0';
    ask(q, false, text);
}

static void syllable_and_a_letter(struct query *q)
{
    syllable(q);
    ask_letters(q, 1);
}

static void one_letter(struct query *q)
{
    ask_letters(q, 1);
}

static void two_letters(struct query *q)
{
    ask_letters(q, 2);
}

static void three_letters(struct query *q)
{
    ask_letters(q, 3);
}

static void four_digits(struct query *q)
{
    ask_digits(q, 4);
}

static void seven_digits(struct query *q)
{
    ask_digits(q, 7);
}

static void often(struct query *q)
{
    ask(q, false, "often");
}

static void often_and_rare(struct query *q)
{
    ask(q, false, "often");
    ask(q, false, "rare");
}

static void often_and_usual(struct query *q)
{
    ask(q, false, "often");
    ask(q, false, "usual");
}

static void all_rows_by_a_long_prefix(struct query *q)
{
    ask(q, true, "user");
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static void run(struct db *db, struct db_conn *c, const char *what, void (*make)(struct query *),
                int tries, int budget_ms)
{
    static double took[TRIES_MAX];
    struct buf sql = BUF_INIT, value = BUF_INIT;
    int64_t found = 0, interrupted = 0;

    buf_puts(&sql, "SELECT t.id, t.name FROM ");
    db_fts_from(db, &sql, "lead_fts", "f", "lead", "t");
    buf_puts(&sql, " WHERE ");
    db_fts_where(db, &sql, "lead_fts", "f");
    buf_puts(&sql, " ORDER BY ");
    db_fts_id(db, &sql, "f");
    buf_puts(&sql, " DESC LIMIT 50");
    for (int i = 0; i < tries; i++) {
        struct query q = {.n = 0};
        int rc;

        make(&q);
        buf_clear(&value);
        unsigned left;

        bool may_match = db_fts_match(c, "lead_fts", &value, q.term, q.n, &left);
        double t = now(CLOCK_MONOTONIC);
        if (budget_ms > 0)
            db_budget(c, when_monotonic() + budget_ms, NULL);
        struct db_stmt *s = db_prepare(c, sql.s);
        db_bind_text(s, 1, value.s, -1);
        while ((rc = may_match ? db_step(s) : DB_DONE) == DB_ROW)
            found++;
        took[i] = now(CLOCK_MONOTONIC) - t;
        interrupted += rc == DB_INTERRUPTED;
        db_settle(c);
    }
    qsort(took, (size_t)tries, sizeof(*took), by_value);
    printf("%-46s p50 %8.3f  p99 %8.3f  max %8.3f ms, %.1f rows%s\n", what, took[tries / 2] * 1e3,
           took[tries * 99 / 100] * 1e3, took[tries - 1] * 1e3, (double)found / tries,
           interrupted > 0 ? ", interrupted" : "");
    fflush(stdout);
    buf_free(&sql);
    buf_free(&value);
}

static void size(struct db_conn *c)
{
    struct db_stmt *s = db_prepare(c, "SELECT sum(length(block)) FROM lead_fts_data");

    if (db_step(s) == DB_ROW)
        printf("%-46s %9.1f MB\n", "index", (double)db_col_int(s, 0) / 1e6);
    db_reset(s);
}

static void remove_files(void)
{
    static const char *const tails[] = {"", "-wal", "-shm", ".lock"};
    char name[sizeof(path) + 8];

    for (int i = 0; i < 4; i++) {
        snprintf(name, sizeof(name), "%s%s", path, tails[i]);
        unlink(name);
    }
}

int main(int argc, char **argv)
{
    struct buf err = BUF_INIT;
    struct db *db;

    if (argc > 1)
        rows = atoll(argv[1]);
    snprintf(path, sizeof(path), "%s/fts_bench.db", argc > 2 ? argv[2] : ".");
    remove_files();
    if (db_open(path, NULL, &db, &err) != 0)
        die("open", buf_str(&err));
    fill(db);
    struct db_conn *c = db_reader(db, &err);
    if (c == NULL)
        die("reader", buf_str(&err));
    size(c);
    run(db, c, "two characters", two_characters, 1000, 0);
    run(db, c, "three characters", three_characters, 1000, 0);
    run(db, c, "one character", one_character, 300, 0);
    run(db, c, "the most common character", most_common_character, 100, 0);
    run(db, c, "a syllable", syllable, 500, 0);
    run(db, c, "a syllable and a letter", syllable_and_a_letter, 300, 0);
    run(db, c, "one letter", one_letter, 100, 0);
    run(db, c, "two letters", two_letters, 300, 0);
    run(db, c, "three letters", three_letters, 300, 0);
    run(db, c, "four digits", four_digits, 300, 0);
    run(db, c, "seven digits", seven_digits, 300, 0);
    run(db, c, "a token of one row in five", often, 100, 0);
    run(db, c, "a token of one row in five, and a rare one", often_and_rare, 100, 0);
    run(db, c, "one row in five, and one in three", often_and_usual, 100, 0);
    run(db, c, "all rows by a prefix of four", all_rows_by_a_long_prefix, 5, 0);
    run(db, c, "  the same with a budget of 20 ms", all_rows_by_a_long_prefix, 5, 20);
    db_conn_close(&c);
    db_close(&db);
    remove_files();
    buf_free(&err);
    return 0;
}
