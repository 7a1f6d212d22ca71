-- SMS through the company's gateway: {"to","from","text","id"} with a bearer token; any answer of 2xx is yes.
-- Gateways differ: copy this file under another name and change what yours wants.
return {
  settings = {{"url"}, {"token", secret = true}, {"from"}, {"inbound_secret", secret = true}},

  send = function(m)
    local text = m.text
    if m.link then
      text = text .. " " .. m.link
    end
    return {
      url = m.set.url,
      headers = {Authorization = "Bearer " .. m.set.token},
      json = {to = m.to, from = m.set.from, text = text, id = m.name},
    }
  end,

  reply = function(m, r)
    if r.status >= 200 and r.status < 300 then
      return true
    end
    if r.status == 400 or r.status == 422 then
      return false, r.text
    end
    return nil, "status " .. r.status
  end,
}
