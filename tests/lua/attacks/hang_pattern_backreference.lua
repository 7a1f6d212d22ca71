-- over
return (('a'):rep(200000)):find('(a*)%1%1b')
