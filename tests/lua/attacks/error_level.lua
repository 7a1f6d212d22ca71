-- error: x
error('x', 1 << 31)
