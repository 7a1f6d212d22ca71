/* customers - companies of every kind in one base, the people there, and how they relate to each other.
 * Other plugins attach what they know by references with BERTH_BELONGS.  Topics that it listens to:
 * "opportunities.won" makes the company a customer; "leads.convert" makes one of a lead. */
#include "customers.h"

#define SHOWN (BERTH_LIST | BERTH_FILTER)
#define TWIN (BERTH_SEARCH | BERTH_DUPLICATE)

static const struct berth_field customer_fields[] = {
    {"name", BERTH_TEXT, BERTH_REQUIRED | TWIN | SHOWN | BERTH_INDEX, "company"},
    {"number", BERTH_TEXT, BERTH_UNIQUE | BERTH_SEARCH | BERTH_FILTER, .def = "@next", .max = 40},
    {"short_name", BERTH_TEXT, BERTH_SEARCH | BERTH_FILTER, .max = 100},
    {"english_name", BERTH_TEXT, BERTH_SEARCH | BERTH_FILTER},
    {"parties", BERTH_PICK, SHOWN | BERTH_MANY, "party", "customer"},
    {"lifecycle", BERTH_PICK, BERTH_REQUIRED | SHOWN, "lifecycle", "lead"},
    {"level", BERTH_PICK, SHOWN, "level"},
    {"activity", BERTH_PICK, SHOWN, "activity"},
    {"activity_fixed", BERTH_BOOL, BERTH_FILTER, .def = "false"},
    {"churned", BERTH_BOOL, BERTH_LOCKED | BERTH_FILTER, .def = "false"},
    {"is_hard", BERTH_BOOL, BERTH_FILTER, .def = "false"},
    {"hard_reason", BERTH_TEXT, 0, .when = "is_hard = true", .max = 500},
    {"hard_since", BERTH_DATE, BERTH_LOCKED | BERTH_FILTER},
    {"next_action_on", BERTH_DATE, SHOWN | BERTH_INDEX},

    {"phone", BERTH_PHONE, TWIN | BERTH_LIST, .group = "contact", .max = 100},
    {"fax", BERTH_PHONE, TWIN, "fax", .group = "contact", .max = 100},
    {"email", BERTH_EMAIL, TWIN, .group = "contact"},
    {"website", BERTH_URL, BERTH_SEARCH, .group = "contact"},
    {"country", BERTH_PICK, SHOWN, "base.country", .group = "place"},
    {"province", BERTH_TEXT, BERTH_FILTER, .group = "place", .max = 100},
    {"city", BERTH_TEXT, BERTH_SEARCH | SHOWN, .group = "place", .max = 100},
    {"address", BERTH_TEXT, BERTH_SEARCH, .group = "place", .max = 300},
    {"postcode", BERTH_TEXT, 0, .group = "place", .max = 20},
    {"territory", BERTH_PICK, BERTH_FILTER, "territory", .group = "place"},

    {"credit_code", BERTH_TEXT, TWIN | BERTH_FILTER, "code", .group = "register", .when = "country in ('CN', 'HK', 'MO') or country empty",
     .max = 40},
    {"tax_code", BERTH_TEXT, TWIN | BERTH_FILTER, "code", .group = "register", .max = 40},
    {"legal_person", BERTH_TEXT, BERTH_SEARCH, .group = "register", .max = 100},
    {"registered_capital", BERTH_MONEY, BERTH_FILTER, "@capital_currency", .group = "register", .min = "0"},
    {"capital_currency", BERTH_PICK, 0, "currency", .group = "register"},
    {"founded_on", BERTH_DATE, BERTH_FILTER, .group = "register"},
    {"ownership", BERTH_PICK, BERTH_FILTER, "ownership", .group = "register"},
    {"parent_id", BERTH_REF, BERTH_FILTER | BERTH_BELONGS | BERTH_INDEX, "customer", .group = "register"},
    {"group_name", BERTH_TEXT, BERTH_SEARCH | BERTH_FILTER, .group = "register"},

    {"industry", BERTH_PICK, BERTH_FILTER, "industry", .group = "class"},
    {"business", BERTH_PICK, BERTH_FILTER, "business", .group = "class"},
    {"size", BERTH_PICK, BERTH_FILTER, "size", .group = "class"},
    {"goods", BERTH_TEXT, BERTH_SEARCH | BERTH_FILTER, .group = "class", .max = 300},
    {"direction", BERTH_PICK, BERTH_FILTER, "direction", .group = "class"},
    {"lanes", BERTH_PICK, BERTH_FILTER | BERTH_MANY, "lane", .group = "class"},
    {"monthly_volume", BERTH_TEXT, 0, .group = "class", .max = 100},
    {"source", BERTH_PICK, BERTH_FILTER, "source", .group = "class"},
    {"profile", BERTH_LONG, BERTH_SEARCH, .group = "class", .max = 10000},
    {"notes", BERTH_LONG, 0, .group = "class", .max = 10000},
    {"lead_id", BERTH_REF, BERTH_LOCKED | BERTH_INDEX, "lead", .group = "class"},

    {"approval", BERTH_PICK, BERTH_LOCKED | BERTH_FILTER, "approval", "none", .group = "deal"},
    {"approval_note", BERTH_TEXT, BERTH_LOCKED, .group = "deal", .max = 1000},
    {"approved_by", BERTH_REF, BERTH_LOCKED, "user", .group = "deal"},
    {"approved_at", BERTH_TIME, BERTH_LOCKED, .group = "deal"},
    {"contract_no", BERTH_TEXT, BERTH_SEARCH | BERTH_FILTER, .group = "deal", .max = 60},
    {"contract_from", BERTH_DATE, 0, .group = "deal"},
    {"contract_to", BERTH_DATE, BERTH_FILTER | BERTH_INDEX, .group = "deal"},
    {"credit_grade", BERTH_PICK, BERTH_FILTER, "credit", .group = "deal"},
    {"credit_limit", BERTH_MONEY, BERTH_FILTER, .group = "deal", .min = "0"},
    {"payment_days", BERTH_INT, BERTH_FILTER, .group = "deal", .max = 3650, .min = "0"},
    {"first_deal_on", BERTH_DATE, BERTH_LOCKED | BERTH_FILTER, .group = "deal"},
    {"last_deal_on", BERTH_DATE, BERTH_LOCKED | BERTH_FILTER, .group = "deal"},
    {0},
};

