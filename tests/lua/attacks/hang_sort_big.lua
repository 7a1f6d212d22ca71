-- over
local t = {}
for i = 1, 400000 do t[i] = (i * 7919) % 400009 end
for _ = 1, 1000 do table.sort(t, nil) table.sort(t, function(a, b) return a > b end) end
