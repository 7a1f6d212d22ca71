-- over
repeat until false
