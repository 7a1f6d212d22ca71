-- answer: nan
return (tostring(0 / 0):gsub('-', ''))
