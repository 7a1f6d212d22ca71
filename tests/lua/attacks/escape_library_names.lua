-- answer: nil
return tostring(next(string) or next(math) or next(table) or next(berth) or next(utf8))
