"""A Result carries a finding whole: its table, its words, its figure, its caveats and its headline facts."""

from __future__ import annotations

import base64
import html
import io
import json
import math
import os
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from perflib.errors import InputError, PrivacyError
from perflib.figures import Chart, draw, lacking_fonts

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from perflib.privacy.people import People

MIME = "application/vnd.perflib.result+json"
# Spreadsheets evaluate a text by its first sign (full-width ones included), after blanks, and after whatever separator
# they take a line apart at; template/script/data.js holds the same rule.
_SIGN = r"(?=\s*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20])"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_MOST_CELLS, _MOST_BYTES = 20_000, 1_000_000  # larger tables and files are for save(); they would bloat the notebook
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # no XML may hold them
_FORMULA = re.compile(rf"^(?:{_SIGN}|(?=[\t\r\n]))|(?<=[\t\r\n;]){_SIGN}")


@dataclass(frozen=True)
class Words:
    """What a Result says, made from its facts and its table as they may be shown; see ``perflib.words``."""

    title: str
    answer: str
    method: str = ""
    caveats: Sequence[str] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    alt: str = ""


@dataclass(frozen=True, eq=False)
class Result:
    """The answer to one question, immutable; the table is copied in.

    Attributes
    ----------
    name : identifier, unique within a notebook; key of ``facts.json``.
    table : the figures behind the answer, one row per unit of analysis; columns are documented by the function.
    title : the question, as a heading.
    answer : the finding in one or two sentences with its numbers and intervals.
    method : one sentence with its reference.
    caveats : what a reader must know before acting; shown in the summary and on the figure.
    facts : JSON-safe headline numbers.
    chart : how to draw it, or None.
    labels : column -> heading with unit.
    reason : why the question could not be answered; empty when it was.
    people : that the table counts people, and how; whatever leaves the session is then ``shared()``.
    words : makes title, answer, method, caveats, labels and alt text from facts and table; called again on what is left
        when small counts have been hidden. Without it, and where there is a reason, the texts are those given.
    """

    name: str
    table: pd.DataFrame
    title: str = ""
    answer: str = ""
    method: str = ""
    caveats: Sequence[str] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    chart: Chart | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    people: People | None = None
    words: Callable[[Mapping[str, Any], pd.DataFrame], Words] | None = None
    bundle: dict[str, Any] | None = field(default=None, init=False, repr=False)  # see perflib.files.shared

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", self.name):
            raise InputError(f"Result name {self.name!r} must be lower-case letters, digits and underscores")
        object.__setattr__(self, "table", self.table.copy())
        object.__setattr__(self, "caveats", tuple(self.caveats))
        object.__setattr__(self, "facts", json_safe(self.facts))
        if self.words is not None and not self.reason:
            self._say(self.words(self.facts, self.table))

    def _say(self, words: Words) -> None:
        """Take the texts; caveats and labels that were given by hand come after."""
        alt = words.alt or words.answer
        texts = {
            "title": words.title,
            "answer": words.answer,
            "method": words.method,
            "caveats": tuple(dict.fromkeys((*words.caveats, *self.caveats))),
            "labels": {**words.labels, **self.labels},
            "chart": self.chart and replace(self.chart, alt=alt),
        }
        for name, text in texts.items():
            object.__setattr__(self, name, text)

    @classmethod
    def not_assessable(cls, name: str, reason: str, *, title: str = "", method: str = "") -> Result:
        """A Result that says why there is no answer, instead of a bare NaN."""
        heading = title or name.replace("_", " ").capitalize()
        return cls(
            name, pd.DataFrame(), heading, f"Not assessable: {reason}", method, facts={"reason": reason}, reason=reason
        )

    def with_caveats(self, *more: str) -> Result:
        """The same Result with further caveats (repeats are dropped)."""
        return replace(self, caveats=tuple(dict.fromkeys((*self.caveats, *more))))

    def shared(self) -> Result:
        """As it may be shared: small counts of people hidden, with all that would give them away; itself if none are.

        Every display, figure, file and report is made of this; ``table``, ``facts`` and ``answer`` here stay whole.
        """
        if self.people is None:
            return self
        from perflib.privacy.people import gate

        left = gate(self.table, self.facts, self.people)
        if left is None:
            return replace(self, people=None)
        if left.withheld:
            reason = f"counts of {self.people.subject} are too small to be shown"
            return Result.not_assessable(self.name, reason, title=self.title, method=self.method)
        subject, rows = self.people.subject, left.shown
        answer = f"{len(rows)} of {len(left.table)} rows are shown; small counts of {subject} are hidden."
        seen = left.totals and len(rows) > 0
        words = self.words(left.facts, left.table) if self.words is not None and seen else None
        if seen and (say := self.people.answer):
            answer = say(rows)
        whole = set(self.words(self.facts, self.table).caveats) if self.words is not None else set()
        given = [caveat for caveat in self.caveats if caveat not in whole]
        drawn = self.chart is not None and seen and rows.get(self.chart.y, pd.Series(dtype=float)).notna().any()
        shared = replace(
            self,
            table=left.table,
            answer=answer,
            caveats=(*given, *filter(None, [left.caveat])),
            chart=replace(self.chart, alt=answer) if self.chart is not None and drawn else None,
            facts=left.facts,
            labels={**self.labels, "note": self.labels.get("note", "Small counts")},
            people=None,
            words=None,
        )
        if words is not None:
            shared._say(words)
        return shared

    def summary(self) -> str:
        """Title, answer, caveats and method as plain text."""
        if self.people is not None:
            return self.shared().summary()
        lines = [self.title, self.answer]
        lines += [f"Caveat: {caveat}" for caveat in self.caveats]
        return "\n".join([*lines, f"Method: {self.method}"] if self.method else lines)

    def plot(self) -> Figure:
        """The figure, closed (so a notebook cell shows it once).

        Raises
        ------
        InputError : the Result has no figure.
        """
        if self.people is not None:
            return self.shared().plot()
        if self.chart is None:
            raise InputError(f"Result {self.name!r} has no figure", do=self.reason or "read its table instead")
        return draw(self.table, self.chart, title=self.title, caveats=tuple(self.caveats))

    def save(self, folder: str | Path) -> list[Path]:
        """Write csv, xlsx, facts.json and, if there is a figure, svg and png into ``folder``; return the paths.

        Texts that a spreadsheet would evaluate as a formula are written with a leading apostrophe.
        """
        if self.people is not None:
            return self.shared().save(folder)
        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        stem = target / self.name
        safe = spreadsheet_safe(self.table)
        paths = [stem.with_suffix(".csv"), stem.with_suffix(".xlsx"), target / f"{self.name}.facts.json"]
        safe.to_csv(paths[0], index=False, encoding="utf-8-sig")
        paths[1].write_bytes(_workbook(safe, self.name[:31]))
        paths[2].write_text(json.dumps(self.facts, indent=2, ensure_ascii=False), encoding="utf-8")
        if self.chart is not None:
            figure = self.plot()
            for suffix in (".svg", ".png"):
                figure.savefig(stem.with_suffix(suffix))
                paths.append(stem.with_suffix(suffix))
        _logged(f"result {self.name}")
        return paths

    def _boxes(self) -> list[str]:
        """The caveat of a figure that holds characters no installed font has."""
        found = self.chart and lacking_fonts(self.table, self.chart, title=self.title, caveats=self.caveats)
        return [found] if found else []

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        return f"<Result {self.name}: {self.shared().answer}>"

    def _repr_html_(self) -> str:
        return _page(self.shared())

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        return self.bundle or {"text/plain": self.summary(), "text/html": self._repr_html_(), MIME: self.describe()}

    def describe(self) -> dict[str, Any]:
        """Everything a report needs, JSON-safe: words, facts, table (records) and chart description."""
        if self.people is not None:
            return self.shared().describe()
        return {
            "name": self.name,
            "title": self.title,
            "answer": self.answer,
            "method": self.method,
            "caveats": [*self.caveats, *self._boxes()],
            "facts": self.facts,
            "reason": self.reason,
            "labels": dict(self.labels),
            "columns": [str(column) for column in self.table.columns],
            "rows": json_safe(self.table.to_dict("split")["data"]),
            "chart": json_safe(self.chart.describe()) if self.chart else None,
        }


