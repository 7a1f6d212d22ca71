-- error: a rule only answers
berth.new('lead')
