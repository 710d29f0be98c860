"""Explorers: thin shells over metrics and figures; widgets in a live session, the static Result otherwise."""

from perflib.widgets.cases import cases
from perflib.widgets.community import community
from perflib.widgets.live import live
from perflib.widgets.officers import officers
from perflib.widgets.response import response
from perflib.widgets.seasons import seasons
from perflib.widgets.trends import trends

__all__ = ["cases", "community", "live", "officers", "response", "seasons", "trends"]
