-- error: variable '(for state)' got a non-closable value
for _ in next, {}, nil, {} do end
