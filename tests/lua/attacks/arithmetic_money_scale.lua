-- answer: 0.00
return tostring(berth.money(1) * 1e-300)
