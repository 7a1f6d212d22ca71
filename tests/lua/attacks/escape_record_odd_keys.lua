-- answer: 4
local lead, n = ..., 0
for _, k in ipairs({1, 1.5, {}, true}) do
  if not pcall(function() return lead[k] end) then n = n + 1 end
end
return n
