-- Which plan of steps begins by itself: the first won deal of a company starts the plan with the code "new_customer".
-- event is "converted" (a lead became a customer), "won" or "lost" (a deal of the customer); no plan of that code: nothing.
return function(event, customer)
  if event == "won" and customer.first_deal_on == berth.today() then
    return "new_customer"
  end
end
