"""What a report covers, against what it compares, and what it leaves out."""

from __future__ import annotations

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

    Without ``compare_to`` a Result that says that no comparison was asked for.
    """
    from perflib.metrics import response
    from perflib.result import Result

    data = covered(dept)
    now = read_period(period, data)
    before = read_comparison(compare_to, now, data)
    if before is None:
        return Result.not_assessable(
            "response_change",
            "no earlier period was asked for (parameter compare_to)",
            title="Against an earlier period",
        )
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
    """What the report was asked: department, period, district, priority, comparison, as-of date.

    ``subject`` says in words what is counted, where it is not all calls; that it came from the public is not said of
    calls that do not record who began them.

    The facts are strings, shown at the head of the page: ``department``, ``period``, ``district``, ``priority``,
    ``compared_with``, ``as_of``.
    """
    import pandas as pd

    from perflib.result import Result
    from perflib.words.response import PUBLIC, UNKNOWN_ORIGIN

    if not dept.has("calls", "origin"):
        subject = UNKNOWN_ORIGIN if subject == PUBLIC else subject
    data = covered(dept)
    days = read_period(period, data)
    other = read_comparison(compare_to, days, data)
    ranked = not subject and dept.has(dept.main, "priority")  # another subject has no priorities
    facts = {
        "department": dept.name,
        "period": str(days),
        "district": district or "all",
        "priority": priority or ("all" if ranked else ""),
        "compared_with": str(other) if other else "",
        "as_of": str(dept.known_on or data.last),
        "data_from": str(data.first),
        "data_to": str(data.last),
        "timezone": dept.timezone,
    }
    where = f"in district {district}" if district else "in all districts"
    every = " of every priority" if ranked else ""
    which = f"priority {priority} {dept.main}" if priority else f"{dept.main}{every}"
    against = f", compared with {other}," if other else ""
    answer = f"{dept.name}: {subject or which} {where}, from {days}{against} as the records stood on {facts['as_of']}."
    return Result("about", pd.DataFrame(), "What this report covers", answer, "", facts=facts)


def decisions(dept: Department) -> Result:
    """The decisions log as a Result named ``decisions``: each choice that left out records, its reason and its counts.

    The facts are ``steps`` and, of the main table, ``rows_before`` the first and ``rows_after`` the last step.
    """
    from perflib.result import Result

    log = dept.decisions()
    main = log[log["table"] == dept.main]
    facts = {"steps": len(log)}
    answer = (
        "No choice of this report leaves records of the department out. What a single figure leaves out, it says "
        "beside it."
    )
    if len(main):
        facts |= {"rows_before": int(main["rows_before"].iloc[0]), "rows_after": int(main["rows_after"].iloc[-1])}
        answer = f"{len(main)} choices leave {facts['rows_after']:,} of {facts['rows_before']:,} accepted {dept.main}."
    labels = {
        "table": "Table",
        "rule": "Kept",
        "because": "Because",
        "rows_before": "Rows before",
        "rows_after": "Rows after",
    }
    return Result("decisions", log, "What was left out, and why", answer, "", facts=facts, labels=labels)
