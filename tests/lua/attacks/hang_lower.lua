-- over
local s = ('A'):rep(4000000)
while true do s:lower() end
