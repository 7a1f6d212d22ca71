-- The database as the plugins declare it, for sqlite; written by `ninja -C build schema`.

CREATE TABLE "user" (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    name TEXT,
    login TEXT,
    email TEXT,
    phone TEXT,
    department_id INTEGER,
    manager_id INTEGER,
    position TEXT,
    admin INTEGER,
    active INTEGER,
    locale TEXT,
    zone TEXT,
    signature TEXT,
    last_seen_at INTEGER,
    password_hash TEXT,
    name__order BLOB
) STRICT;
CREATE INDEX ix_user_name__order ON "user" (name__order);
CREATE UNIQUE INDEX ux_user_login ON "user" (login);
CREATE INDEX ix_user_department_id ON "user" (department_id);
CREATE INDEX ix_user_manager_id ON "user" (manager_id);
-- and the full-text table search_user

CREATE TABLE department (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    name TEXT,
    parent_id INTEGER,
    leader_id INTEGER,
    name__order BLOB
) STRICT;
CREATE INDEX ix_department_name__order ON department (name__order);
CREATE INDEX ix_department_parent_id ON department (parent_id);
-- and the full-text table search_department

CREATE TABLE role (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    name TEXT,
    note TEXT,
    home TEXT,
    name__order BLOB
) STRICT;
CREATE INDEX ix_role_name__order ON role (name__order);
CREATE UNIQUE INDEX ux_role_name ON role (name);

CREATE TABLE role_table (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    role_id INTEGER,
    on_table TEXT,
    can_create INTEGER,
    read_scope TEXT,
    update_scope TEXT,
    delete_scope TEXT,
    can_export INTEGER,
    can_import INTEGER
) STRICT;
CREATE UNIQUE INDEX ux_role_table_role_id_on_table ON role_table (role_id, on_table);
CREATE INDEX ix_role_table_role_id ON role_table (role_id);

CREATE TABLE role_field (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    role_id INTEGER,
    on_table TEXT,
    field TEXT,
    access TEXT
) STRICT;
CREATE UNIQUE INDEX ux_role_field_role_id_on_table_field ON role_field (role_id, on_table, field);
CREATE INDEX ix_role_field_role_id ON role_field (role_id);

CREATE TABLE role_perm (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    role_id INTEGER,
    perm TEXT
) STRICT;
CREATE UNIQUE INDEX ux_role_perm_role_id_perm ON role_perm (role_id, perm);
CREATE INDEX ix_role_perm_role_id ON role_perm (role_id);

CREATE TABLE user_role (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    user_id INTEGER,
    role_id INTEGER
) STRICT;
CREATE UNIQUE INDEX ux_user_role_user_id_role_id ON user_role (user_id, role_id);
CREATE INDEX ix_user_role_user_id ON user_role (user_id);
CREATE INDEX ix_user_role_role_id ON user_role (role_id);

CREATE TABLE user_department (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    user_id INTEGER,
    department_id INTEGER
) STRICT;
CREATE UNIQUE INDEX ux_user_department_user_id_department_id ON user_department (user_id, department_id);
CREATE INDEX ix_user_department_user_id ON user_department (user_id);
CREATE INDEX ix_user_department_department_id ON user_department (department_id);

CREATE TABLE deputy (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    owner_id INTEGER,
    deputy_id INTEGER,
    from_at INTEGER,
    until_at INTEGER,
    note TEXT
) STRICT;
CREATE INDEX ix_deputy_owner_id ON deputy (owner_id);
CREATE INDEX ix_deputy_deputy_id ON deputy (deputy_id);

CREATE TABLE helper (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    owner_id INTEGER,
    helper_id INTEGER,
    access TEXT,
    until_at INTEGER
) STRICT;
CREATE INDEX ix_helper_owner_id ON helper (owner_id);
CREATE INDEX ix_helper_helper_id ON helper (helper_id);

CREATE TABLE record_share (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT,
    tbl INTEGER,
    rec INTEGER,
    user_id INTEGER,
    department_id INTEGER,
    role_id INTEGER,
    access TEXT,
    part TEXT,
    until_at INTEGER,
    at INTEGER,
    by INTEGER
) STRICT;
CREATE INDEX ix_record_share_tbl_rec_id ON record_share (tbl, rec);
CREATE INDEX ix_record_share_user_id ON record_share (user_id);
CREATE INDEX ix_record_share_department_id ON record_share (department_id);
CREATE INDEX ix_record_share_role_id ON record_share (role_id);

CREATE TABLE pool (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    name TEXT,
    on_table TEXT,
    department_id INTEGER,
    active INTEGER,
    day_cap INTEGER,
    hold_cap INTEGER,
    lock_days INTEGER,
    protect_days INTEGER,
    view_cap INTEGER,
    recycle INTEGER,
    remind_days INTEGER,
    manager_days INTEGER,
    note TEXT,
    name__order BLOB
) STRICT;
CREATE INDEX ix_pool_name__order ON pool (name__order);
CREATE INDEX ix_pool_on_table ON pool (on_table);
-- and the full-text table search_pool

CREATE TABLE pool_member (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    pool_id INTEGER,
    user_id INTEGER,
    department_id INTEGER,
    admin INTEGER
) STRICT;
CREATE INDEX ix_pool_member_pool_id ON pool_member (pool_id);
CREATE INDEX ix_pool_member_user_id ON pool_member (user_id);
CREATE INDEX ix_pool_member_department_id ON pool_member (department_id);

CREATE TABLE pool_field (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    pool_id INTEGER,
    field TEXT,
    access TEXT
) STRICT;
CREATE UNIQUE INDEX ux_pool_field_pool_id_field ON pool_field (pool_id, field);
CREATE INDEX ix_pool_field_pool_id ON pool_field (pool_id);

CREATE TABLE pool_rule (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    pool_id INTEGER,
    name TEXT,
    days INTEGER,
    counted_from TEXT,
    counted_field TEXT,
    applies_to TEXT,
    include_kept INTEGER,
    to_pool_id INTEGER,
    place INTEGER,
    active INTEGER
) STRICT;
CREATE INDEX ix_pool_rule_pool_id ON pool_rule (pool_id);

CREATE TABLE hold_limit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    on_table TEXT,
    user_id INTEGER,
    department_id INTEGER,
    hold_cap INTEGER,
    lock_cap INTEGER,
    uncounted TEXT
) STRICT;
CREATE INDEX ix_hold_limit_user_id ON hold_limit (user_id);
CREATE INDEX ix_hold_limit_department_id ON hold_limit (department_id);

CREATE TABLE handover (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    user_id INTEGER,
    to_ids TEXT,
    pool_id INTEGER,
    tables TEXT,
    state TEXT,
    moved INTEGER,
    back INTEGER,
    note TEXT
) STRICT;
CREATE INDEX ix_handover_user_id ON handover (user_id);

CREATE TABLE custom_field (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    on_table TEXT,
    name TEXT,
    type TEXT,
    of TEXT,
    section TEXT,
    max INTEGER,
    min REAL,
    place INTEGER,
    required INTEGER,
    list INTEGER,
    filter INTEGER,
    search INTEGER,
    sort INTEGER,
    many INTEGER,
    label_en TEXT,
    label_zh_cn TEXT,
    label_zh_tw TEXT,
    label_vi TEXT,
    name__order BLOB
) STRICT;
CREATE UNIQUE INDEX ux_custom_field_on_table_name ON custom_field (on_table, name);
CREATE INDEX ix_custom_field_name__order ON custom_field (name__order);

