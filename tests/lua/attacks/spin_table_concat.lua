-- error: position out of bounds
return table.concat({}, '', 1, 1 << 53)
