-- How active a customer is, by the last real work on it: within 30 days high, 90 medium, 180 low, else silent.
-- Asked when work is logged and every night; a grade set by hand stays.
return function(customer)
  if not customer.touched_at then
    return nil
  end
  local days = berth.days_since(customer.touched_at)
  if days <= 30 then
    return "high"
  elseif days <= 90 then
    return "medium"
  elseif days <= 180 then
    return "low"
  end
  return "silent"
end
