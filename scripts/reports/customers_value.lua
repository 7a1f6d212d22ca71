-- What customers of each industry and country brought in: deals won, revenue, cost and profit (management, 2026-11).
return {
  title = {en = "Value of customers", vi = "Giá trị khách hàng", ["zh-CN"] = "客户价值分析", ["zh-TW"] = "客戶價值分析"},
  help = {
    en = "Deals won by industry and country of their customers, the largest profit first; repeat customers won more than once. Without a date: the last twelve months.",
    vi = "Cơ hội đã thắng theo ngành và quốc gia của khách hàng, lợi nhuận lớn nhất trước; khách quay lại là khách thắng từ hai lần. Không chọn ngày: mười hai tháng gần nhất.",
    ["zh-CN"] = "按客户行业和国家统计赢单，毛利高的在前；成交两次以上为回头客。不选日期时为最近十二个月。",
    ["zh-TW"] = "按客戶行業和國家統計贏單，毛利高的在前；成交兩次以上為回頭客。不選日期時為最近十二個月。",
  },
  nav = "customers 71",
  needs = "customer, opportunity",
  form = {
    {name = "since", type = "date", title = {en = "Won from", vi = "Thắng từ ngày", ["zh-CN"] = "赢单起始日", ["zh-TW"] = "贏單起始日"}},
    {name = "territory", of = "customer.territory"},
    {name = "level", of = "customer.level"},
  },
  columns = {
    {of = "customer.industry"},
    {of = "customer.country"},
    {name = "customers", type = "int", title = {en = "Customers", vi = "Khách hàng", ["zh-CN"] = "客户数", ["zh-TW"] = "客戶數"}},
    {name = "again", type = "int", title = {en = "Repeat customers", vi = "Khách quay lại", ["zh-CN"] = "回头客", ["zh-TW"] = "回頭客"}},
    {name = "won", type = "int", title = {en = "Deals won", vi = "Cơ hội thắng", ["zh-CN"] = "赢单数", ["zh-TW"] = "贏單數"}},
    {name = "revenue", type = "money", title = {en = "Revenue", vi = "Doanh thu", ["zh-CN"] = "收入", ["zh-TW"] = "收入"}},
    {name = "cost", type = "money", title = {en = "Cost", vi = "Chi phí", ["zh-CN"] = "成本", ["zh-TW"] = "成本"}},
    {name = "profit", type = "money", title = {en = "Profit", vi = "Lợi nhuận", ["zh-CN"] = "毛利", ["zh-TW"] = "毛利"}},
  },
  charts = "bar industry revenue profit",
  sql = [[
    WITH each AS (
      SELECT c.id, c.industry, c.country, count(*) AS won, sum(o.base_amount) AS revenue, sum(o.base_profit) AS profit
      FROM opportunity o JOIN customer c ON c.id = o.customer_id
      WHERE o.status = 'won' AND o.closed_on >= coalesce(:since, date(:today, '-12 months'))
        AND (:territory IS NULL OR c.territory = :territory) AND (:level IS NULL OR c.level = :level)
      GROUP BY c.id
    )
    SELECT industry, country, count(*), sum(won > 1), sum(won), sum(revenue), sum(revenue) - sum(profit), sum(profit)
    FROM each GROUP BY industry, country ORDER BY sum(profit) DESC
  ]],
}
