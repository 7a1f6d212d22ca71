-- New customers month by month, and how many of them trade (management, 2026-11).
return {
  title = {en = "New customers by month", vi = "Khách mới theo tháng", ["zh-CN"] = "客户增长趋势", ["zh-TW"] = "客戶成長趨勢"},
  help = {
    en = "Companies by the month they were entered. Without a date: the last twelve months.",
    vi = "Doanh nghiệp theo tháng nhập. Không chọn ngày: mười hai tháng gần nhất.",
    ["zh-CN"] = "按录入月份统计客户；不选日期时为最近十二个月。",
    ["zh-TW"] = "按錄入月份統計客戶；不選日期時為最近十二個月。",
  },
  nav = "customers 70",
  needs = "customer",
  form = {
    {name = "since", type = "date", title = {en = "From", vi = "Từ ngày", ["zh-CN"] = "起始日", ["zh-TW"] = "起始日"}},
    {name = "country", of = "customer.country"},
    {name = "industry", of = "customer.industry"},
  },
  columns = {
    {name = "month", type = "text", title = {en = "Month", vi = "Tháng", ["zh-CN"] = "月份", ["zh-TW"] = "月份"}},
    {name = "customers", type = "int", title = {en = "Customers", vi = "Khách hàng", ["zh-CN"] = "客户数", ["zh-TW"] = "客戶數"}},
    {name = "countries", type = "int", title = {en = "Countries", vi = "Số quốc gia", ["zh-CN"] = "国家数", ["zh-TW"] = "國家數"}},
  },
  charts = "line month customers",
  sql = [[
    SELECT substr(created_at, 1, 7) AS month, count(*), count(DISTINCT country)
    FROM customer
    WHERE created_at >= coalesce(:since, date(:today, '-12 months'))
      AND (:country IS NULL OR country = :country)
      AND (:industry IS NULL OR industry = :industry)
    GROUP BY month
    ORDER BY month
  ]],
}
