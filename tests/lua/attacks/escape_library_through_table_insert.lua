-- error: plain table expected
table.insert(table, function() end)
