-- answer: ok
local bad = {{}, true, 'x', -1, 1.5, function() end, math.huge, 1 << 62, ''}
for _, lib in ipairs({string, table, math, utf8}) do
  for _, name in ipairs({'rep', 'find', 'match', 'gmatch', 'gsub', 'format', 'byte', 'char', 'sub', 'lower', 'insert',
                         'remove', 'concat', 'move', 'pack', 'unpack', 'sort', 'floor', 'random', 'tointeger', 'fmod',
                         'codepoint', 'codes', 'offset', 'len'}) do
    if lib[name] then
      pcall(lib[name])
      for _, a in ipairs(bad) do
        pcall(lib[name], a)
        for _, b in ipairs(bad) do
          pcall(lib[name], a, b)
          pcall(lib[name], a, b, a)
          pcall(lib[name], a, b, b, a)
        end
      end
    end
  end
end
return 'ok'
