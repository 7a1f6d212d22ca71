/* activities - the daily work: contacts with people, tasks, plans of steps, memos, work reports, the
 * calendar.  An activity is about a lead, a customer, a contact or an opportunity, whichever of these
 * tables are there.  A topic for other plugins: "activities.done" with a record on which work was done,
 * before it is saved.  It hears "activities.line" with an activity whose note is one line of text, and reads it. */
#include "activities.h"

#define SHOWN (BERTH_LIST | BERTH_FILTER)
#define ABOUT(customer, opportunity, lead)                                                               \
    {"customer_id", BERTH_REF, BERTH_INDEX | BERTH_FILTER | BERTH_BELONGS | (customer), "customer", .group = "about"}, \
    {"contact_id", BERTH_REF, BERTH_INDEX | BERTH_FILTER | BERTH_BELONGS, "contact", .group = "about"},  \
    {"opportunity_id", BERTH_REF, BERTH_INDEX | BERTH_FILTER | BERTH_BELONGS | (opportunity), "opportunity", .group = "about"}, \
    {"lead_id", BERTH_REF, BERTH_INDEX | BERTH_FILTER | BERTH_BELONGS | (lead), "lead", .group = "about"}

static const struct berth_field activity_fields[] = {
    {"subject", BERTH_TEXT, BERTH_REQUIRED | BERTH_SEARCH | BERTH_LIST | BERTH_FILTER},
    {"kind", BERTH_PICK, BERTH_REQUIRED | SHOWN, "kind", "call"},
    {"status", BERTH_PICK, BERTH_REQUIRED | SHOWN, "status", "planned"},
    {"purpose", BERTH_PICK, SHOWN, "purpose", "development"},
    {"start_at", BERTH_TIME, SHOWN | BERTH_INDEX},
    {"end_at", BERTH_TIME, BERTH_FILTER},
    {"place", BERTH_TEXT, BERTH_SEARCH},
    {"clash", BERTH_BOOL, BERTH_LOCKED | BERTH_FILTER, .def = "false"},
    {"off_hours", BERTH_BOOL, BERTH_LOCKED | BERTH_FILTER, .def = "false"},
    {"invited", BERTH_INT, BERTH_LOCKED, .def = "0"},
    ABOUT(BERTH_LIST, 0, BERTH_LIST), /* a list tells which company it was with; the deal stands on the record */
    {"companions", BERTH_REF, BERTH_FILTER | BERTH_MANY, "user", .group = "about"},
    {"goal", BERTH_LONG, 0, .group = "plan", .max = 2000},
    {"preparation", BERTH_LONG, 0, .group = "plan", .max = 2000},
    {"remind_at", BERTH_TIME, 0, .group = "plan"},
    {"arrived_at", BERTH_TIME, BERTH_LOCKED, .group = "result"},
    {"note", BERTH_LONG, BERTH_SEARCH, .group = "result", .max = 5000},
    {"result", BERTH_LONG, BERTH_SEARCH, .group = "result", .max = 5000},
    {"attitude", BERTH_PICK, BERTH_FILTER, "attitude", .group = "result"},
    {"minutes", BERTH_INT, BERTH_FILTER, .group = "result", .max = 100000, .min = "0"},
    {"expense", BERTH_MONEY, BERTH_FILTER, .group = "result", .min = "0"},
    {"next_on", BERTH_DATE, BERTH_FILTER, .group = "result"},
    {0},
};

