/* base - the host's own tables: people, rights, pools, settings, and its bookkeeping.
 * Declared with the descriptors that every plugin uses. */
#include <berth.h>

#define ADMINISTERED (BERTH_ADMIN | BERTH_HISTORY)
#define KEPT (BERTH_LOCKED | BERTH_LIST | BERTH_FILTER)

/* ISO 3166, the forwarders' usual ones first. */
static const char countries[] =
    "CN, HK, TW, MO, VN, US, JP, KR, SG, MY, TH, ID, PH, KH, LA, MM, IN, PK, BD, LK, "
    "AE, SA, QA, KW, OM, BH, IL, TR, EG, MA, ZA, NG, KE, GH, TZ, ET, DE, NL, BE, FR, "
    "GB, IE, IT, ES, PT, PL, CZ, AT, CH, SE, DK, NO, FI, GR, RO, HU, RU, UA, KZ, UZ, "
    "AU, NZ, CA, MX, BR, AR, CL, PE, CO, PA, AD, AF, AG, AI, AL, AM, AO, AQ, AS, AW, "
    "AX, AZ, BA, BB, BF, BG, BI, BJ, BL, BM, BN, BO, BQ, BS, BT, BV, BW, BY, BZ, CC, "
    "CD, CF, CG, CI, CK, CM, CR, CU, CV, CW, CX, CY, DJ, DM, DO, DZ, EC, EE, EH, ER, "
    "FJ, FK, FM, FO, GA, GD, GE, GF, GG, GI, GL, GM, GN, GP, GQ, GS, GT, GU, GW, GY, "
    "HM, HN, HR, HT, IM, IO, IQ, IR, IS, JE, JM, JO, KG, KI, KM, KN, KP, KY, LB, LC, "
    "LI, LR, LS, LT, LU, LV, LY, MC, MD, ME, MF, MG, MH, MK, ML, MN, MP, MQ, MR, MS, "
    "MT, MU, MV, MW, MZ, NA, NC, NE, NF, NI, NP, NR, NU, PF, PG, PM, PN, PR, PS, PW, "
    "PY, RE, RS, RW, SB, SC, SD, SH, SI, SJ, SK, SL, SM, SN, SO, SR, SS, ST, SV, SX, "
    "SY, SZ, TC, TD, TF, TG, TJ, TK, TL, TM, TN, TO, TT, TV, UG, UM, UY, VA, VC, VE, "
    "VG, VI, VU, WF, WS, YE, YT, ZM, ZW";

/* ---- people ------------------------------------------------------------------- */

static const struct berth_field user_fields[] = {
    {"name", BERTH_TEXT, BERTH_REQUIRED | BERTH_SEARCH | BERTH_LIST | BERTH_INDEX,
     .group = "person"},
    {"login", BERTH_TEXT, BERTH_REQUIRED | BERTH_UNIQUE | BERTH_SEARCH, .group = "person",
     .max = 64},
    {"email", BERTH_EMAIL, BERTH_SEARCH, .group = "person"},
    {"phone", BERTH_PHONE, BERTH_SEARCH, .group = "person"},
    {"department_id", BERTH_REF, BERTH_LIST | BERTH_FILTER | BERTH_INDEX, "department",
     .group = "place"},
    {"manager_id", BERTH_REF, BERTH_LIST | BERTH_FILTER | BERTH_INDEX, "user", .group = "place"},
    {"position", BERTH_TEXT, BERTH_LIST, .group = "place", .max = 100},
    {"admin", BERTH_BOOL, BERTH_FILTER, .def = "false", .group = "access"},
    {"active", BERTH_BOOL, BERTH_LIST | BERTH_FILTER, .def = "true", .group = "access"},
    {"locale", BERTH_PICK, 0, "locale", .group = "access"},
    {"zone", BERTH_TEXT, 0, .group = "access", .max = 64},
    {"signature", BERTH_LONG, 0, .group = "person", .max = 2000},
    {"last_seen_at", BERTH_TIME, BERTH_LOCKED | BERTH_FILTER, .group = "access"},
    {"password_hash", BERTH_TEXT, BERTH_SECRET | BERTH_LOCKED},
    {0},
};
static const struct berth_field department_fields[] = {
    {"name", BERTH_TEXT, BERTH_REQUIRED | BERTH_SEARCH | BERTH_LIST},
    {"parent_id", BERTH_REF, BERTH_LIST | BERTH_FILTER | BERTH_INDEX, "department"},
    {"leader_id", BERTH_REF, BERTH_LIST | BERTH_FILTER, "user"},
    {0},
};

/* ---- rights ------------------------------------------------------------------- */

static const struct berth_field role_fields[] = {
    {"name", BERTH_TEXT, BERTH_REQUIRED | BERTH_UNIQUE | BERTH_LIST, .max = 64},
    {"note", BERTH_LONG, BERTH_LIST, .max = 1000},
    {"home", BERTH_JSON, BERTH_LOCKED, .max = 16000}, /* how the home page of who has it begins: web/home.c */
    {0},
};
static const struct berth_field role_table_fields[] = {
    {"role_id", BERTH_REF, BERTH_REQUIRED | BERTH_LIST, "role"},
    {"on_table", BERTH_TEXT, BERTH_REQUIRED | BERTH_LIST, "@table", .max = 48},
    {"can_create", BERTH_BOOL, BERTH_LIST, .def = "false"},
    {"read_scope", BERTH_PICK, BERTH_REQUIRED | BERTH_LIST, "scope", "none"},
    {"update_scope", BERTH_PICK, BERTH_REQUIRED | BERTH_LIST, "scope", "none"},
    {"delete_scope", BERTH_PICK, BERTH_REQUIRED | BERTH_LIST, "scope", "none"},
    {"can_export", BERTH_BOOL, BERTH_LIST, .def = "false"},
    {"can_import", BERTH_BOOL, BERTH_LIST, .def = "false"},
    {0},
};
static const struct berth_field role_field_fields[] = {
    {"role_id", BERTH_REF, BERTH_REQUIRED | BERTH_LIST, "role"},
    {"on_table", BERTH_TEXT, BERTH_REQUIRED | BERTH_LIST, "@table", .max = 48},
    {"field", BERTH_TEXT, BERTH_REQUIRED | BERTH_LIST, "@field", .max = 48},
    {"access", BERTH_PICK, BERTH_REQUIRED | BERTH_LIST, "access", "read"},
    {0},
};
static const struct berth_field role_perm_fields[] = {
    {"role_id", BERTH_REF, BERTH_REQUIRED | BERTH_LIST, "role"},
    {"perm", BERTH_TEXT, BERTH_REQUIRED | BERTH_LIST, .max = 100},
    {0},
};
static const struct berth_field user_role_fields[] = {
    {"user_id", BERTH_REF, BERTH_REQUIRED | BERTH_LIST, "user"},
    {"role_id", BERTH_REF, BERTH_REQUIRED | BERTH_LIST | BERTH_INDEX, "role"},
    {0},
};

/* Departments besides the one that stands with the user. */
static const struct berth_field user_department_fields[] = {
    {"user_id", BERTH_REF, BERTH_REQUIRED | BERTH_LIST, "user"},
    {"department_id", BERTH_REF, BERTH_REQUIRED | BERTH_LIST | BERTH_INDEX, "department"},
    {0},
};
/* Who stands in for the owner while they are away: sees and does what they may. */
static const struct berth_field deputy_fields[] = {
    {"deputy_id", BERTH_REF, BERTH_REQUIRED | BERTH_LIST | BERTH_INDEX, "user"},
    {"from_at", BERTH_TIME, BERTH_REQUIRED | BERTH_LIST, .def = "@now"},
    {"until_at", BERTH_TIME, BERTH_REQUIRED | BERTH_LIST},
    {"note", BERTH_TEXT, BERTH_LIST, .max = 200},
    {0},
};
/* Who sees the owner's records, as far as the helper's own roles open the table. */
static const struct berth_field helper_fields[] = {
    {"helper_id", BERTH_REF, BERTH_REQUIRED | BERTH_LIST | BERTH_INDEX, "user"},
    {"access", BERTH_PICK, BERTH_REQUIRED | BERTH_LIST, "share_access", "read"},
    {"until_at", BERTH_TIME, BERTH_LIST},
    {0},
};
/* One record for a person, a department with those below it, or a role; kind: team or share. */
static const struct berth_field record_share_fields[] = {
    {"id", BERTH_INT, 0, .def = "@seq"},
    {"kind", BERTH_TEXT},
    {"tbl", BERTH_INT},
    {"rec", BERTH_INT},
    {"user_id", BERTH_REF, 0, "user"},
    {"department_id", BERTH_REF, 0, "department"},
    {"role_id", BERTH_REF, 0, "role"},
    {"access", BERTH_TEXT}, /* as in the dictionary share_access */
    {"part", BERTH_TEXT},   /* what a member of the team does in it */
    {"until_at", BERTH_TIME},
    {"at", BERTH_TIME},
    {"by", BERTH_REF, 0, "user"},
    {0},
};

/* ---- pools -------------------------------------------------------------------- */

