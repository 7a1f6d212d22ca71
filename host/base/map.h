/* map.h - from a string to a pointer.  Keys are borrowed: they must outlive the map. */
#ifndef BERTH_MAP_H
#define BERTH_MAP_H

#include <stddef.h>

struct map_slot {
    const char *key; /* NULL: empty */
    void *value;
};

struct map {
    struct map_slot *slots;
    size_t cap, len; /* cap is a power of two or 0 */
};

void *map_get(const struct map *m, const char *key);
void *map_getn(const struct map *m, const char *key, size_t len);
/* Returns the value that stood there before, or NULL. */
void *map_put(struct map *m, const char *key, void *value);
void map_free(struct map *m);

#endif
