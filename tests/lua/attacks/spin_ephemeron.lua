-- error: attempt to call a nil value (global 'setmetatable')
local t = setmetatable({}, {__mode = 'k'})
