-- error: attempt to call a nil value (global 'loadstring')
return loadstring('return 1')()
