/* sqlite_vfs.c - a VFS over the system's. */
#include "db/sqlite.h"

sqlite3_vfs *sq_vfs_over(sqlite3_vfs *own, const char *name, size_t more, sq_open_file *open)
{
    sqlite3_vfs *below = sqlite3_vfs_find(NULL);

    if (below == NULL)
        return NULL;
    *own = *below; /* all but opening is done by its functions, with its data */
    own->zName = name;
    own->szOsFile = below->szOsFile + (int)more;
    own->xOpen = open;
    own->pNext = NULL;
    return sqlite3_vfs_register(own, 0) == SQLITE_OK ? below : NULL;
}
