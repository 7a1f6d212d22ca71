-- over
local s = ('%99.99f'):rep(1000)
local t = {}
for i = 1, 1000 do t[i] = 1e308 end
while true do string.format(s, table.unpack(t)) end
