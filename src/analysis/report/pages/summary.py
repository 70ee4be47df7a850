"""The page of notebook 00_summary: every promise in one table, what changed, what to do, and open questions."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from analysis.attainment.items import gap_by_owner
from analysis.plan.promises import IndexPromise, ItemsPromise, Measured, Part, Promise, SurveyPromise
from analysis.quarter.results import Results
from analysis.report import numbers, promise_tables, simple_forecasts, what_it_takes
from analysis.report.after_a_break import shock_sentence
from analysis.report.html_table import great_table, verdict_mark
from analysis.report.outlook import outlook, outlook_caption
from analysis.report.pages.page import Page
from analysis.report.pages.surveys import survey
from analysis.report.promise_tables import (
    SAFE,
    deciding_part,
    parts_of,
    previous_promise,
    proxy_share_so_far,
    run_rate_of,
)
from analysis.report.published_probabilities import LEDGER
from analysis.report.quantities import Quantity
from analysis.report.since_publication import (
    Move,
    SaidBefore,
    compared_with,
    counted_from,
    moves,
    said_before,
    since_publication,
)
from analysis.report.track_record_sentences import mark, summary_sentences
from analysis.report.wording import Wording


def probability_notes(results: Results, words: Wording, draw_count: int) -> list[str]:
    """Return what a probability is and what each of the simple forecasts beside it means, those shown only.

    Parameters
    ----------
    results, words
        The results to show, and the reader's language.
    draw_count : int
        Joint draws of the run.
    """
    told = [
        words.text(
            "Probability: the share of {draws} simulated ends of the year in which the promise is kept.",
            draws=numbers.count(draw_count, words.language),
        )
    ]
    compared = [
        target for target in results.plan.promises if pd.notna(results.promise(target.id)["baseline_probability"])
    ]
    return [*told, *simple_forecasts.notes(compared, words)]


class SummaryPage(Page):
    """What notebook ``00_summary`` shows; see `Page`."""

    def promises(self, ledger: Path = LEDGER) -> None:
        """Show the table of all promises.

        Parameters
        ----------
        ledger : Path
            Folder of the ledger, whose last publication of an earlier quarter probabilities are compared with.
        """
        words, before = self.words, said_before(ledger, self.run, self.results)
        self._heading(words.text("The promises at a glance"))
        self._html(promises(self.results, words, before))
        notes = probability_notes(self.results, words, self.run.draw_count)
        self._note(" ".join([*notes, compared_with(before, words)]))

    def news(self, ledger: Path = LEDGER) -> None:
        """Show up to three sentences of what changed since a quarter before, and three of what to do, side by side.

        It is counted from the ledger's last publication of an earlier quarter, and a line says which that is; where
        there is none, from what the same method says of the quarter before.

        Parameters
        ----------
        ledger : Path
            Folder of the ledger.
        """
        words = self.words
        since = since_publication(ledger, self.run, self.results)
        explained = moves(since, self.results.plan, words) if since else {}
        before = said_before(ledger, self.run, self.results)
        news = what_changed(self.results, words, before, explained=explained)
        below = ""
        if since and any(move.sentence in news for move in explained.values()):
            below = f'<p class="note">{escape(counted_from(since, words))}</p>'
        changed = (
            words.text("What changed since {quarter}", quarter=numbers.quarter(before.quarter, words.language)),
            news,
        )
        needed = words.text("What to do"), what_to_do(self.results, words)
        halves = "".join(
            f'<section class="half"><h2>{escape(heading)}</h2>{self._bullets(sentences)}{more}</section>'
            for (heading, sentences), more in ((changed, below), (needed, ""))
            if sentences
        )
        self._html(f'<div class="halves">{halves}</div>')

    def pictures(self) -> None:
        """Show a figure per promised share, of several parts the one that decides, and per promise on a survey."""
        has_outlook = False
        for target in self.results.plan.promises:
            if isinstance(target, SurveyPromise):
                picture = survey(self.results, self.words, target, small=True)
                if picture:
                    self._picture(picture)
            decides = deciding_part(self.results, target) if isinstance(target, Measured) else None
            if decides:
                part, has_outlook = decides[1]["part"], True
                self._picture(outlook(self.results, self.words, target.id, part, self.origin, small=True))
        if has_outlook:
            self._note(outlook_caption(self.words))

    def caution(self) -> None:
        """Show what the probabilities rest on: which are tested on what, and which are not."""
        shock = shock_sentence(self.results, self.words)
        self._note(" ".join([shock] * bool(shock) + summary_sentences(self.results, self.words)))

    def open_questions(self) -> None:
        """Show which open questions would change a verdict if answered otherwise, and how many would not."""
        words, found = self.words, self.results.attainment.sensitivity
        if found.empty:
            return
        titles = {target.id: words.of(target.name) for target in self.results.plan.promises}
        questions = self.results.plan.questions
        changing = found[found["changes"].astype(bool)]
        sentences = [
            words.text(
                "{question} {answer}: {promise}: {verdict} ({chance}).",
                question=words.of(questions[row["question"]].asks),
                answer=words.of(questions[row["question"]].answers[row["answer"]].name),
                promise=titles[row["target"]],
                verdict=words.verdict(row["verdict"]),
                chance=words.chance(row["probability"]),
            )
            for _, row in changing.iterrows()
        ]
        asked = found["question"].nunique()
        quiet = asked - changing["question"].nunique()
        summary = words.text(
            "Open questions of the plan: {asked}; that change no verdict, or cannot be computed: {quiet}.",
            asked=numbers.count(asked, words.language),
            quiet=numbers.count(quiet, words.language),
        )
        self._heading(words.text("Not yet ruled on: another answer would change the verdict"))
        self._html(f'<div class="small">{self._bullets([*sentences, summary])}</div>')


PARTS_NAMED = 3
"""Parts named that a promise is not estimated for."""

PARTS_LISTED = 2
"""A promise of more parts is summed up in one row; the page of promises lists them all."""


def promises(results: Results, words: Wording, before: SaidBefore) -> str:
    """Return the table of all promises as HTML: the verdict, the year so far, the forecast, and what it would take.

    A promise of two parts has a row for each of them below its own.

    Parameters
    ----------
    results, words
        The results to show, and the reader's language.
    before : SaidBefore
        What probabilities are compared with.
    """
    rows = []
    for target in results.plan.promises:
        row = results.promise(target.id)
        cells = _cells(results, words, target, row)
        rows.append(_row(results, words, before, words.of(target.name), row, cells, target))
        if isinstance(target, Measured) and 1 < len(target.parts) <= PARTS_LISTED:
            for part, name in parts_of(target):
                row, title = results.promise(target.id, name), f"– {words.part(results.plan, part)}"
                cells = _share_cells(results, words, row, part)
                rows.append(_row(results, words, before, title, row, cells, target, part))
    header = words.text("Promise")
    frame = pd.DataFrame(rows, columns=[header, *_columns(words, before)])
    return great_table(frame, header, id="promises", caption=words.text("The promises at a glance"))


def _columns(words: Wording, before: SaidBefore) -> list[str]:
    return [
        words.text("Verdict"),
        words.text("Where we stand"),
        words.text("Year-end forecast (80% prediction interval)"),
        words.text("Probability"),
        words.text("Points on {quarter}", quarter=numbers.quarter(before.quarter, words.language)),
        words.text("What it would take"),
    ]


def _row(
    results: Results,
    words: Wording,
    before: SaidBefore,
    title: str,
    row: pd.Series,
    cells: tuple[str, str, str],
    target: Promise,
    part: Part | None = None,
) -> list[str]:
    """Return one row of the table, given its cells of the year so far, the year-end forecast and what it would take."""
    so_far, year_end, needed = cells
    chance = _probability_cell(results, words, row, target, part)
    earlier = before.of(row["target"], row["part"])["probability"]
    moved = numbers.whole_points(row["probability"], earlier, words.language)
    return [title, verdict_mark(row["verdict"], words), so_far, year_end, chance, moved, needed]


def _cells(results: Results, words: Wording, target: Promise, row: pd.Series) -> tuple[str, str, str]:
    """Return the cells of a promise's year so far, its year-end forecast, and what it would take."""
    if row["note"]:
        so_far = words.short_reason(row["note"]) + _whose_reason(results, words, target, row["note"])
        proxy = proxy_share_so_far(results, target) if isinstance(target, SurveyPromise) else None
        if proxy is not None:
            so_far = words.text(
                "{reason}; ratings, as a proxy: {standing}", reason=so_far, standing=words.share_so_far_cell(proxy)
            )
        return escape(so_far), numbers.MISSING, _items_needed_cell(results, words, target, row)
    if not isinstance(target, Measured):
        so_far = numbers.MISSING
        if isinstance(target, ItemsPromise):
            so_far = escape(promise_tables.items_so_far(target, row, words))
        how = words.quantity(results.plan, row["indicator"])
        year_end = numbers.MISSING if pd.isna(row["expected"]) else words.outlook_cell(row, how)
        if isinstance(target, IndexPromise) and pd.notna(row["observed_to_date"]):
            so_far = how.beside(row["observed_to_date"], row["threshold"])
        return so_far, year_end, _items_needed_cell(results, words, target, row)
    if len(target.parts) == 1:
        return _share_cells(results, words, results.promise(target.id), next(iter(target.parts.values())))
    decides = deciding_part(results, target)
    if decides is None or len(target.parts) <= PARTS_LISTED:  # its parts have rows of their own
        joined = {"any_of": words.text("either will do"), "last": words.text("the last step decides")}
        return joined.get(str(target.combine), words.text("both must hold")), "", ""
    part, its_row = decides
    on_track = [results.promise(target.id, name)["verdict"] in (*SAFE, "likely") for _, name in parts_of(target)]
    name = escape(words.part(results.plan, part))
    _, year_end, needed = _share_cells(results, words, its_row, part)
    so_far = words.text(
        "{on_track} of {all} on track; furthest off: {name} {standing}",
        on_track=sum(on_track),
        all=len(on_track),
        name=name,
        standing=words.share_so_far_cell(its_row, words.quantity(results.plan, part.indicator)),
    )
    so_far = _with_most_cases(results, words, target, part, so_far)
    return so_far, f"{name}: {year_end}", needed if needed == numbers.MISSING else f"{name}: {needed}"


