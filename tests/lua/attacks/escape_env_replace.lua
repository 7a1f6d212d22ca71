-- error: attempt to call a nil value (global 'tostring')
local _ENV = {}
return tostring(1)
