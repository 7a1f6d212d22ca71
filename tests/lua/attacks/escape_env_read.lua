-- answer: nil
return tostring(_ENV.io or _ENV._G or _ENV.os or next(_ENV))