static const struct berth_field pool_fields[] = {
    {"name", BERTH_TEXT, BERTH_REQUIRED | BERTH_SEARCH | BERTH_LIST},
    {"on_table", BERTH_TEXT, BERTH_REQUIRED | BERTH_LIST | BERTH_FILTER | BERTH_INDEX, "@pooled", .max = 48},
    {"department_id", BERTH_REF, BERTH_LIST | BERTH_FILTER, "department"},
    {"active", BERTH_BOOL, BERTH_LIST | BERTH_FILTER, .def = "true"},
    {"day_cap", BERTH_INT, BERTH_LIST, .def = "0", .group = "caps", .max = 1000000, .min = "0"},
    {"hold_cap", BERTH_INT, BERTH_LIST, .def = "0", .group = "caps", .max = 1000000, .min = "0"},
    {"lock_days", BERTH_INT, BERTH_LIST, .def = "0", .group = "caps", .max = 3650, .min = "0"},
    {"protect_days", BERTH_INT, BERTH_LIST, .def = "0", .group = "caps", .max = 3650, .min = "0"},
    {"view_cap", BERTH_INT, 0, .def = "0", .group = "caps", .max = 1000000, .min = "0"},
    {"recycle", BERTH_BOOL, BERTH_FILTER, .def = "true", .group = "recycling"},
    {"remind_days", BERTH_INT, 0, .def = "0", .group = "recycling", .max = 3650, .min = "0"},
    {"manager_days", BERTH_INT, 0, .def = "0", .group = "recycling", .max = 3650, .min = "0"},
    {"note", BERTH_LONG, 0, .max = 1000},
    {0},
};
/* A member is a user or a whole department. */
static const struct berth_field pool_member_fields[] = {
    {"pool_id", BERTH_REF, BERTH_REQUIRED | BERTH_LIST, "pool"},
    {"user_id", BERTH_REF, BERTH_LIST | BERTH_INDEX, "user"},
    {"department_id", BERTH_REF, BERTH_LIST | BERTH_INDEX, "department"},
    {"admin", BERTH_BOOL, BERTH_LIST, .def = "false"},
    {0},
};

/* What of a record in the pool stays hidden until it is claimed: a field, "@files" or "@notes". */
static const struct berth_field pool_field_fields[] = {
    {"pool_id", BERTH_REF, BERTH_REQUIRED, "pool"},
    {"field", BERTH_TEXT, BERTH_REQUIRED | BERTH_LIST, "@field", .max = 48},
    {"access", BERTH_PICK, BERTH_REQUIRED | BERTH_LIST, "hidden_as", "none"},
    {0},
};
/* Days after which a record that fits falls back; the first in order of place decides. */
static const struct berth_field pool_rule_fields[] = {
    {"pool_id", BERTH_REF, BERTH_REQUIRED, "pool"},
    {"name", BERTH_TEXT, BERTH_REQUIRED | BERTH_LIST, .max = 200}, /* people read it as the reason */
    {"days", BERTH_INT, BERTH_REQUIRED | BERTH_LIST, .max = 36500, .min = "0"},
    {"counted_from", BERTH_PICK, BERTH_REQUIRED | BERTH_LIST, "counted_from", "touch"},
    {"counted_field", BERTH_TEXT, BERTH_REQUIRED, "@date", .when = "counted_from = 'field'", .max = 48},
    {"applies_to", BERTH_JSON, BERTH_LIST, "@filter", .max = 20000},
    {"include_kept", BERTH_BOOL, 0, .def = "false"},
    {"to_pool_id", BERTH_REF, BERTH_LIST, "pool", .where = "active = true"},
    {"place", BERTH_INT, BERTH_LIST, .def = "0", .min = "0"},
    {"active", BERTH_BOOL, BERTH_LIST, .def = "true"},
    {0},
};
/* How many one may hold; the closest to a person decides: theirs, their department's, everybody's. */
static const struct berth_field hold_limit_fields[] = {
    {"on_table", BERTH_TEXT, BERTH_REQUIRED | BERTH_LIST | BERTH_FILTER, "@pooled", .max = 48},
    {"user_id", BERTH_REF, BERTH_LIST | BERTH_INDEX, "user"},
    {"department_id", BERTH_REF, BERTH_LIST | BERTH_INDEX, "department"},
    {"hold_cap", BERTH_INT, BERTH_LIST, .def = "0", .max = 1000000, .min = "0"},
    {"lock_cap", BERTH_INT, BERTH_LIST, .def = "0", .max = 1000000, .min = "0"},
    {"uncounted", BERTH_JSON, BERTH_LIST, "@filter", .max = 20000},
    {0},
};
/* Whoever leaves: where their records go. */
static const struct berth_field handover_fields[] = {
    {"user_id", BERTH_REF, BERTH_REQUIRED | BERTH_LOCKED | BERTH_LIST | BERTH_INDEX, "user"},
    {"to_ids", BERTH_REF, BERTH_MANY | BERTH_LOCKED | BERTH_LIST, "user"},
    {"pool_id", BERTH_REF, BERTH_LOCKED | BERTH_LIST, "pool"},
    {"tables", BERTH_TEXT, BERTH_LOCKED, .max = 2000}, /* "lead, customer"; empty: all */
    {"state", BERTH_PICK, BERTH_REQUIRED | KEPT, "handover_state", "open"},
    {"moved", BERTH_INT, BERTH_LOCKED | BERTH_LIST, .def = "0"},
    {"back", BERTH_INT, BERTH_LOCKED | BERTH_LIST, .def = "0"}, /* given back when it was undone */
    {"note", BERTH_LONG, BERTH_LOCKED, .max = 1000},
    {0},
};

/* ---- what administrators set up -------------------------------------------------- */

static const struct berth_field custom_field_fields[] = {
    {"on_table", BERTH_TEXT, BERTH_REQUIRED | BERTH_LIST | BERTH_FILTER, .max = 48},
    {"name", BERTH_TEXT, BERTH_REQUIRED | BERTH_LIST, .max = 48},
    {"type", BERTH_PICK, BERTH_REQUIRED | BERTH_LIST, "field_type", "text"},
    {"of", BERTH_TEXT, BERTH_LIST, .max = 100},
    {"section", BERTH_TEXT, 0, .max = 48}, /* the field's .group: that word is SQL's */
    {"max", BERTH_INT, 0, .def = "0", .min = "0"},
    {"min", BERTH_REAL, 0, .when = "type in ('int', 'real', 'money')"},
    {"place", BERTH_INT, 0, .def = "0"},
    {"required", BERTH_BOOL, 0, .def = "false"},
    {"list", BERTH_BOOL, 0, .def = "false"},
    {"filter", BERTH_BOOL, 0, .def = "true"},
    {"search", BERTH_BOOL, 0, .def = "false"},
    {"sort", BERTH_BOOL, 0, .def = "false"},
    {"many", BERTH_BOOL, 0, .def = "false"},
    {"label_en", BERTH_TEXT, BERTH_LIST, .group = "label"},
    {"label_zh_cn", BERTH_TEXT, 0, .group = "label"},
    {"label_zh_tw", BERTH_TEXT, 0, .group = "label"},
    {"label_vi", BERTH_TEXT, 0, .group = "label"},
    {0},
};
static const struct berth_field dict_item_fields[] = {
    {"dict", BERTH_TEXT, BERTH_REQUIRED | BERTH_LIST | BERTH_FILTER, .max = 100},
    {"key", BERTH_TEXT, BERTH_REQUIRED | BERTH_LIST, .max = 40},
    {"color", BERTH_PICK, BERTH_LIST, "color"},
    {"place", BERTH_INT, BERTH_LIST, .def = "0"},
    {"hidden", BERTH_BOOL, BERTH_LIST, .def = "false"},
    {"label_en", BERTH_TEXT, BERTH_LIST, .group = "label"},
    {"label_zh_cn", BERTH_TEXT, BERTH_LIST, .group = "label"},
    {"label_zh_tw", BERTH_TEXT, 0, .group = "label"},
    {"label_vi", BERTH_TEXT, 0, .group = "label"},
    {0},
};
/* What makes records possible duplicates, beyond and instead of BERTH_DUPLICATE; see record/dup_rule.c. */
static const struct berth_field dup_rule_fields[] = {
    {"name", BERTH_TEXT, BERTH_REQUIRED | BERTH_LIST, .max = 100},
    {"on_table", BERTH_TEXT, BERTH_REQUIRED | BERTH_LIST | BERTH_FILTER, "@table", .max = 48},
    {"fields", BERTH_TEXT, BERTH_REQUIRED | BERTH_LIST, "@fields", .max = 200}, /* "name, city" */
    {"method", BERTH_PICK, BERTH_REQUIRED | BERTH_LIST, "dup_method", "field"},
    {"alike", BERTH_INT, BERTH_REQUIRED, .def = "90", .when = "method = 'similar'", .max = 98, .min = "0"},
    {"meets", BERTH_TEXT, 0, .max = 48}, /* rules with the same word meet across tables */
    {"on_create", BERTH_PICK, BERTH_REQUIRED | BERTH_LIST, "dup_act", "warn", .group = "act"},
    {"on_edit", BERTH_PICK, BERTH_REQUIRED | BERTH_LIST, "dup_act", "warn", .group = "act"},
    {"on_import", BERTH_PICK, BERTH_REQUIRED | BERTH_LIST, "dup_act", "warn", .group = "act"},
    {"on_convert", BERTH_PICK, BERTH_REQUIRED | BERTH_LIST, "dup_act", "warn", .group = "act"},
    {"active", BERTH_BOOL, BERTH_LIST | BERTH_FILTER, .def = "true"},
    {0},
};
static const struct berth_field setting_fields[] = {
    {"name", BERTH_TEXT, BERTH_REQUIRED | BERTH_UNIQUE | BERTH_LIST, .max = 100},
    {"value", BERTH_LONG, BERTH_LIST},
    {0},
};
/* How a table's fields are arranged; record/layout.c checks and applies it. */
static const struct berth_field layout_fields[] = {
    {"on_table", BERTH_TEXT, BERTH_REQUIRED | BERTH_UNIQUE | BERTH_LIST, .max = 48},
    {"spec", BERTH_JSON, BERTH_REQUIRED, .max = 20000},
    {0},
};
static const struct berth_field series_fields[] = {
    {"name", BERTH_TEXT, BERTH_REQUIRED | BERTH_UNIQUE | BERTH_LIST, .max = 100},
    {"prefix", BERTH_TEXT, BERTH_LIST, .max = 40}, /* {year} {month} {day} are understood */
    {"digits", BERTH_INT, BERTH_LIST, .def = "5", .max = 12, .min = "0"},
    {"next", BERTH_INT, BERTH_LIST, .def = "1", .min = "0"},
    {"reset", BERTH_PICK, BERTH_LIST, "series_reset", "never"},
    {"period", BERTH_TEXT, BERTH_LOCKED, .max = 10}, /* the one that `next` counts in */
    {0},
};

