/* reader.h - what the three readers share, and what each hands to sheet.c. */
#ifndef BERTH_SHEET_READER_H
#define BERTH_SHEET_READER_H

#include "sheet/sheet.h"

struct reader {
    void (*close)(struct sheet *s);
    int (*select)(struct sheet *s, size_t n, struct sheet_error *err);
    int (*next)(struct sheet *s, struct sheet_row *row, struct sheet_error *err);
};

/* The head of each reader's own struct. */
struct sheet {
    const struct reader *reader;
    enum sheet_kind kind;
    struct sheet_limits limits;
    const char *temp_dir;
    int fd;
    uint64_t size;
    uint64_t done, total; /* bytes of the selected sheet, for progress */
    size_t selected;      /* SIZE_MAX: none */
    uint32_t returned;    /* rows of the selected sheet */
    struct sheet_info *sheets;
    size_t count;
    const char *encoding;
    char separator;
    struct sheet_error failed; /* repeated by every further call */
    struct arena *arena;       /* lives as long as the handle */
};

/* Each opens a file whose first bytes say it is theirs; takes over fd when it returns 0. */
int csv_open(int fd, uint64_t size, const struct sheet_options *o, struct sheet **out,
             struct sheet_error *err);
int xlsx_open(int fd, uint64_t size, const struct sheet_options *o, struct sheet **out,
              struct sheet_error *err);
int xls_open(int fd, uint64_t size, const struct sheet_options *o, struct sheet **out,
             struct sheet_error *err);

/* Fills what every reader starts with; size is that of the reader's own struct. */
void *reader_new(size_t size, const struct reader *reader, enum sheet_kind kind, int fd,
                 uint64_t file_size, const struct sheet_options *o);
void reader_free(struct sheet *s); /* the head's part, and s itself; not fd */

/* Fill err and return -1, so that a caller can return them.  detail may be NULL. */
int sheet_fail(struct sheet_error *err, enum sheet_code code, const char *detail);
int sheet_fail_limit(struct sheet_error *err, enum sheet_code code, uint64_t limit);
int sheet_fail_cell(struct sheet_error *err, enum sheet_code code, uint32_t row, uint32_t column,
                    uint64_t limit);

/* ---- A row being put together --------------------------------------------------------------
 * Cells may come in any order; their text lies in one buffer, which may move until rowing_done. */
struct rowing {
    struct buf text;
    struct sheet_cell *cells;
    uint32_t *at; /* where each cell's text starts in text */
    uint32_t len, cap;
    const struct sheet_limits *limits;
};

void rowing_start(struct rowing *r);
/* The cell to fill in, or NULL with err filled.  Its text is what is appended to r->text between
 * this call and rowing_end. */
struct sheet_cell *rowing_cell(struct rowing *r, uint32_t row, uint32_t column,
                               struct sheet_error *err);
int rowing_end(struct rowing *r, struct sheet_cell *c, uint32_t row, struct sheet_error *err);
/* False when every cell is empty. */
bool rowing_done(struct rowing *r, uint32_t number, struct sheet_row *out);
void rowing_free(struct rowing *r);

#endif
