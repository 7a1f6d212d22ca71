-- error: invalid conversion '%p'
return string.format('%d%%%s%10p', 1, 'x', print)