/* How long the recycle bin keeps a table's records, where that is not base.bin_days. */
static const struct berth_field retention_fields[] = {
    {"on_table", BERTH_TEXT, BERTH_REQUIRED | BERTH_UNIQUE | BERTH_LIST, .max = 48},
    {"bin_days", BERTH_INT, BERTH_REQUIRED | BERTH_LIST, .def = "90", .max = 3650, .min = "0"}, /* 0: for good */
    {0},
};

/* ---- what users keep ------------------------------------------------------------ */

/* A way of looking at a table; record/view.c checks and serves them. */
static const struct berth_field saved_view_fields[] = {
    {"name", BERTH_TEXT, BERTH_REQUIRED | BERTH_LIST, .max = 100},
    {"on_table", BERTH_TEXT, BERTH_REQUIRED | BERTH_FILTER, .max = 48},
    {"audience", BERTH_PICK, BERTH_REQUIRED | BERTH_LIST, "audience", "me"},
    {"department_id", BERTH_REF, 0, "department", .when = "audience = 'department'"},
    {"role_id", BERTH_REF, 0, "role", .when = "audience = 'role'"},
    {"base", BERTH_TEXT, 0, .max = 48}, /* the declared view that it narrows further */
    {"look", BERTH_PICK, 0, "look", "list"},
    {"columns", BERTH_TEXT, 0, .max = 2000},
    {"widths", BERTH_JSON, 0, .max = 4000},
    {"filter", BERTH_JSON, 0, "@filter", .max = 20000},
    {"sort", BERTH_TEXT, 0, .max = 500},
    {"by_field", BERTH_TEXT, 0, .max = 60}, /* groups, board columns, tree parent: "status", "paid_on:month" */
    {"from_field", BERTH_TEXT, 0, .max = 48},
    {"to_field", BERTH_TEXT, 0, .max = 48},
    {"sums", BERTH_TEXT, 0, .max = 500},
    {"place", BERTH_INT, 0, .def = "0"},
    {0},
};
/* What a user said of a view, declared (by name) or saved (by number). */
static const struct berth_field view_mark_fields[] = {
    {"user_id", BERTH_REF, 0, "user"},
    {"on_table", BERTH_TEXT},
    {"view_name", BERTH_TEXT},
    {"pinned", BERTH_BOOL},
    {"opens", BERTH_BOOL}, /* shown when the table is opened */
    {0},
};
/* How a home page stands: a user's own (role_id 0), or a role's default (user_id 0). */
static const struct berth_field home_layout_fields[] = {
    {"user_id", BERTH_INT}, {"role_id", BERTH_INT}, {"layout", BERTH_JSON}, {0},
};
/* What administrators call things; word: the key of the text, "lead.phone", "ui.home" for the web UI's own. */
static const struct berth_field label_fields[] = {
    {"locale", BERTH_PICK, BERTH_REQUIRED | BERTH_LIST | BERTH_FILTER, "locale"},
    {"word", BERTH_TEXT, BERTH_REQUIRED | BERTH_LIST | BERTH_SEARCH | BERTH_FILTER, .max = 160},
    {"text", BERTH_TEXT, BERTH_REQUIRED | BERTH_LIST | BERTH_SEARCH, .max = 500},
    {0},
};
static const struct berth_field announcement_fields[] = {
    {"title", BERTH_TEXT, BERTH_REQUIRED | BERTH_LIST | BERTH_SEARCH, .max = 200},
    {"text", BERTH_LONG, 0, .max = 5000},
    {"from_on", BERTH_DATE, BERTH_LIST | BERTH_FILTER | BERTH_INDEX, .def = "@today"},
    {"until_on", BERTH_DATE, BERTH_LIST | BERTH_FILTER},
    {"pinned", BERTH_BOOL, BERTH_LIST | BERTH_FILTER, .def = "false"},
    {"department_ids", BERTH_REF, BERTH_LIST | BERTH_MANY, "department", .group = "readers"},
    {"role_ids", BERTH_REF, BERTH_LIST | BERTH_MANY, "role", .group = "readers"},
    {0},
};
static const struct berth_field api_token_fields[] = {
    {"user_id", BERTH_REF, BERTH_REQUIRED | BERTH_LOCKED | BERTH_LIST | BERTH_INDEX, "user"},
    {"name", BERTH_TEXT, BERTH_REQUIRED | BERTH_LIST, .max = 100},
    {"hash", BERTH_TEXT, BERTH_SECRET | BERTH_LOCKED | BERTH_UNIQUE},
    {"last_used_at", BERTH_TIME, BERTH_LOCKED | BERTH_LIST},
    {"expires_at", BERTH_TIME, BERTH_LOCKED | BERTH_LIST},
    {0},
};

/* ---- bookkeeping ----------------------------------------------------------------- */

static const struct berth_field session_fields[] = {
    {"token", BERTH_TEXT, BERTH_SECRET}, /* its hash */
    {"user_id", BERTH_REF, 0, "user"},
    {"created_at", BERTH_TIME},
    {"seen_at", BERTH_TIME},
    {"expires_at", BERTH_TIME},
    {"ip", BERTH_TEXT},
    {"agent", BERTH_TEXT},
    {"as_user", BERTH_REF, 0, "user"}, /* an administrator looks as this one sees things */
    {0},
};
static const struct berth_field idempotency_fields[] = {
    {"seq", BERTH_INT, 0, .def = "@seq"},
    {"user_id", BERTH_REF, 0, "user"},
    {"key", BERTH_TEXT},
    {"at", BERTH_TIME},
    {"hash", BERTH_TEXT}, /* of what was asked for */
    {"status", BERTH_INT},
    {"rec", BERTH_INT}, /* the record that the answer shows */
    {"answer", BERTH_LONG}, /* empty: it is not kept */
    {0},
};
static const struct berth_field job_fields[] = {
    {"kind", BERTH_TEXT, BERTH_REQUIRED | KEPT, .max = 48},
    {"state", BERTH_PICK, BERTH_REQUIRED | KEPT, "job_state", "queued"},
    {"args", BERTH_JSON, BERTH_LOCKED},
    {"result", BERTH_JSON, BERTH_LOCKED},
    {"done", BERTH_INT, BERTH_LOCKED | BERTH_LIST, .def = "0"},
    {"total", BERTH_INT, BERTH_LOCKED | BERTH_LIST, .def = "0"},
    {"message", BERTH_LONG, BERTH_LOCKED | BERTH_LIST},
    {"user_id", BERTH_REF, KEPT | BERTH_INDEX, "user"},
    {"run_at", BERTH_TIME, BERTH_LOCKED}, /* not before */
    {"tries", BERTH_INT, BERTH_LOCKED, .def = "0"},
    {"fails", BERTH_INT, BERTH_LOCKED, .def = "0"}, /* in a row: each puts off the next try */
    {"started_at", BERTH_TIME, KEPT},
    {"ended_at", BERTH_TIME, KEPT},
    {"heartbeat_at", BERTH_TIME, BERTH_LOCKED},
    {"cancel", BERTH_BOOL, BERTH_LOCKED, .def = "false"},
    {0},
};
static const struct berth_field import_fields[] = {
    {"name", BERTH_TEXT, BERTH_REQUIRED | KEPT, .max = 255},
    {"file_id", BERTH_FILE, BERTH_LOCKED},
    {"on_table", BERTH_TEXT, KEPT, .max = 48},
    {"kind", BERTH_TEXT, KEPT, .max = 16},
    {"options", BERTH_JSON, BERTH_LOCKED},
    {"result", BERTH_JSON, BERTH_LOCKED}, /* of taking it back; its own is the job's */
    {"job_id", BERTH_REF, BERTH_LOCKED, "job"},
    {"undone_at", BERTH_TIME, BERTH_LOCKED},
    {"hash", BERTH_TEXT, BERTH_SECRET | BERTH_LOCKED | BERTH_INDEX, .max = 80}, /* of the file and its sheet: see record/import_again.c */
    {0},
};
/* options: what host/record/import_map.h says; headers: a hash of the file's. */
static const struct berth_field import_map_fields[] = {
    {"name", BERTH_TEXT, BERTH_LIST, .max = 100},
    {"on_table", BERTH_TEXT, KEPT, .max = 48},
    {"headers", BERTH_TEXT, BERTH_LOCKED, .max = 32},
    {"shared", BERTH_BOOL, BERTH_LIST, .def = "false"},
    {"options", BERTH_JSON, BERTH_LOCKED},
    {0},
};
static const struct berth_field import_row_fields[] = {
    {"import_id", BERTH_REF, 0, "import"},
    {"row", BERTH_INT}, /* its number in the sheet */
    {"outcome", BERTH_PICK, 0, "import_outcome"},
    {"record_id", BERTH_INT},
    {"key", BERTH_TEXT},
    {"field", BERTH_TEXT},
    {"message", BERTH_LONG},
    {"detail", BERTH_JSON},
    {0},
};
/* Which new records came from which rows: those of one commit, whose ids follow each other; 0 in the list is
 * an id that was not used.  batch: the first row of those that were stored together. */
