-- answer: 0
return math.mininteger // -1 + math.mininteger % -1 - math.mininteger
