-- Days without contact before a lead goes back to the pool: key leads 60, all others 30.
-- Counted from the last real touch (a call, visit or mail), not from any edit; 0 means never.
return function(lead)
  if lead.is_key then
    return 60
  end
  return 30
end