static const struct berth_field import_part_fields[] = {
    {"seq", BERTH_INT, 0, .def = "@seq"},
    {"import_id", BERTH_REF, 0, "import"},
    {"batch", BERTH_INT},
    {"first_id", BERTH_INT},
    {"numbers", BERTH_JSON},
    {0},
};
/* What hooks did to other records while rows went in, for undo to take back; deed: BERTH_INSERT ..., 0: the row's own update.
 * version: the record's behind it; was: values before it, or all of a deleted record. */
static const struct berth_field import_touch_fields[] = {
    {"seq", BERTH_INT, 0, .def = "@seq"},
    {"import_id", BERTH_REF, 0, "import"},
    {"row", BERTH_INT},
    {"tbl", BERTH_INT},
    {"rec", BERTH_INT},
    {"deed", BERTH_INT},
    {"version", BERTH_INT},
    {"was", BERTH_JSON},
    {"state", BERTH_INT}, /* import_touch.c */
    {"own", BERTH_INT},   /* the row's new record, if it was there then */
    {"message", BERTH_LONG},
    {0},
};
static const struct berth_field bin_fields[] = {
    {"seq", BERTH_INT, 0, .def = "@seq"},
    {"on_table", BERTH_TEXT},
    {"record_id", BERTH_INT},
    {"title", BERTH_TEXT},
    {"owner_id", BERTH_REF, 0, "user"},
    {"pool_id", BERTH_REF, 0, "pool"},
    {"data", BERTH_JSON},
    {"batch", BERTH_INT}, /* records deleted in one go come back in one go */
    {"deleted_at", BERTH_TIME},
    {"deleted_by", BERTH_REF, 0, "user"},
    {0},
};
/* tbl is model_table.id, rec the record's id. */
static const struct berth_field history_fields[] = {
    {"seq", BERTH_INT, 0, .def = "@seq"},
    {"tbl", BERTH_INT},
    {"rec", BERTH_INT},
    {"at", BERTH_TIME},
    {"by", BERTH_REF, 0, "user"},
    {"op", BERTH_TEXT},
    {"changes", BERTH_JSON},
    {"note", BERTH_LONG},
    {0},
};
/* The chain over history and audit: up to where, and the hash of that and of the seal before. */
static const struct berth_field seal_fields[] = {
    {"seq", BERTH_INT, 0, .def = "@seq"},
    {"at", BERTH_TIME},
    {"history", BERTH_INT},
    {"audit", BERTH_INT},
    {"hash", BERTH_TEXT},
    {0},
};
/* What was cut off the chain's beginning: its last seal, as it stood, and the file where all of it went. */
static const struct berth_field seal_cut_fields[] = {
    {"seq", BERTH_INT, 0, .def = "@seq"},
    {"made_at", BERTH_TIME},
    {"seal", BERTH_INT},
    {"at", BERTH_TIME},
    {"history", BERTH_INT},
    {"audit", BERTH_INT},
    {"hash", BERTH_TEXT},
    {"entries", BERTH_INT},
    {"file", BERTH_TEXT},
    {0},
};
static const struct berth_field owner_log_fields[] = {
    {"seq", BERTH_INT, 0, .def = "@seq"},
    {"tbl", BERTH_INT},
    {"rec", BERTH_INT},
    {"op", BERTH_TEXT}, /* claim, release, transfer ... */
    {"from_user", BERTH_REF, 0, "user"},
    {"to_user", BERTH_REF, 0, "user"},
    {"pool_id", BERTH_REF, 0, "pool"},
    {"at", BERTH_TIME},
    {"since", BERTH_TIME, .was = "ended_at"}, /* since when it had been from_user's */
    {"by", BERTH_REF, 0, "user"},
    {"reason", BERTH_TEXT},
    {"batch", BERTH_INT}, /* the handover it belongs to */
    {0},
};
/* Who opened what of a pool on which day, where that is capped. */
static const struct berth_field pool_view_fields[] = {
    {"user_id", BERTH_INT}, {"pool_id", BERTH_INT}, {"day", BERTH_INT}, {"rec", BERTH_INT}, {0},
};
/* hash: of the key group (phone, fax ...) and the normalised value, see record/dup.c. */
static const struct berth_field dup_key_fields[] = {
    {"hash", BERTH_INT}, {"tbl", BERTH_INT}, {"rec", BERTH_INT}, {0},
};
/* The same before they are sorted in, see record/dup_recent.c. */
static const struct berth_field dup_todo_fields[] = {
    {"seq", BERTH_INT}, {"hash", BERTH_INT}, {"tbl", BERTH_INT}, {"rec", BERTH_INT}, {0},
};
/* Those of imports before they are merged, see record/dup_stage.c. */
static const struct berth_field dup_part_fields[] = {
    {"seq", BERTH_INT, 0, .def = "@seq"},
    {"tbl", BERTH_INT},
    {"first_rec", BERTH_INT},
    {"hashes", BERTH_LONG},
    {0},
};
/* Likely duplicates, as the job "groups" found them last. */
static const struct berth_field dup_group_fields[] = {
    {"seq", BERTH_INT, 0, .def = "@seq"},
    {"tbl", BERTH_INT},
    {"fields", BERTH_TEXT}, /* in which they agree */
    {0},
};
static const struct berth_field dup_member_fields[] = {
    {"grp", BERTH_INT}, {"rec", BERTH_INT}, {0},
};
/* A merge and what undoes it: the kept record before and after, those that went into it, and every
 * reference that was moved; see record/merge.c. */
static const struct berth_field merge_fields[] = {
    {"seq", BERTH_INT, 0, .def = "@seq"},
    {"tbl", BERTH_INT},
    {"kept", BERTH_INT},
    {"at", BERTH_TIME},
    {"by", BERTH_REF, 0, "user"},
    {"state_before", BERTH_JSON},
    {"state_after", BERTH_JSON},
    {"split_at", BERTH_TIME},
    {0},
};
static const struct berth_field merge_gone_fields[] = {
    {"merge_id", BERTH_INT}, {"tbl", BERTH_INT}, {"rec", BERTH_INT}, {0},
};
static const struct berth_field merge_move_fields[] = {
    {"seq", BERTH_INT, 0, .def = "@seq"},
    {"merge_id", BERTH_INT},
    {"on_table", BERTH_TEXT},
    {"field", BERTH_TEXT}, /* "rec": addressed by tbl and rec */
    {"row_key", BERTH_INT},
    {"old_value", BERTH_TEXT},
    {"new_value", BERTH_TEXT},
    {0},
};
static const struct berth_field audit_fields[] = {
    {"at", BERTH_TIME, KEPT | BERTH_INDEX, .def = "@now"},
    {"user_id", BERTH_REF, KEPT | BERTH_INDEX, "user"},
    {"what", BERTH_TEXT, KEPT | BERTH_SEARCH},
    {"detail", BERTH_LONG, BERTH_LOCKED | BERTH_LIST},
    {"ip", BERTH_TEXT, KEPT, .max = 64},
    {0},
};
/* ---- what hangs on records: tbl and rec as in history ------------------------------ */

/* A version of a document; doc is its first one's id.  The bytes lie in the files folder, named by
 * their hash, once however often they are attached. */
static const struct berth_field attachment_fields[] = {
    {"id", BERTH_INT, 0, .def = "@seq"},
    {"doc", BERTH_INT},
    {"no", BERTH_INT},
    {"tbl", BERTH_INT},
    {"rec", BERTH_INT},
    {"name", BERTH_TEXT},
    {"mime", BERTH_TEXT},
    {"size", BERTH_INT},
    {"hash", BERTH_TEXT},
    {"at", BERTH_TIME},
    {"by", BERTH_REF, 0, "user"},
    {0},
};
static const struct berth_field blob_fields[] = {
    {"hash", BERTH_TEXT}, {"size", BERTH_INT}, {"refs", BERTH_INT},
    {"freed_at", BERTH_TIME}, /* since when nothing refers to it */
    {0},
};
static const struct berth_field blob_use_fields[] = {
    {"who", BERTH_INT}, /* a user; 0: all that lies on the disk; -1: what came with mails, or the host itself made */
    {"bytes", BERTH_INT},
    {0},
};

static const struct berth_field note_fields[] = {
    {"id", BERTH_INT, 0, .def = "@seq"},
    {"tbl", BERTH_INT},
    {"rec", BERTH_INT},
    {"at", BERTH_TIME},
    {"by", BERTH_REF, 0, "user"},
    {"text", BERTH_LONG}, /* "@[7]" names user 7 */
    {"edited_at", BERTH_TIME},
    {0},
};
/* The outbox: queued until run_at, then sent or failed.  name: nobody else's, the Message-ID of a mail, so that one
 * sent twice is known. */
