-- error: cannot set 'find'
berth.find = function() return 1 end
