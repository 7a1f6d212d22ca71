-- Lark and Feishu: a message of the company's application with a link (tenant_access_token, im/v1/messages).
-- People give what `id_type` says: their e-mail address there, or open_id, user_id, union_id.  Lark outside
-- China: api = https://open.larksuite.com
local function message(m)
  local line = {{tag = "text", text = m.text .. " "}}
  if m.link then
    line[2] = {tag = "a", text = "Berth", href = m.link}
  end
  return {
    url = m.set.api .. "/open-apis/im/v1/messages",
    query = {receive_id_type = m.set.id_type},
    headers = {Authorization = "Bearer " .. m.kept.token},
    json = {
      receive_id = m.to,
      msg_type = "post",
      content = berth.json({zh_cn = {title = m.title, content = {line}}}),
      uuid = m.name,
    },
  }
end

local function token(m)
  return {
    url = m.set.api .. "/open-apis/auth/v3/tenant_access_token/internal",
    json = {app_id = m.set.app_id, app_secret = m.set.app_secret},
  }
end

return {
  settings = {
    {"app_id"}, {"app_secret", secret = true}, {"id_type", default = "email"}, {"api", default = "https://open.feishu.cn"},
  },

  send = function(m)
    if m.kept.token and m.now < m.kept.till then
      return message(m)
    end
    return token(m)
  end,

  reply = function(m, r)
    local a = r.json or {}
    if a.code == 0 and a.tenant_access_token then
      m.kept = {token = a.tenant_access_token, till = m.now + (a.expire - 300) * 1000}
      return message(m)
    end
    if a.code == 0 then
      return true
    end
    if a.code == 99991663 or a.code == 99991661 then -- the token is no longer good
      m.kept = {}
      return token(m)
    end
    if r.status == 400 then
      return false, a.msg
    end
    return nil, a.msg or "status " .. r.status
  end,
}