static const struct berth_field outbox_fields[] = {
    {"id", BERTH_INT, 0, .def = "@seq"},
    {"at", BERTH_TIME},
    {"by", BERTH_REF, 0, "user"},
    {"tbl", BERTH_INT},
    {"rec", BERTH_INT},
    {"recipient", BERTH_TEXT},
    {"subject", BERTH_TEXT},
    {"body", BERTH_LONG},
    {"name", BERTH_TEXT},
    {"state", BERTH_TEXT},
    {"tries", BERTH_INT},
    {"run_at", BERTH_TIME},
    {"sent_at", BERTH_TIME},
    {"error", BERTH_TEXT},
    {"channel", BERTH_TEXT}, /* empty: mail */
    {"link", BERTH_TEXT},    /* to the record */
    {"urgent", BERTH_BOOL},
    {0},
};
/* What came in: mails, SMS.  name: the same one again is the same message; left_out: parts that were not kept. */
static const struct berth_field inbox_fields[] = {
    {"id", BERTH_INT, 0, .def = "@seq"},
    {"at", BERTH_TIME},
    {"sent_at", BERTH_TIME}, /* as it says */
    {"by", BERTH_REF, 0, "user"}, /* nobody: as in the outbox, for timelines */
    {"channel", BERTH_TEXT},
    {"sender", BERTH_TEXT},
    {"subject", BERTH_TEXT},
    {"body", BERTH_LONG},
    {"name", BERTH_TEXT},
    {"tbl", BERTH_INT},
    {"rec", BERTH_INT},
    {"left_out", BERTH_INT},
    {0},
};
/* Up to which mail all is done; trying, tries: one that may not be readable. */
static const struct berth_field mailbox_fields[] = {
    {"name", BERTH_TEXT}, {"validity", BERTH_INT}, {"uid", BERTH_INT}, {"trying", BERTH_INT}, {"tries", BERTH_INT}, {0},
};
/* Mails that could not be fetched: passed over, and tried again by themselves. */
static const struct berth_field mailbox_later_fields[] = {
    {"name", BERTH_TEXT}, {"validity", BERTH_INT}, {"uid", BERTH_INT},    {"tries", BERTH_INT},
    {"begun", BERTH_INT}, {"run_at", BERTH_TIME},  {"error", BERTH_TEXT}, {0},
};
/* What administrators set for an adaptor, secrets among it, and what it was given: tokens. */
static const struct berth_field channel_fields[] = {
    {"name", BERTH_TEXT}, {"active", BERTH_BOOL}, {"settings", BERTH_JSON}, {"kept", BERTH_JSON}, {0},
};
/* {name}, {phone} ... stand for fields of the record a mail is about. */
static const struct berth_field mail_template_fields[] = {
    {"name", BERTH_TEXT, BERTH_REQUIRED | BERTH_UNIQUE | BERTH_LIST, .max = 100},
    {"on_table", BERTH_TEXT, BERTH_REQUIRED | BERTH_LIST, "@table", .max = 48},
    {"subject_en", BERTH_TEXT, BERTH_LIST, .group = "english"},
    {"body_en", BERTH_LONG, 0, .group = "english"},
    {"subject_zh_cn", BERTH_TEXT, 0, .group = "simplified"},
    {"body_zh_cn", BERTH_LONG, 0, .group = "simplified"},
    {"subject_zh_tw", BERTH_TEXT, 0, .group = "traditional"},
    {"body_zh_tw", BERTH_LONG, 0, .group = "traditional"},
    {"subject_vi", BERTH_TEXT, 0, .group = "vietnamese"},
    {"body_vi", BERTH_LONG, 0, .group = "vietnamese"},
    {0},
};
/* What went from a record to what it became, to come back with it. */
static const struct berth_field carried_fields[] = {
    {"seq", BERTH_INT, 0, .def = "@seq"},
    {"from_tbl", BERTH_INT},
    {"from_rec", BERTH_INT},
    {"to_tbl", BERTH_INT},
    {"to_rec", BERTH_INT},
    {"on_table", BERTH_TEXT},
    {"row_key", BERTH_INT},
    {0},
};
static const struct berth_field follow_fields[] = {
    {"tbl", BERTH_INT}, {"rec", BERTH_INT}, {"user_id", BERTH_REF, 0, "user"}, {"at", BERTH_TIME}, {0},
};
static const struct berth_field tag_fields[] = {
    {"name", BERTH_TEXT, BERTH_REQUIRED | BERTH_UNIQUE | BERTH_LIST | BERTH_SEARCH, .max = 40},
    {"color", BERTH_PICK, BERTH_LIST, "color", "gray"},
    {0},
};
static const struct berth_field record_tag_fields[] = {
    {"tag", BERTH_INT}, {"tbl", BERTH_INT}, {"rec", BERTH_INT}, {0},
};

/* One person's: waiting until run_at, then open (escalated at run_at, if ever), then done. */
static const struct berth_field alert_fields[] = {
    {"id", BERTH_INT, 0, .def = "@seq"},
    {"user_id", BERTH_REF, 0, "user"},
    {"key", BERTH_TEXT},
    {"text", BERTH_TEXT},
    {"args", BERTH_JSON},
    {"tbl", BERTH_INT},
    {"rec", BERTH_INT},
    {"severity", BERTH_INT},
    {"state", BERTH_TEXT},
    {"due_at", BERTH_TIME},
    {"run_at", BERTH_TIME}, /* when something has to happen next; empty: nothing */
    {"fired_at", BERTH_TIME},
    {"done_at", BERTH_TIME},
    {"escalate", BERTH_INT}, /* minutes */
    {"of_user", BERTH_REF, 0, "user"}, /* escalated: whose it was */
    {"by", BERTH_REF, 0, "user"},
    {0},
};
static const struct berth_field alert_pref_fields[] = {
    {"user_id", BERTH_REF, 0, "user"},
    {"mail", BERTH_TEXT},       /* never, urgent, all */
    {"quiet_from", BERTH_INT},  /* minute of the day, in the person's zone */
    {"quiet_to", BERTH_INT},
    {"muted", BERTH_JSON},      /* texts nobody needs to send */
    {"ways", BERTH_JSON},       /* the person's addresses at channels, and when each is used */
    {"kinds", BERTH_JSON},      /* by text: the ways instead */
    {0},
};

/* Up to which due time all runs of a timer are done; the run under way or waiting, and when that goes on. */
static const struct berth_field timer_fields[] = {
    {"name", BERTH_TEXT}, {"since", BERTH_TIME}, {"run_id", BERTH_INT}, {"run_at", BERTH_TIME}, {0},
};
/* One due time of a timer (or none: somebody asked for the run): running, waiting for another try, done, failed. */
static const struct berth_field timer_run_fields[] = {
    {"id", BERTH_INT, 0, .def = "@seq"},
    {"name", BERTH_TEXT},
    {"due_at", BERTH_TIME},
    {"missed", BERTH_INT}, /* earlier due times that it makes up for */
    {"began_at", BERTH_TIME},
    {"ended_at", BERTH_TIME},
    {"state", BERTH_TEXT},
    {"turns", BERTH_INT},
    {"tries", BERTH_INT},
    {"error", BERTH_TEXT},
    {"by", BERTH_REF, 0, "user"},
    {0},
};

/* ---- the working calendar ---------------------------------------------------------- */

/* The days of the week that are worked in a country, or everywhere. */
static const struct berth_field work_week_fields[] = {
    {"country", BERTH_PICK, BERTH_UNIQUE | BERTH_LIST, "country"},
    {"days", BERTH_PICK, BERTH_REQUIRED | BERTH_LIST | BERTH_MANY, "weekday"},
    {0},
};
/* Holidays, and days off that are worked to make up for them. */
static const struct berth_field day_off_fields[] = {
    {"on_day", BERTH_DATE, BERTH_REQUIRED | BERTH_LIST | BERTH_FILTER | BERTH_INDEX},
    {"name", BERTH_TEXT, BERTH_REQUIRED | BERTH_LIST | BERTH_SEARCH, .max = 100},
    {"country", BERTH_PICK, BERTH_LIST | BERTH_FILTER, "country"},
    {"works", BERTH_BOOL, BERTH_LIST | BERTH_FILTER, .def = "false"},
    {0},
};

/* What a file of rules or hooks said before it was changed in the browser, and since; see web/scripts.c. */
static const struct berth_field script_version_fields[] = {
    {"seq", BERTH_INT, 0, .def = "@seq"},
    {"file", BERTH_TEXT},
    {"at", BERTH_TIME},
    {"by", BERTH_REF, 0, "user"}, /* nobody: as it lay on the disk */
    {"text", BERTH_LONG},
    {0},
};

/* Numbers tables, for rows that name one briefly.  version: whose upgrade() has run; searched and
 * compared: the fields that its full-text table and its dup_key rows were made from. */
static const struct berth_field model_table_fields[] = {
    {"id", BERTH_INT, 0, .def = "@seq"},
    {"name", BERTH_TEXT},
    {"version", BERTH_INT},
    {"plugin", BERTH_TEXT},
    {"searched", BERTH_TEXT},
    {"compared", BERTH_TEXT},
    {"ordered", BERTH_TEXT},
    {0},
};

/* ---- approval: doc/approval.md ------------------------------------------------------ */

