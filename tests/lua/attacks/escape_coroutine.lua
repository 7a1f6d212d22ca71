-- error: attempt to index a nil value (global 'coroutine')
return coroutine.wrap(function() while true do end end)()
