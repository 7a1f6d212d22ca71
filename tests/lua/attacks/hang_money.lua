-- over
local m = berth.money(1)
while true do m = m + 1 - 1 end
