-- error: attempt to call a nil value (global 'rawset')
rawset(string, 'rep', nil)
