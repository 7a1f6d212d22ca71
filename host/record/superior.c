/* superior.c - climbing the tree of people and of departments. */
#include "record/superior.h"

enum { HEIGHT = 50 }; /* of a tree; what is higher is a circle */

static int64_t one(struct berth_ctx *c, const char *sql, int64_t id)
{
    struct db_stmt *s = db_prepare(c->conn, sql);

    db_bind_int(s, 1, id);
    return db_one_int(s);
}

static bool is_there(struct berth_ctx *c, int64_t user)
{
    return one(c, "SELECT active FROM \"user\" WHERE id = ?", user) != 0;
}

int64_t superior_of(struct berth_ctx *c, int64_t user)
{
    int64_t up = user;

    for (int i = 0; i < HEIGHT && up != 0; i++) {
        int64_t next = one(c, "SELECT coalesce(manager_id, 0) FROM \"user\" WHERE id = ?", up);

        up = next != 0 ? next : head_of(c, up, 1);
        if (up == user)
            return 0;
        if (up != 0 && is_there(c, up))
            return up;
    }
    return 0;
}

int64_t head_of(struct berth_ctx *c, int64_t user, int level)
{
    int64_t unit = one(c, "SELECT coalesce(department_id, 0) FROM \"user\" WHERE id = ?", user), last = 0;

    for (int i = 0; i < HEIGHT && unit != 0; i++, unit = one(c, "SELECT coalesce(parent_id, 0) FROM department WHERE id = ?", unit)) {
        int64_t head = one(c, "SELECT coalesce(leader_id, 0) FROM department WHERE id = ?", unit);

        if (head == 0 || head == user || head == last || !is_there(c, head))
            continue;
        last = head;
        if (--level <= 0)
            return head;
    }
    return 0;
}
