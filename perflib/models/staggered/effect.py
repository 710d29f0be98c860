"""The effect of starting, averaged in several ways, with its standard errors and what it looked like before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from perflib.errors import InputError
from perflib.figures import Chart
from perflib.models.staggered.panel import Floats, Panel, panel
from perflib.models.staggered.weights import AVERAGES, Cells, average, cells, contrasts
from perflib.result import Result

METHODS = {
    "efficient": "Efficient estimator for random timing (Roth and Sant'Anna 2023, JPE Microeconomics 1)",
    "callaway_santanna": "Group-time average effects (Callaway and Sant'Anna 2021, Journal of Econometrics 225)",
}
CONTROLS = {"not_yet": "those not yet started", "never": "those who never start"}
LEAST_UNITS, LEADS, DOUBT = 10, 4, 0.05
EVIDENCE, NONE = "evidence that {what} moved {measure}", "no evidence yet that {what} moved {measure}"


def effect(
    frame: pd.DataFrame,
    *,
    unit: str,
    period: str,
    first: str,
    outcome: str,
    method: str = "efficient",
    controls: str = "not_yet",
    within: str | None = None,
    window: int = 6,
    level: float = 0.95,
    what: str = "the course",
    measure: str = "its measure",
    who: str = "unit",
    when: str = "period",
    name: str = "course_effect",
) -> Result:
    """Average effect, per unit and period, of having started, against units that have not (yet) started.

    Parameters
    ----------
    frame : one row per unit and period (see ``panel``); periods without an event hold 0.
    method : "efficient" assumes that *when* a unit starts is as good as random, and takes off the difference seen
        before the start in the best proportion; "callaway_santanna" takes all of it off and assumes parallel trends.
    controls : "not_yet" or "never". within : compare inside the values of this column only.
    window : periods shown on either side of the start.
    what, measure, who, when : words for the sentence; ``who`` and ``when`` name one unit and one period.

    Returns
    -------
    Result with rows ``average`` (simple, cohort, calendar, event), ``at`` (periods since the start, for event rows),
    ``when`` (the same in words), ``estimate``, ``se``, ``low``, ``high``, ``units``. Event rows before the start are
    placebos: they compare with the period just before it, and should show nothing. Facts: per average
    ``estimate`` and ``se`` (and ``se_neyman``, without the refinement), ``beta`` (share of the earlier difference
    taken off), ``evidence``, ``before_p`` (joint test that nothing differed before the start), ``treated``,
    ``controls``, ``left_out``, and ``baseline`` (what those who started would have had per period without it: their
    mean since the start less the simple ``estimate``) with ``change``, ``change_low``, ``change_high`` (the simple
    estimate and its limits over the baseline, which is taken as known; None for a baseline that is not above 0).
    Standard errors are of the design: they take the sizes of cohorts as given. Not assessable with fewer than 10
    units on either side. Raises InputError for unknown choices and for what ``panel`` refuses.
    """
    _known(method, METHODS, "method")
    _known(controls, CONTROLS, "controls")
    cohorts = panel(frame, unit=unit, period=period, first=first, outcome=outcome, within=within)
    used = cells(cohorts, controls == "never")
    treated = used.where(used.at >= cohorts.first[used.cohort])
    title = f"Did {what} move {measure}?"
    started = int(cohorts.size[np.unique(treated.cohort)].sum())
    others = _compared(cohorts, treated)
    if min(started, others) < LEAST_UNITS:
        reason = (
            f"{started} units start while others can be compared with, {others} to compare them with; "
            f"at least {LEAST_UNITS} of each are needed"
        )
        return Result.not_assessable(name, reason, title=title, method=METHODS[method])
    job = _Job(cohorts, method == "efficient", level)
    table, more = _estimates(job, used, treated, window)
    table["when"] = [_when(row, who, when) for row in table.to_dict("records")]
    table = table[["average", "at", "when", "estimate", "se", "low", "high", "units"]]
    facts = {
        **more,
        "before_p": _before(job, used),
        "treated": started,
        "controls": others,
        "method": method,
        "left_out": cohorts.left_out,
    }
    facts |= _baseline(job, treated, facts["simple"])
    facts["evidence"] = bool(facts["simple"]["low"] > 0 or facts["simple"]["high"] < 0) and facts["before_p"] >= DOUBT
    words = {"what": what, "measure": measure, "who": who, "when": when}
    answer = _answer(facts, words, level)
    return Result(
        name,
        table,
        title,
        answer,
        f"{METHODS[method]}; compared with {CONTROLS[controls]}{' of the same ' + within if within else ''}.",
        _caveats(facts, method, cohorts, who),
        facts,
        _chart(answer, measure, f"{who} and {when}"),
        _labels(who, when),
    )


def _labels(who: str, when: str) -> dict[str, str]:
    return {
        "average": "Average",
        "at": f"{when.capitalize()}s since the start",
        "when": "When",
        "estimate": f"Effect per {who} and {when}",
        "se": "Std. error",
        "low": "95 % low",
        "high": "95 % high",
        "units": f"{who.capitalize()}s",
    }


def _baseline(job: _Job, treated: Cells, simple: dict[str, float]) -> dict[str, float | None]:
    """What those who started would have had without it, and the effect over that."""
    had = float(average(job.cohorts, treated, "simple") @ job.cohorts.mean[treated.cohort, treated.at])
    without = had - simple["estimate"]
    each = {"change": "estimate", "change_low": "low", "change_high": "high"}
    return {"baseline": without, **{key: simple[one] / without if without > 0 else None for key, one in each.items()}}


def _known(value: str, choices: dict[str, str], where: str) -> None:
    if value not in choices:
        raise InputError(f"no {where} {value!r}", where=where, choices=choices, found=value)


def _compared(cohorts: Panel, used: Cells) -> int:
    """Units that serve as a control of some cell."""
    serves = np.zeros(len(cohorts.size), dtype=bool)
    for stratum in np.unique(cohorts.stratum[used.cohort]):
        last = used.until[cohorts.stratum[used.cohort] == stratum].min()
        serves |= (cohorts.stratum == stratum) & (cohorts.first > last)
    return int(cohorts.size[serves].sum())


@dataclass(frozen=True, eq=False)
class _Job:
    cohorts: Panel
    efficient: bool
    level: float

    def product(self, one: Floats, other: Floats) -> float:
        """Covariance of two contrasts of cohort means."""
        spread = np.einsum("kt,kts,ks->k", one, self.cohorts.cov, other)
        return float((spread / self.cohorts.size).sum())

    def total(self, weights: Floats) -> float:
        """A contrast of cohort means."""
        return float((weights * self.cohorts.mean).sum())

    def estimate(self, used: Cells, weight: Floats, efficient: bool | None = None) -> dict[str, float]:
        """One average effect with its standard errors and interval."""
        from scipy.stats import norm

        after, before = contrasts(self.cohorts, used, weight)
        spread = self.product(before, before)
        best = self.efficient if efficient is None else efficient
        beta = self.product(after, before) / spread if best and spread > 0 else 1.0
        weights = after - beta * before
        value, neyman = self.total(weights), max(self.product(weights, weights), 0.0)
        se = float(np.sqrt(max(neyman - self.refinement(after), 0.0))) if best else float(np.sqrt(neyman))
        half = norm.ppf((1 + self.level) / 2) * se
        return {
            "estimate": value,
            "se": se,
            "se_neyman": float(np.sqrt(neyman)),
            "beta": beta,
            "low": value - half,
            "high": value + half,
            "units": float(self.cohorts.size[np.unique(used.cohort)].sum()),
        }

    def refinement(self, after: Floats) -> float:
        """How much smaller the variance is for sure, since effects that vary with what came before are estimable.

        Regress each cohort's part on the periods before anyone starts (Roth and Sant'Anna 2023, section 4); the
        covariance of those periods is the mean over cohorts.
        """
        ahead = int(self.cohorts.first.min())
        early = self.cohorts.cov[:, :ahead, :ahead]
        slope = np.zeros(ahead)
        for k in np.flatnonzero(np.abs(after).sum(axis=1) > 0):
            slope += np.linalg.pinv(early[k]) @ self.cohorts.cov[k, :ahead] @ after[k]
        return float(slope @ early.mean(axis=0) @ slope / self.cohorts.size.sum())


def _estimates(job: _Job, used: Cells, treated: Cells, window: int) -> tuple[pd.DataFrame, dict[str, Any]]:
    facts: dict[str, Any] = {kind: job.estimate(treated, average(job.cohorts, treated, kind)) for kind in AVERAGES}
    rows: list[dict[str, Any]] = [{"average": kind, "at": None, **facts[kind]} for kind in AVERAGES]
    since = used.at - job.cohorts.first[used.cohort]
    for event in range(-window, window + 1):
        part = used.where(since == event)
        if len(part.cohort):
            size = job.cohorts.size[part.cohort].astype(float)
            best = job.efficient and event >= 0
            rows.append({"average": "event", "at": event, **job.estimate(part, size / size.sum(), best)})
    table = pd.DataFrame(rows).drop(columns=["beta", "se_neyman"]).astype({"at": "Int64", "units": int})
    return table, facts


def _when(row: dict[Any, Any], who: str, when: str) -> str:
    """What a row is an average of, in words."""
    averages = {"simple": f"All {who}s and {when}s", "cohort": "Mean of cohorts", "calendar": f"Mean of {when}s"}
    if row["average"] in averages:
        return averages[row["average"]]
    at = int(row["at"])
    many = f"{abs(at)} {when}{'s' if abs(at) > 1 else ''}"
    return f"first {when}" if at == 0 else f"{many} {'before' if at < 0 else 'after'}"


def _before(job: _Job, used: Cells) -> float:
    """P value of the joint test that the LEADS periods before the start differ by nothing from the one just before."""
    from scipy.stats import chi2

    since = used.at - job.cohorts.first[used.cohort]
    leads = []
    for event in range(-1 - LEADS, -1):
        part = used.where(since == event)
        if len(part.cohort):
            size = job.cohorts.size[part.cohort].astype(float)
            after, before = contrasts(job.cohorts, part, size / size.sum())
            leads.append(after - before)
    if not leads:
        return 1.0
    value = np.array([job.total(lead) for lead in leads])
    spread = np.array([[job.product(one, other) for other in leads] for one in leads])
    rank = int(np.linalg.matrix_rank(spread))
    return float(chi2.sf(value @ np.linalg.pinv(spread) @ value, rank)) if rank else 1.0


def _answer(facts: dict[str, Any], words: dict[str, str], level: float) -> str:
    simple = facts["simple"]
    verdict = (EVIDENCE if facts["evidence"] else NONE).format(**words)
    doubt = "" if facts["before_p"] >= DOUBT else " The groups already moved apart before the start."
    digits = 2 if abs(facts["baseline"]) >= 0.5 else 3
    size, low, high = (f"{simple[key]:+.{digits}f}" for key in ("estimate", "low", "high"))
    change = (
        ""
        if facts["change"] is None
        else (f", that is {facts['change']:+.0%} ({facts['change_low']:+.0%} to {facts['change_high']:+.0%})")
    )
    tell = "The data cannot tell more from less. " if simple["low"] < 0 < simple["high"] else ""
    return (
        f"{verdict[0].upper()}{verdict[1:]}: {size} per {words['who']} and {words['when']} ({level:.0%} interval "
        f"{low} to {high}), where {facts['baseline']:.{digits}f} would be expected without it{change}. "
        f"{tell}{facts['treated']:,} who started are held against up to {facts['controls']:,} who had not.{doubt}"
    )


def _caveats(facts: dict[str, Any], method: str, cohorts: Panel, who: str) -> list[str]:
    assumed = {
        "efficient": "Assumes that when somebody starts is as good as random. Where officers are sent because of a bad "
        "month, they improve anyway (regression to the mean), and this figure would credit the course.",
        "callaway_santanna": "Assumes that those who started would have moved in parallel with the others. Where "
        "officers are sent because of a bad month, they improve anyway.",
    }
    lines = [
        assumed[method],
        "Assumes that nobody changes because the start is near, and that those who started do not change the others.",
    ]
    if facts["before_p"] < DOUBT:
        lines.append(
            f"Before the start the groups already differed (joint p {facts['before_p']:.3f}): the comparison "
            "is not trusted, and no effect is claimed."
        )
    lines += [
        f"{count:,} {who}s {why} are left out." if count > 1 else f"1 {who} {why} is left out."
        for why, count in cohorts.left_out.items()
        if count
    ]
    return lines


def _chart(alt: str, measure: str, each: str) -> Chart:
    return Chart(
        "dots",
        "when",
        "estimate",
        "low",
        "high",
        y_label=f"Effect on {measure} per {each}",
        marks={"target": 0.0, "target_words": "no difference"},
        alt=alt,
    )