/* ---- what hangs on a company ----------------------------------------------------------------- */
#define OF_CUSTOMER {"customer_id", BERTH_REF, BERTH_REQUIRED, "customer"}
static const struct berth_field bank_fields[] = {
    OF_CUSTOMER,
    {"bank", BERTH_TEXT, BERTH_REQUIRED | BERTH_LIST},
    {"account", BERTH_TEXT, BERTH_REQUIRED | BERTH_LIST, .max = 60},
    {"holder", BERTH_TEXT, BERTH_LIST},
    {"currency", BERTH_PICK, BERTH_LIST, "currency"},
    {"swift", BERTH_TEXT, BERTH_LIST, .max = 20},
    {"note", BERTH_TEXT, 0, .max = 500},
    {0},
};
static const struct berth_field address_fields[] = {
    OF_CUSTOMER,
    {"kind", BERTH_PICK, BERTH_REQUIRED | BERTH_LIST, "address", "office"},
    {"address", BERTH_TEXT, BERTH_REQUIRED | BERTH_LIST, .max = 300},
    {"city", BERTH_TEXT, BERTH_LIST, .max = 100},
    {"country", BERTH_PICK, BERTH_LIST, "base.country"},
    {"postcode", BERTH_TEXT, 0, .max = 20},
    {"person", BERTH_TEXT, BERTH_LIST, .max = 100},
    {"phone", BERTH_PHONE, BERTH_LIST},
    {"note", BERTH_TEXT, 0, .max = 500},
    {0},
};
static const struct berth_field year_fields[] = {
    OF_CUSTOMER,
    {"year", BERTH_INT, BERTH_REQUIRED | BERTH_LIST, .max = 2200, .min = "1900"},
    {"currency", BERTH_PICK, BERTH_LIST, "currency"},
    {"revenue", BERTH_MONEY, BERTH_LIST, "@currency", .min = "0"},
    {"profit", BERTH_MONEY, BERTH_LIST, "@currency"},
    {"employees", BERTH_INT, BERTH_LIST, .max = 100000000, .min = "0"},
    {"import_teu", BERTH_INT, BERTH_LIST, .max = 100000000, .min = "0"},
    {"export_teu", BERTH_INT, BERTH_LIST, .max = 100000000, .min = "0"},
    {"note", BERTH_TEXT, 0, .max = 1000},
    {0},
};
static const struct berth_field mention_fields[] = {
    OF_CUSTOMER,
    {"on_day", BERTH_DATE, BERTH_LIST, .def = "@today"},
    {"medium", BERTH_PICK, BERTH_REQUIRED | BERTH_LIST, "medium", "internet"},
    {"title", BERTH_TEXT, BERTH_REQUIRED | BERTH_LIST, .max = 300},
    {"url", BERTH_URL, BERTH_LIST},
    {"note", BERTH_LONG, 0, .max = 5000},
    {0},
};
static const struct berth_field need_fields[] = {
    OF_CUSTOMER,
    {"service", BERTH_PICK, BERTH_REQUIRED | BERTH_LIST, "service"},
    {"need", BERTH_TEXT, BERTH_LIST, .max = 300},
    {"supplier", BERTH_TEXT, BERTH_LIST},
    {"supplier_id", BERTH_REF, BERTH_LIST, "customer"},
    {"state", BERTH_PICK, BERTH_LIST, "supplier_state"},
    {"until_on", BERTH_DATE, BERTH_LIST},
    {"note", BERTH_LONG, 0, .max = 2000},
    {0},
};
static const struct berth_field booking_fields[] = {
    OF_CUSTOMER,
    {"service", BERTH_PICK, BERTH_REQUIRED | BERTH_LIST, "service"},
    {"goods", BERTH_TEXT, BERTH_LIST},
    {"from_on", BERTH_DATE, BERTH_REQUIRED | BERTH_LIST},
    {"to_on", BERTH_DATE, BERTH_LIST},
    {"volume", BERTH_TEXT, BERTH_LIST, .max = 100},
    {"budget", BERTH_MONEY, BERTH_LIST, "@currency", .min = "0"},
    {"currency", BERTH_PICK, BERTH_LIST, "currency"},
    {"state", BERTH_PICK, BERTH_REQUIRED | BERTH_LIST, "booking", "open"},
    {"note", BERTH_LONG, 0, .max = 2000},
    {0},
};
static const struct berth_field resource_fields[] = {
    OF_CUSTOMER,
    {"name", BERTH_TEXT, BERTH_REQUIRED | BERTH_LIST},
    {"kind", BERTH_PICK, BERTH_LIST, "resource"},
    {"serial", BERTH_TEXT, BERTH_LIST, .max = 100},
    {"amount", BERTH_INT, BERTH_LIST, .max = 1000000, .min = "0"},
    {"since_on", BERTH_DATE, BERTH_LIST},
    {"note", BERTH_LONG, 0, .max = 2000},
    {0},
};
static const struct berth_field sop_fields[] = {
    OF_CUSTOMER,
    {"title", BERTH_TEXT, BERTH_REQUIRED | BERTH_LIST},
    {"desk", BERTH_PICK, BERTH_LIST, "service"},
    {"valid_from", BERTH_DATE, BERTH_LIST, .def = "@today"},
    {"text", BERTH_LONG, BERTH_REQUIRED, .max = 20000},
    {0},
};
static const struct berth_field event_fields[] = {
    OF_CUSTOMER,
    {"name", BERTH_TEXT, BERTH_REQUIRED | BERTH_LIST},
    {"kind", BERTH_PICK, BERTH_LIST, "event", "anniversary"},
    {"on_day", BERTH_DATE, BERTH_REQUIRED | BERTH_LIST},
    {"yearly", BERTH_BOOL, BERTH_LIST, .def = "true"},
    {"remind_days", BERTH_INT, BERTH_LIST, .def = "7", .max = 30, .min = "0"},
    {"next_on", BERTH_DATE, BERTH_LOCKED | BERTH_INDEX},
    {"greeted_on", BERTH_DATE, BERTH_LOCKED},
    {"note", BERTH_LONG, 0, .max = 2000},
    {0},
};

