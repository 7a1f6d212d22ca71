-- error: attempt to call a nil value (global 'setmetatable')
return table.insert(setmetatable({}, {__len = function() return 1e15 // 1 | 0 end}), 1)
