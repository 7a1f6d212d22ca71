-- error: too many months
return berth.add_months('2026-01-01', 1 << 60)