/* ---- people ------------------------------------------------------------------------------------ */
static const struct berth_field contact_fields[] = {
    {"name", BERTH_TEXT, BERTH_REQUIRED | BERTH_SEARCH | SHOWN | BERTH_INDEX, .max = 100},
    {"customer_id", BERTH_REF, BERTH_REQUIRED | SHOWN | BERTH_INDEX | BERTH_BELONGS, "customer"},
    {"salutation", BERTH_PICK, 0, "salutation"},
    {"sex", BERTH_PICK, BERTH_FILTER, "sex"},
    {"position", BERTH_TEXT, BERTH_SEARCH | BERTH_LIST, .max = 100},
    {"department", BERTH_TEXT, BERTH_FILTER, .max = 100},
    {"is_main", BERTH_BOOL, BERTH_FILTER, .def = "false"},
    {"has_left", BERTH_BOOL, BERTH_FILTER, .def = "false"},
    {"category", BERTH_PICK, BERTH_FILTER, "category"},

    {"phone", BERTH_PHONE, BERTH_SEARCH | BERTH_LIST, .group = "contact", .max = 100},
    {"mobile", BERTH_PHONE, TWIN | BERTH_LIST, .group = "contact", .max = 100},
    {"fax", BERTH_PHONE, 0, "fax", .group = "contact", .max = 100},
    {"email", BERTH_EMAIL, TWIN | BERTH_LIST, .group = "contact"},
    {"wechat", BERTH_TEXT, BERTH_SEARCH, .group = "contact", .max = 64},
    {"zalo", BERTH_TEXT, BERTH_SEARCH, .group = "contact", .max = 64},
    {"whatsapp", BERTH_TEXT, BERTH_SEARCH, .group = "contact", .max = 64},
    {"call_id", BERTH_TEXT, 0, .group = "contact", .max = 100},
    {"office", BERTH_TEXT, 0, .group = "contact", .max = 100},
    {"address", BERTH_TEXT, 0, .group = "contact", .max = 300},
    {"postcode", BERTH_TEXT, 0, .group = "contact", .max = 20},
    {"homepage", BERTH_URL, 0, .group = "contact"},

    {"role", BERTH_PICK, SHOWN, "role", .group = "buying"},
    {"influence", BERTH_PICK, SHOWN, "influence", .group = "buying"},
    {"attitude", BERTH_PICK, BERTH_FILTER, "attitude", .group = "buying"},
    {"duties", BERTH_TEXT, 0, .group = "buying", .max = 500},
    {"superior_id", BERTH_REF, BERTH_INDEX, "contact", .group = "buying"},
    {"superior_name", BERTH_TEXT, 0, .group = "buying", .max = 100},
    {"superior_phone", BERTH_PHONE, 0, .group = "buying"},
    {"assistant_name", BERTH_TEXT, 0, .group = "buying", .max = 100},
    {"assistant_phone", BERTH_PHONE, 0, .group = "buying"},

    {"birthday", BERTH_DATE, 0, .group = "person"},
    {"birthday_next", BERTH_DATE, BERTH_LOCKED | BERTH_FILTER | BERTH_INDEX, .group = "person"},
    {"anniversary", BERTH_DATE, 0, .group = "person"},
    {"no_greetings", BERTH_BOOL, BERTH_FILTER, .def = "false", .group = "person"},
    {"greeted_on", BERTH_DATE, BERTH_LOCKED, .group = "person"},
    {"hobbies", BERTH_TEXT, BERTH_SEARCH, .group = "person", .max = 500},
    {"notes", BERTH_LONG, 0, .group = "person", .max = 5000},
    {0},
};
static const struct berth_field link_fields[] = {
    {"contact_id", BERTH_REF, BERTH_REQUIRED | BERTH_LIST, "contact"},
    {"customer_id", BERTH_REF, BERTH_REQUIRED | BERTH_LIST | BERTH_INDEX | BERTH_BELONGS, "customer"},
    {"position", BERTH_TEXT, BERTH_LIST, .max = 100},
    {"since_on", BERTH_DATE, BERTH_LIST},
    {"until_on", BERTH_DATE, BERTH_LIST},
    {0},
};
/* What data-protection law asks consent for.  No role gets it at install. */
static const struct berth_field private_fields[] = {
    {"contact_id", BERTH_REF, BERTH_REQUIRED | BERTH_UNIQUE | BERTH_BELONGS, "contact"},
    {"consent", BERTH_BOOL, BERTH_REQUIRED | BERTH_LIST, .def = "false"},
    {"consent_on", BERTH_DATE, BERTH_LIST},
    {"consent_how", BERTH_TEXT, BERTH_LIST, .max = 300},
    {"home_address", BERTH_TEXT, BERTH_LIST, .group = "home", .max = 300},
    {"home_phone", BERTH_PHONE, 0, .group = "home"},
    {"home_fax", BERTH_PHONE, 0, "fax", .group = "home"},
    {"car_phone", BERTH_PHONE, 0, .group = "home"},
    {"private_email", BERTH_EMAIL, BERTH_LIST, .group = "home"},
    {"photo", BERTH_FILE, 0, .group = "home"},
    {"bank_account", BERTH_TEXT, 0, .group = "home", .max = 60},
    {"id_number", BERTH_TEXT, 0, .group = "papers", .max = 40},
    {"native_place", BERTH_TEXT, 0, .group = "papers", .max = 100},
    {"ethnicity", BERTH_TEXT, 0, .group = "papers", .max = 60},
    {"political_status", BERTH_TEXT, 0, .group = "papers", .max = 60},
    {"education", BERTH_PICK, 0, "education", .group = "papers"},
    {"school", BERTH_TEXT, 0, .group = "papers", .max = 100},
    {"height", BERTH_INT, 0, .group = "body", .max = 300, .min = "0"},
    {"weight", BERTH_INT, 0, .group = "body", .max = 500, .min = "0"},
    {"blood_type", BERTH_PICK, 0, "blood", .group = "body"},
    {"health", BERTH_TEXT, 0, .group = "body", .max = 300},
    {"marriage", BERTH_PICK, 0, "marriage", .group = "family"},
    {"spouse", BERTH_TEXT, 0, .group = "family", .max = 100},
    {"children", BERTH_TEXT, 0, .group = "family", .max = 300},
    {0},
};