def _with_most_cases(results: Results, words: Wording, target: Measured, furthest: Part, so_far: str) -> str:
    """Return a cell with the part that has most cases beyond its line, where that is not the furthest off, too."""
    worst = promise_tables.most_cases_off(results, target)
    if worst is None or worst[0] is furthest:
        return so_far
    part, cases = worst
    return words.text(
        "{so_far}; most {unit} too many: {name}, {cases}"
        if part.rule == "at_most"
        else "{so_far}; most {unit} short: {name}, {cases}",
        so_far=so_far,
        unit=escape(words.unit(results.plan, part.indicator)),
        name=escape(words.part(results.plan, part)),
        cases=numbers.count(cases, words.language),
    )


def _whose_reason(results: Results, words: Wording, target: Promise, note: str) -> str:
    """Return which parts a promise is not estimated for, to end the reason; empty where it holds for all of them."""
    parts = parts_of(target) if isinstance(target, Measured) and len(target.parts) > 1 else []
    lacking = [
        words.part(results.plan, part) for part, name in parts if results.promise(target.id, name)["note"] == note
    ]
    if not 0 < len(lacking) < len(parts):
        return ""
    named = ", ".join(lacking[:PARTS_NAMED])
    if len(lacking) <= PARTS_NAMED:
        return f": {named}"
    more = numbers.count(len(lacking) - PARTS_NAMED, words.language)
    return f": {words.text('{named} and {more} more', named=named, more=more)}"