/* What one needs to know of an appointment that may not be theirs to see. */
static const struct berth_field invitation_fields[] = {
    {"activity_id", BERTH_REF, BERTH_LOCKED | BERTH_INDEX | BERTH_BELONGS, "activity"},
    {"contact_id", BERTH_REF, BERTH_LOCKED | BERTH_FILTER | BERTH_INDEX, "contact"},
    {"subject", BERTH_TEXT, BERTH_LOCKED | BERTH_LIST | BERTH_SEARCH},
    {"person", BERTH_TEXT, BERTH_LOCKED | BERTH_LIST | BERTH_SEARCH, .max = 100}, /* the name of whoever is asked */
    {"answer", BERTH_PICK, BERTH_LOCKED | SHOWN, "answer", "invited"},
    {"start_at", BERTH_TIME, BERTH_LOCKED | SHOWN | BERTH_INDEX},
    {"end_at", BERTH_TIME, BERTH_LOCKED},
    {"place", BERTH_TEXT, BERTH_LOCKED | BERTH_LIST},
    {"clash", BERTH_BOOL, BERTH_LOCKED | BERTH_LIST, .def = "false"},
    {"off_hours", BERTH_BOOL, BERTH_LOCKED | BERTH_LIST, .def = "false"},
    {"from_id", BERTH_REF, BERTH_LOCKED | BERTH_FILTER, "user"},
    {"goal", BERTH_LONG, BERTH_LOCKED, .max = 2000},
    {"reply", BERTH_LONG, BERTH_LOCKED | BERTH_LIST, .max = 1000},
    {"answered_at", BERTH_TIME, BERTH_LOCKED},
    {0},
};

/* Where somebody is, said beforehand. */
static const struct berth_field whereabouts_fields[] = {
    {"kind", BERTH_PICK, BERTH_REQUIRED | SHOWN, "whereabouts", "customer"},
    {"start_at", BERTH_TIME, BERTH_REQUIRED | SHOWN | BERTH_INDEX},
    {"end_at", BERTH_TIME, BERTH_REQUIRED | SHOWN},
    {"place", BERTH_TEXT, BERTH_LIST | BERTH_SEARCH},
    {"note", BERTH_TEXT, BERTH_LIST, .max = 500},
    {0},
};
static const struct berth_field work_hours_fields[] = {
    {"days", BERTH_PICK, BERTH_REQUIRED | BERTH_LIST | BERTH_MANY, "base.weekday", "mon, tue, wed, thu, fri"},
    {"from_time", BERTH_TEXT, BERTH_REQUIRED | BERTH_LIST, .def = "09:00", .max = 5},
    {"to_time", BERTH_TEXT, BERTH_REQUIRED | BERTH_LIST, .def = "18:00", .max = 5},
    {0},
};

static const struct berth_field task_fields[] = {
    {"subject", BERTH_TEXT, BERTH_REQUIRED | BERTH_SEARCH | BERTH_LIST | BERTH_FILTER},
    {"status", BERTH_PICK, BERTH_REQUIRED | SHOWN, "task_status", "new"},
    {"priority", BERTH_PICK, SHOWN, "priority", "normal"},
    {"purpose", BERTH_PICK, SHOWN, "purpose", "development"},
    {"due_on", BERTH_DATE, SHOWN | BERTH_INDEX},
    {"progress", BERTH_INT, BERTH_LOCKED | BERTH_LIST, .def = "0", .max = 100},
    {"from_id", BERTH_REF, BERTH_LOCKED | SHOWN | BERTH_INDEX, "user"},
    {"goal", BERTH_LONG, 0, .max = 5000},
    ABOUT(BERTH_AROUND, BERTH_AROUND, 0),
    {"feedback", BERTH_LONG, 0, .group = "course", .max = 5000},
    {"done_at", BERTH_TIME, BERTH_LOCKED | BERTH_FILTER, .group = "course"},
    {"remind_at", BERTH_TIME, 0, .group = "course"},
    {"recurs", BERTH_PICK, BERTH_FILTER, "recurs", .group = "course"},
    {"recurs_until", BERTH_DATE, 0, .group = "course", .when = "recurs not empty"},
    {"plan_id", BERTH_REF, BERTH_LOCKED | BERTH_FILTER, "task_plan", .group = "course"},
    {0},
};

