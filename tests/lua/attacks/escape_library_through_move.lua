-- error: plain table expected
table.move({1, 2}, 1, 2, 1, math)
