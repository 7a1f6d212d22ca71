-- Zalo: a message of the company's Official Account (OA v3, customer-service message), with a button.
-- People give their Zalo user ID for the OA; they must have written to it within seven days.
-- The refresh token of Zalo is good once: each new one is kept, the one in the settings only begins.
local function message(m)
  local message
  if m.link then
    message = {
      text = m.text,
      attachment = {
        type = "template",
        payload = {buttons = {{title = "Berth", type = "oa.open.url", payload = {url = m.link}}}},
      },
    }
  else
    message = {text = m.text}
  end
  return {
    url = m.set.api .. "/v3.0/oa/message/cs",
    headers = {access_token = m.kept.token},
    json = {recipient = {user_id = m.to}, message = message},
  }
end

local function token(m)
  return {
    url = m.set.oauth .. "/v4/oa/access_token",
    headers = {secret_key = m.set.secret_key},
    form = {app_id = m.set.app_id, grant_type = "refresh_token", refresh_token = m.kept.refresh or m.set.refresh_token},
  }
end

return {
  settings = {
    {"app_id"}, {"secret_key", secret = true}, {"refresh_token", secret = true},
    {"api", default = "https://openapi.zalo.me"}, {"oauth", default = "https://oauth.zaloapp.com"},
  },

  send = function(m)
    if m.kept.token and m.now < m.kept.till then
      return message(m)
    end
    return token(m)
  end,

  reply = function(m, r)
    local a = r.json or {}
    if a.access_token then
      m.kept = {
        token = a.access_token,
        refresh = a.refresh_token,
        till = m.now + (tonumber(a.expires_in) - 300) * 1000,
      }
      return message(m)
    end
    if a.error == 0 then
      return true
    end
    if a.error == -216 then -- the token is no longer good
      m.kept = {refresh = m.kept.refresh}
      return token(m)
    end
    if a.error == -213 or a.error == -230 or a.error == -201 then -- not a follower, silent for too long, no such user
      return false, a.message
    end
    return nil, a.message or a.error_name or "status " .. r.status
  end,
}