def json_safe(value: Any) -> Any:
    """A copy with only JSON types: NaN and NaT become None, times ISO text, numpy scalars Python ones."""
    if isinstance(value, Mapping):
        return {str(key): json_safe(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [json_safe(item) for item in value]
    if hasattr(value, "tolist") and not isinstance(value, (str, bytes)):
        return json_safe(value.tolist())
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, (bool, int, str)):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _logged(detail: str) -> None:
    """A line of the audit log for an export; a log that fails is told and stops nobody."""
    from perflib import audit

    try:
        audit.append(audit.log_file(), "export", "", detail)
    except PrivacyError as fault:
        warnings.warn(f"this export is not in the audit log: {fault}", stacklevel=3)


def spreadsheet_safe(table: pd.DataFrame) -> pd.DataFrame:
    """A copy in which no text can be evaluated as a spreadsheet formula."""
    safe = table.copy()
    for column in safe.columns:
        if not pd.api.types.is_numeric_dtype(safe[column]):
            safe[column] = safe[column].map(_defuse)
    return safe.rename(columns=lambda column: _defuse(str(column)))


def _defuse(value: Any) -> Any:
    return _FORMULA.sub("'", value) if isinstance(value, str) else value


def _workbook(table: pd.DataFrame, sheet: str) -> bytes:
    """An Excel file; it knows no time zones and no control characters."""
    kept = table.copy()
    for column in kept.columns:
        if isinstance(kept[column].dtype, pd.DatetimeTZDtype):
            kept[column] = kept[column].dt.tz_localize(None)
        elif not pd.api.types.is_numeric_dtype(kept[column]):
            kept[column] = kept[column].map(_printable)
    buffer = io.BytesIO()
    kept.rename(columns=_printable).to_excel(buffer, index=False, sheet_name=sheet, engine="openpyxl")
    return buffer.getvalue()


def _printable(value: Any) -> Any:
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", value) if isinstance(value, str) else value


def _page(result: Result) -> str:
    esc = html.escape
    parts = [f'<section class="perflib-result" id="{esc(result.name)}"><h3>{esc(result.title)}</h3>']
    parts.append(f'<p class="answer">{esc(result.answer)}</p>')
    picture = _picture(result) if result.chart is not None else b""
    if picture:
        alt = esc((result.chart.alt if result.chart else "") or result.answer)
        parts.append(f'<img alt="{alt}" src="{_data_uri(picture, "image/png")}">')
    if not result.table.empty:
        parts.append(_table(result))
    parts.append(links(result, picture))
    if result.caveats:
        items = "".join(f"<li>{esc(caveat)}</li>" for caveat in result.caveats)
        parts.append(f'<ul class="caveats">{items}</ul>')
    if result.method:
        parts.append(f'<p class="method">{esc(result.method)}</p>')
    return "".join(parts) + "</section>"


def _picture(result: Result) -> bytes:
    buffer = io.BytesIO()
    # packing a picture as small as can be takes a tenth of drawing it, for a twelfth of its size
    result.plot().savefig(buffer, format="png", dpi=144, pil_kwargs={"compress_level": 1})
    return buffer.getvalue()


def _data_uri(content: bytes, media: str) -> str:
    return f"data:{media};base64,{base64.b64encode(content).decode()}"


def links(result: Result, picture: bytes) -> str:
    """HTML links that hold figure and table as files; none in an unattended run, whose page has its own."""
    if os.environ.get("PERFLIB_STATIC", "") not in ("", "0"):
        return ""
    result = result.shared()
    files = [("PNG", "png", "image/png", picture)] if picture else []
    if 0 < result.table.size <= _MOST_CELLS:
        safe = spreadsheet_safe(result.table)
        files.append(("Excel", "xlsx", _XLSX, _workbook(safe, result.name[:31])))
        files.append(("CSV", "csv", "text/csv", safe.to_csv(index=False).encode("utf-8-sig")))
    shown = [
        f'<a download="{result.name}.{suffix}" href="{_data_uri(content, media)}">{label}</a>'
        for label, suffix, media, content in files
        if len(content) <= _MOST_BYTES
    ]
    return f'<p class="downloads">Save as {" · ".join(shown)}</p>' if shown else ""


def _table(result: Result, most: int = 60) -> str:
    shown = result.table.head(most).rename(columns=dict(result.labels))
    body = shown.to_html(index=False, escape=True, border=0, na_rep="–", float_format=lambda number: f"{number:,.2f}")
    more = len(result.table) - most
    return body + (f"<p>{more:,} more rows; save the table to see them all.</p>" if more > 0 else "")
