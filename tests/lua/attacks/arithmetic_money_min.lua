-- error: money out of range
return -(berth.money('-922337203685477.5807') - berth.money('0.0001')) * 2