static const struct berth_field plan_fields[] = {
    {"name", BERTH_TEXT, BERTH_REQUIRED | BERTH_LIST | BERTH_SEARCH},
    {"code", BERTH_TEXT, BERTH_UNIQUE | BERTH_LIST, .max = 40}, /* what the rule that starts it says */
    {"note", BERTH_LONG, BERTH_LIST, .max = 1000},
    {0},
};
static const struct berth_field plan_step_fields[] = {
    {"plan_id", BERTH_REF, BERTH_REQUIRED, "task_plan"},
    {"subject", BERTH_TEXT, BERTH_REQUIRED | BERTH_LIST},
    {"after_days", BERTH_INT, BERTH_REQUIRED | BERTH_LIST | BERTH_INDEX, .def = "0", .max = 3650, .min = "0"},
    {"purpose", BERTH_PICK, BERTH_LIST, "purpose", "development"},
    {"goal", BERTH_LONG, 0, .max = 2000},
    {0},
};

static const struct berth_field memo_fields[] = {
    {"subject", BERTH_TEXT, BERTH_REQUIRED | BERTH_SEARCH | BERTH_LIST},
    {"note", BERTH_LONG, BERTH_SEARCH, .max = 20000},
    {"remind_at", BERTH_TIME, SHOWN | BERTH_INDEX},
    {"done", BERTH_BOOL, SHOWN, .def = "false"},
    {0},
};
static const struct berth_field company_memo_fields[] = {
    {"subject", BERTH_TEXT, BERTH_REQUIRED | BERTH_SEARCH | BERTH_LIST},
    {"on_day", BERTH_DATE, SHOWN | BERTH_INDEX},
    {"remind_at", BERTH_TIME, SHOWN},
    {"note", BERTH_LONG, BERTH_SEARCH, .max = 20000},
    {0},
};

#define COUNTED (BERTH_LOCKED | BERTH_LIST)
static const struct berth_field report_fields[] = {
    {"kind", BERTH_PICK, BERTH_REQUIRED | SHOWN, "report", "daily"},
    {"from_on", BERTH_DATE, SHOWN | BERTH_INDEX, .def = "@today"},
    {"to_on", BERTH_DATE, BERTH_LIST},
    {"status", BERTH_PICK, BERTH_LOCKED | SHOWN, "report_status", "draft"},
    {"calls", BERTH_INT, COUNTED, .def = "0", .group = "numbers"},
    {"visits", BERTH_INT, COUNTED, .def = "0", .group = "numbers"},
    {"messages", BERTH_INT, COUNTED, .def = "0", .group = "numbers"},
    {"tasks_done", BERTH_INT, COUNTED, .def = "0", .group = "numbers"},
    {"new_leads", BERTH_INT, COUNTED, .def = "0", .group = "numbers"},
    {"new_customers", BERTH_INT, COUNTED, .def = "0", .group = "numbers"},
    {"new_opportunities", BERTH_INT, COUNTED, .def = "0", .group = "numbers"},
    {"done", BERTH_LONG, BERTH_SEARCH, .group = "words", .max = 10000},
    {"plan", BERTH_LONG, 0, .group = "words", .max = 10000},
    {"problems", BERTH_LONG, 0, .group = "words", .max = 10000},
    {"submitted_at", BERTH_TIME, BERTH_LOCKED, .group = "reading"},
    {"reader_id", BERTH_REF, BERTH_LOCKED, "user", .group = "reading"},
    {"comment", BERTH_LONG, BERTH_LOCKED, .group = "reading", .max = 5000},
    {0},
};

static const struct berth_field template_fields[] = {
    {"kind", BERTH_PICK, BERTH_REQUIRED | BERTH_LIST, "report", "daily"},
    {"department_id", BERTH_REF, BERTH_LIST, "department"},
    {"done", BERTH_LONG, BERTH_LIST, .max = 10000},
    {"plan", BERTH_LONG, BERTH_LIST, .max = 10000},
    {"problems", BERTH_LONG, 0, .max = 10000},
    {0},
};
static const struct berth_field target_fields[] = {
    {"metric", BERTH_PICK, BERTH_REQUIRED | SHOWN, "metric", "visits"},
    {"value", BERTH_INT, BERTH_REQUIRED | BERTH_LIST, .max = 1000000, .min = "0"},
    {"kind", BERTH_PICK, BERTH_REQUIRED | SHOWN, "report", "weekly"},
    {"from_on", BERTH_DATE, BERTH_REQUIRED | SHOWN | BERTH_INDEX, .def = "@today"},
    {"to_on", BERTH_DATE, BERTH_LIST},
    {"note", BERTH_TEXT, BERTH_LIST, .max = 500},
    {0},
};

