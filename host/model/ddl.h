/* ddl.h - SQL that makes tables, columns and indexes of the model.  No semicolons at the end. */
#ifndef BERTH_DDL_H
#define BERTH_DDL_H

#include "db/db.h"
#include "model/model.h"

const char *ddl_type(const struct field *f, const struct db_dialect *d);
bool ddl_is_identity(const struct field *f); /* the database counts it up */
void ddl_create(struct buf *out, const struct table *t, const struct db_dialect *d);
void ddl_add_column(struct buf *out, const struct table *t, const struct field *f,
                    const struct db_dialect *d);
void ddl_index(struct buf *out, const struct table *t, const struct index *ix, const struct db_dialect *d);
/* "a, b"; without the row's number at the end where each entry ends with it anyhow. */
void ddl_index_columns(struct buf *out, const struct index *ix, const struct db_dialect *d);
/* An index that CREATE TABLE already made as the primary key of a BERTH_BARE table. */
bool ddl_index_is_primary(const struct table *t, const struct index *ix);

#endif
