-- error: error object is a function
error(function() end)
