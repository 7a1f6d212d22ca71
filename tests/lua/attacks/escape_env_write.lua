-- error: cannot set 'pairs'
_ENV.pairs = nil
