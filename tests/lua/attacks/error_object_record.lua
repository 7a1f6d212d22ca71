-- error: error object is a userdata
error((...))
