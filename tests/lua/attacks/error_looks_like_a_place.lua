-- error: other.lua:99999999999: x
error('other.lua:99999999999: x', 0)
