-- DingTalk: a work notification as a card with a button (gettoken, corpconversation/asyncsend_v2).
-- People give their user ID in DingTalk.
local function escaped(s) -- no line of Markdown, no link but ours
  return (s:gsub("[%[%]%(%)#%*_`>!\\]", "\\%0"))
end

local function notice(m)
  local msg
  if m.link then
    msg = {
      msgtype = "action_card",
      action_card = {title = m.title, markdown = escaped(m.text), single_title = "Berth", single_url = m.link},
    }
  else
    msg = {msgtype = "text", text = {content = m.text}}
  end
  return {
    url = m.set.api .. "/topapi/message/corpconversation/asyncsend_v2",
    query = {access_token = m.kept.token},
    json = {agent_id = m.set.agent_id, userid_list = m.to, msg = msg},
  }
end

local function token(m)
  return {url = m.set.api .. "/gettoken", query = {appkey = m.set.app_key, appsecret = m.set.app_secret}}
end

return {
  settings = {{"app_key"}, {"app_secret", secret = true}, {"agent_id"}, {"api", default = "https://oapi.dingtalk.com"}},

  send = function(m)
    if m.kept.token and m.now < m.kept.till then
      return notice(m)
    end
    return token(m)
  end,

  reply = function(m, r)
    local a = r.json or {}
    if a.errcode == 0 and a.access_token then
      m.kept = {token = a.access_token, till = m.now + (a.expires_in - 300) * 1000}
      return notice(m)
    end
    if a.errcode == 0 then
      return true
    end
    if a.errcode == 40014 or a.errcode == 42001 or a.errcode == 88 then -- the token is no longer good
      m.kept = {}
      return token(m)
    end
    if a.errcode == 33012 or a.errcode == 400002 then
      return false, a.errmsg
    end
    return nil, a.errmsg or "status " .. r.status
  end,
}