def _share_cells(results: Results, words: Wording, row: pd.Series, part: Part) -> tuple[str, str, str]:
    if row["note"]:
        return escape(words.short_reason(row["note"])), numbers.MISSING, numbers.MISSING
    rate, needed = run_rate_of(results, row["target"], row["part"]), numbers.MISSING
    how = words.quantity(results.plan, part.indicator)
    if rate is not None and row["verdict"] not in (*SAFE, "missed"):
        needed = escape(what_it_takes.cell(words, results.plan, part.indicator, part.rule, rate))
    return words.share_so_far_cell(row, how), words.outlook_cell(row, how), needed


def _items_needed_cell(results: Results, words: Wording, target: Promise, row: pd.Series) -> str:
    if not isinstance(target, ItemsPromise) or row["verdict"] in (*SAFE, "missed"):
        return numbers.MISSING
    return escape(promise_tables.items_needed_cell(results, words, target))


def _probability_cell(results: Results, words: Wording, row: pd.Series, target: Promise, part: Part | None) -> str:
    """Return the probability, below it that of the baseline, and what a reader must know of past ones of its kind."""
    if pd.isna(row["probability"]):
        return numbers.MISSING
    shown = [f"<strong>{words.chance(row['probability'])}</strong>"]
    if pd.notna(row["baseline_probability"]):
        chance = words.chance(row["baseline_probability"])
        simple = simple_forecasts.cell(target, chance, words)
        shown.append(f"<small>{escape(simple)}</small>")
    parted = isinstance(target, Measured) and 1 < len(target.parts) <= PARTS_LISTED
    if row["verdict"] not in ("met", "missed") and (part is not None or not parted):  # else its parts say it
        record = mark(results, target, words, part)
        shown += [f'<small class="record">{escape(record)}</small>'] if record else []
    return " ".join(shown)


