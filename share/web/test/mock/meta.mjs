// meta.mjs - the mock host's declarations, answered in the shape of share/doc/rest.md.
// Labels: [en, zh-CN, zh-TW, vi].
const L = ['en', 'zh-CN', 'zh-TW', 'vi']
export const say = (label, locale) => label[Math.max(0, L.indexOf(locale))] ?? label[0]

const TEXT = ['=', '!=', '~', '^', 'in', 'not in', 'empty', 'not empty']
const NUM = ['=', '!=', '<', '<=', '>', '>=', 'in', 'not in', 'empty', 'not empty']
const SET = ['=', '!=', 'in', 'not in', 'empty', 'not empty']
const OPS = { text: TEXT, long: ['~', 'empty', 'not empty'], phone: TEXT, email: TEXT, url: TEXT, int: NUM, real: NUM, money: NUM, date: NUM, time: NUM, bool: ['=', '!='], pick: SET, ref: SET, json: ['empty', 'not empty'], file: ['empty', 'not empty'] }

const f = (name, type, label, more = {}) => ({
  name, type, label, help: null, group: null, required: false, readonly: false, custom: false, max: null, default: null, unique: false, many: false,
  list: false, sort: type !== 'json' && type !== 'long' && !more.many, search: false, duplicate: false, filter: OPS[type], ...more,
})

export const DICTS = {
  'leads.status': [['new', 'blue', ['New', '新线索', '新線索', 'Mới']], ['contacted', 'amber', ['Contacted', '已联系', '已聯繫', 'Đã liên hệ']], ['qualified', 'violet', ['Qualified', '已确认', '已確認', 'Đủ điều kiện']], ['converted', 'green', ['Converted', '已转商机', '已轉商機', 'Đã chuyển đổi']], ['dropped', 'gray', ['Dropped', '已放弃', '已放棄', 'Đã bỏ']]],
  'leads.source': [['fair', 'teal', ['Trade fair', '展会', '展會', 'Hội chợ']], ['web', 'blue', ['Website', '网站', '網站', 'Trang web']], ['call', 'amber', ['Cold call', '电话开发', '電話開發', 'Gọi điện']], ['agent', 'violet', ['Agent', '代理介绍', '代理介紹', 'Đại lý giới thiệu']], ['import', 'gray', ['Import', '批量导入', '批次匯入', 'Nhập tệp']]],
  'leads.rating': [['hot', 'red', ['Hot', '高意向', '高意向', 'Nóng']], ['warm', 'amber', ['Warm', '一般', '一般', 'Ấm']], ['cold', 'gray', ['Cold', '低意向', '低意向', 'Lạnh']]],
  'leads.lane': [['na', 'blue', ['North America', '北美线', '北美線', 'Bắc Mỹ']], ['eu', 'violet', ['Europe', '欧洲线', '歐洲線', 'Châu Âu']], ['sea', 'green', ['South-East Asia', '东南亚线', '東南亞線', 'Đông Nam Á']], ['jk', 'pink', ['Japan / Korea', '日韩线', '日韓線', 'Nhật Bản / Hàn Quốc']], ['me', 'amber', ['Middle East', '中东线', '中東線', 'Trung Đông']], ['af', 'teal', ['Africa', '非洲线', '非洲線', 'Châu Phi']]],
  'base.country': [['CN', 'gray', ['China', '中国', '中國', 'Trung Quốc']], ['VN', 'gray', ['Vietnam', '越南', '越南', 'Việt Nam']], ['TW', 'gray', ['Taiwan', '台湾', '台灣', 'Đài Loan']], ['US', 'gray', ['United States', '美国', '美國', 'Hoa Kỳ']], ['DE', 'gray', ['Germany', '德国', '德國', 'Đức']]],
  'base.locale': [['zh-CN', 'gray', ['简体中文', '简体中文', '简体中文', '简体中文']], ['zh-TW', 'gray', ['繁體中文', '繁體中文', '繁體中文', '繁體中文']], ['vi', 'gray', ['Tiếng Việt', 'Tiếng Việt', 'Tiếng Việt', 'Tiếng Việt']], ['en', 'gray', ['English', 'English', 'English', 'English']]],
  'base.scope': [['none', 'gray', ['Nothing', '无', '無', 'Không']], ['own', 'blue', ['Own', '本人', '本人', 'Của mình']], ['all', 'green', ['All', '全部', '全部', 'Tất cả']]],
  'base.type': ['text', 'long', 'int', 'money', 'date', 'pick'].map((t) => [t, 'gray', [t, t, t, t]]),
}

