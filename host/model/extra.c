/* extra.c - reads what administrators declared: fields, dictionary items, and texts of both. */
#include <string.h>

#include "model/migrate.h"

static const char *column(struct arena *a, struct db_stmt *s, int i)
{
    const char *text = db_col_text(s, i, NULL);

    return text == NULL ? NULL : arena_strdup(a, text);
}

/* Room for one more in a list that doubles. */
static void *grown(struct arena *a, const void *list, size_t n, size_t size)
{
    void *more;

    if (n != 0 && (n & (n - 1)) != 0)
        return (void *)(uintptr_t)list;
    more = arena_alloc(a, (n == 0 ? 1 : n * 2) * size);
    if (n > 0)
        memcpy(more, list, n * size);
    return more;
}

/* The last columns of both queries are texts, in the order of labels_locales. */
static void add_words(struct arena *a, struct model_extra *x, const char *key, struct db_stmt *s, int first)
{
    for (int i = 0; labels_locales[i] != NULL; i++) {
        const char *text = column(a, s, first + i);
        struct model_word *all = text == NULL || *text == '\0' ? NULL : grown(a, x->words, x->nwords, sizeof(*all));

        if (all == NULL)
            continue;
        all[x->nwords++] = (struct model_word){labels_locales[i], key, text};
        x->words = all;
    }
}

/* A smallest number as a declaration writes it: no exponent. */
static const char *plain_number(struct arena *a, double d)
{
    char *s = arena_fmt(a, "%.6f", d), *end = s + strlen(s);

    while (end[-1] == '0')
        *--end = '\0';
    if (end[-1] == '.')
        end[-1] = '\0';
    return s;
}

/* bounded: the column `min` is there; an older database has it after the migration. */
static int read_fields(struct arena *a, struct db_conn *c, bool bounded, struct model_extra *x)
{
    static const uint32_t flags[] = {BERTH_REQUIRED, BERTH_LIST,  BERTH_FILTER,
                                     BERTH_SEARCH,   BERTH_INDEX, BERTH_MANY};
    struct db_stmt *s = db_prepare(
        c, arena_fmt(a, "SELECT on_table, name, type, of, section, coalesce(max, 0), coalesce(required, 0),"
                        " coalesce(list, 0), coalesce(filter, 0), coalesce(search, 0), coalesce(sort, 0),"
                        " coalesce(many, 0), label_zh_cn, label_zh_tw, label_vi, label_en, %s"
                        " FROM custom_field ORDER BY coalesce(place, 0), id", bounded ? "min" : "NULL"));
    int rc;

    while ((rc = db_step(s)) == DB_ROW) {
        struct model_custom_field *all = grown(a, x->fields, x->nfields, sizeof(*all));
        struct model_custom_field *f = &all[x->nfields++];
        const char *type = db_col_text(s, 2, NULL);

        *f = (struct model_custom_field){.table = column(a, s, 0),
                                         .name = column(a, s, 1),
                                         .type = type != NULL ? model_type(type) : BERTH_NULL,
                                         .of = column(a, s, 3),
                                         .group = column(a, s, 4),
                                         .max = (int32_t)db_col_int(s, 5)};
        if (!db_col_is_null(s, 16))
            f->min = plain_number(a, db_col_real(s, 16));
        for (int i = 0; i < 6; i++)
            f->flags |= db_col_int(s, 6 + i) != 0 ? flags[i] : 0;
        add_words(a, x, arena_fmt(a, "%s.%s", f->table, f->name), s, 12);
        x->fields = all;
    }
    db_reset(s);
    return rc;
}

static int read_items(struct arena *a, struct db_conn *c, struct model_extra *x)
{
    struct db_stmt *s =
        db_prepare(c, "SELECT dict, key, color, coalesce(place, 0), coalesce(hidden, 0),"
                      " label_zh_cn, label_zh_tw, label_vi, label_en"
                      " FROM dict_item ORDER BY dict, place, id");
    int rc;

    while ((rc = db_step(s)) == DB_ROW) {
        struct model_custom_item *all = grown(a, x->items, x->nitems, sizeof(*all));
        struct model_custom_item *it = &all[x->nitems++];

        *it = (struct model_custom_item){.dict = column(a, s, 0),
                                         .key = column(a, s, 1),
                                         .color = column(a, s, 2),
                                         .place = db_col_int(s, 3),
                                         .hidden = db_col_int(s, 4) != 0};
        add_words(a, x, arena_fmt(a, "%s.%s", it->dict, it->key), s, 5);
        x->items = all;
    }
    db_reset(s);
    return rc;
}

/* Languages that came as files may be chosen as anybody's. */
static void add_languages(struct arena *a, const struct labels *l, struct model_extra *x)
{
    const char *name, *title;

    for (size_t i = 0; l != NULL && (name = labels_added(l, i, &title)) != NULL; i++) {
        struct model_custom_item *all = grown(a, x->items, x->nitems, sizeof(*all));

        all[x->nitems++] = (struct model_custom_item){.dict = "base.locale", .key = name, .firm = true};
        x->items = all;
    }
}

struct there {
    int tables;
    bool bounded;
};

static void see_table(void *arg, const char *table)
{
    if (strcmp(table, "custom_field") == 0 || strcmp(table, "dict_item") == 0)
        ((struct there *)arg)->tables++;
}

static void see_column(void *arg, const char *table, const struct db_column *col)
{
    if (strcmp(table, "custom_field") == 0 && strcmp(col->name, "min") == 0)
        ((struct there *)arg)->bounded = true;
}

int migrate_read_extra(struct arena *a, struct db_conn *c, const struct labels *labels,
                       struct model_extra *extra_r, struct buf *err)
{
    struct there there = {0};
    const struct db_schema seen = {.table = see_table, .column = see_column, .arg = &there};

    *extra_r = (struct model_extra){0};
    if (db_schema(c, &seen) < 0 || (there.tables == 2 && (read_fields(a, c, there.bounded, extra_r) < 0 ||
                                                   read_items(a, c, extra_r) < 0))) {
        buf_addf(err, "read what administrators declared: %s", db_error(c));
        return -1;
    }
    add_languages(a, labels, extra_r);
    return 0;
}
