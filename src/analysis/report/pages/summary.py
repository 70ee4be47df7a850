"""The summary's table: every promise on two or three lines."""

from __future__ import annotations

from html import escape

import pandas as pd

from analysis.attainment.items import gap_by_owner
from analysis.promises import ItemsTarget, Part, ShareTarget, SurveyTarget, Target
from analysis.report import numbers, promise_tables
from analysis.report.html_table import great_table, verdict_mark
from analysis.report.labels import ANSWERS, SETTINGS
from analysis.report.outlook import how_to_read, outlook
from analysis.report.pages.page import Page
from analysis.report.pages.surveys import survey
from analysis.report.promise_tables import SAFE, before, decisive_part, parts_of, proxy_standing, rate_of
from analysis.report.wording import Wording
from analysis.results import Results

PARTS_LISTED = 2
"""A promise of more parts is summed up here and listed in full on its own page."""


def promises(results: Results, words: Wording) -> str:
    """Return every promise as HTML: its verdict first, then where it stands, will end, and what it would take.

    A promise of two parts has a row for each below its own.
    """
    rows = []
    for target in results.plan.targets:
        rows.append(_row(results, words, target))
        if isinstance(target, ShareTarget) and 1 < len(target.parts) <= PARTS_LISTED:
            rows += [_part_row(results, words, target, part, name) for part, name in parts_of(target)]
    header = words.text("Promise")
    frame = pd.DataFrame(rows, columns=[header, *_columns(words)])
    return great_table(frame, header, id="promises", caption=words.text("The promises at a glance"))


def _columns(words: Wording) -> list[str]:
    return [
        words.text("Verdict"),
        words.text("Where we stand"),
        words.text("Year-end forecast (80% prediction interval)"),
        words.text("Probability"),
        words.text("Points on last quarter"),
        words.text("What it would take"),
    ]


def _row(results: Results, words: Wording, target: Target) -> list[str]:
    row = results.promise(target.id)
    standing, outlook, needed = _told(results, words, target, row)
    verdict = verdict_mark(row["verdict"], words)
    return [words.of(target.name), verdict, standing, outlook, _chance(row, words), _moved(results, words, row), needed]


def _part_row(results: Results, words: Wording, target: ShareTarget, part: Part, name: str) -> list[str]:
    row = results.promise(target.id, name)
    standing, outlook, needed = _share_told(results, words, row, part)
    return [
        f"– {words.part(results.plan, part)}",
        verdict_mark(row["verdict"], words),
        standing,
        outlook,
        _chance(row, words),
        _moved(results, words, row),
        needed,
    ]


def _told(results: Results, words: Wording, target: Target, row: pd.Series) -> tuple[str, str, str]:
    """Return where a promise stands, where it will be, and what it would take."""
    if row["note"]:
        standing = words.short_reason(row["note"])
        proxy = proxy_standing(results, target) if isinstance(target, SurveyTarget) else None
        if proxy is not None:
            standing = words.text(
                "{reason}; ratings, as a proxy: {standing}", reason=standing, standing=words.standing_cell(proxy)
            )
        return escape(standing), numbers.MISSING, _items_needed(results, words, target, row)
    if not isinstance(target, ShareTarget):
        standing = escape(promise_tables.standing(row, words)) if isinstance(target, ItemsTarget) else numbers.MISSING
        outlook = numbers.MISSING if pd.isna(row["expected"]) else words.outlook_cell(row)
        return standing, outlook, _items_needed(results, words, target, row)
    if len(target.parts) == 1:
        return _share_told(results, words, results.promise(target.id), target.parts[0])
    decides = decisive_part(results, target)
    if decides is None or len(target.parts) <= PARTS_LISTED:  # its parts follow
        return words.text("either will do") if target.combine == "any_of" else words.text("both must hold"), "", ""
    part, its_row = decides
    on_track = [results.promise(target.id, name)["verdict"] in (*SAFE, "likely") for _, name in parts_of(target)]
    name = escape(words.part(results.plan, part))
    _, outlook, needed = _share_told(results, words, its_row, part)
    standing = words.text(
        "{on_track} of {all} on track; furthest off: {name} {standing}",
        on_track=sum(on_track),
        all=len(on_track),
        name=name,
        standing=words.standing_cell(its_row),
    )
    return standing, f"{name}: {outlook}", needed if needed == numbers.MISSING else f"{name}: {needed}"


def _share_told(results: Results, words: Wording, row: pd.Series, part: Part) -> tuple[str, str, str]:
    if row["note"]:
        return escape(words.short_reason(row["note"])), numbers.MISSING, numbers.MISSING
    rate, needed = rate_of(results, row["target"], row["part"]), numbers.MISSING
    if rate is not None and row["verdict"] not in (*SAFE, "missed"):
        needed = escape(words.needed_cell(rate, part.rule, words.of(results.plan.unit)))
    return words.standing_cell(row), words.outlook_cell(row), needed


