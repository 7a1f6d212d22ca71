/* labels.c - texts by locale and key. */
#include "model/labels.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <jansson.h>

#include "base/arena.h"
#include "base/map.h"
#include "model/model.h"

enum { LOCALES = LABELS_LOCALES, ADDED = 12, ALL = LOCALES + ADDED };

const char *const labels_locales[LABELS_LOCALES + 1] = {"zh-CN", "zh-TW", "vi", "en", NULL};
static const int english = 3;

struct labels {
    pthread_rwlock_t lock;
    struct arena *a;
    struct map by_key[ALL];
    struct map declared[ALL]; /* of what administrators declared */
    struct map instead[ALL]; /* administrators' own words; "": none any more */
    const char *added[ADDED], *title[ADDED]; /* languages that came as files; set before others read */
    size_t nadded;
};

struct labels *labels_new(void)
{
    struct labels *l = mem_alloc(sizeof(*l));

    pthread_rwlock_init(&l->lock, NULL);
    l->a = arena_new();
    return l;
}

void labels_free(struct labels **lp)
{
    struct labels *l = *lp;

    if (l == NULL)
        return;
    for (int i = 0; i < ALL; i++)
    {
        map_free(&l->by_key[i]);
        map_free(&l->declared[i]);
        map_free(&l->instead[i]);
    }
    arena_free(&l->a);
    pthread_rwlock_destroy(&l->lock);
    free(l);
    *lp = NULL;
}

static int locale_at(const struct labels *l, const char *locale)
{
    for (int i = 0; locale != NULL && i < LOCALES; i++)
        if (strcmp(labels_locales[i], locale) == 0)
            return i;
    for (size_t i = 0; locale != NULL && i < l->nadded; i++)
        if (strcmp(l->added[i], locale) == 0)
            return LOCALES + (int)i;
    return -1;
}

/* A text that is replaced stays in the arena: somebody may be reading it. */
static void put(struct labels *l, int at, const char *key, const char *text)
{
    pthread_rwlock_wrlock(&l->lock);
    map_put(&l->by_key[at], arena_strdup(l->a, key), arena_strdup(l->a, text));
    pthread_rwlock_unlock(&l->lock);
}

static const char *get(const struct labels *l, int at, const char *key)
{
    pthread_rwlock_t *lock = (pthread_rwlock_t *)&l->lock; /* const is about the texts */
    const char *text;

    pthread_rwlock_rdlock(lock);
    text = map_get(&l->instead[at], key);
    if (text == NULL || *text == '\0')
        text = map_get(&l->declared[at], key);
    if (text == NULL)
        text = map_get(&l->by_key[at], key);
    pthread_rwlock_unlock(lock);
    return text;
}

static const char *built(const struct labels *l, int at, const char *key)
{
    pthread_rwlock_t *lock = (pthread_rwlock_t *)&l->lock;
    const char *text;

    pthread_rwlock_rdlock(lock);
    text = map_get(&l->declared[at], key);
    if (text == NULL)
        text = map_get(&l->by_key[at], key);
    pthread_rwlock_unlock(lock);
    return text;
}

static int load_file(struct labels *l, int at, const char *path, struct buf *err)
{
    json_error_t why;
    json_t *all = json_load_file(path, JSON_REJECT_DUPLICATES, &why), *text;
    const char *key;
    int rc = 0;

    if (all == NULL) {
        buf_addf(err, "read %s:%d: %s", path, why.line, why.text);
        return -1;
    }
    if (!json_is_object(all)) {
        buf_addf(err, "read %s: is not an object of texts", path);
        json_decref(all);
        return -1;
    }
    json_object_foreach(all, key, text)
    {
        if (!json_is_string(text)) {
            buf_addf(err, "read %s: \"%s\" is not a text", path, key);
            rc = -1;
            break;
        }
        put(l, at, key, json_string_value(text));
    }
    json_decref(all);
    return rc;
}

int labels_load(struct labels *l, const char *dir, struct buf *err)
{
    if (access(dir, R_OK | X_OK) != 0) {
        buf_addf(err, "read labels in %s: %s", dir, strerror(errno));
        return -1;
    }
    for (int i = 0; i < LOCALES; i++) {
        struct buf path = BUF_INIT;
        int rc = 0;

        buf_addf(&path, "%s/%s.json", dir, labels_locales[i]);
        if (access(path.s, F_OK) == 0)
            rc = load_file(l, i, path.s, err);
        buf_free(&path);
        if (rc < 0)
            return -1;
    }
    return 0;
}

/* ---- languages that come as files ---------------------------------------------------- */
static bool is_language(const char *s, size_t n)
{
    size_t main = strspn(s, "abcdefghijklmnopqrstuvwxyz");

    return main >= 2 && main <= 3 && n < 12 && (main == n || s[main] == '-') &&
           strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") >= n;
}

