-- over
local t = {}
for i = 1, 200 do t[i] = ('a'):rep(100000) .. (i * 7919) % 211 end
for i = 1, 1e9 do table.sort(t) t[1], t[200] = t[200], t[1] end
