-- error: invalid conversion '%p'
return string.format('%p', {})
