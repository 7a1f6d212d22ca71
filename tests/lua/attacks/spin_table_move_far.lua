-- error: position out of bounds
return table.move({1}, 1, 1, 1 << 60)
