-- error: attempt to call a nil value (global 'getmetatable')
getmetatable('').__index = function() return 'mine' end
