def volume_shift(*a,**k): raise NotImplementedError
