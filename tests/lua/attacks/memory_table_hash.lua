-- over
local t = {}
for i = 1, 1e9 do t[i * 1.5] = {} end
