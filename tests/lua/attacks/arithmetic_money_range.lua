-- error: money out of range
local m = berth.money('922337203685477.5807')
return m + m
