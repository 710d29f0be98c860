"""What a report covers, what it is compared with, and what it leaves out."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from perflib.period import read_comparison, read_period
from perflib.selection import covered

if TYPE_CHECKING:
    from perflib.agency import Department
    from perflib.result import Result


def compared(
    dept: Department, *, period: str = "", compare_to: str = "", district: str = "", priority: str = ""
) -> Result:
    """Response times of ``period`` against those of ``compare_to``: Result ``response_change``.

    Without ``compare_to`` a Result that says that no comparison was chosen.
    """
    from perflib.metrics import response
    from perflib.result import Result
    from perflib.words import reports as words

    data = covered(dept)
    now = read_period(period, data)
    before = read_comparison(compare_to, now, data)
    if before is None:
        return Result.not_assessable("response_change", words.NO_COMPARISON, title=words.COMPARISON)
    return response.compare(dept, now, before, district=district, priority=priority)


def about(
    dept: Department,
    *,
    period: str = "",
    district: str = "",
    priority: str = "",
    compare_to: str = "",
    subject: str = "",
) -> Result:
    """What the report is about: department, period, district, priority, comparison, as-of date.

    ``subject`` says in words what is counted, where it is not all calls; that it came from the public is not said of
    calls that do not record who began them.

    The facts are strings, shown at the head of the page: ``department``, ``period``, ``district``, ``priority``,
    ``compared_with``, ``as_of``.
    """
    import pandas as pd

    from perflib.result import Result
    from perflib.words import reports as words
    from perflib.words.response import PUBLIC, UNKNOWN_ORIGIN

    if subject == PUBLIC and not dept.has("calls", "origin"):
        subject = UNKNOWN_ORIGIN
    data = covered(dept)
    days = read_period(period, data)
    ranked = not subject and dept.has(dept.main, "priority")  # another subject has no priorities
    facts = {
        "department": dept.name,
        "period": str(days),
        "district": district or "all",
        "priority": priority or ("all" if ranked else ""),
        "compared_with": str(read_comparison(compare_to, days, data) or ""),
        "as_of": str(dept.known_on or data.last),
        "data_from": str(data.first),
        "data_to": str(data.last),
        "timezone": dept.timezone,
    }
    every = f"{dept.main} of every priority" if ranked else dept.main
    subject = subject or (f"priority {priority} {dept.main}" if priority else every)
    return Result("about", pd.DataFrame(), facts=facts, words=partial(words.about, subject=subject))


def decisions(dept: Department) -> Result:
    """The decisions log as a Result named ``decisions``: each choice that left out records, its reason and its counts.

    The facts are ``steps`` and, of the main table, ``rows_before`` the first and ``rows_after`` the last step.
    """
    from perflib.result import Result
    from perflib.words import reports as words

    log = dept.decisions()
    main = log[log["table"] == dept.main]
    facts = {"steps": len(log)}
    if len(main):
        facts |= {"rows_before": int(main["rows_before"].iloc[0]), "rows_after": int(main["rows_after"].iloc[-1])}
    return Result("decisions", log, facts=facts, words=partial(words.decisions, main=dept.main))
