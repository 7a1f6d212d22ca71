-- over
local t = {}
for i, v in (function(_, i) return (i or 0) + 1 end), nil, nil do t[1] = v end
