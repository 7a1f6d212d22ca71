/* elf.c - looks at a shared object before it is loaded. */
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plugin/plugin.h"

#if defined(__x86_64__)
#define MACHINE EM_X86_64
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
#else
#define MACHINE EM_NONE /* no such check */
#endif

enum { UNRESOLVED_SHOWN = 10, NEEDED_MAX = 64 };

/* A plugin may neither bring these nor call them: they are the host's, in the host's version. */
static const char *const libraries[] = {"sqlite3_", "lua_", "luaL_", "MHD_", "sodium_", "crypto_"};
/* Replacing these would replace them for itself only, and mix two heaps. */
static const char *const functions[] = {"malloc", "free",  "calloc", "realloc",
                                        "memcpy", "abort", "exit",   "dlopen"};

struct elf {
    const char *path;
    const unsigned char *bytes;
    size_t size;
    const ElfW(Ehdr) * head;
    const ElfW(Sym) * symbols;
    size_t nsymbols;
    const char *names; /* of the symbols; ends within the file */
    size_t names_size;
    const char *needed[NEEDED_MAX];
    size_t nneeded;
    struct buf *err;
    bool failed;
};

static void complain(struct elf *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void complain(struct elf *e, const char *fmt, ...)
{
    va_list ap;

    if (e->err->len > 0)
        buf_putc(e->err, '\n');
    buf_addf(e->err, "%s: ", e->path);
    va_start(ap, fmt);
    buf_addv(e->err, fmt, ap);
    va_end(ap);
    e->failed = true;
}

static bool inside(const struct elf *e, uint64_t from, uint64_t n)
{
    return from <= e->size && n <= e->size - from;
}

static bool check_head(struct elf *e)
{
    const ElfW(Ehdr) *h = e->head;

    if (e->size < sizeof(*h) || memcmp(h->e_ident, ELFMAG, SELFMAG) != 0)
        complain(e, "is no shared object; build it with `cc -shared -fPIC`");
    else if (h->e_ident[EI_CLASS] != (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32))
        complain(e, "is built for %s-bit machines, this host is not",
                 h->e_ident[EI_CLASS] == ELFCLASS32 ? "32" : "64");
    else if (h->e_ident[EI_DATA] != ELFDATA2LSB || (MACHINE != EM_NONE && h->e_machine != MACHINE))
        complain(e, "is built for another kind of processor (ELF machine %u, here %u)",
                 h->e_machine, MACHINE);
    else if (h->e_type != ET_DYN)
        complain(e, "is a program or an object file; link it with -shared");
    else if (h->e_phoff % sizeof(ElfW(Addr)) != 0 ||
             !inside(e, h->e_phoff, (uint64_t)h->e_phnum * sizeof(ElfW(Phdr))) ||
             !inside(e, h->e_shoff, (uint64_t)h->e_shnum * sizeof(ElfW(Shdr))))
        complain(e, "is cut short; copy it again");
    return !e->failed;
}

static bool check_segments(struct elf *e)
{
    const ElfW(Phdr) *p = (const void *)(e->bytes + e->head->e_phoff);

    for (size_t i = 0; i < e->head->e_phnum && !e->failed; i++) {
        if (p[i].p_type == PT_LOAD && !inside(e, p[i].p_offset, p[i].p_filesz))
            complain(e, "is cut short; copy it again");
        else if (p[i].p_type == PT_GNU_STACK && (p[i].p_flags & PF_X) != 0)
            complain(e, "asks for an executable stack; link it with -Wl,-z,noexecstack");
    }
    return !e->failed;
}

/* The string table a section links to, NULL when it is damaged. */
static const char *strings_of(const struct elf *e, const ElfW(Shdr) * all, const ElfW(Shdr) * of,
                              size_t *size_r)
{
    const ElfW(Shdr) * s;

    if (of->sh_link >= e->head->e_shnum)
        return NULL;
    s = &all[of->sh_link];
    if (!inside(e, s->sh_offset, s->sh_size) || s->sh_size == 0 ||
        e->bytes[s->sh_offset + s->sh_size - 1] != '\0')
        return NULL;
    *size_r = s->sh_size;
    return (const char *)(e->bytes + s->sh_offset);
}

static bool aligned(const ElfW(Shdr) * s)
{
    return s->sh_offset % sizeof(ElfW(Addr)) == 0;
}

static void read_needed(struct elf *e, const ElfW(Shdr) * all, const ElfW(Shdr) * s)
{
    const ElfW(Dyn) *d = (const void *)(e->bytes + s->sh_offset);
    size_t size = 0;
    const char *names = strings_of(e, all, s, &size);

    for (size_t i = 0; names != NULL && i < s->sh_size / sizeof(*d) && d[i].d_tag != DT_NULL; i++)
        if (d[i].d_tag == DT_NEEDED && d[i].d_un.d_val < size && e->nneeded < NEEDED_MAX)
            e->needed[e->nneeded++] = names + d[i].d_un.d_val;
}

static bool read_sections(struct elf *e)
{
    const ElfW(Shdr) *all = (const void *)(e->bytes + e->head->e_shoff);

    for (size_t i = 0; i < e->head->e_shnum && e->head->e_shoff % sizeof(ElfW(Addr)) == 0; i++) {
        const ElfW(Shdr) *s = &all[i];

        if ((s->sh_type != SHT_DYNSYM && s->sh_type != SHT_DYNAMIC) || !aligned(s) ||
            !inside(e, s->sh_offset, s->sh_size))
            continue;
        if (s->sh_type == SHT_DYNAMIC) {
            read_needed(e, all, s);
            continue;
        }
        e->names = strings_of(e, all, s, &e->names_size);
        e->symbols = (const void *)(e->bytes + s->sh_offset);
        e->nsymbols = e->names != NULL ? s->sh_size / sizeof(*e->symbols) : 0;
    }
    if (e->nsymbols == 0)
        complain(e, "has no table of symbols; do not strip its section headers");
    return !e->failed;
}

/* ---- symbols ---------------------------------------------------------------------- */

static const char *symbol_name(const struct elf *e, size_t i)
{
    return e->symbols[i].st_name < e->names_size ? e->names + e->symbols[i].st_name : "";
}

static bool is_exported(const ElfW(Sym) * s)
{
    unsigned char bind = ELF64_ST_BIND(s->st_info);

    return s->st_shndx != SHN_UNDEF && (bind == STB_GLOBAL || bind == STB_WEAK) &&
           ELF64_ST_VISIBILITY(s->st_other) == STV_DEFAULT;
}

static bool is_the_hosts(const char *name)
{
    for (size_t i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++)
        if (strncmp(name, libraries[i], strlen(libraries[i])) == 0)
            return true;
    return false;
}

static bool is_taboo(const char *name)
{
    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
        if (strcmp(name, functions[i]) == 0)
            return true;
    return is_the_hosts(name);
}

static void check_exports(struct elf *e)
{
    bool entry = false;

    for (size_t i = 1; i < e->nsymbols; i++) {
        const char *name = symbol_name(e, i);

        if (!is_exported(&e->symbols[i]))
            continue;
        entry = entry || strcmp(name, "berth_plugin_entry") == 0;
        if (is_taboo(name))
            complain(e,
                     "exports %s, which is the host's; build with -fvisibility=hidden and link "
                     "libraries with -Wl,--exclude-libs,ALL",
                     name);
    }
    if (!entry)
        complain(e, "exports no berth_plugin_entry; write BERTH_PLUGIN(...) once in its source");
}

struct library {
    void *handle[NEEDED_MAX];
    size_t n;
};

static void open_needed(struct elf *e, struct library *l)
{
    for (size_t i = 0; i < e->nneeded; i++) {
        l->handle[l->n] = dlopen(e->needed[i], RTLD_LAZY | RTLD_LOCAL);
        if (l->handle[l->n] != NULL)
            l->n++;
        else
            complain(e, "needs %s, which cannot be loaded: %s", e->needed[i], dlerror());
    }
}

static bool is_resolved(const struct library *l, const char *name)
{
    if (dlsym(RTLD_DEFAULT, name) != NULL)
        return true;
    for (size_t i = 0; i < l->n; i++)
        if (dlsym(l->handle[i], name) != NULL)
            return true;
    return false;
}

static void check_import(struct elf *e, const struct library *l, const char *name, size_t *missing)
{
    if (is_the_hosts(name)) {
        complain(e, "calls %s of the host's own library; use the functions of berth.h", name);
    } else if (!is_resolved(l, name)) {
        if (++*missing <= UNRESOLVED_SHOWN)
            complain(e, "calls %s, which neither the host nor a library it is linked with has",
                     name);
    }
}

static void check_imports(struct elf *e)
{
    struct library l = {.n = 0};
    size_t missing = 0;

    open_needed(e, &l);
    for (size_t i = 1; i < e->nsymbols; i++) {
        const ElfW(Sym) *s = &e->symbols[i];

        if (s->st_shndx == SHN_UNDEF && ELF64_ST_BIND(s->st_info) == STB_GLOBAL)
            check_import(e, &l, symbol_name(e, i), &missing);
    }
    if (missing > UNRESOLVED_SHOWN)
        complain(e, "calls %zu more unknown functions", missing - UNRESOLVED_SHOWN);
    for (size_t i = 0; i < l.n; i++)
        dlclose(l.handle[i]);
}

/* ---- the file --------------------------------------------------------------------- */

static void check_mapped(struct elf *e)
{
    e->head = (const void *)e->bytes;
    if (!check_head(e) || !check_segments(e) || !read_sections(e))
        return;
    check_exports(e);
    check_imports(e);
}

int plugin_file_check(const char *path, struct buf *err)
{
    struct elf e = {.path = path, .err = err};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    void *bytes;

    if (fd < 0 || fstat(fd, &st) != 0) {
        complain(&e, "cannot be read: %s", strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    if (!S_ISREG(st.st_mode) || st.st_size == 0)
        complain(&e, "is %s", S_ISREG(st.st_mode) ? "empty" : "no file");
    else if ((st.st_mode & S_IWOTH) != 0)
        complain(&e, "may be changed by everyone; chmod o-w it");
    if (e.failed) {
        close(fd);
        return -1;
    }
    e.size = (size_t)st.st_size;
    bytes = mmap(NULL, e.size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (bytes == MAP_FAILED) {
        complain(&e, "cannot be read: %s", strerror(errno));
        return -1;
    }
    e.bytes = bytes;
    check_mapped(&e);
    munmap(bytes, e.size);
    return e.failed ? -1 : 0;
}
