-- over
local keep = {}
for i = 1, 6 do keep[i] = ('x'):rep(4000000) .. i end
while true do pcall(string.rep, 'y', 3000000) pcall(string.rep, 'z', 4000000) end
