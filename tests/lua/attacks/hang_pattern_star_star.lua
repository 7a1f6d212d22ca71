-- over
return (('a'):rep(100000)):find('a*a*a*a*a*b')
