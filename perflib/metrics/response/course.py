def trend(*a,**k): raise NotImplementedError
