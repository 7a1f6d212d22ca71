/* xls.c - reads .xls. */
#include "sheet/reader.h"

int xls_open(int fd, uint64_t size, const struct sheet_options *o, struct sheet **out,
             struct sheet_error *err)
{
    (void)fd, (void)size, (void)o, (void)out;
    return fail(err, SHEET_E_OTHER, "an old Excel file (.xls), which is not read yet");
}
