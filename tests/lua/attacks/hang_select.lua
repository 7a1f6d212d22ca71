-- over
local function count(...)
  for i = 1, 1e9 do local x = select(i % 7000 + 1, ...) end
end
local t = {}
for i = 1, 7900 do t[i] = i end
count(table.unpack(t))