static const struct berth_field feed_fields[] = {
    {"name", BERTH_TEXT, BERTH_REQUIRED | BERTH_LIST, .max = 100},
    {"key_hash", BERTH_TEXT, BERTH_SECRET | BERTH_LOCKED | BERTH_UNIQUE, .max = 64},
    {0},
};

#define OPEN "status in ('new', 'accepted', 'doing')"
#define WORK (BERTH_OWNED | BERTH_CUSTOM | BERTH_HISTORY | BERTH_BIN)
static const struct berth_table tables[] = {
    {"activity", activity_fields,
     BERTH_KEYS({"owner_id, start_at"}, {"owner_id, status, start_at, id, kind"}, {"created_at"}, {"updated_at"}, {"owner_id, created_at"},
                {"owner_id, updated_at"}, {"owner_id, subject"}),
     WORK, .version = 1, .moment = "start_at", .nav = "work 80", .title = "subject", .icon = "phone", .was = "lead_activity",
     .upgrade = activity_upgrade, .line = "/activities/line",
     .rights = "sales: own create import; manager: tree create delete import export"},
    {"invitation", invitation_fields, BERTH_KEYS({"owner_id, start_at"}), BERTH_OWNED, .title = "subject", .icon = "calendar",
     .nav = "work 85", .rights = "sales: own; manager: tree"},
    {"whereabouts", whereabouts_fields, BERTH_KEYS({"owner_id, start_at"}), BERTH_OWNED | BERTH_HISTORY, .title = "kind", .icon = "globe",
     .nav = "work 86", .rights = "sales: own create delete; manager: tree create delete"},
    {"work_hours", work_hours_fields, BERTH_KEYS({"owner_id", BERTH_UNIQUE}), BERTH_OWNED | BERTH_HISTORY | BERTH_HIDDEN,
     .title = "from_time", .icon = "history", .rights = "sales: own create delete; manager: tree create delete"},
    {"task", task_fields,
     BERTH_KEYS({"owner_id, due_on"}, {"owner_id, status, due_on"}, {"owner_id, done_at"}, {"status"}, {"status, due_on"}, {"created_at"},
                {"updated_at"}),
     WORK, .nav = "work 81", .step = "due_on, finish", .step_when = OPEN, .title = "subject", .icon = "check",
     .rights = "sales: own create; manager: tree create delete export"},
    {"task_plan", plan_fields, .flags = BERTH_ADMIN | BERTH_HISTORY, .title = "name", .icon = "list",
     .rights = "sales: all read; manager: all create delete", .known = "name"},
    {"task_plan_step", plan_step_fields, .flags = BERTH_DETAIL | BERTH_HIDDEN | BERTH_HISTORY, .title = "subject",
     .known = "plan_id, subject, after_days", .rights = "sales: all read; manager: all create delete"},
    {"memo", memo_fields, .flags = BERTH_OWNED | BERTH_HISTORY | BERTH_BIN, .title = "subject", .icon = "edit", .nav = "work 83",
     .rights = "sales: own create delete; manager: own create delete"},
    {"company_memo", company_memo_fields, .flags = BERTH_HISTORY | BERTH_BIN, .title = "subject", .icon = "flag", .nav = "work 84",
     .rights = "sales: all read; manager: all create delete"},
    {"work_report", report_fields, BERTH_KEYS({"owner_id, kind, from_on", BERTH_UNIQUE}), WORK, .title = "from_on", .icon = "book",
     .nav = "work 82", .rights = "sales: own create; manager: tree create delete export"},
    {"report_template", template_fields, .flags = BERTH_ADMIN | BERTH_HISTORY, .title = "kind", .icon = "book",
     .rights = "sales: all read; manager: all create delete", .known = "kind, department_id"},
    {"activity_target", target_fields, .flags = BERTH_OWNED | BERTH_HISTORY, .title = "metric", .icon = "target", .nav = "work 87",
     .rights = "sales: own create delete; manager: tree create delete"},
    {"calendar_feed", feed_fields, .flags = BERTH_OWNED | BERTH_HIDDEN, .title = "name", .icon = "calendar",
     .rights = "sales: own create delete; manager: own create delete"},
    {0},
};