const TRANSFER = [f('to_id', 'ref', ['To', '转给', '轉給', 'Chuyển cho'], { of: 'user', required: true }), f('reason', 'text', ['Reason', '原因', '原因', 'Lý do'], { max: 200 })]
export const TABLES = {
  lead: {
    plugin: 'leads', label: ['Leads', '线索', '線索', 'Khách tiềm năng'], one: ['Lead', '线索', '線索', 'khách tiềm năng'], title: 'name', icon: 'target', group: 'main',
    is: { owned: true, pooled: true, history: true, bin: true, custom: true },
    groups: [['basic', ['Basics', '基本信息', '基本資料', 'Thông tin chung']], ['contact', ['Contact', '联系方式', '聯絡方式', 'Liên hệ']], ['freight', ['Freight', '货运需求', '貨運需求', 'Nhu cầu vận chuyển']], ['follow', ['Follow-up', '跟进', '跟進', 'Theo dõi']]],
    fields: [
      f('name', 'text', ['Company name', '公司名称', '公司名稱', 'Tên công ty'], { group: 'basic', required: true, max: 200, list: true, search: true, duplicate: true }),
      f('status', 'pick', ['Status', '状态', '狀態', 'Trạng thái'], { group: 'basic', required: true, default: 'new', of: 'leads.status', list: true }),
      f('rating', 'pick', ['Rating', '意向', '意向', 'Mức độ'], { group: 'basic', of: 'leads.rating', list: true }),
      f('key', 'bool', ['Key lead', '重点线索', '重點線索', 'Trọng điểm'], { group: 'basic', default: false }),
      f('source', 'pick', ['Source', '来源', '來源', 'Nguồn'], { group: 'basic', of: 'leads.source' }),
      f('industry', 'text', ['Industry', '行业', '行業', 'Ngành nghề'], { group: 'basic', max: 80 }),
      f('contact', 'text', ['Contact person', '联系人', '聯絡人', 'Người liên hệ'], { group: 'contact', max: 100, list: true, search: true }),
      f('position', 'text', ['Position', '职位', '職位', 'Chức vụ'], { group: 'contact', max: 100 }),
      f('phone', 'phone', ['Phone', '电话', '電話', 'Điện thoại'], { group: 'contact', max: 100, list: true, search: true, duplicate: true }),
      f('fax', 'phone', ['Fax', '传真', '傳真', 'Fax'], { group: 'contact', max: 100, duplicate: true }),
      f('email', 'email', ['E-mail', '邮箱', '電子郵件', 'Email'], { group: 'contact', max: 200, search: true, duplicate: true }),
      f('website', 'url', ['Website', '网站', '網站', 'Trang web'], { group: 'contact', max: 200 }),
      f('country', 'pick', ['Country', '国家/地区', '國家/地區', 'Quốc gia'], { group: 'contact', of: 'base.country', list: true }),
      f('address', 'text', ['Address', '地址', '地址', 'Địa chỉ'], { group: 'contact', max: 300 }),
      f('lanes', 'pick', ['Trade lanes', '出口方向', '出口方向', 'Tuyến xuất khẩu'], { group: 'freight', of: 'leads.lane', many: true, list: true }),
      f('supplier', 'text', ['Current supplier', '现有货代', '現有貨代', 'Nhà cung cấp hiện tại'], { group: 'freight', max: 200 }),
      f('commodity', 'text', ['Commodity', '货物品名', '貨物品名', 'Mặt hàng'], { group: 'freight', max: 200 }),
      f('volume', 'int', ['TEU per month', '月箱量 (TEU)', '月櫃量 (TEU)', 'TEU mỗi tháng'], { group: 'freight', list: true, max: 100000 }),
      f('revenue', 'money', ['Expected revenue', '预计营收', '預計營收', 'Doanh thu dự kiến'], { group: 'freight', of: 'CNY' }),
      f('next_date', 'date', ['Next action', '下次跟进', '下次跟進', 'Lần theo dõi tới'], { group: 'follow', list: true }),
      f('touched_at', 'time', ['Last touch', '最近跟进', '最近跟進', 'Lần liên hệ gần nhất'], { group: 'follow', readonly: true }),
      f('notes', 'long', ['Notes', '备注', '備註', 'Ghi chú'], { group: 'follow', max: 4000 }),
      f('owner_id', 'ref', ['Owner', '负责人', '負責人', 'Phụ trách'], { group: 'follow', of: 'user', list: true, readonly: true }),
      f('pool_id', 'ref', ['Pool', '公海', '公海', 'Kho chung'], { group: 'follow', of: 'pool', readonly: true }),
    ],
    views: [
      { name: 'mine', label: ['My leads', '我的线索', '我的線索', 'Của tôi'], look: 'list', columns: ['name', 'status', 'rating', 'contact', 'phone', 'country', 'lanes', 'volume', 'next_date'], filter: ['owner_id', '=', '@me'], sort: ['-created_at'], by: null },
      { name: 'pool', label: ['Pool', '线索公海', '線索公海', 'Kho chung'], look: 'list', columns: ['name', 'status', 'contact', 'country', 'lanes', 'volume', 'pool_id'], filter: ['pool_id', 'not empty', null], sort: ['-created_at'], by: null },
      { name: 'due', label: ['Due', '待跟进', '待跟進', 'Đến hạn'], look: 'list', columns: ['name', 'status', 'next_date', 'contact', 'phone', 'owner_id'], filter: ['next_date', '<=', '@today'], sort: ['next_date'], by: null },
      { name: 'all', label: ['All leads', '全部线索', '全部線索', 'Tất cả'], look: 'list', columns: ['name', 'status', 'rating', 'contact', 'phone', 'country', 'lanes', 'volume', 'next_date', 'owner_id'], filter: null, sort: ['-created_at'], by: null },
    ],
    actions: [
      { name: 'claim', label: ['Claim', '领取', '領取', 'Nhận'], bulk: true, danger: false, icon: 'hand', form: [] },
      { name: 'release', label: ['Release', '退回公海', '退回公海', 'Trả về kho chung'], bulk: true, danger: false, icon: 'out', form: [f('pool_id', 'ref', ['Pool', '公海', '公海', 'Kho chung'], { of: 'pool', required: true }), f('reason', 'text', ['Reason', '原因', '原因', 'Lý do'], { max: 200 })] },
      { name: 'transfer', label: ['Hand over', '转移', '轉移', 'Chuyển giao'], bulk: true, danger: false, icon: 'swap', form: TRANSFER },
    ],
  },
  pool: {
    plugin: 'leads', label: ['Pools', '公海', '公海', 'Kho chung'], one: ['Pool', '公海', '公海', 'kho chung'], title: 'name', icon: 'pool', group: 'main', is: { history: true, bin: true }, groups: [],
    fields: [
      f('name', 'text', ['Name', '名称', '名稱', 'Tên'], { required: true, max: 80, list: true, search: true, unique: true }),
      f('claim_per_day', 'int', ['Claims per day', '每日领取上限', '每日領取上限', 'Số lượt nhận mỗi ngày'], { list: true }), f('claim_total', 'int', ['Held at most', '持有上限', '持有上限', 'Giữ tối đa'], { list: true }),
      f('lock_days', 'int', ['Ex-owner lock, days', '原负责人锁定天数', '原負責人鎖定天數', 'Số ngày khóa chủ cũ'], { list: true }), f('members', 'ref', ['Members', '成员', '成員', 'Thành viên'], { of: 'user', many: true }),
    ],
    views: [], actions: [],
  },
  user: {
    plugin: 'base', label: ['Users', '用户', '使用者', 'Người dùng'], one: ['User', '用户', '使用者', 'người dùng'], title: 'name', icon: 'users', group: 'admin', is: { history: true }, groups: [],
    fields: [
      f('name', 'text', ['Name', '姓名', '姓名', 'Họ tên'], { required: true, max: 80, list: true, search: true }), f('login', 'text', ['User name', '用户名', '帳號', 'Tên đăng nhập'], { required: true, unique: true, max: 40, list: true, search: true }),
      f('department_id', 'ref', ['Department', '部门', '部門', 'Phòng ban'], { of: 'department', list: true }), f('role_ids', 'ref', ['Roles', '角色', '角色', 'Vai trò'], { of: 'role', many: true, list: true }),
      f('locale', 'pick', ['Language', '语言', '語言', 'Ngôn ngữ'], { of: 'base.locale', list: true }), f('admin', 'bool', ['Administrator', '管理员', '管理員', 'Quản trị viên'], { list: true }), f('active', 'bool', ['Active', '启用', '啟用', 'Đang hoạt động'], { default: true, list: true }),
    ],
    views: [], actions: [{ name: 'deactivate', label: ['Deactivate', '停用', '停用', 'Ngừng hoạt động'], bulk: false, danger: true, icon: 'off', form: [f('to_id', 'ref', ['Leads go to', '线索转给', '線索轉給', 'Chuyển khách cho'], { of: 'user' })] }],
  },
  department: {
    plugin: 'base', label: ['Departments', '部门', '部門', 'Phòng ban'], one: ['Department', '部门', '部門', 'phòng ban'], title: 'name', icon: 'network', group: 'admin', is: {}, groups: [],
    fields: [f('name', 'text', ['Name', '名称', '名稱', 'Tên'], { required: true, list: true, search: true }), f('parent_id', 'ref', ['Part of', '上级部门', '上級部門', 'Trực thuộc'], { of: 'department', list: true }), f('manager_id', 'ref', ['Manager', '负责人', '負責人', 'Quản lý'], { of: 'user', list: true })],
    views: [], actions: [],
  },
  role: {
    plugin: 'base', label: ['Roles', '角色', '角色', 'Vai trò'], one: ['Role', '角色', '角色', 'vai trò'], title: 'name', icon: 'shield', group: 'admin', is: {}, groups: [],
    fields: [f('name', 'text', ['Name', '名称', '名稱', 'Tên'], { required: true, list: true, search: true }), f('note', 'long', ['Note', '说明', '說明', 'Ghi chú'], { list: true }), f('rights', 'json', ['Rights', '权限', '權限', 'Quyền'])],
    views: [], actions: [],
  },
  role_table: {
    plugin: 'base', label: ['Rights on tables', '数据表权限', '資料表權限', 'Quyền trên bảng'], one: ['Right', '权限', '權限', 'quyền'], title: 'on_table', icon: 'shield', is: {}, groups: [], parent: ['role', 'role_id'],
    fields: [f('role_id', 'ref', ['Role', '角色', '角色', 'Vai trò'], { of: 'role', required: true, list: true }), f('on_table', 'text', ['Table', '表', '資料表', 'Bảng'], { required: true, list: true }), f('read_scope', 'pick', ['May see', '可查看', '可檢視', 'Được xem'], { of: 'base.scope', required: true, default: 'own', list: true }), f('can_create', 'bool', ['May create', '可新建', '可新增', 'Được tạo'], { default: false, list: true })],
    views: [], actions: [],
  },
  custom_field: {
    plugin: 'base', label: ['Custom fields', '自定义字段', '自訂欄位', 'Trường tùy chỉnh'], one: ['Custom field', '自定义字段', '自訂欄位', 'trường tùy chỉnh'], title: 'label', icon: 'columns', group: 'admin', is: {}, groups: [],
    fields: [f('label', 'text', ['Label', '标签', '標籤', 'Nhãn'], { required: true, list: true, search: true }), f('table_name', 'text', ['Table', '表', '資料表', 'Bảng'], { required: true, list: true }), f('type', 'pick', ['Type', '类型', '類型', 'Kiểu'], { of: 'base.type', required: true, list: true })],
    views: [], actions: [],
  },
}