def _items_needed(results: Results, words: Wording, target: Target, row: pd.Series) -> str:
    if not isinstance(target, ItemsTarget) or row["verdict"] in (*SAFE, "missed"):
        return numbers.MISSING
    return escape(promise_tables.needed_cell(results, words, target))


def _chance(row: pd.Series, words: Wording) -> str:
    """Return the probability above that of the simple forecast it has to beat."""
    if pd.isna(row["probability"]):
        return numbers.MISSING
    said = f"<strong>{words.chance(row['probability'])}</strong>"
    if pd.isna(row["baseline_probability"]):
        return said
    simple = words.text("simple: {chance}", chance=words.chance(row["baseline_probability"]))
    return f"{said} <small>{escape(simple)}</small>"


def _moved(results: Results, words: Wording, row: pd.Series) -> str:
    earlier = before(results, row["target"], row["part"])["probability"]
    return numbers.whole_points(row["probability"], earlier, words.language)


MOST = 3
"""Sentences of a kind: a reader has two minutes."""
NAMED = 3
"""Members named in a sentence."""
STEP = 0.01
"""A probability that moved by less is not news."""


def what_changed(results: Results, words: Wording) -> list[str]:
    """Return up to three sentences, what matters most first: decided, no longer estimated, another verdict, moved."""
    told = [_change(results, words, target) for target in results.plan.targets]
    news = sorted((one for one in told if one is not None), key=lambda one: one[0], reverse=True)
    if not news:
        return [words.text("No probability moved by a percentage point or more.")]
    return [sentence for _, sentence in news[:MOST]]


def _change(results: Results, words: Wording, target: Target) -> tuple[tuple[float, float], str] | None:
    """Return how much a change matters and its sentence; None where there is nothing to tell."""
    now, earlier = results.promise(target.id), before(results, target.id)
    name, first, last = words.of(target.name), earlier["probability"], now["probability"]
    if pd.isna(first) and pd.isna(last):
        return None
    if now["verdict"] in ("met", "missed") and first != last:
        verdict = words.verdict(now["verdict"])
        if pd.isna(first):
            return (2.0, 1.0), words.text("{promise}: {verdict}.", promise=name, verdict=verdict)
        return (2.0, abs(last - first)), words.text(
            "{promise}: {verdict} (a quarter ago {before}).", promise=name, verdict=verdict, before=words.chance(first)
        )
    if pd.isna(last):
        why = words.reason(now["note"])
        return (2.0, first), words.text(
            "{promise}: no longer estimated (a quarter ago {before}). {why}",
            promise=name, before=words.chance(first), why=why,
        )  # fmt: skip
    if pd.isna(first):
        return (1.0, last), words.text(
            "{promise}: estimated for the first time this year, {now}.", promise=name, now=words.chance(last)
        )
    if abs(last - first) < STEP:
        return None
    matters = (1.0 if now["verdict"] != earlier["verdict"] else 0.0, abs(last - first))
    outlooks = _expected(results, words, target)
    if outlooks is None:
        return matters, words.text(
            "{promise}: probability {before} → {now}.",
            promise=name, before=words.chance(first), now=words.chance(last),
        )  # fmt: skip
    whose, expected_before, expected_now = outlooks
    return matters, words.text(
        "{promise}: probability {before} → {now}; year-end forecast {whose}{expected_before} → {expected_now}.",
        promise=name,
        before=words.chance(first),
        now=words.chance(last),
        whose=whose,
        expected_before=numbers.percent(expected_before, words.language),
        expected_now=numbers.percent(expected_now, words.language),
    )


def _expected(results: Results, words: Wording, target: Target) -> tuple[str, float, float] | None:
    """Return whose year-end share is told, what was expected of it a quarter ago, and what is now."""
    whose, now = "", results.promise(target.id)
    if isinstance(target, ShareTarget):
        decides = decisive_part(results, target)
        if decides is None:
            return None
        part, now = decides
        whose = f"{words.part(results.plan, part)}: " if len(target.parts) > 1 else ""
    earlier = before(results, target.id, now["part"])
    if pd.isna(now["expected"]) or pd.isna(earlier["expected"]):
        return None
    return whose, float(earlier["expected"]), float(now["expected"])


def what_to_do(results: Results, words: Wording) -> list[str]:
    """Return up to three sentences, first where effort can tip the most: a chance nearest to even."""
    open_ones = []
    for target in results.plan.targets:
        row = results.promise(target.id)
        if row["verdict"] in (*SAFE, "missed", "not_estimated"):
            continue
        sentence = _action(results, words, target)
        if sentence:
            open_ones.append((abs(row["probability"] - 0.5), sentence))
    open_ones.sort(key=lambda one: one[0])
    return [sentence for _, sentence in open_ones[:MOST]]


