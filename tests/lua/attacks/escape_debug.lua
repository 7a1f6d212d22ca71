-- error: attempt to index a nil value (global 'debug')
return debug.getregistry()
