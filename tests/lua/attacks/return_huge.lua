-- answer: xxxx
return ('x'):rep(4000000)
