-- error: this record cannot be changed here
berth.save((...))
