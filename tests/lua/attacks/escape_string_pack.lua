-- error: attempt to call a nil value (field 'pack')
return string.pack('!16384i16384', 1)