static const struct berth_field relation_fields[] = {
    {"kind", BERTH_PICK, BERTH_REQUIRED | SHOWN, "relation"},
    {"from_customer_id", BERTH_REF, SHOWN | BERTH_INDEX | BERTH_BELONGS, "customer"},
    {"from_contact_id", BERTH_REF, BERTH_LIST | BERTH_INDEX | BERTH_BELONGS, "contact"},
    {"to_customer_id", BERTH_REF, SHOWN | BERTH_INDEX | BERTH_BELONGS, "customer"},
    {"to_contact_id", BERTH_REF, BERTH_LIST | BERTH_INDEX | BERTH_BELONGS, "contact"},
    {"since_on", BERTH_DATE, BERTH_LIST},
    {"until_on", BERTH_DATE, BERTH_LIST},
    {"note", BERTH_LONG, 0, .max = 2000},
    {0},
};

/* A month's list of customers that cannot be won; owner_id is the manager who decides. */
static const struct berth_field hard_fields[] = {
    {"customer_id", BERTH_REF, BERTH_LOCKED | SHOWN | BERTH_INDEX | BERTH_BELONGS, "customer"},
    {"month_on", BERTH_DATE, BERTH_LOCKED | SHOWN | BERTH_INDEX},
    {"from_id", BERTH_REF, BERTH_LOCKED | SHOWN, "user"},
    {"reason", BERTH_TEXT, BERTH_LOCKED | BERTH_LIST, .max = 500},
    {"since_on", BERTH_DATE, BERTH_LOCKED | BERTH_LIST},
    {"lifecycle", BERTH_PICK, BERTH_LOCKED | SHOWN, "lifecycle"},
    {"level", BERTH_PICK, BERTH_LOCKED | SHOWN, "level"},
    {"touched_at", BERTH_TIME, BERTH_LOCKED | BERTH_LIST},
    {"decision", BERTH_PICK, BERTH_LOCKED | SHOWN, "hard_decision", "open"},
    {"to_id", BERTH_REF, BERTH_LOCKED | BERTH_LIST, "user"},
    {"note", BERTH_LONG, BERTH_LOCKED | BERTH_LIST, .max = 1000},
    {"decided_at", BERTH_TIME, BERTH_LOCKED},
    {0},
};

