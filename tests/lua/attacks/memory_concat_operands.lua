-- over
local s = ('x'):rep(3000000)
return #(s .. s .. s .. s .. s .. s .. s .. s)