SENTENCES = 3
"""Sentences in each of the two lists: a reader has two minutes."""
MEMBERS_NAMED = 3
"""Members named in a sentence."""
NEWS_FROM = 0.01
"""A probability that moved by less is not news."""
LEAP = 0.2
"""A probability that moved by more since it was published is as much news as another verdict."""


def what_changed(
    results: Results, words: Wording, before: SaidBefore, *, explained: Mapping[str, Move] = MappingProxyType({})
) -> list[str]:
    """Return up to three sentences, first what matters most: decided, no longer estimated, another verdict, moved.

    Parameters
    ----------
    results, words
        The results to show, and the reader's language.
    before : SaidBefore
        What was said before.
    explained : mapping
        Promise → how it moved since it was published last, and why; of the others it is only told that they moved.
    """
    changes = [_change(results, words, before, target, explained.get(target.id)) for target in results.plan.promises]
    news = sorted((one for one in changes if one is not None), key=lambda one: one[0], reverse=True)
    if not news:
        return [words.text("No probability moved by a percentage point or more.")]
    return [sentence for _, sentence in news[:SENTENCES]]


def _change(
    results: Results, words: Wording, before: SaidBefore, target: Promise, explained: Move | None
) -> tuple[tuple[float, float], str] | None:
    """Return how much a change matters, for sorting, and its sentence; None where there is no news."""
    now, earlier, when = results.promise(target.id), before.of(target.id), _when(before, words)
    name, first, last = words.of(target.name), earlier["probability"], now["probability"]
    if pd.isna(first) and pd.isna(last):
        return None
    if now["verdict"] in ("met", "missed") and first != last:
        verdict = words.verdict(now["verdict"])
        if pd.isna(first):
            return (2.0, 1.0), words.text("{promise}: {verdict}.", promise=name, verdict=verdict)
        return (2.0, abs(last - first)), words.text(
            "{promise}: {verdict} ({when}: {before}).",
            promise=name, verdict=verdict, when=when, before=words.chance(first),
        )  # fmt: skip
    if pd.isna(last):
        why = words.reason(now["note"])
        return (2.0, first), words.text(
            "{promise}: no longer estimated ({when}: {before}). {why}",
            promise=name, when=when, before=words.chance(first), why=why,
        )  # fmt: skip
    if pd.isna(first):
        return (1.0, last), words.text(
            "{promise}: now estimated, {now} ({when}: not estimated).", promise=name, now=words.chance(last), when=when
        )
    is_other = 1.0 if now["verdict"] != earlier["verdict"] else 0.0
    if explained:
        size = abs(explained.points) / 100
        return ((max(is_other, float(size >= LEAP)), size), explained.sentence) if size else None
    if abs(last - first) < NEWS_FROM:
        return None
    weight = (is_other, abs(last - first))
    forecasts = _forecasts(results, words, target)
    if forecasts is None:
        return weight, words.text(
            "{promise}: probability {before} → {now}.",
            promise=name, before=words.chance(first), now=words.chance(last),
        )  # fmt: skip
    whose, how, expected_before, expected_now = forecasts
    return weight, words.text(
        "{promise}: probability {before} → {now}; year-end forecast {whose}{expected_before} → {expected_now}.",
        promise=name,
        before=words.chance(first),
        now=words.chance(last),
        whose=whose,
        expected_before=how.write(expected_before),
        expected_now=how.write(expected_now),
    )


