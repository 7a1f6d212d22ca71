-- Where leads come from, and how many of them became customers (sales management, 2026-11).
return {
  title = {en = "Leads by source", vi = "Nguồn khách tiềm năng", ["zh-CN"] = "线索来源分析", ["zh-TW"] = "潛在客戶來源分析"},
  help = {
    en = "Where leads come from, and how many of them became customers.",
    vi = "Khách tiềm năng đến từ đâu và bao nhiêu đã trở thành khách hàng.",
    ["zh-CN"] = "线索从哪里来，其中有多少成为客户。",
    ["zh-TW"] = "潛在客戶從哪裡來，其中有多少成為客戶。",
  },
  nav = "sales 70",
  needs = "lead",
  form = {
    {name = "since", type = "date", title = {en = "Created from", vi = "Tạo từ ngày", ["zh-CN"] = "创建起始日", ["zh-TW"] = "建立起始日"}},
    {name = "owner", of = "lead.owner_id"},
  },
  columns = {
    {of = "lead.source"},
    {name = "leads", type = "int", title = {en = "Leads", vi = "Khách tiềm năng", ["zh-CN"] = "线索数", ["zh-TW"] = "潛在客戶數"}},
    {name = "won", type = "int", title = {en = "Converted", vi = "Đã chuyển đổi", ["zh-CN"] = "已转化", ["zh-TW"] = "已轉化"}},
    {name = "percent", type = "real", title = {en = "Converted %", vi = "Tỷ lệ chuyển đổi %", ["zh-CN"] = "转化率 %", ["zh-TW"] = "轉化率 %"}},
  },
  charts = "bar source leads won",
  sql = [[
    SELECT source, count(*), count(converted_at), round(100.0 * count(converted_at) / count(*), 1)
    FROM lead
    WHERE (:since IS NULL OR created_at >= :since) AND (:owner IS NULL OR owner_id = :owner)
    GROUP BY source
    ORDER BY 2 DESC
  ]],
}
