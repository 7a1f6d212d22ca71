-- error: attempt to call a nil value (method 'dump')
return ('x'):dump()
