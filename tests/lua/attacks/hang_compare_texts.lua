-- over
local a, b = ('a'):rep(4000000), ('a'):rep(3999999) .. 'b'
while true do local x = a < b end
