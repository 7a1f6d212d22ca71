-- answer: ok
local bad = {{}, true, 'x', -1, 1.5, function() end, math.huge, ...}
for _, name in ipairs({'load', 'find', 'first', 'count', 'new', 'save', 'delete', 'error', 'rule', 'emit', 'tr',
                       'can', 'has', 'money', 'date', 'days_since', 'weekday', 'date_text'}) do
  for _, a in ipairs(bad) do
    pcall(berth[name])
    pcall(berth[name], a)
    for _, b in ipairs(bad) do pcall(berth[name], a, b) end
  end
end
return 'ok'