static const struct berth_dict dicts[] = {
    {"kind", "call:blue, visit:green, received:teal, meeting:amber, email:violet, message:pink, event:red, other:gray", .open = 1},
    {"status", "planned:blue, doing:amber, done:green, cancelled:gray"},
    {"purpose", "development:blue, quote:violet, won:green, service:teal, care:pink, collection:amber, internal:gray", .open = 1},
    {"attitude", "enthusiastic:green, positive:teal, neutral:gray, hesitant:amber, negative:red", .open = 1},
    {"task_status", "new:blue, accepted:teal, doing:amber, done:green, declined:red, cancelled:gray"},
    {"priority", "high:red, normal:blue, low:gray"},
    {"recurs", "daily, weekly, monthly, quarterly, yearly"},
    {"report", "daily:blue, weekly:teal, monthly:violet"},
    {"answer", "invited:blue, accepted:green, maybe:amber, declined:red, off:gray"},
    {"whereabouts", "office:gray, customer:green, travel:violet, home:teal, training:amber, leave:pink, sick:red", .open = 1},
    {"metric", "calls:blue, visits:green, messages:pink, tasks_done:teal, new_leads:violet, new_customers:amber, new_opportunities:red"},
    {"report_status", "draft:gray, submitted:blue, read:green"},
    {0},
};

#define LOG_FORM                                                                                     \
    BERTH_FIELDS({"kind", BERTH_PICK, BERTH_REQUIRED, "kind", "call"},                               \
                 {"note", BERTH_LONG, BERTH_REQUIRED, .max = 5000}, {"minutes", BERTH_INT, .max = 100000, .min = "0"}, \
                 {"next_action_on", BERTH_DATE})
#define PLAN_FORM BERTH_FIELDS({"plan_id", BERTH_REF, BERTH_REQUIRED, "task_plan"})
#define REPLY_FORM BERTH_FIELDS({"note", BERTH_LONG, 0, .max = 1000})
#define NOTE_FORM BERTH_FIELDS({"note", BERTH_LONG, BERTH_REQUIRED, .max = 5000})

