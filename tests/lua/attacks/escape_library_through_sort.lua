-- error: plain table expected
table.sort(string, function() return true end)
