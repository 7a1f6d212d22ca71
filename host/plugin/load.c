/* load.c - one plugin: where it lies, whether host and plugin understand each other. */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plugin/copy.h"

const char *plugin_find(struct arena *a, const struct conf_list *path, const char *name)
{
    if (strchr(name, '/') != NULL)
        return NULL;
    for (size_t i = 0; i < path->n; i++) {
        const char *own = arena_fmt(a, "%s/%s/%s.so", path->at[i], name, name);
        const char *flat = arena_fmt(a, "%s/%s.so", path->at[i], name);

        if (access(own, F_OK) == 0)
            return own;
        if (access(flat, F_OK) == 0)
            return flat;
    }
    return NULL;
}

/* Only members that stood in the very first berth.h are looked at before the sizes are known. */
static bool understood(const char *path, const struct berth_plugin *p, struct buf *err)
{
    if (p == NULL)
        buf_addf(err, "%s: its entry returned no descriptor", path);
    else if (p->magic != BERTH_MAGIC)
        buf_addf(err, "%s: its descriptor has no BERTH_MAGIC; write it with BERTH_PLUGIN(...)",
                 path);
    else if (p->abi_major != BERTH_ABI_MAJOR)
        buf_addf(err,
                 "%s: is built for plugin interface %u.%u, this host has %u.%u; build it with "
                 "this host's berth.h",
                 path, p->abi_major, p->abi_minor, BERTH_ABI_MAJOR, BERTH_ABI_MINOR);
    else if (p->abi_minor > BERTH_ABI_MINOR)
        buf_addf(err,
                 "%s: is built for plugin interface %u.%u, this host has %u.%u; install a newer "
                 "Berth, or build the plugin with -DBERTH_ABI_TARGET=%u",
                 path, p->abi_major, p->abi_minor, BERTH_ABI_MAJOR, BERTH_ABI_MINOR,
                 BERTH_ABI_MINOR);
    else if (p->name == NULL || *p->name == '\0')
        buf_addf(err, "%s: has no .name", path);
    else
        return true;
    return false;
}

const struct berth_plugin *plugin_load(struct arena *a, const char *path,
                                       const struct berth_api *api, struct buf *err)
{
    const struct berth_plugin *(*entry)(const struct berth_api *);
    const struct berth_plugin *p;
    void *handle, *symbol;

    if (plugin_file_check(path, err) < 0)
        return NULL;
    handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    symbol = handle != NULL ? dlsym(handle, "berth_plugin_entry") : NULL;
    if (symbol == NULL) {
        buf_addf(err, "load plugin: %s", dlerror());
        return NULL;
    }
    memcpy(&entry, &symbol, sizeof(entry)); /* ISO C has no cast from data to function */
    p = entry(api);
    return understood(path, p, err) ? plugin_copy(a, p, err) : NULL;
}

int plugin_version_compare(const char *a, const char *b)
{
    while (*a != '\0' || *b != '\0') {
        char *a_end, *b_end;
        unsigned long x = strtoul(a, &a_end, 10), y = strtoul(b, &b_end, 10);

        if (x != y)
            return x < y ? -1 : 1;
        a = a_end + strcspn(a_end, ".");
        b = b_end + strcspn(b_end, ".");
        a += *a == '.';
        b += *b == '.';
    }
    return 0;
}

/* ---- powers ------------------------------------------------------------------------ */

static const char *const caps[] = {"sql", "net", "all_rows"}; /* by bit */

bool plugin_caps_parse(const char *words, uint32_t *caps_r)
{
    *caps_r = 0;
    while (words != NULL && *words != '\0') {
        size_t len;
        bool known = false;

        words += strspn(words, " ,");
        len = strcspn(words, " ,");
        for (size_t i = 0; i < sizeof(caps) / sizeof(caps[0]); i++)
            if (strlen(caps[i]) == len && strncmp(caps[i], words, len) == 0) {
                *caps_r |= 1u << i;
                known = true;
            }
        if (len > 0 && !known)
            return false;
        words += len;
    }
    return true;
}

void plugin_caps_format(struct buf *out, uint32_t bits)
{
    const char *space = "";

    for (size_t i = 0; i < 32; i++) {
        if ((bits & (1u << i)) == 0)
            continue;
        if (i < sizeof(caps) / sizeof(caps[0]))
            buf_addf(out, "%s%s", space, caps[i]);
        else
            buf_addf(out, "%sunknown", space);
        space = " ";
    }
}
