-- over
local t = {}
for i = 1, 7999 do t[i] = {} end
local function f(...) return f(table.unpack(t), ...) end
local all = {}
for i = 1, 1e9 do all[i] = table.pack(table.unpack(t)) end
