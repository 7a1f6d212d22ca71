-- over
local s, n = ('a'):rep(2000000), ('a'):rep(500000) .. 'b'
while true do s:find(n, 1, true) end
