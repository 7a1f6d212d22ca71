-- over
return (('('):rep(2000000)):find('%b()')