/* Its own name is one of its texts. */
static int begin_language(struct labels *l, const char *name, const char *path, struct buf *err)
{
    json_error_t why;
    json_t *all = json_load_file(path, 0, &why);
    const char *title = json_string_value(json_object_get(all, "language"));

    if (all == NULL) {
        buf_addf(err, "read %s:%d: %s", path, why.line, why.text);
        return -1;
    }
    l->added[l->nadded] = arena_strdup(l->a, name);
    l->title[l->nadded] = arena_strdup(l->a, title == NULL ? name : title);
    l->nadded++;
    for (int i = 0; i < LOCALES + (int)l->nadded; i++)
        put(l, i, arena_fmt(l->a, "base.locale.%s", name), l->title[l->nadded - 1]);
    json_decref(all);
    return 0;
}

/* One more language, or other words for one that is there. */
static int add_file(struct labels *l, const char *name, const char *path, struct buf *err)
{
    if (locale_at(l, name) < 0 && l->nadded == ADDED) {
        buf_addf(err, "read %s: there are %d languages more already", path, ADDED);
        return -1;
    }
    if (locale_at(l, name) < 0 && begin_language(l, name, path, err) < 0)
        return -1;
    return load_file(l, locale_at(l, name), path, err);
}

int labels_add(struct labels *l, const char *dir, struct buf *err)
{
    struct dirent **files;
    int n = scandir(dir, &files, NULL, alphasort), rc = 0;

    for (int i = 0; i < n; i++) {
        const char *file = files[i]->d_name, *dot = strrchr(file, '.');
        size_t len = dot == NULL ? 0 : (size_t)(dot - file);
        const char *path = arena_fmt(l->a, "%s/%s", dir, file), *name = arena_strndup(l->a, file, len);

        if (len > 0 && strcmp(dot, ".json") == 0 && is_language(file, len) && add_file(l, name, path, err) < 0) {
            buf_puts(err, "; ");
            rc = -1;
        }
        free(files[i]);
    }
    if (n >= 0)
        free(files);
    return rc;
}

const char *labels_added(const struct labels *l, size_t i, const char **title_r)
{
    if (i >= l->nadded)
        return NULL;
    *title_r = l->title[i];
    return l->added[i];
}

static void each_of(const struct map *m, const char *prefix, void (*each)(void *arg, const char *key), void *arg)
{
    for (size_t i = 0; i < m->cap; i++)
        if (m->slots[i].key != NULL && strncmp(m->slots[i].key, prefix, strlen(prefix)) == 0)
            each(arg, m->slots[i].key);
}

void labels_each(const struct labels *l, const char *locale, const char *prefix, void (*each)(void *arg, const char *key),
                 void *arg)
{
    pthread_rwlock_t *lock = (pthread_rwlock_t *)&l->lock;
    int at = locale_at(l, locale);

    if (at < 0)
        return;
    pthread_rwlock_rdlock(lock);
    each_of(&l->by_key[at], prefix, each, arg);
    each_of(&l->declared[at], prefix, each, arg);
    each_of(&l->instead[at], prefix, each, arg);
    pthread_rwlock_unlock(lock);
}

void labels_declared(struct labels *l, const struct model_word *words, size_t n)
{
    pthread_rwlock_wrlock(&l->lock);
    for (int i = 0; i < ALL; i++)
        map_free(&l->declared[i]);
    for (size_t i = 0; i < n; i++) {
        int at = locale_at(l, words[i].locale);

        if (at >= 0) /* in the arena for good: somebody may be reading a text that is replaced */
            map_put(&l->declared[at], arena_strdup(l->a, words[i].key), arena_strdup(l->a, words[i].text));
    }
    pthread_rwlock_unlock(&l->lock);
}

void labels_instead(struct labels *l, const char *locale, const char *key, const char *text)
{
    int at = locale_at(l, locale);

    if (at < 0)
        return;
    pthread_rwlock_wrlock(&l->lock);
    map_put(&l->instead[at], arena_strdup(l->a, key), arena_strdup(l->a, text == NULL ? "" : text));
    pthread_rwlock_unlock(&l->lock);
}

bool labels_has(const struct labels *l, const char *locale, const char *key)
{
    int at = locale_at(l, locale);

    return at >= 0 && get(l, at, key) != NULL;
}

const char *labels_built(const struct labels *l, const char *locale, const char *key)
{
    int at = locale_at(l, locale);

    return at < 0 ? NULL : built(l, at, key);
}

