/* surface.c - a plugin that does nothing: abidw reads from it all that berth.h says to a compiler. */
#include <berth.h>

BERTH_PLUGIN(.name = "surface", .version = "1")