const field = (x, locale) => ({
  ...x, label: say(x.label, locale), of: x.of ?? null,
  ...(x.type === 'pick' ? { options: DICTS[x.of].map(([value, color, label]) => ({ value, label: say(label, locale), color })) } : {}),
})

export function metaOf(table, locale, admin) {
  const t = TABLES[table]
  const may = admin || t.group === 'main'
  return {
    table, plugin: t.plugin, label: say(t.label, locale), one: say(t.one, locale), title: t.title, icon: t.icon,
    rights: { create: may, update: may, delete: may, import: table === 'lead', export: may },
    is: { owned: false, pooled: false, history: false, bin: false, custom: false, ...t.is },
    fields: t.fields.map((x) => field(x, locale)),
    groups: t.groups.map(([name, label]) => ({ name, label: say(label, locale) })),
    views: t.views.length ? t.views.map(({ filter, ...v }) => ({ ...v, label: say(v.label, locale) })) : [{ name: 'all', label: say(['All', '全部', '全部', 'Tất cả'], locale), look: 'list', columns: t.fields.filter((x) => x.list).map((x) => x.name), sort: [], by: null }],
    details: Object.entries(TABLES).filter(([, d]) => d.parent?.[0] === table).map(([name, d]) => ({ table: name, label: say(d.label, locale), by: d.parent[1] })),
    actions: t.actions.map((a) => ({ ...a, label: say(a.label, locale), form: a.form.map((x) => field(x, locale)) })),
  }
}
export const navOf = (locale, admin) => Object.entries(TABLES).filter(([, t]) => t.group && (admin || t.group === 'main'))
  .map(([table, t]) => ({ to: '/t/' + table, table, label: say(t.label, locale), icon: t.icon, group: t.group, create: true, import: table === 'lead' }))
