-- error: unexpected symbol
return ÿ
