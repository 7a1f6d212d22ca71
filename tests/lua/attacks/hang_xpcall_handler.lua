-- error: attempt to call a nil value (global 'xpcall')
xpcall(function() while true do end end, function() while true do end end)