static const struct berth_action actions[] = {
    {"lead", "log", .flags = BERTH_SEEN, .icon = "phone", .run = activity_log, .form = LOG_FORM, .order = -20},
    {"customer", "log", .flags = BERTH_SEEN, .icon = "phone", .run = activity_log, .form = LOG_FORM, .order = -20},
    {"contact", "log", .flags = BERTH_SEEN, .icon = "phone", .run = activity_log, .form = LOG_FORM, .order = -20},
    {"opportunity", "log", .flags = BERTH_SEEN, .icon = "phone", .run = activity_log, .form = LOG_FORM, .order = -20},
    {"lead", "plan", .flags = BERTH_BULK, .icon = "list", .run = plan_start, .form = PLAN_FORM},
    {"customer", "plan", .flags = BERTH_BULK, .icon = "list", .run = plan_start, .form = PLAN_FORM},
    {"opportunity", "plan", .flags = BERTH_BULK, .icon = "list", .run = plan_start, .form = PLAN_FORM},
    {"activity", "done", .when = "status in ('planned', 'doing')", .flags = BERTH_EDITS, .icon = "check", .run = activity_done,
     .form = BERTH_FIELDS({"result", BERTH_LONG, .max = 5000}, {"attitude", BERTH_PICK, 0, "attitude"},
                          {"minutes", BERTH_INT, .max = 100000, .min = "0"}, {"expense", BERTH_MONEY, .min = "0"},
                          {"next_action_on", BERTH_DATE})},
    {"activity", "check_in", .when = "status in ('planned', 'doing') and arrived_at empty", .flags = BERTH_EDITS, .icon = "globe",
     .run = activity_check_in, .form = BERTH_FIELDS({"picture", BERTH_FILE, .of = "image"}, {"place", BERTH_TEXT})},
    {"activity", "invite", .when = "status in ('planned', 'doing')", .icon = "users", .run = activity_invite,
     .form = BERTH_FIELDS({"people", BERTH_REF, BERTH_MANY, "user"}, {"contacts", BERTH_REF, BERTH_MANY, "contact"})},
    {"invitation", "accept", .when = "answer in ('invited', 'maybe', 'declined')", .flags = BERTH_EDITS, .icon = "check",
     .run = invitation_accept, .form = REPLY_FORM, .order = -3},
    {"invitation", "maybe", .when = "answer in ('invited', 'accepted', 'declined')", .flags = BERTH_EDITS, .icon = "history",
     .run = invitation_maybe, .form = REPLY_FORM, .order = -2},
    {"invitation", "decline", .when = "answer in ('invited', 'accepted', 'maybe')", .flags = BERTH_EDITS, .icon = "x",
     .run = invitation_decline, .form = REPLY_FORM, .order = -1},
    {"task", "accept", .when = "status = 'new'", .flags = BERTH_BULK | BERTH_EDITS, .icon = "check", .run = task_accept},
    {"task", "decline", .when = "status in ('new', 'accepted')", .flags = BERTH_EDITS, .icon = "x", .run = task_decline, .form = NOTE_FORM},
    {"task", "progress", .when = "status in ('accepted', 'doing')", .flags = BERTH_EDITS, .icon = "chart", .run = task_progress,
     .form = BERTH_FIELDS({"progress", BERTH_INT, BERTH_REQUIRED, .max = 100, .min = "0"}, {"note", BERTH_LONG, .max = 5000})},
    {"task", "finish", .when = OPEN, .flags = BERTH_BULK | BERTH_EDITS, .icon = "check", .run = task_finish,
     .form = BERTH_FIELDS({"note", BERTH_LONG, .max = 5000})},
    {"task", "cancel", .when = OPEN, .flags = BERTH_BULK | BERTH_EDITS, .icon = "off", .run = task_cancel, .form = NOTE_FORM},
    {"work_report", "submit", .when = "status = 'draft'", .flags = BERTH_EDITS, .icon = "next", .run = report_submit},
    {"work_report", "read", .when = "status = 'submitted'", .flags = BERTH_EDITS, .icon = "eye", .run = report_read,
     .form = BERTH_FIELDS({"note", BERTH_LONG, .max = 5000})},
    {0},
};

