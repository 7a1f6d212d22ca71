-- over
return (('a'):rep(2000000)):find('.-b')