/* What an administrator named in a language that is neither the reader's nor English says more than its key. */
static const char *declared_anywhere(const struct labels *l, const char *key)
{
    pthread_rwlock_t *lock = (pthread_rwlock_t *)&l->lock;
    const char *text = NULL;

    pthread_rwlock_rdlock(lock);
    for (int at = 0; at < ALL && text == NULL; at++)
        text = map_get(&l->declared[at], key);
    pthread_rwlock_unlock(lock);
    return text;
}

const char *labels_find(const struct labels *l, const char *locale, const char *key)
{
    int at = locale_at(l, locale);
    const char *text;

    if (at < 0)
        at = locale_at(l, labels_locale(l, locale));
    text = get(l, at, key);
    if (text == NULL)
        text = get(l, english, key);
    return text != NULL ? text : declared_anywhere(l, key);
}

const char *labels_get(const struct labels *l, const char *locale, const char *key)
{
    const char *text = labels_find(l, locale, key);

    return text != NULL ? text : key;
}

const char *labels_on(const struct labels *l, const char *locale, const char *table,
                      const char *what)
{
    char key[192];
    const char *text;

    snprintf(key, sizeof(key), "%s.%s", table, what);
    text = labels_find(l, locale, key);
    if (text != NULL)
        return text;
    snprintf(key, sizeof(key), "*.%s", what);
    return labels_find(l, locale, key);
}

const char *labels_field(const struct labels *l, const char *locale, const char *table,
                         const char *field)
{
    const char *text = labels_on(l, locale, table, field);

    return text != NULL ? text : field;
}

/* ---- choosing a locale ------------------------------------------------------------- */

static bool begins(const char *s, size_t len, const char *with)
{
    size_t n = strlen(with);

    return len >= n && strncasecmp(s, with, n) == 0 && (len == n || !isalnum((unsigned char)s[n]));
}

/* Chinese is written in the traditional way in Taiwan, Hong Kong and Macao. */
static int locale_of(const char *s, size_t len)
{
    static const char *const traditional[] = {"TW", "HK", "MO", "Hant"};

    if (begins(s, len, "vi"))
        return 2;
    if (begins(s, len, "en"))
        return 3;
    if (!begins(s, len, "zh"))
        return -1;
    if (memmem(s, len, "Hans", 4) != NULL)
        return 0;
    for (size_t i = 3; i < len; i++)
        for (size_t k = 0; k < sizeof(traditional) / sizeof(traditional[0]); k++)
            if ((s[i - 1] == '-' || s[i - 1] == '_') && begins(s + i, len - i, traditional[k]))
                return 1;
    return 0;
}

/* "zh-TW;q=0.8" -> 800 */
static int quality(const char *s, size_t len)
{
    const char *q = memmem(s, len, "q=", 2);
    int value = 0, unit = 1000;

    if (q == NULL)
        return 1000;
    for (q += 2; q < s + len && (isdigit((unsigned char)*q) || *q == '.') && unit > 0; q++)
        if (*q != '.') {
            value += (*q - '0') * unit;
            unit /= 10;
        }
    return value;
}

/* "ja-JP" means "ja" where nothing closer is there. */
static int added_of(const struct labels *l, const char *s, size_t len)
{
    for (size_t i = 0; l != NULL && i < l->nadded; i++)
        if (begins(s, len, l->added[i]))
            return LOCALES + (int)i;
    return -1;
}

const char *labels_locale(const struct labels *l, const char *wanted)
{
    int best = english, best_quality = 0;

    while (wanted != NULL && *wanted != '\0') {
        size_t len, name;
        int at, q;

        wanted += strspn(wanted, " ,");
        len = strcspn(wanted, ",");
        name = strcspn(wanted, ",; ");
        at = added_of(l, wanted, name);
        at = at >= 0 ? at : locale_of(wanted, name);
        q = quality(wanted, len);
        if (at >= 0 && q > best_quality) {
            best = at;
            best_quality = q;
        }
        wanted += len;
    }
    return best < LOCALES ? labels_locales[best] : l->added[best - LOCALES];
}

/* ---- filling in --------------------------------------------------------------------- */

static const char *value_of(const char *const *pairs, const char *name, size_t len)
{
    for (; pairs != NULL && pairs[0] != NULL; pairs += 2)
        if (strlen(pairs[0]) == len && strncmp(pairs[0], name, len) == 0)
            return pairs[1];
    return NULL;
}

void labels_fill(struct buf *out, const char *text, const char *const *pairs)
{
    while (*text != '\0') {
        size_t plain = strcspn(text, "{");
        const char *end, *value;

        buf_add(out, text, plain);
        text += plain;
        if (*text == '\0')
            return;
        end = strchr(text, '}');
        value = end != NULL ? value_of(pairs, text + 1, (size_t)(end - text) - 1) : NULL;
        if (value == NULL) {
            buf_putc(out, *text++);
        } else {
            buf_puts(out, value);
            text = end + 1;
        }
    }
}