#define PART(name, fields, titled, pic) {name, fields, .flags = BERTH_DETAIL | BERTH_HIDDEN | BERTH_HISTORY, .title = titled, .icon = pic}
static const struct berth_table tables[] = {
    {"customer", customer_fields, BERTH_KEYS({"created_at"}, {"updated_at"}, {"is_hard, name"}, {"owner_id, lifecycle, level, pool_id"}),
     .flags = BERTH_OWNED | BERTH_POOLED | BERTH_CUSTOM | BERTH_HISTORY | BERTH_BIN, .title = "name", .icon = "building",
     .rights = "sales: own create import; manager: tree create delete import export", .kept = "lifecycle = 'customer'",
     .nav = "customers 50", .step = "next_action_on, log"},
    {"contact", contact_fields, BERTH_KEYS({"created_at"}, {"updated_at"}), .flags = BERTH_OWNED | BERTH_CUSTOM | BERTH_HISTORY | BERTH_BIN,
     .title = "name", .icon = "user", .nav = "customers 51",
     .rights = "sales: own create delete import; manager: tree create delete import export"},
    {"party_relation", relation_fields, .flags = BERTH_OWNED | BERTH_HISTORY | BERTH_BIN, .title = "kind", .icon = "network",
     .nav = "customers 52", .rights = "sales: own create delete; manager: tree create delete"},
    {"hard_case", hard_fields, BERTH_KEYS({"customer_id, month_on", BERTH_UNIQUE}, {"owner_id, decision"}),
     .flags = BERTH_OWNED | BERTH_HISTORY, .title = "customer_id", .icon = "flag", .nav = "customers 53",
     .rights = "sales: own; manager: tree export"},
    {"contact_link", link_fields, BERTH_KEYS({"contact_id, customer_id", BERTH_UNIQUE}), .flags = BERTH_DETAIL | BERTH_HIDDEN,
     .title = "position", .icon = "link"},
    {"contact_private", private_fields, .flags = BERTH_OWNED | BERTH_HIDDEN, .title = "contact_id", .icon = "shield"},
    PART("customer_need", need_fields, "service", "target"),
    PART("customer_booking", booking_fields, "service", "ship"),
    PART("customer_sop", sop_fields, "title", "book"),
    PART("customer_address", address_fields, "address", "building"),
    PART("customer_bank", bank_fields, "bank", "table"),
    {"customer_year", year_fields, BERTH_KEYS({"customer_id, year", BERTH_UNIQUE}), .flags = BERTH_DETAIL | BERTH_HIDDEN | BERTH_HISTORY,
     .title = "year", .icon = "chart"},
    PART("customer_event", event_fields, "name", "calendar"),
    PART("customer_mention", mention_fields, "title", "globe"),
    PART("customer_resource", resource_fields, "name", "box"),
    {0},
};

