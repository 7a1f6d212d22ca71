-- Telegram: a message of the company's bot, with a button that leads to the record (Bot API).
-- People give the number of their chat; the bot may write to those who pressed its Start once.
return {
  settings = {{"token", secret = true}, {"api", default = "https://api.telegram.org"}},

  send = function(m)
    local keyboard
    if m.link then
      keyboard = {inline_keyboard = {{{text = "Berth", url = m.link}}}}
    end
    return {
      url = m.set.api .. "/bot" .. m.set.token .. "/sendMessage",
      json = {chat_id = m.to, text = m.text, disable_notification = not m.urgent, reply_markup = keyboard},
    }
  end,

  reply = function(m, r)
    local a = r.json or {}
    if a.ok then
      return true
    end
    if r.status == 400 or r.status == 403 then -- no such chat, or the person blocked the bot
      return false, a.description
    end
    return nil, a.description or "status " .. r.status
  end,
}
