-- When a customer counts as dormant or lost: no deal for 180 days, for 365 days; both only once there was one.
-- A new deal makes it a customer again by itself.
return function(customer)
  if not customer.last_deal_on then
    return nil
  end
  local days = berth.today() - customer.last_deal_on
  if days > 365 then
    return "lost"
  elseif days > 180 then
    return "dormant"
  end
  return nil
end
