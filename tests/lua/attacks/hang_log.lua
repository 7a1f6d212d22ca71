-- over
while true do berth.log('x') end
