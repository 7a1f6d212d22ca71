-- over
local s = ('a'):rep(1000000)
for i = 1, 1000 do s:find('%f[' .. ('b'):rep(50000) .. ']x') end