static const struct berth_dict dicts[] = {
    {"party", "customer:green, prospect:blue, supplier:teal, carrier:violet, airline:violet, coloader:teal, agent:pink, broker:amber, "
              "trucker:amber, warehouse:amber, partner:pink, competitor:red, authority:gray", .open = 1},
    {"lifecycle", "lead:blue, prospect:teal, customer:green, dormant:amber, lost:gray"},
    {"level", "key:red, a:violet, b:blue, c:gray", .open = 1},
    {"activity", "high:green, medium:teal, low:amber, silent:gray", .open = 1},
    {"territory", "north, east, south, central, west, overseas", .open = 1},
    {"currency", "CNY, USD, VND, EUR, HKD, TWD, JPY, GBP, SGD", .open = 1},
    {"ownership", "state, private, foreign, joint_venture, overseas_chinese, listed, household, cooperative, other", .open = 1},
    {"industry", "electronics, machinery, textile, furniture, food, chemical, hardware, toys, auto, medical, logistics, other", .open = 1},
    {"business", "manufacturer, trader, ecommerce, retailer, forwarder, carrier, service, other", .open = 1},
    {"size", "under_20, to_100, to_500, to_2000, over_2000"},
    {"direction", "export:blue, import:violet, both:teal, domestic:gray"},
    {"lane", "us_west, us_east, europe, mediterranean, japan_korea, southeast_asia, india_pakistan, middle_east, africa, "
             "latin_america, australia, russia", .open = 1},
    {"source", "exhibition, website, referral, cold_call, directory, customs_data, agent, other", .open = 1},
    {"approval", "none:gray, requested:amber, approved:green, rejected:red"},
    {"credit", "a:green, b:teal, c:amber, d:red", .open = 1},
    {"hard_decision", "open:amber, handed:green, kept:blue, dropped:gray"},
    {"address", "registered, office, factory, warehouse, invoice, pickup, delivery"},
    {"medium", "press, tv, internet, other"},
    {"service", "sea_fcl, sea_lcl, air, rail, truck, express, customs, warehouse, insurance, project, other", .open = 1},
    {"supplier_state", "satisfied:green, neutral:gray, unhappy:amber, tender:blue, leaving:red"},
    {"booking", "open:blue, booked:green, dropped:gray"},
    {"resource", "software, equipment, container, label, other", .open = 1},
    {"event", "anniversary, celebration, fair, holiday, other", .open = 1},
    {"salutation", "mr, ms, mrs, dr, manager, director", .open = 1},
    {"sex", "male, female"},
    {"category", "business, operations, finance, technical, customs, service, other", .open = 1},
    {"role", "decides:red, influences:amber, buys:blue, uses:teal, filters:gray, pays:violet, supports:green", .open = 1},
    {"influence", "high:red, medium:amber, low:gray"},
    {"attitude", "champion:green, positive:teal, neutral:gray, against:red", .open = 1},
    {"education", "school, college, bachelor, master, doctor"},
    {"blood", "a, b, ab, o"},
    {"marriage", "single, married, divorced"},
    {"relation", "owns:violet, invests:violet, supplies:blue, buys_from:blue, agent_of:pink, broker_of:amber, trucks_for:amber, "
                 "competes:red, partner:green, works_at:teal, worked_at:gray, reports_to:teal, recommended:green, friend:pink, "
                 "family:pink, other:gray", .open = 1},
    {0},
};

