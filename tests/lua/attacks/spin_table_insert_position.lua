-- error: position out of bounds
return table.insert({}, 1 << 53, 1)
