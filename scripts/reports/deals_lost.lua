-- Why deals were lost, and what they were worth (sales management, 2026-11).
return {
  title = {en = "Lost deals by reason", vi = "Cơ hội thất bại theo lý do", ["zh-CN"] = "丢单原因分析", ["zh-TW"] = "丟單原因分析"},
  help = {
    en = "Deals closed as lost, by the reason given. Without a date: the last twelve months.",
    vi = "Các cơ hội đã đóng là thất bại, theo lý do. Không chọn ngày: mười hai tháng gần nhất.",
    ["zh-CN"] = "按原因统计丢失的商机；不选日期时为最近十二个月。",
    ["zh-TW"] = "按原因統計丟失的商機；不選日期時為最近十二個月。",
  },
  nav = "sales 71",
  needs = "opportunity",
  form = {
    {name = "since", type = "date", title = {en = "Closed from", vi = "Đóng từ ngày", ["zh-CN"] = "关闭起始日", ["zh-TW"] = "關閉起始日"}},
    {name = "owner", of = "opportunity.owner_id"},
  },
  columns = {
    {name = "reason", of = "opportunity.lost_reason"},
    {name = "deals", type = "int", title = {en = "Deals", vi = "Số cơ hội", ["zh-CN"] = "商机数", ["zh-TW"] = "商機數"}},
    {name = "amount", type = "money", title = {en = "Amount", vi = "Giá trị", ["zh-CN"] = "金额", ["zh-TW"] = "金額"}},
  },
  charts = "bar reason deals; pie reason amount",
  sql = [[
    SELECT lost_reason, count(*), sum(base_amount)
    FROM opportunity
    WHERE status = 'lost'
      AND closed_on >= coalesce(:since, date(:today, '-12 months'))
      AND (:owner IS NULL OR owner_id = :owner)
    GROUP BY lost_reason
    ORDER BY 3 DESC
  ]],
}
