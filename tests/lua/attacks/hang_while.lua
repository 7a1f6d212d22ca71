-- over
while true do end
