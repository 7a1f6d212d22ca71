-- error: format too long
return string.format(('%s'):rep(100000), 1)