/* What has to be approved; the first in order of place that fits decides. */
static const struct berth_field approval_flow_fields[] = {
    {"name", BERTH_TEXT, BERTH_REQUIRED | BERTH_LIST | BERTH_SEARCH, .max = 100},
    {"on_table", BERTH_TEXT, BERTH_REQUIRED | BERTH_LIST | BERTH_FILTER, .max = 48},
    {"starts", BERTH_PICK, BERTH_REQUIRED | BERTH_LIST, "approval_start", "ask"},
    {"field", BERTH_TEXT, 0, "@field", .when = "starts = 'change'", .max = 48}, /* empty: of any */
    {"value", BERTH_TEXT, 0, .when = "starts = 'change'", .max = 100}, /* empty: any change of the field */
    {"action", BERTH_TEXT, BERTH_REQUIRED, .when = "starts = 'action'", .max = 48},
    {"applies_to", BERTH_JSON, 0, "@filter", .max = 20000},
    {"locks", BERTH_PICK, BERTH_REQUIRED, "approval_lock", "all", .group = "rules"},
    {"state_field", BERTH_TEXT, 0, "@field", .group = "rules", .max = 48}, /* a choice that tells how it stands */
    {"own", BERTH_BOOL, 0, .def = "false", .group = "rules"},  /* who asks may be among those who approve */
    {"mail", BERTH_BOOL, 0, .def = "true", .group = "rules"},  /* with a link that decides */
    {"place", BERTH_INT, 0, .def = "0"},
    {"active", BERTH_BOOL, BERTH_LIST | BERTH_FILTER, .def = "true"},
    BERTH_NAMES(100),
    {0},
};
/* Whom to ask, one step after the other. */
static const struct berth_field approval_step_fields[] = {
    {"flow_id", BERTH_REF, BERTH_REQUIRED, "approval_flow"},
    {"name", BERTH_TEXT, BERTH_REQUIRED | BERTH_LIST, .max = 100},
    {"place", BERTH_INT, BERTH_LIST, .def = "0"},
    {"who", BERTH_PICK, BERTH_REQUIRED | BERTH_LIST, "approval_who", "superior"},
    {"level", BERTH_INT, 0, .def = "1", .when = "who in ('superior', 'head')", .max = 20, .min = "0"},
    {"role_id", BERTH_REF, BERTH_REQUIRED, "role", .when = "who = 'role'"},
    {"perm", BERTH_TEXT, BERTH_REQUIRED, .when = "who = 'perm'", .max = 100},
    {"user_ids", BERTH_REF, BERTH_REQUIRED | BERTH_MANY, "user", .when = "who = 'people'"},
    {"field", BERTH_TEXT, BERTH_REQUIRED, "@field", .when = "who = 'field'", .max = 48}, /* names somebody */
    {"mode", BERTH_PICK, BERTH_REQUIRED | BERTH_LIST, "approval_mode", "any"},
    {"nobody", BERTH_PICK, BERTH_REQUIRED, "approval_nobody", "admins"},
    {"applies_to", BERTH_JSON, 0, "@filter", .max = 20000},
    {"fills", BERTH_TEXT, 0, .max = 500}, /* fields that an approver fills in: "approved_amount, note" */
    {"hours", BERTH_INT, 0, .def = "0", .group = "time", .max = 8760, .min = "0"}, /* 0: no limit */
    {"late", BERTH_PICK, BERTH_REQUIRED, "approval_late", "remind", .group = "time", .when = "hours > 0"},
    BERTH_NAMES(100),
    {0},
};
/* One that runs or ran.  plan: the flow and its steps as they were when it began; held: what is done when it is
 * approved. */
static const struct berth_field approval_fields[] = {
    {"id", BERTH_INT, 0, .def = "@seq"},
    {"tbl", BERTH_INT},
    {"rec", BERTH_INT},
    {"flow_id", BERTH_INT},
    {"by", BERTH_REF, 0, "user"},
    {"at", BERTH_TIME},
    {"state", BERTH_TEXT}, /* open, returned, approved, rejected, withdrawn */
    {"plan", BERTH_JSON},
    {"held", BERTH_JSON},
    {"step", BERTH_INT},
    {"due_at", BERTH_TIME},
    {"ended_at", BERTH_TIME},
    {0},
};
/* One person who is or was asked; secret: the hash of the one in the mail's link. */
static const struct berth_field approval_ask_fields[] = {
    {"id", BERTH_INT, 0, .def = "@seq"},
    {"approval_id", BERTH_INT},
    {"step", BERTH_INT},
    {"user_id", BERTH_REF, 0, "user"},
    {"of_user", BERTH_REF, 0, "user"}, /* who passed it on */
    {"state", BERTH_TEXT},             /* open, approved, rejected, returned, delegated, escalated, over */
    {"at", BERTH_TIME},
    {"ended_at", BERTH_TIME},
    {"done_by", BERTH_REF, 0, "user"}, /* their deputy, perhaps */
    {"secret", BERTH_TEXT},
    {"secret_until", BERTH_TIME},
    {0},
};
/* All that happened, in order; never changed. */
static const struct berth_field approval_act_fields[] = {
    {"id", BERTH_INT, 0, .def = "@seq"},
    {"approval_id", BERTH_INT},
    {"at", BERTH_TIME},
    {"by", BERTH_REF, 0, "user"},
    {"for_user", BERTH_REF, 0, "user"}, /* in whose place */
    {"op", BERTH_TEXT},
    {"step", BERTH_INT},
    {"note", BERTH_LONG},
    {"whom", BERTH_REF, 0, "user"}, /* delegated, escalated, added */
    {"via", BERTH_TEXT},            /* link: from a mail */
    {0},
};

/* ---- automation: doc/automation.md ---------------------------------------------------- */

/* When, and if: what happens to a record by itself. */
static const struct berth_field automation_fields[] = {
    {"name", BERTH_TEXT, BERTH_REQUIRED | BERTH_LIST | BERTH_SEARCH, .max = 100},
    {"on_table", BERTH_TEXT, BERTH_REQUIRED | BERTH_LIST | BERTH_FILTER | BERTH_INDEX, .max = 48},
    {"event", BERTH_PICK, BERTH_REQUIRED | BERTH_LIST, "automation_event", "created"},
    {"field", BERTH_TEXT, 0, "@field", .when = "event <> 'created'", .max = 48},
    {"value", BERTH_TEXT, BERTH_REQUIRED, .when = "event = 'reached'", .max = 100},
    {"days", BERTH_INT, 0, .def = "0", .when = "event in ('near', 'idle')", .max = 3650, .min = "0"},
    {"applies_to", BERTH_JSON, 0, "@filter", .max = 20000},
    {"place", BERTH_INT, 0, .def = "0"},
    {"active", BERTH_BOOL, BERTH_LIST | BERTH_FILTER, .def = "true"},
    {0},
};
/* Then: one after the other. */
static const struct berth_field automation_step_fields[] = {
    {"automation_id", BERTH_REF, BERTH_REQUIRED, "automation"},
    {"place", BERTH_INT, BERTH_LIST, .def = "0"},
    {"does", BERTH_PICK, BERTH_REQUIRED | BERTH_LIST, "automation_deed", "alert"},
    {"field", BERTH_TEXT, BERTH_REQUIRED, "@field", .when = "does = 'set'", .max = 48},
    {"value", BERTH_TEXT, 0, .when = "does = 'set'", .max = 500}, /* "+3" of a date: in three days */
    {"makes", BERTH_TEXT, BERTH_REQUIRED, .when = "does = 'create'", .max = 48}, /* a table that refers to this one */
    {"template_id", BERTH_REF, BERTH_REQUIRED, "mail_template", .when = "does = 'mail'"},
    {"channel", BERTH_TEXT, BERTH_REQUIRED, .when = "does = 'message'", .max = 40}, /* "webhook", see service/channel.h */
    {"address", BERTH_TEXT, BERTH_REQUIRED, .when = "does = 'message'", .max = 200}, /* as the channel knows it */
    {"text", BERTH_TEXT, BERTH_REQUIRED, .when = "does in ('alert', 'create', 'message')", .max = 500}, /* "Call {name}" */
    {"days", BERTH_INT, 0, .def = "0", .when = "does = 'create'", .max = 3650, .min = "0"},
    {"whom", BERTH_PICK, BERTH_REQUIRED, "automation_whom", "owner", .when = "does in ('alert', 'create', 'mail')"},
    {"how", BERTH_PICK, BERTH_REQUIRED, "automation_how", "turn", .when = "does = 'assign'"},
    {"user_ids", BERTH_REF, BERTH_MANY, "user", .when = "does = 'assign' or whom = 'people'"},
    {"department_id", BERTH_REF, 0, "department", .when = "does = 'assign'"},
    {"role_id", BERTH_REF, 0, "role", .when = "does = 'assign'"},
    {"counted", BERTH_JSON, 0, "@filter", .when = "does = 'assign' and how = 'least'", .max = 20000}, /* what counts as work */
    {0},
};
/* Of rules about time: how far they have looked, and in the middle of which look they are. */
static const struct berth_field automation_look_fields[] = {
    {"automation_id", BERTH_INT}, {"from_at", BERTH_TIME}, {"to_at", BERTH_TIME}, {"last_rec", BERTH_INT}, {0},
};
/* Whose turn it was. */
static const struct berth_field automation_turn_fields[] = {
    {"step_id", BERTH_INT}, {"user_id", BERTH_INT}, {0},
};
/* What an import made, for the rules about new records. */
static const struct berth_field automation_todo_fields[] = {
    {"seq", BERTH_INT, 0, .def = "@seq"}, {"automation_id", BERTH_INT}, {"rec", BERTH_INT}, {0},
};

