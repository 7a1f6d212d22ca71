-- over
return (('a'):rep(300000)):find('[' .. ('b-c'):rep(10000) .. ']')