static int open(struct berth_ctx *c, void **state)
{
    static struct state s; /* each run is one at a time */

    (void)c;
    *state = &s;
    return BERTH_OK;
}

#define SAVED (BERTH_INSERT | BERTH_UPDATE)
#define WHY BERTH_FIELDS({"note", BERTH_LONG, 0, .max = 1000})

static const struct berth_tile tiles[] = {
    {"customer", "due", BERTH_TODO, .view = "due", .by = "next_action_on", .order = 12},
    {"hard_case", "open", BERTH_TODO, .view = "open", .by = "month_on", .order = 31},
    {"contact", "birthdays", BERTH_TODO, .view = "birthdays", .where = "owner_id = @me and birthday_next <= @today+3d",
     .by = "birthday_next", .order = 40},
    {"customer", "mine", BERTH_KPI, .view = "mine", .roles = "sales", .order = -36},
    {"customer", "team", BERTH_KPI, .view = "team", .roles = "manager", .order = -36},
    {"customer", "by_lifecycle", BERTH_PIE, .view = "mine", .by = "lifecycle", .roles = "sales", .order = 50, .width = 6},
    {"customer", "by_level", BERTH_BARS, .view = "team", .by = "level", .order = 51},
    {0},
};

static const struct berth_report reports[] = {
    {"buying", "users", "/customers/buying", .on = "customer",
     .columns = BERTH_FIELDS({"name", BERTH_TEXT}, {"position", BERTH_TEXT}, {"role", BERTH_PICK, 0, "role"},
                             {"influence", BERTH_PICK, 0, "influence"}, {"attitude", BERTH_PICK, 0, "attitude"}, {"superior", BERTH_TEXT},
                             {"duties", BERTH_TEXT})},
    {0},
};