def _when(before: SaidBefore, words: Wording) -> str:
    quarter = numbers.quarter(before.quarter, words.language)
    if before.known_on is None:
        return words.text("for {quarter}", quarter=quarter)
    return words.text("published for {quarter}", quarter=quarter)


def _forecasts(results: Results, words: Wording, target: Promise) -> tuple[str, Quantity, float, float] | None:
    """Return the name of a promise's deciding part, and the year-end share forecast for it a quarter ago and now."""
    whose, now = "", results.promise(target.id)
    if isinstance(target, Measured):
        decides = deciding_part(results, target)
        if decides is None:
            return None
        part, now = decides
        whose = f"{words.part(results.plan, part)}: " if len(target.parts) > 1 else ""
    earlier = previous_promise(results, target.id, now["part"])
    if pd.isna(now["expected"]) or pd.isna(earlier["expected"]):
        return None
    return whose, words.quantity(results.plan, now["indicator"]), float(earlier["expected"]), float(now["expected"])


def what_to_do(results: Results, words: Wording) -> list[str]:
    """Return up to three sentences, first where effort can change most: the probability nearest to one half.

    Parameters
    ----------
    results, words
        The results to show, and the reader's language.
    """
    actions = []
    for target in results.plan.promises:
        row = results.promise(target.id)
        if row["verdict"] in (*SAFE, "missed", "not_estimated"):
            continue
        sentence = _action(results, words, target)
        if sentence:
            actions.append((abs(row["probability"] - 0.5), sentence))
    actions.sort(key=lambda one: one[0])
    return [sentence for _, sentence in actions[:SENTENCES]]


def _action(results: Results, words: Wording, target: Promise) -> str:
    name = words.of(target.name)
    if isinstance(target, ItemsPromise):
        return " ".join([*promise_tables.items_needed(results, words, target), _owners(results, words, target)]).strip()
    decides = deciding_part(results, target) if isinstance(target, Measured) else None
    if decides is None or not isinstance(target, Measured):
        return ""
    part, row = decides
    rate = run_rate_of(results, target.id, row["part"])
    if rate is None or row["verdict"] in SAFE:
        return ""
    needed = what_it_takes.sentence(words, results.plan, part.indicator, part.rule, rate)
    what = f"{name} ({words.part(results.plan, part)})" if len(target.parts) > 1 else name
    return f"{what}: {needed} {_holders(results, words, target.id, row['part'])}".strip()


def _holders(results: Results, words: Wording, target: str, part: str) -> str:
    """Return the sentence of where most is missing, by body, else by field; empty where that is not known."""
    held = results.published_gap
    short = held[(held["target"] == target) & (held["part"] == part) & (held["short"] > 0)]
    if short.empty:
        return ""
    dimension = "agency" if "agency" in set(short["dimension"]) else short["dimension"].iloc[0]
    mine = short[short["dimension"] == dimension].sort_values("short", ascending=False).head(MEMBERS_NAMED)
    return words.text(
        "Most is missing at: {names}.", names=_named(results, words, dimension, mine["series"], mine["short"])
    )


def _owners(results: Results, words: Wording, target: ItemsPromise) -> str:
    """Return the sentence of whose items are open, most first; empty where the data does not say."""
    owners = gap_by_owner(results.attainment.of("items_missing", target.id)).head(MEMBERS_NAMED)
    if owners.empty:
        return ""
    return words.text(
        "Most are open at: {names}.", names=_named(results, words, "field", owners["owner"], owners["open"])
    )


def _named(results: Results, words: Wording, dimension: str, series: pd.Series, counts: pd.Series) -> str:
    """Return the names of bodies or fields, each with its count."""
    names = [words.name(results.plan, dimension, code) for code in series]
    return ", ".join(f"{name} ({numbers.count(n, words.language)})" for name, n in zip(names, counts, strict=True))
