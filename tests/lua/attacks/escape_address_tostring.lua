-- answer: tablefunction
return tostring({}) .. tostring(pcall)