def _action(results: Results, words: Wording, target: Target) -> str:
    name = words.of(target.name)
    if isinstance(target, ItemsTarget):
        return " ".join(
            [*promise_tables.what_it_takes(results, words, target), _owners(results, words, target)]
        ).strip()
    decides = decisive_part(results, target) if isinstance(target, ShareTarget) else None
    if decides is None or not isinstance(target, ShareTarget):
        return ""
    part, row = decides
    rate = rate_of(results, target.id, row["part"])
    if rate is None or row["verdict"] in SAFE:
        return ""
    needed = words.needed(rate, part.rule, words.of(results.plan.unit))
    what = f"{name} ({words.part(results.plan, part)})" if len(target.parts) > 1 else name
    return f"{what}: {needed} {_holders(results, words, target.id, row['part'])}".strip()


def _holders(results: Results, words: Wording, target: str, part: str) -> str:
    """Return who holds most of what is missing, bodies before fields; empty where nobody is known to."""
    held = results.gap[(results.gap["target"] == target) & (results.gap["part"] == part) & (results.gap["short"] > 0)]
    if held.empty:
        return ""
    dimension = "agencies" if "agencies" in set(held["dimension"]) else held["dimension"].iloc[0]
    mine = held[held["dimension"] == dimension].sort_values("short", ascending=False).head(NAMED)
    names = [
        f"{words.name(results.plan, row.series)} ({numbers.count(row.short, words.language)})"
        for row in mine.itertuples()
    ]
    return words.text("Most is missing at: {names}.", names=", ".join(names))


def _owners(results: Results, words: Wording, target: ItemsTarget) -> str:
    """Return whose items are open, most first; empty where the data does not say."""
    owners = gap_by_owner(results.items_missing[results.items_missing["target"] == target.id]).head(NAMED)
    if owners.empty:
        return ""
    names = [
        f"{words.name(results.plan, row.owner)} ({numbers.count(row.open, words.language)})"
        for row in owners.itertuples()
    ]
    return words.text("Most are open at: {names}.", names=", ".join(names))


class SummaryPage(Page):
    """The voice of ``00_summary``; see `Page`."""

    def promises(self) -> None:
        """Show the table of all promises."""
        words = self.words
        self._heading(words.text("The promises at a glance"))
        self._html(promises(self.results, words))
        self._note(
            words.text(
                'Probability: the share of {draws} simulated ends of the year in which the promise is kept. "Simple": '
                "the same from the simplest rule that erred least in earlier years, for comparison.",
                draws=numbers.count(self.run.draw_count, self.run.language),
            )
        )

    def news(self) -> None:
        """Show three sentences of what changed since last quarter, and three of what to do, side by side."""
        words = self.words
        changed = words.text("What changed since last quarter"), what_changed(self.results, words)
        needed = words.text("What to do"), what_to_do(self.results, words)
        halves = "".join(
            f'<section class="half"><h2>{escape(heading)}</h2>{self._bullets(sentences)}</section>'
            for heading, sentences in (changed, needed)
            if sentences
        )
        self._html(f'<div class="halves">{halves}</div>')

    def pictures(self) -> None:
        """Show one picture per promised share: of several parts, the one that decides."""
        drawn = False
        for target in self.results.plan.targets:
            if isinstance(target, SurveyTarget):
                found = survey(self.results, self.words, target, small=True)
                if found:
                    self._picture(found)
            decides = decisive_part(self.results, target) if isinstance(target, ShareTarget) else None
            if decides:
                part, drawn = decides[1]["part"], True
                self._picture(outlook(self.results, self.words, target.id, part, self.origin, small=True))
        if drawn:
            self._note(how_to_read(self.words))

    def open_questions(self) -> None:
        """Show which questions that nobody has ruled on would change a verdict, and that the others would not."""
        words, found = self.words, self.results.sensitivity
        if found.empty:
            return
        titles = {target.id: words.of(target.name) for target in self.results.plan.targets}
        changing = found[found["changes"].astype(bool)]
        told = [
            words.text(
                "{question} {answer}: {promise}: {verdict} ({chance}).",
                question=words.text(SETTINGS[row["setting"]]),
                answer=words.text(ANSWERS[row["setting"], row["value"]]),
                promise=titles[row["target"]],
                verdict=words.verdict(row["verdict"]),
                chance=words.chance(row["probability"]),
            )
            for _, row in changing.iterrows()
        ]
        asked, quiet = found["setting"].nunique(), found["setting"].nunique() - changing["setting"].nunique()
        summed = words.text(
            "{asked} questions of the plan are open; {quiet} of them change no verdict, or cannot be computed.",
            asked=numbers.count(asked, words.language),
            quiet=numbers.count(quiet, words.language),
        )
        self._heading(words.text("Not yet ruled on: another answer would change the verdict"))
        self._html(f'<div class="small">{self._bullets([*told, summed])}</div>')
