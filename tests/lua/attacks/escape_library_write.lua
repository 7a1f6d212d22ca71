-- error: cannot set 'floor'
math.floor = function() return 0 end
