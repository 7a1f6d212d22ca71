-- A program of the company's own hears of alerts: JSON, signed with HMAC-SHA256 over the time, a dot and the body.
return {
  settings = {{"url"}, {"secret", secret = true}},

  send = function(m)
    local body = berth.json({id = m.name, to = m.to, title = m.title, text = m.text, link = m.link, urgent = m.urgent, at = m.at})
    local stamp = tostring(m.now)
    return {
      url = m.set.url,
      headers = {
        ["X-Berth-Time"] = stamp,
        ["X-Berth-Signature"] = berth.hmac(m.set.secret, stamp .. "." .. body, "hex"),
      },
      body = body,
    }
  end,

  reply = function(m, r)
    if r.status >= 200 and r.status < 300 then
      return true
    end
    if r.status >= 400 and r.status < 500 and r.status ~= 429 and r.status ~= 408 then
      return false, "status " .. r.status
    end
    return nil, "status " .. r.status
  end,
}
