/* quotes - what an area that comes later attaches to customers, deals and, through them, to tasks: declarations alone. */
#include <berth.h>

static const struct berth_field quote_fields[] = {
    {"name", BERTH_TEXT, BERTH_REQUIRED | BERTH_LIST},
    {"customer_id", BERTH_REF, BERTH_LIST | BERTH_INDEX | BERTH_BELONGS, "customer"},
    {"opportunity_id", BERTH_REF, BERTH_LIST | BERTH_INDEX | BERTH_BELONGS, "opportunity"},
    {"sent_at", BERTH_TIME, BERTH_LIST, .def = "@now"},
    {"total", BERTH_MONEY, BERTH_LIST, "CNY", .min = "0"},
    {0},
};
static const struct berth_field payment_fields[] = {
    {"name", BERTH_TEXT, BERTH_REQUIRED | BERTH_LIST},
    {"customer_id", BERTH_REF, BERTH_REQUIRED | BERTH_LIST | BERTH_INDEX | BERTH_BELONGS, "customer"},
    {"paid_on", BERTH_DATE, BERTH_LIST},
    {"paid", BERTH_MONEY, BERTH_LIST, "CNY"},
    {0},
};

BERTH_PLUGIN(.name = "quotes", .version = "1.0.0", .needs = "base",
             .tables = BERTH_LIST_OF(berth_table,
                                     {"quote", quote_fields, .flags = BERTH_OWNED | BERTH_HISTORY, .title = "name", .moment = "sent_at",
                                      .rights = "sales: own create; manager: tree create"},
                                     {"payment", payment_fields, .flags = BERTH_OWNED, .title = "name", .rights = "manager: tree create"}))
