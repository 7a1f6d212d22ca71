-- error: attempt to call a nil value (global 'setmetatable')
error(setmetatable({}, {__tostring = error}))
