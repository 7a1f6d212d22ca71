-- error: cannot calculate money
return berth.money(1) * math.huge
