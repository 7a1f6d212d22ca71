-- error: stack overflow
local function f(...) return f(..., ...) end
local function g(...) return f(g(1, ...)) end
return g(1, 2, 3)
