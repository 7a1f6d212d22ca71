-- error: attempt to index a nil value (global 'os')
return os.execute('id')
