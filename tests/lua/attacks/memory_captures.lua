-- over
local t = {}
for i = 1, 1e9 do t[i] = {(('a'):rep(1000)):match(('(.)'):rep(31))} end