CREATE TABLE dict_item (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    dict TEXT,
    key TEXT,
    color TEXT,
    place INTEGER,
    hidden INTEGER,
    label_en TEXT,
    label_zh_cn TEXT,
    label_zh_tw TEXT,
    label_vi TEXT,
    key__order BLOB
) STRICT;
CREATE UNIQUE INDEX ux_dict_item_dict_key ON dict_item (dict, key);
CREATE INDEX ix_dict_item_key__order ON dict_item (key__order);

CREATE TABLE dup_rule (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    name TEXT,
    on_table TEXT,
    fields TEXT,
    method TEXT,
    alike INTEGER,
    meets TEXT,
    on_create TEXT,
    on_edit TEXT,
    on_import TEXT,
    on_convert TEXT,
    active INTEGER,
    name__order BLOB
) STRICT;
CREATE UNIQUE INDEX ux_dup_rule_on_table_fields_method ON dup_rule (on_table, fields, method);
CREATE INDEX ix_dup_rule_name__order ON dup_rule (name__order);

CREATE TABLE setting (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    name TEXT,
    value TEXT
) STRICT;
CREATE UNIQUE INDEX ux_setting_name ON setting (name);

CREATE TABLE layout (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    on_table TEXT,
    spec TEXT
) STRICT;
CREATE UNIQUE INDEX ux_layout_on_table ON layout (on_table);

CREATE TABLE retention (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    on_table TEXT,
    bin_days INTEGER,
    on_table__order BLOB
) STRICT;
CREATE INDEX ix_retention_on_table__order ON retention (on_table__order);
CREATE UNIQUE INDEX ux_retention_on_table ON retention (on_table);

CREATE TABLE series (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    name TEXT,
    prefix TEXT,
    digits INTEGER,
    next INTEGER,
    reset TEXT,
    period TEXT,
    name__order BLOB
) STRICT;
CREATE INDEX ix_series_name__order ON series (name__order);
CREATE UNIQUE INDEX ux_series_name ON series (name);

CREATE TABLE saved_view (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    owner_id INTEGER,
    name TEXT,
    on_table TEXT,
    audience TEXT,
    department_id INTEGER,
    role_id INTEGER,
    base TEXT,
    look TEXT,
    columns TEXT,
    widths TEXT,
    filter TEXT,
    sort TEXT,
    by_field TEXT,
    from_field TEXT,
    to_field TEXT,
    sums TEXT,
    place INTEGER
) STRICT;
CREATE INDEX ix_saved_view_on_table_owner_id ON saved_view (on_table, owner_id);
CREATE INDEX ix_saved_view_owner_id ON saved_view (owner_id);

CREATE TABLE view_mark (
    user_id INTEGER NOT NULL,
    on_table TEXT NOT NULL,
    view_name TEXT NOT NULL,
    pinned INTEGER,
    opens INTEGER,
    PRIMARY KEY (user_id, on_table, view_name)
) STRICT, WITHOUT ROWID;

