-- error: a
error('a\0b')
