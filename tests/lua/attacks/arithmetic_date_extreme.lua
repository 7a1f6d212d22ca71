-- answer: ok
pcall(berth.date_text, math.maxinteger)
pcall(berth.date_text, math.mininteger)
pcall(berth.date_text, 4000000)
pcall(berth.weekday, math.mininteger)
pcall(berth.days_between, math.mininteger, math.maxinteger)
pcall(berth.days_between, -4000000, 4000000)
return 'ok'
