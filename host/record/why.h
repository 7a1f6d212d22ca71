/* why.h - what lets somebody see or change a record or a field, or what is missing for it, in words. */
#ifndef BERTH_WHY_H
#define BERTH_WHY_H

#include "record/row.h"

struct why {
    int64_t user;         /* about whom; 0: whoever asks */
    const struct table *t;
    int64_t id;           /* 0: of the table as a whole */
    const char *field;    /* NULL: none */
    const char *deed;     /* read, update, delete, create, export, import or an action's name; NULL: read */
};

/* {"allowed":..,"user":{..},"reasons":[{"kind","text"}],"missing":[..],"ask":[{"id","name"}]}.  One may ask about
 * oneself and those below; administrators about everybody.  A record that the one who asks may not see is none. */
int why_json(struct berth_ctx *c, const struct why *q, struct buf *out);

#endif
