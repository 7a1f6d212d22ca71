-- over
local ok = pcall(function() while true do end end)
return 'escaped ' .. tostring(ok)