CREATE TABLE home_layout (
    user_id INTEGER NOT NULL,
    role_id INTEGER NOT NULL,
    layout TEXT,
    PRIMARY KEY (user_id, role_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE label (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    locale TEXT,
    word TEXT,
    text TEXT,
    word__order BLOB
) STRICT;
CREATE UNIQUE INDEX ux_label_locale_word ON label (locale, word);
CREATE INDEX ix_label_word__order ON label (word__order);
-- and the full-text table search_label

CREATE TABLE announcement (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    title TEXT,
    text TEXT,
    from_on INTEGER,
    until_on INTEGER,
    pinned INTEGER,
    department_ids TEXT,
    role_ids TEXT,
    title__order BLOB
) STRICT;
CREATE INDEX ix_announcement_title__order ON announcement (title__order);
CREATE INDEX ix_announcement_from_on ON announcement (from_on);
-- and the full-text table search_announcement

CREATE TABLE api_token (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    user_id INTEGER,
    name TEXT,
    hash TEXT,
    last_used_at INTEGER,
    expires_at INTEGER
) STRICT;
CREATE INDEX ix_api_token_user_id ON api_token (user_id);
CREATE UNIQUE INDEX ux_api_token_hash ON api_token (hash);

CREATE TABLE job (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    kind TEXT,
    state TEXT,
    args TEXT,
    result TEXT,
    done INTEGER,
    total INTEGER,
    message TEXT,
    user_id INTEGER,
    run_at INTEGER,
    tries INTEGER,
    fails INTEGER,
    started_at INTEGER,
    ended_at INTEGER,
    heartbeat_at INTEGER,
    cancel INTEGER
) STRICT;
CREATE INDEX ix_job_state_run_at ON job (state, run_at);
CREATE INDEX ix_job_user_id ON job (user_id);

CREATE TABLE import_map (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    owner_id INTEGER,
    name TEXT,
    on_table TEXT,
    headers TEXT,
    shared INTEGER,
    options TEXT
) STRICT;
CREATE INDEX ix_import_map_on_table_headers ON import_map (on_table, headers);
CREATE INDEX ix_import_map_owner_id ON import_map (owner_id);

CREATE TABLE import (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    name TEXT,
    file_id INTEGER,
    on_table TEXT,
    kind TEXT,
    options TEXT,
    result TEXT,
    job_id INTEGER,
    undone_at INTEGER,
    hash TEXT
) STRICT;
CREATE INDEX ix_import_hash ON import (hash);

CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    at INTEGER,
    user_id INTEGER,
    what TEXT,
    detail TEXT,
    ip TEXT
) STRICT;
CREATE INDEX ix_audit_at ON audit (at);
CREATE INDEX ix_audit_user_id ON audit (user_id);
-- and the full-text table search_audit

CREATE TABLE session (
    token TEXT NOT NULL,
    user_id INTEGER,
    created_at INTEGER,
    seen_at INTEGER,
    expires_at INTEGER,
    ip TEXT,
    agent TEXT,
    as_user INTEGER,
    PRIMARY KEY (token)
) STRICT, WITHOUT ROWID;
CREATE INDEX ix_session_user_id ON session (user_id);
CREATE INDEX ix_session_expires_at ON session (expires_at);

CREATE TABLE idempotency (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER,
    key TEXT,
    at INTEGER,
    hash TEXT,
    status INTEGER,
    rec INTEGER,
    answer TEXT
) STRICT;
CREATE UNIQUE INDEX ux_idempotency_user_id_key ON idempotency (user_id, key);
CREATE INDEX ix_idempotency_at ON idempotency (at);

CREATE TABLE import_row (
    import_id INTEGER NOT NULL,
    row INTEGER NOT NULL,
    outcome TEXT,
    record_id INTEGER,
    key TEXT,
    field TEXT,
    message TEXT,
    detail TEXT,
    PRIMARY KEY (import_id, row)
) STRICT, WITHOUT ROWID;

CREATE TABLE import_part (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    import_id INTEGER,
    batch INTEGER,
    first_id INTEGER,
    numbers TEXT
) STRICT;
CREATE INDEX ix_import_part_import_id_batch ON import_part (import_id, batch);

CREATE TABLE import_touch (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    import_id INTEGER,
    row INTEGER,
    tbl INTEGER,
    rec INTEGER,
    deed INTEGER,
    version INTEGER,
    was TEXT,
    state INTEGER,
    own INTEGER,
    message TEXT
) STRICT;
CREATE INDEX ix_import_touch_import_id_state_seq ON import_touch (import_id, state);
CREATE INDEX ix_import_touch_import_id_tbl_rec ON import_touch (import_id, tbl, rec);
CREATE INDEX ix_import_touch_import_id_own ON import_touch (import_id, own);

CREATE TABLE bin (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    on_table TEXT,
    record_id INTEGER,
    title TEXT,
    owner_id INTEGER,
    pool_id INTEGER,
    data TEXT,
    batch INTEGER,
    deleted_at INTEGER,
    deleted_by INTEGER
) STRICT;
CREATE INDEX ix_bin_on_table_record_id ON bin (on_table, record_id);
CREATE INDEX ix_bin_batch ON bin (batch);
CREATE INDEX ix_bin_on_table_deleted_at ON bin (on_table, deleted_at);

CREATE TABLE history (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    tbl INTEGER,
    rec INTEGER,
    at INTEGER,
    by INTEGER,
    op TEXT,
    changes TEXT,
    note TEXT
) STRICT;
CREATE INDEX ix_history_tbl_rec_seq ON history (tbl, rec);

CREATE TABLE seal (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER,
    history INTEGER,
    audit INTEGER,
    hash TEXT
) STRICT;

CREATE TABLE seal_cut (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    made_at INTEGER,
    seal INTEGER,
    at INTEGER,
    history INTEGER,
    audit INTEGER,
    hash TEXT,
    entries INTEGER,
    file TEXT
) STRICT;

CREATE TABLE owner_log (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    tbl INTEGER,
    rec INTEGER,
    op TEXT,
    from_user INTEGER,
    to_user INTEGER,
    pool_id INTEGER,
    at INTEGER,
    since INTEGER,
    by INTEGER,
    reason TEXT,
    batch INTEGER
) STRICT;
CREATE INDEX ix_owner_log_tbl_rec_seq ON owner_log (tbl, rec);
CREATE INDEX ix_owner_log_to_user_at ON owner_log (to_user, at);
CREATE INDEX ix_owner_log_batch_seq ON owner_log (batch);

CREATE TABLE pool_view (
    user_id INTEGER NOT NULL,
    pool_id INTEGER NOT NULL,
    day INTEGER NOT NULL,
    rec INTEGER NOT NULL,
    PRIMARY KEY (user_id, pool_id, day, rec)
) STRICT, WITHOUT ROWID;

CREATE TABLE dup_key (
    hash INTEGER NOT NULL,
    tbl INTEGER NOT NULL,
    rec INTEGER NOT NULL,
    PRIMARY KEY (hash, tbl, rec)
) STRICT, WITHOUT ROWID;

CREATE TABLE dup_todo (
    seq INTEGER NOT NULL,
    hash INTEGER,
    tbl INTEGER,
    rec INTEGER,
    PRIMARY KEY (seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE dup_part (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    tbl INTEGER,
    first_rec INTEGER,
    hashes TEXT
) STRICT;

CREATE TABLE dup_group (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    tbl INTEGER,
    fields TEXT
) STRICT;
CREATE INDEX ix_dup_group_tbl_seq ON dup_group (tbl);

CREATE TABLE dup_member (
    grp INTEGER NOT NULL,
    rec INTEGER NOT NULL,
    PRIMARY KEY (grp, rec)
) STRICT, WITHOUT ROWID;

CREATE TABLE merging (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    tbl INTEGER,
    kept INTEGER,
    at INTEGER,
    by INTEGER,
    state_before TEXT,
    state_after TEXT,
    split_at INTEGER
) STRICT;
CREATE INDEX ix_merging_tbl_kept_seq ON merging (tbl, kept);

CREATE TABLE merge_gone (
    merge_id INTEGER NOT NULL,
    tbl INTEGER,
    rec INTEGER NOT NULL,
    PRIMARY KEY (merge_id, rec)
) STRICT, WITHOUT ROWID;
CREATE INDEX ix_merge_gone_tbl_rec_merge_id ON merge_gone (tbl, rec, merge_id);

CREATE TABLE merge_move (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    merge_id INTEGER,
    on_table TEXT,
    field TEXT,
    row_key INTEGER,
    old_value TEXT,
    new_value TEXT
) STRICT;
CREATE INDEX ix_merge_move_merge_id_seq ON merge_move (merge_id);

CREATE TABLE alert (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER,
    key TEXT,
    text TEXT,
    args TEXT,
    tbl INTEGER,
    rec INTEGER,
    severity INTEGER,
    state TEXT,
    due_at INTEGER,
    run_at INTEGER,
    fired_at INTEGER,
    done_at INTEGER,
    escalate INTEGER,
    of_user INTEGER,
    by INTEGER
) STRICT;
CREATE UNIQUE INDEX ux_alert_key_user_id ON alert (key, user_id);
CREATE INDEX ix_alert_run_at ON alert (run_at);
CREATE INDEX ix_alert_user_id_state_fired_at ON alert (user_id, state, fired_at);
CREATE INDEX ix_alert_tbl_rec ON alert (tbl, rec);

CREATE TABLE attachment (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    doc INTEGER,
    no INTEGER,
    tbl INTEGER,
    rec INTEGER,
    name TEXT,
    mime TEXT,
    size INTEGER,
    hash TEXT,
    at INTEGER,
    by INTEGER
) STRICT;
CREATE INDEX ix_attachment_tbl_rec_id ON attachment (tbl, rec);
CREATE INDEX ix_attachment_doc ON attachment (doc);

CREATE TABLE blob (
    hash TEXT NOT NULL,
    size INTEGER,
    refs INTEGER,
    freed_at INTEGER,
    PRIMARY KEY (hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX ix_blob_freed_at ON blob (freed_at);

CREATE TABLE blob_use (
    who INTEGER NOT NULL,
    bytes INTEGER,
    PRIMARY KEY (who)
) STRICT, WITHOUT ROWID;

CREATE TABLE tag (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    name TEXT,
    color TEXT,
    name__order BLOB
) STRICT;
CREATE INDEX ix_tag_name__order ON tag (name__order);
CREATE UNIQUE INDEX ux_tag_name ON tag (name);
-- and the full-text table search_tag

CREATE TABLE record_tag (
    tag INTEGER NOT NULL,
    tbl INTEGER NOT NULL,
    rec INTEGER NOT NULL,
    PRIMARY KEY (tag, tbl, rec)
) STRICT, WITHOUT ROWID;
CREATE INDEX ix_record_tag_tbl_rec ON record_tag (tbl, rec);

CREATE TABLE record_note (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    tbl INTEGER,
    rec INTEGER,
    at INTEGER,
    by INTEGER,
    text TEXT,
    edited_at INTEGER
) STRICT;
CREATE INDEX ix_record_note_tbl_rec_id ON record_note (tbl, rec);

CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER,
    by INTEGER,
    tbl INTEGER,
    rec INTEGER,
    recipient TEXT,
    subject TEXT,
    body TEXT,
    name TEXT,
    state TEXT,
    tries INTEGER,
    run_at INTEGER,
    sent_at INTEGER,
    error TEXT,
    channel TEXT,
    link TEXT,
    urgent INTEGER
) STRICT;
CREATE INDEX ix_outbox_state_run_at ON outbox (state, run_at);
CREATE INDEX ix_outbox_state_channel ON outbox (state, channel);
CREATE INDEX ix_outbox_tbl_rec_id ON outbox (tbl, rec);
CREATE INDEX ix_outbox_name ON outbox (name);

CREATE TABLE inbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER,
    sent_at INTEGER,
    by INTEGER,
    channel TEXT,
    sender TEXT,
    subject TEXT,
    body TEXT,
    name TEXT,
    tbl INTEGER,
    rec INTEGER,
    left_out INTEGER
) STRICT;
CREATE UNIQUE INDEX ux_inbox_name_channel ON inbox (name, channel);
CREATE INDEX ix_inbox_tbl_rec_id ON inbox (tbl, rec);

CREATE TABLE mailbox (
    name TEXT NOT NULL,
    validity INTEGER,
    uid INTEGER,
    trying INTEGER,
    tries INTEGER,
    PRIMARY KEY (name)
) STRICT, WITHOUT ROWID;

CREATE TABLE mailbox_later (
    name TEXT NOT NULL,
    validity INTEGER,
    uid INTEGER NOT NULL,
    tries INTEGER,
    begun INTEGER,
    run_at INTEGER,
    error TEXT,
    PRIMARY KEY (name, uid)
) STRICT, WITHOUT ROWID;
CREATE INDEX ix_mailbox_later_run_at ON mailbox_later (run_at);

CREATE TABLE channel (
    name TEXT NOT NULL,
    active INTEGER,
    settings TEXT,
    kept TEXT,
    PRIMARY KEY (name)
) STRICT, WITHOUT ROWID;

CREATE TABLE mail_template (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    name TEXT,
    on_table TEXT,
    subject_en TEXT,
    body_en TEXT,
    subject_zh_cn TEXT,
    body_zh_cn TEXT,
    subject_zh_tw TEXT,
    body_zh_tw TEXT,
    subject_vi TEXT,
    body_vi TEXT,
    name__order BLOB
) STRICT;
CREATE INDEX ix_mail_template_name__order ON mail_template (name__order);
CREATE UNIQUE INDEX ux_mail_template_name ON mail_template (name);

CREATE TABLE carried (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    from_tbl INTEGER,
    from_rec INTEGER,
    to_tbl INTEGER,
    to_rec INTEGER,
    on_table TEXT,
    row_key INTEGER
) STRICT;
CREATE INDEX ix_carried_from_tbl_from_rec_seq ON carried (from_tbl, from_rec);

CREATE TABLE follow (
    tbl INTEGER NOT NULL,
    rec INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    at INTEGER,
    PRIMARY KEY (tbl, rec, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX ix_follow_user_id ON follow (user_id);

CREATE TABLE approval_flow (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    name TEXT,
    on_table TEXT,
    starts TEXT,
    field TEXT,
    value TEXT,
    action TEXT,
    applies_to TEXT,
    locks TEXT,
    state_field TEXT,
    own INTEGER,
    mail INTEGER,
    place INTEGER,
    active INTEGER,
    name_en TEXT,
    name_zh_cn TEXT,
    name_zh_tw TEXT,
    name_vi TEXT,
    name__order BLOB
) STRICT;
CREATE INDEX ix_approval_flow_name__order ON approval_flow (name__order);
-- and the full-text table search_approval_flow

CREATE TABLE approval_step (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    flow_id INTEGER,
    name TEXT,
    place INTEGER,
    who TEXT,
    level INTEGER,
    role_id INTEGER,
    perm TEXT,
    user_ids TEXT,
    field TEXT,
    mode TEXT,
    nobody TEXT,
    applies_to TEXT,
    fills TEXT,
    hours INTEGER,
    late TEXT,
    name_en TEXT,
    name_zh_cn TEXT,
    name_zh_tw TEXT,
    name_vi TEXT
) STRICT;
CREATE INDEX ix_approval_step_flow_id ON approval_step (flow_id);

CREATE TABLE approval (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    tbl INTEGER,
    rec INTEGER,
    flow_id INTEGER,
    by INTEGER,
    at INTEGER,
    state TEXT,
    plan TEXT,
    held TEXT,
    step INTEGER,
    due_at INTEGER,
    ended_at INTEGER
) STRICT;
CREATE INDEX ix_approval_tbl_rec_id ON approval (tbl, rec);
CREATE INDEX ix_approval_due_at ON approval (due_at);
CREATE INDEX ix_approval_by_id ON approval (by);

CREATE TABLE approval_ask (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    approval_id INTEGER,
    step INTEGER,
    user_id INTEGER,
    of_user INTEGER,
    state TEXT,
    at INTEGER,
    ended_at INTEGER,
    done_by INTEGER,
    secret TEXT,
    secret_until INTEGER
) STRICT;
CREATE INDEX ix_approval_ask_approval_id_id ON approval_ask (approval_id);
CREATE INDEX ix_approval_ask_user_id_state_id ON approval_ask (user_id, state);
CREATE INDEX ix_approval_ask_done_by_id ON approval_ask (done_by);

CREATE TABLE approval_act (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    approval_id INTEGER,
    at INTEGER,
    by INTEGER,
    for_user INTEGER,
    op TEXT,
    step INTEGER,
    note TEXT,
    whom INTEGER,
    via TEXT
) STRICT;
CREATE INDEX ix_approval_act_approval_id_id ON approval_act (approval_id);

CREATE TABLE automation (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    name TEXT,
    on_table TEXT,
    event TEXT,
    field TEXT,
    value TEXT,
    days INTEGER,
    applies_to TEXT,
    place INTEGER,
    active INTEGER,
    name__order BLOB,
    on_table__order BLOB
) STRICT;
CREATE INDEX ix_automation_name__order ON automation (name__order);
CREATE INDEX ix_automation_on_table__order ON automation (on_table__order);
-- and the full-text table search_automation

CREATE TABLE automation_step (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    automation_id INTEGER,
    place INTEGER,
    does TEXT,
    field TEXT,
    value TEXT,
    makes TEXT,
    template_id INTEGER,
    channel TEXT,
    address TEXT,
    text TEXT,
    days INTEGER,
    whom TEXT,
    how TEXT,
    user_ids TEXT,
    department_id INTEGER,
    role_id INTEGER,
    counted TEXT
) STRICT;
CREATE INDEX ix_automation_step_automation_id ON automation_step (automation_id);

CREATE TABLE automation_look (
    automation_id INTEGER NOT NULL,
    from_at INTEGER,
    to_at INTEGER,
    last_rec INTEGER,
    PRIMARY KEY (automation_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE automation_turn (
    step_id INTEGER NOT NULL,
    user_id INTEGER,
    PRIMARY KEY (step_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE automation_todo (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    automation_id INTEGER,
    rec INTEGER
) STRICT;

CREATE TABLE alert_pref (
    user_id INTEGER NOT NULL,
    mail TEXT,
    quiet_from INTEGER,
    quiet_to INTEGER,
    muted TEXT,
    ways TEXT,
    kinds TEXT,
    PRIMARY KEY (user_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE timer (
    name TEXT NOT NULL,
    since INTEGER,
    run_id INTEGER,
    run_at INTEGER,
    PRIMARY KEY (name)
) STRICT, WITHOUT ROWID;

CREATE TABLE timer_run (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT,
    due_at INTEGER,
    missed INTEGER,
    began_at INTEGER,
    ended_at INTEGER,
    state TEXT,
    turns INTEGER,
    tries INTEGER,
    error TEXT,
    by INTEGER
) STRICT;
CREATE UNIQUE INDEX ux_timer_run_name_due_at ON timer_run (name, due_at);
CREATE INDEX ix_timer_run_name_id ON timer_run (name);
CREATE INDEX ix_timer_run_began_at ON timer_run (began_at);

CREATE TABLE work_week (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    country TEXT,
    days TEXT
) STRICT;
CREATE UNIQUE INDEX ux_work_week_country ON work_week (country);

CREATE TABLE day_off (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    on_day INTEGER,
    name TEXT,
    country TEXT,
    works INTEGER,
    name__order BLOB
) STRICT;
CREATE UNIQUE INDEX ux_day_off_on_day_country ON day_off (on_day, country);
CREATE INDEX ix_day_off_on_day ON day_off (on_day);
CREATE INDEX ix_day_off_name__order ON day_off (name__order);
-- and the full-text table search_day_off

CREATE TABLE script_version (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    file TEXT,
    at INTEGER,
    by INTEGER,
    text TEXT
) STRICT;
CREATE INDEX ix_script_version_file_seq ON script_version (file);

CREATE TABLE model_table (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT,
    version INTEGER,
    plugin TEXT,
    searched TEXT,
    compared TEXT,
    ordered TEXT
) STRICT;
CREATE UNIQUE INDEX ux_model_table_name ON model_table (name);

CREATE TABLE lead (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    owner_id INTEGER,
    pool_id INTEGER,
    pooled_at INTEGER,
    claimed_at INTEGER,
    touched_at INTEGER,
    prev_owner_id INTEGER,
    pool_reason TEXT,
    is_locked INTEGER,
    due_at INTEGER,
    due_pool_id INTEGER,
    due_why TEXT,
    remind_at INTEGER,
    name TEXT,
    status TEXT,
    rating TEXT,
    is_key INTEGER,
    next_action_on INTEGER,
    contact TEXT,
    position TEXT,
    phone TEXT,
    mobile TEXT,
    fax TEXT,
    email TEXT,
    website TEXT,
    wechat TEXT,
    zalo TEXT,
    whatsapp TEXT,
    country TEXT,
    province TEXT,
    city TEXT,
    address TEXT,
    source TEXT,
    industry TEXT,
    direction TEXT,
    lanes TEXT,
    suppliers TEXT,
    commodity TEXT,
    monthly_volume TEXT,
    notes TEXT,
    customer_id INTEGER,
    contact_id INTEGER,
    opportunity_id INTEGER,
    converted_at INTEGER,
    was_status TEXT,
    name__order BLOB
) STRICT;
CREATE INDEX ix_lead_created_at ON lead (created_at);
CREATE INDEX ix_lead_updated_at ON lead (updated_at);
CREATE INDEX ix_lead_owner_id ON lead (owner_id);
CREATE INDEX ix_lead_pool_id ON lead (pool_id) WHERE pool_id IS NOT NULL;
CREATE INDEX ix_lead_due_at ON lead (due_at);
CREATE INDEX ix_lead_remind_at ON lead (remind_at) WHERE remind_at IS NOT NULL;
CREATE INDEX ix_lead_name__order ON lead (name__order);
CREATE INDEX ix_lead_next_action_on ON lead (next_action_on) WHERE next_action_on IS NOT NULL;
CREATE INDEX ix_lead_customer_id ON lead (customer_id) WHERE customer_id IS NOT NULL;
-- and the full-text table search_lead

CREATE TABLE customer (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    owner_id INTEGER,
    pool_id INTEGER,
    pooled_at INTEGER,
    claimed_at INTEGER,
    touched_at INTEGER,
    prev_owner_id INTEGER,
    pool_reason TEXT,
    is_locked INTEGER,
    due_at INTEGER,
    due_pool_id INTEGER,
    due_why TEXT,
    remind_at INTEGER,
    name TEXT,
    number TEXT,
    short_name TEXT,
    english_name TEXT,
    parties TEXT,
    lifecycle TEXT,
    level TEXT,
    activity TEXT,
    activity_fixed INTEGER,
    churned INTEGER,
    is_hard INTEGER,
    hard_reason TEXT,
    hard_since INTEGER,
    next_action_on INTEGER,
    phone TEXT,
    fax TEXT,
    email TEXT,
    website TEXT,
    country TEXT,
    province TEXT,
    city TEXT,
    address TEXT,
    postcode TEXT,
    territory TEXT,
    credit_code TEXT,
    tax_code TEXT,
    legal_person TEXT,
    registered_capital INTEGER,
    capital_currency TEXT,
    founded_on INTEGER,
    ownership TEXT,
    parent_id INTEGER,
    group_name TEXT,
    industry TEXT,
    business TEXT,
    size TEXT,
    goods TEXT,
    direction TEXT,
    lanes TEXT,
    monthly_volume TEXT,
    source TEXT,
    profile TEXT,
    notes TEXT,
    lead_id INTEGER,
    approval TEXT,
    approval_note TEXT,
    approved_by INTEGER,
    approved_at INTEGER,
    contract_no TEXT,
    contract_from INTEGER,
    contract_to INTEGER,
    credit_grade TEXT,
    credit_limit INTEGER,
    payment_days INTEGER,
    first_deal_on INTEGER,
    last_deal_on INTEGER,
    name__order BLOB
) STRICT;
CREATE INDEX ix_customer_created_at ON customer (created_at);
CREATE INDEX ix_customer_updated_at ON customer (updated_at);
CREATE INDEX ix_customer_is_hard_name__order ON customer (is_hard, name__order);
CREATE INDEX ix_customer_owner_id_lifecycle_level_pool_id ON customer (owner_id, lifecycle, level, pool_id);
CREATE INDEX ix_customer_owner_id ON customer (owner_id);
CREATE INDEX ix_customer_pool_id ON customer (pool_id) WHERE pool_id IS NOT NULL;
CREATE INDEX ix_customer_due_at ON customer (due_at);
CREATE INDEX ix_customer_remind_at ON customer (remind_at) WHERE remind_at IS NOT NULL;
CREATE INDEX ix_customer_name__order ON customer (name__order);
CREATE UNIQUE INDEX ux_customer_number ON customer (number);
CREATE INDEX ix_customer_next_action_on ON customer (next_action_on);
CREATE INDEX ix_customer_parent_id ON customer (parent_id);
CREATE INDEX ix_customer_lead_id ON customer (lead_id);
CREATE INDEX ix_customer_contract_to ON customer (contract_to);
-- and the full-text table search_customer

CREATE TABLE contact (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    owner_id INTEGER,
    name TEXT,
    customer_id INTEGER,
    salutation TEXT,
    sex TEXT,
    position TEXT,
    department TEXT,
    is_main INTEGER,
    has_left INTEGER,
    category TEXT,
    phone TEXT,
    mobile TEXT,
    fax TEXT,
    email TEXT,
    wechat TEXT,
    zalo TEXT,
    whatsapp TEXT,
    call_id TEXT,
    office TEXT,
    address TEXT,
    postcode TEXT,
    homepage TEXT,
    role TEXT,
    influence TEXT,
    attitude TEXT,
    duties TEXT,
    superior_id INTEGER,
    superior_name TEXT,
    superior_phone TEXT,
    assistant_name TEXT,
    assistant_phone TEXT,
    birthday INTEGER,
    birthday_next INTEGER,
    anniversary INTEGER,
    no_greetings INTEGER,
    greeted_on INTEGER,
    hobbies TEXT,
    notes TEXT,
    name__order BLOB
) STRICT;
CREATE INDEX ix_contact_created_at ON contact (created_at);
CREATE INDEX ix_contact_updated_at ON contact (updated_at);
CREATE INDEX ix_contact_owner_id ON contact (owner_id);
CREATE INDEX ix_contact_name__order ON contact (name__order);
CREATE INDEX ix_contact_customer_id ON contact (customer_id);
CREATE INDEX ix_contact_superior_id ON contact (superior_id);
CREATE INDEX ix_contact_birthday_next ON contact (birthday_next);
-- and the full-text table search_contact

CREATE TABLE party_relation (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    owner_id INTEGER,
    kind TEXT,
    from_customer_id INTEGER,
    from_contact_id INTEGER,
    to_customer_id INTEGER,
    to_contact_id INTEGER,
    since_on INTEGER,
    until_on INTEGER,
    note TEXT
) STRICT;
CREATE INDEX ix_party_relation_owner_id ON party_relation (owner_id);
CREATE INDEX ix_party_relation_from_customer_id ON party_relation (from_customer_id);
CREATE INDEX ix_party_relation_from_contact_id ON party_relation (from_contact_id);
CREATE INDEX ix_party_relation_to_customer_id ON party_relation (to_customer_id);
CREATE INDEX ix_party_relation_to_contact_id ON party_relation (to_contact_id);

CREATE TABLE hard_case (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    owner_id INTEGER,
    customer_id INTEGER,
    month_on INTEGER,
    from_id INTEGER,
    reason TEXT,
    since_on INTEGER,
    lifecycle TEXT,
    level TEXT,
    touched_at INTEGER,
    decision TEXT,
    to_id INTEGER,
    note TEXT,
    decided_at INTEGER
) STRICT;
CREATE UNIQUE INDEX ux_hard_case_customer_id_month_on ON hard_case (customer_id, month_on);
CREATE INDEX ix_hard_case_owner_id_decision ON hard_case (owner_id, decision);
CREATE INDEX ix_hard_case_owner_id ON hard_case (owner_id);
CREATE INDEX ix_hard_case_customer_id ON hard_case (customer_id);
CREATE INDEX ix_hard_case_month_on ON hard_case (month_on);

CREATE TABLE contact_link (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    contact_id INTEGER,
    customer_id INTEGER,
    position TEXT,
    since_on INTEGER,
    until_on INTEGER
) STRICT;
CREATE UNIQUE INDEX ux_contact_link_contact_id_customer_id ON contact_link (contact_id, customer_id);
CREATE INDEX ix_contact_link_contact_id ON contact_link (contact_id);
CREATE INDEX ix_contact_link_customer_id ON contact_link (customer_id);

CREATE TABLE contact_private (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    owner_id INTEGER,
    contact_id INTEGER,
    consent INTEGER,
    consent_on INTEGER,
    consent_how TEXT,
    home_address TEXT,
    home_phone TEXT,
    home_fax TEXT,
    car_phone TEXT,
    private_email TEXT,
    photo INTEGER,
    bank_account TEXT,
    id_number TEXT,
    native_place TEXT,
    ethnicity TEXT,
    political_status TEXT,
    education TEXT,
    school TEXT,
    height INTEGER,
    weight INTEGER,
    blood_type TEXT,
    health TEXT,
    marriage TEXT,
    spouse TEXT,
    children TEXT
) STRICT;
CREATE INDEX ix_contact_private_owner_id ON contact_private (owner_id);
CREATE UNIQUE INDEX ux_contact_private_contact_id ON contact_private (contact_id);

CREATE TABLE customer_need (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    customer_id INTEGER,
    service TEXT,
    need TEXT,
    supplier TEXT,
    supplier_id INTEGER,
    state TEXT,
    until_on INTEGER,
    note TEXT
) STRICT;
CREATE INDEX ix_customer_need_customer_id ON customer_need (customer_id);

CREATE TABLE customer_booking (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    customer_id INTEGER,
    service TEXT,
    goods TEXT,
    from_on INTEGER,
    to_on INTEGER,
    volume TEXT,
    budget INTEGER,
    currency TEXT,
    state TEXT,
    note TEXT
) STRICT;
CREATE INDEX ix_customer_booking_customer_id ON customer_booking (customer_id);

CREATE TABLE customer_sop (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    customer_id INTEGER,
    title TEXT,
    desk TEXT,
    valid_from INTEGER,
    text TEXT
) STRICT;
CREATE INDEX ix_customer_sop_customer_id ON customer_sop (customer_id);

CREATE TABLE customer_address (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    customer_id INTEGER,
    kind TEXT,
    address TEXT,
    city TEXT,
    country TEXT,
    postcode TEXT,
    person TEXT,
    phone TEXT,
    note TEXT
) STRICT;
CREATE INDEX ix_customer_address_customer_id ON customer_address (customer_id);

CREATE TABLE customer_bank (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    customer_id INTEGER,
    bank TEXT,
    account TEXT,
    holder TEXT,
    currency TEXT,
    swift TEXT,
    note TEXT
) STRICT;
CREATE INDEX ix_customer_bank_customer_id ON customer_bank (customer_id);

CREATE TABLE customer_year (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    customer_id INTEGER,
    year INTEGER,
    currency TEXT,
    revenue INTEGER,
    profit INTEGER,
    employees INTEGER,
    import_teu INTEGER,
    export_teu INTEGER,
    note TEXT
) STRICT;
CREATE UNIQUE INDEX ux_customer_year_customer_id_year ON customer_year (customer_id, year);
CREATE INDEX ix_customer_year_customer_id ON customer_year (customer_id);

CREATE TABLE customer_event (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    customer_id INTEGER,
    name TEXT,
    kind TEXT,
    on_day INTEGER,
    yearly INTEGER,
    remind_days INTEGER,
    next_on INTEGER,
    greeted_on INTEGER,
    note TEXT
) STRICT;
CREATE INDEX ix_customer_event_customer_id ON customer_event (customer_id);
CREATE INDEX ix_customer_event_next_on ON customer_event (next_on);

CREATE TABLE customer_mention (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    customer_id INTEGER,
    on_day INTEGER,
    medium TEXT,
    title TEXT,
    url TEXT,
    note TEXT
) STRICT;
CREATE INDEX ix_customer_mention_customer_id ON customer_mention (customer_id);

CREATE TABLE customer_resource (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    customer_id INTEGER,
    name TEXT,
    kind TEXT,
    serial TEXT,
    amount INTEGER,
    since_on INTEGER,
    note TEXT
) STRICT;
CREATE INDEX ix_customer_resource_customer_id ON customer_resource (customer_id);

CREATE TABLE opportunity (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    owner_id INTEGER,
    name TEXT,
    number TEXT,
    customer_id INTEGER,
    contact_id INTEGER,
    lead_id INTEGER,
    pipeline_id INTEGER,
    stage_id INTEGER,
    status TEXT,
    kind TEXT,
    is_key INTEGER,
    supplier TEXT,
    next_step TEXT,
    next_action_on INTEGER,
    amount INTEGER,
    profit INTEGER,
    currency TEXT,
    rate REAL,
    base_amount INTEGER,
    base_profit INTEGER,
    percent INTEGER,
    weighted INTEGER,
    mode TEXT,
    direction TEXT,
    pol TEXT,
    pod TEXT,
    goods TEXT,
    volume TEXT,
    teu REAL,
    ready_on INTEGER,
    close_on INTEGER,
    quote_due_on INTEGER,
    decision_on INTEGER,
    start_on INTEGER,
    stage_since INTEGER,
    touched_at INTEGER,
    idle INTEGER,
    decider_id INTEGER,
    team TEXT,
    closed_on INTEGER,
    won_reason TEXT,
    lost_reason TEXT,
    lost_to INTEGER,
    close_note TEXT,
    notes TEXT,
    name__order BLOB
) STRICT;
CREATE INDEX ix_opportunity_owner_id_status_stage_id_base_amount_weighted ON opportunity (owner_id, status, stage_id, base_amount, weighted);
CREATE INDEX ix_opportunity_status_pipeline_id_stage_id_owner_id_cffe02e4 ON opportunity (status, pipeline_id, stage_id, owner_id, base_amount, weighted);
CREATE INDEX ix_opportunity_status_close_on_id_owner_id_base_amo_c7d3a5e5 ON opportunity (status, close_on, id, owner_id, base_amount, base_profit, weighted, teu);
CREATE INDEX ix_opportunity_status_closed_on_id_owner_id_base_am_b771c876 ON opportunity (status, closed_on, id, owner_id, base_amount, base_profit, weighted, teu, won_reason, lost_reason, lost_to, mode, direction);
CREATE INDEX ix_opportunity_is_key_status_close_on ON opportunity (is_key, status, close_on);
CREATE INDEX ix_opportunity_status ON opportunity (status);
CREATE INDEX ix_opportunity_idle ON opportunity (idle);
CREATE INDEX ix_opportunity_created_at ON opportunity (created_at);
CREATE INDEX ix_opportunity_updated_at ON opportunity (updated_at);
CREATE INDEX ix_opportunity_owner_id ON opportunity (owner_id);
CREATE INDEX ix_opportunity_name__order ON opportunity (name__order);
CREATE UNIQUE INDEX ux_opportunity_number ON opportunity (number);
CREATE INDEX ix_opportunity_customer_id ON opportunity (customer_id);
CREATE INDEX ix_opportunity_contact_id ON opportunity (contact_id);
CREATE INDEX ix_opportunity_lead_id ON opportunity (lead_id);
CREATE INDEX ix_opportunity_stage_id ON opportunity (stage_id);
CREATE INDEX ix_opportunity_next_action_on ON opportunity (next_action_on);
CREATE INDEX ix_opportunity_base_amount ON opportunity (base_amount);
CREATE INDEX ix_opportunity_ready_on ON opportunity (ready_on);
CREATE INDEX ix_opportunity_close_on ON opportunity (close_on);
CREATE INDEX ix_opportunity_closed_on ON opportunity (closed_on);
CREATE INDEX ix_opportunity_lost_to ON opportunity (lost_to);
-- and the full-text table search_opportunity

CREATE TABLE deal_contact (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    opportunity_id INTEGER,
    contact_id INTEGER,
    person TEXT,
    role TEXT,
    influence TEXT,
    attitude TEXT,
    next_move TEXT
) STRICT;
CREATE INDEX ix_deal_contact_opportunity_id ON deal_contact (opportunity_id);

CREATE TABLE deal_competitor (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    opportunity_id INTEGER,
    competitor_id INTEGER,
    standing TEXT,
    price INTEGER,
    strengths TEXT,
    weaknesses TEXT,
    playbook TEXT,
    won_on INTEGER,
    owner_id INTEGER,
    base_amount INTEGER,
    base_profit INTEGER,
    mode TEXT
) STRICT;
CREATE INDEX ix_deal_competitor_competitor_id_opportunity_id ON deal_competitor (competitor_id, opportunity_id);
CREATE INDEX ix_deal_competitor_won_on_competitor_id_owner_id_ba_1527ffe2 ON deal_competitor (won_on, competitor_id, owner_id, base_amount, base_profit, opportunity_id);
CREATE INDEX ix_deal_competitor_competitor_id_won_on_mode_base_a_59115772 ON deal_competitor (competitor_id, won_on, mode, base_amount, base_profit, opportunity_id);
CREATE INDEX ix_deal_competitor_opportunity_id ON deal_competitor (opportunity_id);
CREATE INDEX ix_deal_competitor_competitor_id ON deal_competitor (competitor_id);

CREATE TABLE stage_log (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    opportunity_id INTEGER,
    pipeline_id INTEGER,
    stage_id INTEGER,
    percent INTEGER,
    amount INTEGER,
    from_at INTEGER,
    to_at INTEGER,
    hours REAL,
    onward INTEGER,
    owner_id INTEGER
) STRICT;
CREATE INDEX ix_stage_log_pipeline_id_stage_id_onward_hours_oppo_4122562f ON stage_log (pipeline_id, stage_id, onward, hours, opportunity_id, owner_id, from_at);
CREATE INDEX ix_stage_log_opportunity_id ON stage_log (opportunity_id);

CREATE TABLE competitor (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    name TEXT,
    customer_id INTEGER,
    website TEXT,
    profile TEXT,
    products TEXT,
    services TEXT,
    price_level TEXT,
    threat TEXT,
    strengths TEXT,
    weaknesses TEXT,
    playbook TEXT,
    notes TEXT,
    name__order BLOB
) STRICT;
CREATE INDEX ix_competitor_name__order ON competitor (name__order);
CREATE INDEX ix_competitor_customer_id ON competitor (customer_id);
-- and the full-text table search_competitor

CREATE TABLE competitor_news (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    competitor_id INTEGER,
    on_day INTEGER,
    title TEXT,
    url TEXT,
    note TEXT
) STRICT;
CREATE INDEX ix_competitor_news_competitor_id ON competitor_news (competitor_id);

CREATE TABLE cooperation (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    owner_id INTEGER,
    name TEXT,
    partner_id INTEGER,
    kind TEXT,
    stage TEXT,
    country TEXT,
    ports TEXT,
    network TEXT,
    next_action_on INTEGER,
    agreement_no TEXT,
    from_on INTEGER,
    to_on INTEGER,
    terms TEXT,
    given_teu REAL,
    received_teu REAL,
    balance_teu REAL,
    given_profit INTEGER,
    received_profit INTEGER,
    notes TEXT,
    name__order BLOB
) STRICT;
CREATE INDEX ix_cooperation_owner_id ON cooperation (owner_id);
CREATE INDEX ix_cooperation_name__order ON cooperation (name__order);
CREATE INDEX ix_cooperation_partner_id ON cooperation (partner_id);
CREATE INDEX ix_cooperation_next_action_on ON cooperation (next_action_on);
-- and the full-text table search_cooperation

CREATE TABLE cooperation_figure (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    cooperation_id INTEGER,
    month_on INTEGER,
    given_teu REAL,
    received_teu REAL,
    given_profit INTEGER,
    received_profit INTEGER
) STRICT;
CREATE UNIQUE INDEX ux_cooperation_figure_cooperation_id_month_on ON cooperation_figure (cooperation_id, month_on);
CREATE INDEX ix_cooperation_figure_cooperation_id ON cooperation_figure (cooperation_id);

CREATE TABLE sales_target (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    owner_id INTEGER,
    scope TEXT,
    department_id INTEGER,
    metric TEXT,
    period TEXT,
    from_on INTEGER,
    to_on INTEGER,
    value REAL,
    note TEXT
) STRICT;
CREATE INDEX ix_sales_target_owner_id ON sales_target (owner_id);
CREATE INDEX ix_sales_target_from_on ON sales_target (from_on);

CREATE TABLE pipeline (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    name TEXT,
    department_ids TEXT,
    active INTEGER,
    note TEXT,
    name_en TEXT,
    name_zh_cn TEXT,
    name_zh_tw TEXT,
    name_vi TEXT,
    name__order BLOB
) STRICT;
CREATE INDEX ix_pipeline_name__order ON pipeline (name__order);

CREATE TABLE stage (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    pipeline_id INTEGER,
    name TEXT,
    place INTEGER,
    percent INTEGER,
    state TEXT,
    color TEXT,
    norm_days INTEGER,
    needs TEXT,
    back TEXT,
    guide TEXT,
    name_en TEXT,
    name_zh_cn TEXT,
    name_zh_tw TEXT,
    name_vi TEXT
) STRICT;
CREATE INDEX ix_stage_pipeline_id ON stage (pipeline_id);
CREATE INDEX ix_stage_place ON stage (place);

CREATE TABLE activity (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    owner_id INTEGER,
    subject TEXT,
    kind TEXT,
    status TEXT,
    purpose TEXT,
    start_at INTEGER,
    end_at INTEGER,
    place TEXT,
    clash INTEGER,
    off_hours INTEGER,
    invited INTEGER,
    customer_id INTEGER,
    contact_id INTEGER,
    opportunity_id INTEGER,
    lead_id INTEGER,
    companions TEXT,
    goal TEXT,
    preparation TEXT,
    remind_at INTEGER,
    arrived_at INTEGER,
    note TEXT,
    result TEXT,
    attitude TEXT,
    minutes INTEGER,
    expense INTEGER,
    next_on INTEGER,
    subject__order BLOB
) STRICT;
CREATE INDEX ix_activity_owner_id_start_at ON activity (owner_id, start_at);
CREATE INDEX ix_activity_owner_id_status_start_at_id_kind ON activity (owner_id, status, start_at, id, kind);
CREATE INDEX ix_activity_created_at ON activity (created_at);
CREATE INDEX ix_activity_updated_at ON activity (updated_at);
CREATE INDEX ix_activity_owner_id_created_at ON activity (owner_id, created_at);
CREATE INDEX ix_activity_owner_id_updated_at ON activity (owner_id, updated_at);
CREATE INDEX ix_activity_owner_id_subject__order ON activity (owner_id, subject__order);
CREATE INDEX ix_activity_owner_id ON activity (owner_id);
CREATE INDEX ix_activity_subject__order ON activity (subject__order);
CREATE INDEX ix_activity_start_at ON activity (start_at);
CREATE INDEX ix_activity_customer_id ON activity (customer_id);
CREATE INDEX ix_activity_contact_id ON activity (contact_id);
CREATE INDEX ix_activity_opportunity_id ON activity (opportunity_id);
CREATE INDEX ix_activity_lead_id ON activity (lead_id);
CREATE INDEX ix_activity_customer_id_start_at ON activity (customer_id, start_at);
CREATE INDEX ix_activity_contact_id_start_at ON activity (contact_id, start_at);
CREATE INDEX ix_activity_opportunity_id_start_at ON activity (opportunity_id, start_at);
CREATE INDEX ix_activity_lead_id_start_at ON activity (lead_id, start_at);
-- and the full-text table search_activity

CREATE TABLE invitation (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    owner_id INTEGER,
    activity_id INTEGER,
    contact_id INTEGER,
    subject TEXT,
    person TEXT,
    answer TEXT,
    start_at INTEGER,
    end_at INTEGER,
    place TEXT,
    clash INTEGER,
    off_hours INTEGER,
    from_id INTEGER,
    goal TEXT,
    reply TEXT,
    answered_at INTEGER
) STRICT;
CREATE INDEX ix_invitation_owner_id_start_at ON invitation (owner_id, start_at);
CREATE INDEX ix_invitation_owner_id ON invitation (owner_id);
CREATE INDEX ix_invitation_activity_id ON invitation (activity_id);
CREATE INDEX ix_invitation_contact_id ON invitation (contact_id);
CREATE INDEX ix_invitation_start_at ON invitation (start_at);
-- and the full-text table search_invitation

CREATE TABLE whereabouts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    owner_id INTEGER,
    kind TEXT,
    start_at INTEGER,
    end_at INTEGER,
    place TEXT,
    note TEXT
) STRICT;
CREATE INDEX ix_whereabouts_owner_id_start_at ON whereabouts (owner_id, start_at);
CREATE INDEX ix_whereabouts_owner_id ON whereabouts (owner_id);
CREATE INDEX ix_whereabouts_start_at ON whereabouts (start_at);
-- and the full-text table search_whereabouts

CREATE TABLE work_hours (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    owner_id INTEGER,
    days TEXT,
    from_time TEXT,
    to_time TEXT
) STRICT;
CREATE UNIQUE INDEX ux_work_hours_owner_id ON work_hours (owner_id);

CREATE TABLE task (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    owner_id INTEGER,
    subject TEXT,
    status TEXT,
    priority TEXT,
    purpose TEXT,
    due_on INTEGER,
    progress INTEGER,
    from_id INTEGER,
    goal TEXT,
    customer_id INTEGER,
    contact_id INTEGER,
    opportunity_id INTEGER,
    lead_id INTEGER,
    feedback TEXT,
    done_at INTEGER,
    remind_at INTEGER,
    recurs TEXT,
    recurs_until INTEGER,
    plan_id INTEGER,
    subject__order BLOB
) STRICT;
CREATE INDEX ix_task_owner_id_due_on ON task (owner_id, due_on);
CREATE INDEX ix_task_owner_id_status_due_on ON task (owner_id, status, due_on);
CREATE INDEX ix_task_owner_id_done_at ON task (owner_id, done_at);
CREATE INDEX ix_task_status ON task (status);
CREATE INDEX ix_task_status_due_on ON task (status, due_on);
CREATE INDEX ix_task_created_at ON task (created_at);
CREATE INDEX ix_task_updated_at ON task (updated_at);
CREATE INDEX ix_task_owner_id ON task (owner_id);
CREATE INDEX ix_task_subject__order ON task (subject__order);
CREATE INDEX ix_task_due_on ON task (due_on);
CREATE INDEX ix_task_from_id ON task (from_id);
CREATE INDEX ix_task_customer_id ON task (customer_id);
CREATE INDEX ix_task_contact_id ON task (contact_id);
CREATE INDEX ix_task_opportunity_id ON task (opportunity_id);
CREATE INDEX ix_task_lead_id ON task (lead_id);
-- and the full-text table search_task

CREATE TABLE task_plan (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    name TEXT,
    code TEXT,
    note TEXT,
    name__order BLOB
) STRICT;
CREATE INDEX ix_task_plan_name__order ON task_plan (name__order);
CREATE UNIQUE INDEX ux_task_plan_code ON task_plan (code);
-- and the full-text table search_task_plan

CREATE TABLE task_plan_step (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    plan_id INTEGER,
    subject TEXT,
    after_days INTEGER,
    purpose TEXT,
    goal TEXT
) STRICT;
CREATE INDEX ix_task_plan_step_plan_id ON task_plan_step (plan_id);
CREATE INDEX ix_task_plan_step_after_days ON task_plan_step (after_days);

CREATE TABLE memo (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    owner_id INTEGER,
    subject TEXT,
    note TEXT,
    remind_at INTEGER,
    done INTEGER,
    subject__order BLOB
) STRICT;
CREATE INDEX ix_memo_owner_id ON memo (owner_id);
CREATE INDEX ix_memo_subject__order ON memo (subject__order);
CREATE INDEX ix_memo_remind_at ON memo (remind_at);
-- and the full-text table search_memo

CREATE TABLE company_memo (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    subject TEXT,
    on_day INTEGER,
    remind_at INTEGER,
    note TEXT,
    subject__order BLOB
) STRICT;
CREATE INDEX ix_company_memo_subject__order ON company_memo (subject__order);
CREATE INDEX ix_company_memo_on_day ON company_memo (on_day);
-- and the full-text table search_company_memo

CREATE TABLE work_report (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    owner_id INTEGER,
    kind TEXT,
    from_on INTEGER,
    to_on INTEGER,
    status TEXT,
    calls INTEGER,
    visits INTEGER,
    messages INTEGER,
    tasks_done INTEGER,
    new_leads INTEGER,
    new_customers INTEGER,
    new_opportunities INTEGER,
    done TEXT,
    plan TEXT,
    problems TEXT,
    submitted_at INTEGER,
    reader_id INTEGER,
    comment TEXT
) STRICT;
CREATE UNIQUE INDEX ux_work_report_owner_id_kind_from_on ON work_report (owner_id, kind, from_on);
CREATE INDEX ix_work_report_owner_id ON work_report (owner_id);
CREATE INDEX ix_work_report_from_on ON work_report (from_on);
-- and the full-text table search_work_report

CREATE TABLE report_template (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    kind TEXT,
    department_id INTEGER,
    done TEXT,
    plan TEXT,
    problems TEXT
) STRICT;

CREATE TABLE activity_target (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    owner_id INTEGER,
    metric TEXT,
    value INTEGER,
    kind TEXT,
    from_on INTEGER,
    to_on INTEGER,
    note TEXT
) STRICT;
CREATE INDEX ix_activity_target_owner_id ON activity_target (owner_id);
CREATE INDEX ix_activity_target_from_on ON activity_target (from_on);

CREATE TABLE calendar_feed (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER,
    owner_id INTEGER,
    name TEXT,
    key_hash TEXT
) STRICT;
CREATE INDEX ix_calendar_feed_owner_id ON calendar_feed (owner_id);
CREATE UNIQUE INDEX ux_calendar_feed_key_hash ON calendar_feed (key_hash);