static const struct berth_view views[] = {
    {"activity", "mine", BERTH_AS_LIST, .where = "owner_id = @me", .sort = "-start_at"},
    {"activity", "open", BERTH_AS_LIST, .where = "owner_id = @me and status in ('planned', 'doing')", .sort = "start_at"},
    {"activity", "actions", BERTH_AS_BOARD, .where = "owner_id = @me and status in ('planned', 'doing')", .sort = "start_at",
     .by = "purpose"},
    {"activity", "calendar", BERTH_AS_CALENDAR, .where = "owner_id = @me", .from = "start_at", .to = "end_at", .by = "kind"},
    {"activity", "team_calendar", BERTH_AS_CALENDAR, .where = "owner_id in @team", .from = "start_at", .to = "end_at", .by = "owner_id"},
    {"activity", "team", BERTH_AS_LIST, .where = "owner_id in @team", .sort = "-start_at"},
    {"activity", "all", BERTH_AS_LIST, .sort = "-start_at"},
    {"invitation", "open", BERTH_AS_LIST, .where = "owner_id = @me and contact_id empty and answer = 'invited'", .sort = "start_at"},
    {"invitation", "calendar", BERTH_AS_CALENDAR,
     .where = "owner_id = @me and contact_id empty and answer in ('invited', 'accepted', 'maybe')", .from = "start_at", .to = "end_at",
     .by = "answer"},
    {"invitation", "sent", BERTH_AS_LIST, .where = "from_id = @me", .sort = "-start_at"},
    {"invitation", "all", BERTH_AS_LIST, .sort = "-start_at"},
    {"whereabouts", "mine", BERTH_AS_LIST, .where = "owner_id = @me", .sort = "-start_at"},
    {"whereabouts", "team", BERTH_AS_CALENDAR, .where = "owner_id in @team", .from = "start_at", .to = "end_at", .by = "owner_id"},
    {"activity_target", "mine", BERTH_AS_LIST, .where = "owner_id = @me", .sort = "-from_on"},
    {"activity_target", "all", BERTH_AS_LIST, .sort = "-from_on"},
    {"task", "mine", BERTH_AS_LIST, .where = "owner_id = @me and " OPEN, .sort = "due_on"},
    {"task", "overdue", BERTH_AS_LIST, .where = "due_on < @today and " OPEN, .sort = "due_on"},
    {"task", "handed", BERTH_AS_LIST, .where = "from_id = @me and owner_id <> @me", .sort = "-created_at"},
    {"task", "board", BERTH_AS_BOARD, .by = "status", .from = "due_on"},
    {"task", "calendar", BERTH_AS_CALENDAR, .from = "due_on", .by = "priority"},
    {"task", "all", BERTH_AS_LIST},
    {"task_plan_step", "all", BERTH_AS_LIST, .sort = "after_days"},
    {"memo", "open", BERTH_AS_LIST, .where = "done = false", .sort = "remind_at"},
    {"memo", "all", BERTH_AS_LIST},
    {"work_report", "mine", BERTH_AS_LIST, .where = "owner_id = @me", .sort = "-from_on"},
    {"work_report", "unread", BERTH_AS_LIST, .where = "status = 'submitted' and owner_id <> @me", .sort = "-from_on"},
    {"work_report", "all", BERTH_AS_LIST, .sort = "-from_on"},
    {0},
};

static const struct berth_tile tiles[] = {
    {"task", "due", BERTH_TODO, .view = "mine", .where = "due_on <= @today", .by = "due_on", .order = 5},
    {"activity", "today", BERTH_TODO, .view = "open", .where = "start_at < @today+1d", .by = "start_at", .order = 6},
    {"invitation", "open", BERTH_TODO, .view = "open", .where = "start_at >= @today", .by = "start_at", .order = 7},
    {"work_report", "unread", BERTH_TODO, .view = "unread", .by = "from_on", .order = 35},
    {"task", "mine", BERTH_KPI, .view = "mine", .roles = "manager", .order = -34},
    {"activity", "week", BERTH_KPI, .view = "mine", .where = "status = 'done' and start_at >= @week", .roles = "sales", .order = -35},
    {"activity", "team_week", BERTH_BARS, .view = "team", .where = "status = 'done' and start_at >= @week", .by = "owner_id",
     .roles = "manager", .order = 28},
    {"activity", "by_month", BERTH_LINE, .view = "mine", .where = "status = 'done'", .by = "start_at:month", .roles = "sales", .order = 45},
    {0},
};

static const struct berth_report reports[] = {
    {"overview", "users", "/activities/overview", .nav = "work 88", .charts = "bar name done visits",
     .form = BERTH_FIELDS({"department", BERTH_REF, 0, "department"}),
     .columns =
         BERTH_FIELDS({"name", BERTH_TEXT}, {"where", BERTH_TEXT}, {"place", BERTH_TEXT}, {"until", BERTH_TIME}, {"done", BERTH_INT},
                      {"visits", BERTH_INT}, {"planned", BERTH_INT}, {"late", BERTH_INT}, {"overdue", BERTH_INT}, {"last_at", BERTH_TIME})},
    {"targets", "target", "/activities/targets", .nav = "work 89", .charts = "bar name wanted done",
     .columns = BERTH_FIELDS({"name", BERTH_TEXT}, {"metric", BERTH_PICK, 0, "metric"}, {"wanted", BERTH_INT}, {"done", BERTH_INT},
                             {"reached", BERTH_REAL, 0, "%"}, {"to_on", BERTH_DATE})},
    {"reports", "book", "/activities/reports", .nav = "work 90", .charts = "bar name submitted read",
     .form = BERTH_FIELDS({"kind", BERTH_PICK, 0, "report"}, {"from", BERTH_DATE}, {"to", BERTH_DATE},
                          {"department", BERTH_REF, 0, "department"}),
     .columns = BERTH_FIELDS({"name", BERTH_TEXT}, {"submitted", BERTH_INT}, {"read", BERTH_INT}, {"draft", BERTH_INT},
                             {"calls", BERTH_INT}, {"visits", BERTH_INT}, {"tasks_done", BERTH_INT})},
    {0},
};