BERTH_PLUGIN(.name = "customers", .version = "0.1.0", .needs = "base, pools", .caps = BERTH_CAP_ALL_ROWS, .tables = tables, .dicts = dicts,
             .tiles = tiles, .reports = reports, .open = open,
             .settings = BERTH_FIELDS({"approve_first", BERTH_BOOL, 0, .def = "false"}, {"personal_data", BERTH_BOOL, 0, .def = "false"}),
             .perms = BERTH_LIST_OF(berth_perm, {"approve", "manager"}, {"erase", "manager"}),
             .rules = BERTH_LIST_OF(berth_rule, {"activity", BERTH_TEXT, "customer", ""}, {"lifecycle", BERTH_TEXT, "customer", ""},
                                    {"greet_contact", BERTH_TEXT, "contact, customer", ""},
                                    {"greet_event", BERTH_TEXT, "customer_event, customer", ""},
                                    {"release_days", BERTH_INT, "customer", "0"}, {"release", BERTH_JSON, "customer, pool"}),
             .actions =
                 BERTH_LIST_OF(berth_action,
                               {"hard_case", "hand_over", .when = "decision = 'open'", .flags = BERTH_BULK | BERTH_EDITS,
                                .icon = "user-plus", .run = hard_hand_over, .order = -3,
                                .form = BERTH_FIELDS({"to_id", BERTH_REF, BERTH_REQUIRED, "user"}, {"note", BERTH_LONG, 0, .max = 1000})},
                               {"hard_case", "keep", .when = "decision = 'open'", .flags = BERTH_BULK | BERTH_EDITS, .icon = "undo",
                                .run = hard_keep, .form = WHY, .order = -2},
                               {"hard_case", "give_up", .when = "decision = 'open'", .flags = BERTH_BULK | BERTH_DANGER | BERTH_EDITS,
                                .icon = "x", .run = hard_give_up, .form = WHY, .order = -1},
                               {"contact", "erase", "erase", .flags = BERTH_DANGER | BERTH_EDITS, .icon = "shield", .run = contact_erase}),
             .approvals = BERTH_LIST_OF(berth_approval, {"customer", "deal", .starts = "ask", .steps = "perm customers.approve",
                                                         .state = "approval", .locks = "none"}),
             .views = BERTH_LIST_OF(berth_view, {"customer", "mine", BERTH_AS_LIST, .where = "owner_id = @me"},
                                    {"customer", "due", BERTH_AS_LIST, .where = "owner_id = @me and next_action_on <= @today",
                                     .sort = "next_action_on"},
                                    {"customer", "team", BERTH_AS_LIST, .where = "owner_id in @team"},
                                    {"customer", "potential", BERTH_AS_LIST, .where = "owner_id empty",
                                     .columns = "name, city, country, industry, level, pool_id, pooled_at, prev_owner_id"},
                                    {"customer", "hard", BERTH_AS_LIST, .where = "is_hard = true", .sort = "name",
                                     .columns = "name, owner_id, hard_since, hard_reason, level, lifecycle, activity, touched_at"},
                                    {"hard_case", "open", BERTH_AS_LIST, .where = "decision = 'open'", .sort = "-month_on"},
                                    {"hard_case", "month", BERTH_AS_LIST, .where = "month_on within @this_month"},
                                    {"hard_case", "all", BERTH_AS_LIST, .sort = "-month_on"},
                                    {"customer", "board", BERTH_AS_BOARD, .by = "lifecycle"}, {"customer", "all", BERTH_AS_LIST},
                                    {"customer", "groups", BERTH_AS_TREE, .by = "parent_id"},
                                    {"contact", "mine", BERTH_AS_LIST, .where = "owner_id = @me"},
                                    {"contact", "birthdays", BERTH_AS_LIST, .where = "birthday_next <= @today+30d", .sort = "birthday_next",
                                     .columns = "name, birthday_next, customer_id, position, mobile, email"},
                                    {"contact", "all", BERTH_AS_LIST}, {"contact", "buying", BERTH_AS_TREE, .by = "superior_id"}),
             .routes = BERTH_LIST_OF(berth_route, {"GET", "/relations", .run = relation_graph},
                                     {"GET", "/customers/buying", .run = buying_map}),
             .hooks = BERTH_LIST_OF(
                 berth_hook, {BERTH_BEFORE | SAVED, "customer", customer_check}, {BERTH_AFTER | BERTH_UPDATE, "customer", customer_saved},
                 {BERTH_BEFORE | BERTH_DELETE, "customer", customer_drop}, {BERTH_BEFORE | SAVED, "contact", contact_check},
                 {BERTH_BEFORE | SAVED, "contact_link", link_check}, {BERTH_BEFORE | SAVED, "contact_private", private_check},
                 {BERTH_BEFORE | SAVED, "customer_event", care_check}, {BERTH_BEFORE | SAVED, "party_relation", relation_check},
                 {BERTH_EVENT, "leads.convert", on_lead_converts}, {BERTH_EVENT, "leads.return", on_lead_returns},
                 {BERTH_EVENT, "activities.done", on_work_done}, {BERTH_EVENT, "opportunities.won", on_deal_won}),
             .timers = BERTH_LIST_OF(berth_timer, {"appraise", "daily 03:10", customer_appraise_all}, {"hard", "daily 05:30", hard_list},
                                     {"care", "daily 06:00", care_remind}))
