-- answer: 0
return #(''):rep(1e15 // 1 | 0)
