-- WeCom: a card of the company's application in the person's own chat (server API: gettoken, message/send).
-- People give their user ID in WeCom.
local function token(m)
  return {
    url = m.set.api .. "/cgi-bin/gettoken",
    query = {corpid = m.set.corp_id, corpsecret = m.set.secret},
  }
end

local function card(m)
  local body = {touser = m.to, agentid = tonumber(m.set.agent_id), enable_duplicate_check = 1}
  if m.link then
    body.msgtype = "textcard"
    body.textcard = {title = m.title, description = m.text, url = m.link}
  else
    body.msgtype = "text"
    body.text = {content = m.text}
  end
  return {url = m.set.api .. "/cgi-bin/message/send", query = {access_token = m.kept.token}, json = body}
end

return {
  settings = {{"corp_id"}, {"agent_id"}, {"secret", secret = true}, {"api", default = "https://qyapi.weixin.qq.com"}},

  send = function(m)
    if m.kept.token and m.now < m.kept.till then
      return card(m)
    end
    return token(m)
  end,

  reply = function(m, r)
    local a = r.json or {}
    if a.errcode == 0 and a.access_token then
      m.kept = {token = a.access_token, till = m.now + (a.expires_in - 300) * 1000}
      return card(m)
    end
    if a.errcode == 0 and (a.invaliduser == nil or a.invaliduser == "") then
      return true
    end
    if a.errcode == 40014 or a.errcode == 42001 then -- the token is no longer good
      m.kept = {}
      return token(m)
    end
    if a.errcode == 0 or a.errcode == 81013 then
      return false, "nobody in WeCom is called " .. m.to
    end
    return nil, a.errmsg or "status " .. r.status
  end,
}
