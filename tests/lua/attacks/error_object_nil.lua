-- error: error object is a nil
error(nil)