static const struct berth_table tables[] = {
    {"user", user_fields, .flags = ADMINISTERED | BERTH_PUBLIC | BERTH_CUSTOM, .title = "name", .icon = "users"},
    {"department", department_fields, .flags = ADMINISTERED | BERTH_PUBLIC, .title = "name", .icon = "building",
     .known = "name, parent_id"},
    {"role", role_fields, .flags = ADMINISTERED, .title = "name", .icon = "shield", .known = "name"},
    {"role_table", role_table_fields, BERTH_KEYS({"role_id, on_table", BERTH_UNIQUE}), ADMINISTERED | BERTH_DETAIL | BERTH_HIDDEN,
     .title = "on_table", .known = "role_id, on_table"},
    {"role_field", role_field_fields, BERTH_KEYS({"role_id, on_table, field", BERTH_UNIQUE}), ADMINISTERED | BERTH_DETAIL | BERTH_HIDDEN,
     .title = "field", .known = "role_id, on_table, field"},
    {"role_perm", role_perm_fields, BERTH_KEYS({"role_id, perm", BERTH_UNIQUE}), ADMINISTERED | BERTH_DETAIL | BERTH_HIDDEN,
     .title = "perm", .known = "role_id, perm"},
    {"user_role", user_role_fields, BERTH_KEYS({"user_id, role_id", BERTH_UNIQUE}), ADMINISTERED | BERTH_DETAIL | BERTH_HIDDEN,
     .title = "role_id"},
    {"user_department", user_department_fields, BERTH_KEYS({"user_id, department_id", BERTH_UNIQUE}),
     ADMINISTERED | BERTH_DETAIL | BERTH_HIDDEN, .title = "department_id"},
    {"deputy", deputy_fields, .flags = BERTH_OWNED | BERTH_PERSONAL | BERTH_HIDDEN | BERTH_HISTORY, .title = "deputy_id", .icon = "users",
     .rights = "manager: tree create delete"},
    {"helper", helper_fields, .flags = BERTH_OWNED | BERTH_PERSONAL | BERTH_HIDDEN | BERTH_HISTORY, .title = "helper_id", .icon = "users"},
    {"record_share", record_share_fields, BERTH_KEYS({"id"}, {"tbl, rec, id"}, {"user_id"}, {"department_id"}, {"role_id"}), BERTH_BARE},
    {"pool", pool_fields, .flags = ADMINISTERED | BERTH_PUBLIC, .title = "name", .icon = "inbox", .known = "name, on_table"},
    {"pool_member", pool_member_fields, .flags = ADMINISTERED | BERTH_DETAIL | BERTH_HIDDEN, .title = "user_id",
     .known = "pool_id, user_id, department_id"},
    {"pool_field", pool_field_fields, BERTH_KEYS({"pool_id, field", BERTH_UNIQUE}), ADMINISTERED | BERTH_DETAIL | BERTH_HIDDEN,
     .title = "field", .known = "pool_id, field"},
    {"pool_rule", pool_rule_fields, .flags = ADMINISTERED | BERTH_DETAIL | BERTH_HIDDEN, .title = "name", .known = "pool_id, name"},
    {"hold_limit", hold_limit_fields, .flags = ADMINISTERED, .title = "on_table", .icon = "lock",
     .known = "on_table, user_id, department_id"},
    {"handover", handover_fields, .flags = ADMINISTERED, .title = "user_id", .icon = "swap"},
    {"custom_field", custom_field_fields, BERTH_KEYS({"on_table, name", BERTH_UNIQUE}), ADMINISTERED, .title = "name", .icon = "list-plus",
     .known = "on_table, name"},
    {"dict_item", dict_item_fields, BERTH_KEYS({"dict, key", BERTH_UNIQUE}), ADMINISTERED, .title = "key", .icon = "tags",
     .known = "dict, key"},
    {"dup_rule", dup_rule_fields, BERTH_KEYS({"on_table, fields, method", BERTH_UNIQUE}), ADMINISTERED, .title = "name", .icon = "copy",
     .known = "on_table, fields, method"},
    {"setting", setting_fields, .flags = ADMINISTERED | BERTH_HIDDEN, .title = "name", .known = "name"},
    {"layout", layout_fields, .flags = ADMINISTERED | BERTH_HIDDEN, .title = "on_table", .known = "on_table"},
    {"retention", retention_fields, .flags = ADMINISTERED, .title = "on_table", .icon = "trash", .known = "on_table"},
    {"series", series_fields, .flags = ADMINISTERED, .title = "name", .icon = "hash", .known = "name"},
    {"saved_view", saved_view_fields, BERTH_KEYS({"on_table, owner_id"}),
     BERTH_OWNED | BERTH_PERSONAL | BERTH_HIDDEN | BERTH_HISTORY | BERTH_BIN, .title = "name",
     .known = "on_table, name, audience, department_id, role_id"},
    {"view_mark", view_mark_fields, BERTH_KEYS({"user_id, on_table, view_name"}), BERTH_BARE},
    {"home_layout", home_layout_fields, BERTH_KEYS({"user_id, role_id"}), BERTH_BARE},
    {"label", label_fields, BERTH_KEYS({"locale, word", BERTH_UNIQUE}), .flags = ADMINISTERED | BERTH_PUBLIC, .title = "word",
     .icon = "globe", .known = "locale, word"},
    {"announcement", announcement_fields, .flags = ADMINISTERED, .title = "title", .icon = "flag", .rights = "manager: all create delete",
     .known = "title, from_on"},
    {"api_token", api_token_fields, .flags = BERTH_ADMIN | BERTH_HIDDEN, .title = "name"},
    {"job", job_fields, BERTH_KEYS({"state, run_at"}), BERTH_ADMIN, .title = "kind", .icon = "activity"},
    {"import_map", import_map_fields, BERTH_KEYS({"on_table, headers"}), BERTH_OWNED | BERTH_HISTORY | BERTH_HIDDEN, .title = "name",
     .known = "on_table, name"},
    {"import", import_fields, .flags = BERTH_HIDDEN, .title = "name"},
    {"audit", audit_fields, .flags = BERTH_ADMIN, .title = "what", .icon = "eye"},
    {"session", session_fields, BERTH_KEYS({"token"}, {"user_id"}, {"expires_at"}), BERTH_BARE},
    {"idempotency", idempotency_fields, BERTH_KEYS({"seq"}, {"user_id, key", BERTH_UNIQUE}, {"at"}), BERTH_BARE},
    {"import_row", import_row_fields, BERTH_KEYS({"import_id, row"}), BERTH_BARE},
    {"import_part", import_part_fields, BERTH_KEYS({"seq"}, {"import_id, batch"}), BERTH_BARE},
    {"import_touch", import_touch_fields, BERTH_KEYS({"seq"}, {"import_id, state, seq"}, {"import_id, tbl, rec"}, {"import_id, own"}),
     BERTH_BARE},
    {"bin", bin_fields, BERTH_KEYS({"seq"}, {"on_table, record_id"}, {"batch"}, {"on_table, deleted_at"}), BERTH_BARE},
    /* 1: changes may hold parts of long texts, which an older host takes for all of them */
    {"history", history_fields, BERTH_KEYS({"seq"}, {"tbl, rec, seq"}), BERTH_BARE, .version = 1},
    {"seal", seal_fields, BERTH_KEYS({"seq"}), BERTH_BARE},
    {"seal_cut", seal_cut_fields, BERTH_KEYS({"seq"}), BERTH_BARE},
    {"owner_log", owner_log_fields, BERTH_KEYS({"seq"}, {"tbl, rec, seq"}, {"to_user, at"}, {"batch, seq"}), BERTH_BARE},
    {"pool_view", pool_view_fields, BERTH_KEYS({"user_id, pool_id, day, rec"}), BERTH_BARE},
    {"dup_key", dup_key_fields, BERTH_KEYS({"hash, tbl, rec"}), BERTH_BARE},
    {"dup_todo", dup_todo_fields, BERTH_KEYS({"seq"}), BERTH_BARE},
    {"dup_part", dup_part_fields, BERTH_KEYS({"seq"}), BERTH_BARE},
    {"dup_group", dup_group_fields, BERTH_KEYS({"seq"}, {"tbl, seq"}), BERTH_BARE},
    {"dup_member", dup_member_fields, BERTH_KEYS({"grp, rec"}), BERTH_BARE},
    {"merging", merge_fields, BERTH_KEYS({"seq"}, {"tbl, kept, seq"}), BERTH_BARE},
    {"merge_gone", merge_gone_fields, BERTH_KEYS({"merge_id, rec"}, {"tbl, rec, merge_id"}), BERTH_BARE},
    {"merge_move", merge_move_fields, BERTH_KEYS({"seq"}, {"merge_id, seq"}), BERTH_BARE},
    {"alert", alert_fields, BERTH_KEYS({"id"}, {"key, user_id", BERTH_UNIQUE}, {"run_at"}, {"user_id, state, fired_at"}, {"tbl, rec"}),
     BERTH_BARE},
    {"attachment", attachment_fields, BERTH_KEYS({"id"}, {"tbl, rec, id"}, {"doc"}), BERTH_BARE},
    {"blob", blob_fields, BERTH_KEYS({"hash"}, {"freed_at"}), BERTH_BARE},
    {"blob_use", blob_use_fields, BERTH_KEYS({"who"}), BERTH_BARE},
    {"tag", tag_fields, .flags = ADMINISTERED | BERTH_PUBLIC, .title = "name", .icon = "tags", .rights = "manager: all create delete",
     .known = "name"},
    {"record_tag", record_tag_fields, BERTH_KEYS({"tag, tbl, rec"}, {"tbl, rec"}), BERTH_BARE},
    {"record_note", note_fields, BERTH_KEYS({"id"}, {"tbl, rec, id"}), BERTH_BARE},
    {"outbox", outbox_fields, BERTH_KEYS({"id"}, {"state, run_at"}, {"state, channel"}, {"tbl, rec, id"}, {"name"}), BERTH_BARE,
     .was = "mail"},
    {"inbox", inbox_fields, BERTH_KEYS({"id"}, {"name, channel", BERTH_UNIQUE}, {"tbl, rec, id"}), BERTH_BARE},
    {"mailbox", mailbox_fields, BERTH_KEYS({"name"}), BERTH_BARE},
    {"mailbox_later", mailbox_later_fields, BERTH_KEYS({"name, uid", BERTH_UNIQUE}, {"run_at"}), BERTH_BARE},
    {"channel", channel_fields, BERTH_KEYS({"name"}), BERTH_BARE},
    {"mail_template", mail_template_fields, .flags = ADMINISTERED, .title = "name", .icon = "mail",
     .rights = "manager: all create delete; sales: read all", .known = "name"},
    {"carried", carried_fields, BERTH_KEYS({"seq"}, {"from_tbl, from_rec, seq"}), BERTH_BARE},
    {"follow", follow_fields, BERTH_KEYS({"tbl, rec, user_id"}, {"user_id"}), BERTH_BARE},
    {"approval_flow", approval_flow_fields, .flags = ADMINISTERED, .title = "name", .icon = "check", .known = "on_table, name"},
    {"approval_step", approval_step_fields, .flags = ADMINISTERED | BERTH_DETAIL | BERTH_HIDDEN, .title = "name", .known = "flow_id, name"},
    {"approval", approval_fields, BERTH_KEYS({"id"}, {"tbl, rec, id"}, {"due_at"}, {"by, id"}), BERTH_BARE},
    {"approval_ask", approval_ask_fields, BERTH_KEYS({"id"}, {"approval_id, id"}, {"user_id, state, id"}, {"done_by, id"}), BERTH_BARE},
    {"approval_act", approval_act_fields, BERTH_KEYS({"id"}, {"approval_id, id"}), BERTH_BARE},
    {"automation", automation_fields, .flags = ADMINISTERED, .title = "name", .icon = "activity", .known = "on_table, name"},
    {"automation_step", automation_step_fields, .flags = ADMINISTERED | BERTH_DETAIL | BERTH_HIDDEN, .title = "does",
     .known = "automation_id, place"},
    {"automation_look", automation_look_fields, BERTH_KEYS({"automation_id"}), BERTH_BARE},
    {"automation_turn", automation_turn_fields, BERTH_KEYS({"step_id"}), BERTH_BARE},
    {"automation_todo", automation_todo_fields, BERTH_KEYS({"seq"}), BERTH_BARE},
    {"alert_pref", alert_pref_fields, BERTH_KEYS({"user_id"}), BERTH_BARE},
    {"timer", timer_fields, BERTH_KEYS({"name"}), BERTH_BARE},
    {"timer_run", timer_run_fields, BERTH_KEYS({"id"}, {"name, due_at", BERTH_UNIQUE}, {"name, id"}, {"began_at"}), BERTH_BARE},
    {"work_week", work_week_fields, .flags = ADMINISTERED, .title = "country", .icon = "calendar", .known = "country"},
    {"day_off", day_off_fields, BERTH_KEYS({"on_day, country", BERTH_UNIQUE}), .flags = ADMINISTERED | BERTH_PUBLIC, .title = "name",
     .icon = "calendar", .known = "on_day, country"},
    {"script_version", script_version_fields, BERTH_KEYS({"seq"}, {"file, seq"}), BERTH_BARE},
    {"model_table", model_table_fields, BERTH_KEYS({"id"}, {"name", BERTH_UNIQUE}), BERTH_BARE},
    {0},
};

