from perflib.metrics.response.scope import Scope
def adjusted(*a,**k): raise NotImplementedError
def compare(*a,**k): raise NotImplementedError
