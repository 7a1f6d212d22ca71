-- over
local keep = {}
for i = 1, 1e9 do keep[i] = 'text ' .. i end
