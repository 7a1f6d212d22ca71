-- over
local t = {}
for i = 1, 131072 do t['k' .. i] = true end
for i = 1, 1e9 do t['k' .. i] = nil t['n' .. i] = true end