BERTH_PLUGIN(.name = "activities", .version = "0.1.0", .needs = "base", .caps = BERTH_CAP_ALL_ROWS, .tables = tables,
    .dicts = dicts, .actions = actions, .views = views, .tiles = tiles, .reports = reports,
    .settings = BERTH_FIELDS({"refuse_clash", BERTH_BOOL, 0, .def = "false"},
                             {"work_from", BERTH_TEXT, 0, .def = "09:00", .max = 5}, {"work_to", BERTH_TEXT, 0, .def = "18:00", .max = 5},
                             {"invite_template", BERTH_REF, 0, "mail_template"}),
    .rules = BERTH_LIST_OF(berth_rule, {"plan", BERTH_TEXT, "event, customer", ""}),
    .routes = BERTH_LIST_OF(berth_route, {"GET", "/calendar.ics", .run = feed_read, .flags = BERTH_OPEN},
                                         {"POST", "/calendar/feed", .run = feed_make},
                                         {"GET", "/calendar/clashes", .run = clashes},
                                         {"GET", "/calendar/free", .run = free_people},
                                         {"GET", "/activities/line", .run = activity_line},
                                         {"GET", "/activities/overview", .run = overview},
                                         {"GET", "/activities/targets", .run = targets},
                                         {"GET", "/activities/reports", .run = report_figures}),
    .hooks = BERTH_LIST_OF(berth_hook, {BERTH_BEFORE | BERTH_INSERT | BERTH_UPDATE, "activity", activity_check},
                                       {BERTH_AFTER | BERTH_INSERT | BERTH_UPDATE, "activity", activity_saved},
                                       {BERTH_AFTER | BERTH_UPDATE, "activity", invitations_follow},
                                       {BERTH_BEFORE | BERTH_DELETE, "activity", invitations_off},
                                       {BERTH_BEFORE | BERTH_INSERT | BERTH_UPDATE, "work_hours", work_hours_check},
                                       {BERTH_BEFORE | BERTH_INSERT | BERTH_UPDATE, "activity_target", target_check},
                                       {BERTH_EVENT, "activities.line", on_line},
                                       {BERTH_EVENT, "leads.converted", plan_by_rule, 10},
                                       {BERTH_EVENT, "opportunities.won", plan_by_rule, 10},
                                       {BERTH_EVENT, "opportunities.lost", plan_by_rule, 10},
                                       {BERTH_BEFORE | BERTH_INSERT | BERTH_UPDATE, "task", task_check},
                                       {BERTH_AFTER | BERTH_INSERT | BERTH_UPDATE, "task", task_saved},
                                       {BERTH_BEFORE | BERTH_INSERT | BERTH_UPDATE, "work_report", report_check},
                                       {BERTH_EVENT, "leads.converted", on_lead_converted},
                                       {BERTH_EVENT, "leads.returning", on_lead_returning},
                                       {BERTH_AFTER | BERTH_INSERT | BERTH_UPDATE, "activity", remind},
                                       {BERTH_AFTER | BERTH_INSERT | BERTH_UPDATE, "task", remind},
                                       {BERTH_AFTER | BERTH_INSERT | BERTH_UPDATE, "memo", remind},
                                       {BERTH_AFTER | BERTH_INSERT | BERTH_UPDATE, "company_memo", remind}))