static const struct berth_dict dicts[] = {
    {"locale", "zh-CN, zh-TW, vi, en"},
    {"sorting", "zh-CN, zh-TW, vi, en"},
    {"scope", "none, own:teal, team:blue, department:blue, tree:violet, all:green"},
    {"access", "none:red, mask:amber, read:blue, write:green"},
    {"share_access", "read:blue, cooperate:green"},
    {"hidden_as", "none:red, mask:amber"},
    {"automation_event", "created:green, changed:amber, reached:violet, near:blue, idle:gray"},
    {"automation_deed", "set:amber, assign:blue, alert:violet, mail:teal, create:green, message:pink"},
    {"automation_how", "turn:blue, least:teal"},
    {"automation_whom", "owner:blue, superior:teal, creator:gray, people:green, record:violet"},
    {"approval_start", "ask:blue, create:green, change:amber, action:violet, delete:red, restore:teal"},
    {"approval_lock", "all:red, restart:amber, none:gray"},
    {"approval_who", "superior:blue, head:teal, role:violet, perm:violet, people:green, field:amber"},
    {"approval_mode", "any:blue, all:violet"},
    {"approval_nobody", "admins:amber, skip:gray"},
    {"approval_late", "remind:blue, escalate:amber, approve:green, reject:red"},
    {"job_state", "queued, running:blue, done:green, failed:red, cancelled:amber"},
    {"import_outcome", "new:green, updated:blue, same, duplicate:amber, conflict:red, elsewhere:violet, "
                       "held:amber, pool:teal, missing:gray, invalid:red, kept:red, undone:gray"},
    {"pool_reason", "manual, rule, left, moved, import, created, no_interest, unreachable",
     .open = 1},
    {"counted_from", "touch:blue, claim:teal, create:violet, field:gray"},
    {"handover_state", "open:blue, done:green, undoing:amber, undone:gray"},
    {"dup_method", "field, exact:gray, phone:blue, email:blue, company:teal, code:violet, similar:amber"},
    {"dup_act", "block:red, warn:amber, report:gray"},
    {"series_reset", "never, year, month, day"},
    {"weekday", "mon, tue, wed, thu, fri, sat, sun"},
    {"look", "list, board, calendar, tree, graph"},
    {"audience", "me, department:blue, role:violet, everyone:green"},
    {"color", "gray:gray, blue:blue, green:green, amber:amber, red:red, violet:violet, teal:teal, "
              "pink:pink"},
    {"field_type", "text, long, phone, email, url, int, real, bool, money, date, time, pick, ref"},
    {"currency", "CNY, USD, EUR, HKD, TWD, VND, JPY, KRW, SGD, THB, GBP, AUD", .open = 1},
    {"country", countries, .open = 1},
    {0},
};

/* What the configuration says (company, country, currency, zone, language, sessions) is not said here once more. */
static const struct berth_field settings[] = {
    {"sorting", BERTH_PICK, 0, "sorting"}, /* of lists by name; empty: as the company's language does, see record/order.h */
    {"see_belonging", BERTH_BOOL, 0, .def = "true"}, /* who reads a customer reads what belongs to it */
    /* What goes after how many days, see record/retain.c; 0: nothing. */
    {"bin_days", BERTH_INT, 0, .def = "90", .max = 3650, .min = "0"},
    {"job_days", BERTH_INT, 0, .def = "90", .max = 3650, .min = "0"},
    {"mail_days", BERTH_INT, 0, .def = "0", .max = 36500, .min = "0"},
    {"audit_days", BERTH_INT, 0, .def = "0", .max = 36500, .min = "0"},
    {"run_days", BERTH_INT, 0, .def = "14", .max = 3650, .min = "0"}, /* how long runs of timers are remembered */
    {"files_user_mb", BERTH_INT, 0, .def = "10000", .max = 100000000, .min = "0"}, /* 0: no limit */
    {"files_mail_mb", BERTH_INT, 0, .def = "5000", .max = 100000000, .min = "0"}, /* what came with mails, all of it */
    {"files_total_mb", BERTH_INT, 0, .def = "0", .max = 1000000000, .min = "0"},
    {0},
};

static const struct berth_view views[] = {
    {"user", "active", BERTH_AS_LIST, "name, login, department_id, manager_id, email, last_seen_at",
     "active = true", "name"},
    {"user", "left", BERTH_AS_LIST, "name, login, department_id, updated_at", "active = false"},
    {"user", "chart", BERTH_AS_TREE, "name, position, department_id", "active = true", "name", "manager_id"},
    {"department", "list", BERTH_AS_LIST},
    {"department", "tree", BERTH_AS_TREE, .by = "parent_id"},
    {"job", "latest", BERTH_AS_LIST, .sort = "-id"},
    {"audit", "latest", BERTH_AS_LIST, .sort = "-at"},
    {"announcement", "latest", BERTH_AS_LIST, .sort = "-from_on"},
    {"day_off", "calendar", BERTH_AS_CALENDAR, .from = "on_day", .by = "country"},
    {"day_off", "coming", BERTH_AS_LIST, .where = "on_day >= @today", .sort = "on_day"},
    {0},
};

BERTH_PLUGIN(.name = "base", .version = "0.1.0", .tables = tables, .dicts = dicts,
             .settings = settings, .views = views,
             /* Lua may say that a step is not needed for a record; flow, step: their names */
             .rules = BERTH_LIST_OF(berth_rule, {"approval_step", BERTH_BOOL, "record, flow, step", "true"}),
             .perms = BERTH_LIST_OF(berth_perm, {"share_views", "manager"}, {"ask_taken", "sales, manager"}))
