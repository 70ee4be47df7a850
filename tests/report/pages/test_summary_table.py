"""The summary's table says what the results say, a row per promise and per part of a promise of two."""

from __future__ import annotations

import re
from datetime import date

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from analysis.quarter.results import Results
from analysis.report import numbers
from analysis.report.answer import BY_RISK
from analysis.report.at_a_glance import promises
from analysis.report.promise_tables import deciding_part, proxy_share_so_far
from analysis.report.since_publication import SaidBefore, computed_again
from analysis.report.wording import Wording
from changed_results import changed

pytestmark = pytest.mark.slow
EN = Wording("en")


def _rows(results: Results) -> dict[str, list[str]]:
    soup = BeautifulSoup(promises(results, EN, computed_again(results)), "html.parser")
    assert soup.caption.text == "The promises at a glance"
    body = [row.find_all(["th", "td"]) for row in soup.tbody.find_all("tr")]
    return {
        re.sub(r"^\d+\. ", "", cells[0].text): [cell.get_text(" ", strip=True) for cell in cells[1:]] for cells in body
    }


def test_promises_stand_by_risk_with_their_number_and_the_parts_of_two_follow(results: Results) -> None:
    soup = BeautifulSoup(promises(results, EN, computed_again(results)), "html.parser")
    names = [row.th.text for row in soup.tbody.find_all("tr")]
    in_plan = {f"{number}. {EN.of(target.name)}": target for number, target in enumerate(results.plan.promises, 1)}
    wholes = [in_plan[name] for name in names if not name.startswith("–")]
    assert sorted(target.id for target in wholes) == sorted(results.plan.targets)
    places = [BY_RISK.index(results.promise(target.id)["verdict"]) for target in wholes]
    assert places == sorted(places)
    uptake = names.index("2. Resolved online: 30% (or 50%)")
    assert names[uptake + 1 : uptake + 3] == ["– Of all cases", "– Of cases in procedures published online"]


def test_a_part_says_its_counts_its_chance_and_what_it_takes(results: Results) -> None:
    verdict, standing, outlook, chance, moved, needed = _rows(results)["– Of all cases"]
    row = results.promise("online_uptake", "of_all")
    earlier = results.attainment.previous.query("target == 'online_uptake' and part == 'of_all'").iloc[0]
    rate = results.attainment.run_rate.query("target == 'online_uptake' and part == 'of_all'").iloc[0]
    assert verdict == EN.verdict(row["verdict"])
    assert standing == f"{100 * row['observed_to_date']:.1f}% ({row['numerator']:,}/{row['denominator']:,})"
    assert outlook.startswith(f"{100 * row['expected']:.1f}% (")
    assert chance.split(" simple: ") == [EN.chance(row["probability"]), EN.chance(row["baseline_probability"])]
    assert moved == numbers.whole_points(row["probability"], earlier["probability"], "en")
    assert needed.startswith(
        f"{100 * rate['required_share']:.1f}% of the rest, {rate['cases_per_week']:,.0f} cases a week"
    )


def test_points_are_what_is_printed_now_less_what_was_published(results: Results) -> None:
    # 60.25 % now prints as 60 %, 70.4 % as 70 %: −10, not the −10.15 of what is not printed, nor what the method would
    # say of the quarter today.
    said = results.attainment.promises.set_index(["target", "part"])[["probability", "verdict"]].copy()
    said.loc[("online_uptake", "of_all"), "probability"] = 0.704
    published = SaidBefore(pd.Period("2021Q1"), date(2021, 3, 20), said)
    soup = BeautifulSoup(promises(results, EN, published), "html.parser")
    assert "Points on Q1 2021" in soup.thead.get_text(" ")
    row = next(row for row in soup.tbody.find_all("tr") if row.th.text == "– Of all cases")
    cells = [cell.get_text(" ", strip=True) for cell in row.find_all("td")]
    assert (cells[3].split()[0], cells[4]) == ("60%", "−10")


def test_many_parts_are_summed_up_by_the_one_furthest_off_and_the_one_with_most_cases(results: Results) -> None:
    # Both are as unlikely as may be said (0.5 %). At the end of the year 2.56 % of land and 2.68 % of housing are
    # expected to be overdue: housing is further from 2 %. So far land has 816 of 30,691 where 613.8 are allowed,
    # housing 54 of 1,973 where 39.5 are.
    (target,) = (one for one in results.plan.measured if one.id == "overdue")
    decides = deciding_part(results, target)
    assert decides is not None
    assert decides[1]["part"] == "nhadat"
    land, housing = (results.promise("overdue", part) for part in ("datdai", "nhadat"))
    assert land["probability"] == housing["probability"]
    standing, outlook = _rows(results)["Overdue down to 2% in each field"][1:3]
    assert standing == "6 of 8 on track; furthest off: Housing 2.7% (54/1,973); most cases too many: Land, 203"
    assert outlook.startswith("Housing: 2.7% (")


def _overdue(results: Results, expected: dict[str, float], probability: dict[str, float]) -> Results:
    told = results.attainment.promises.copy()
    for part in expected:
        mine = (told["target"] == "overdue") & (told["part"] == part)
        told.loc[mine, ["expected", "probability", "verdict"]] = [expected[part], probability[part], "uncertain"]
    return changed(results, promises=told)


@pytest.mark.parametrize(
    ("expected", "probability", "furthest"),
    [
        # Beyond the line the distance counts, whatever the chance.
        ({"datdai": 0.021, "nhadat": 0.022}, {"datdai": 0.2, "nhadat": 0.3}, "nhadat"),
        # Where all are expected to keep it, the least likely.
        ({"datdai": 0.018, "nhadat": 0.019}, {"datdai": 0.5, "nhadat": 0.6}, "datdai"),
        ({"datdai": 0.018, "nhadat": 0.019}, {"datdai": 0.5, "nhadat": 0.5}, "nhadat"),
    ],
)
def test_the_part_furthest_off_is_found_by_its_distance_from_the_line(
    results: Results, expected: dict[str, float], probability: dict[str, float], furthest: str
) -> None:
    (target,) = (one for one in results.plan.measured if one.id == "overdue")
    decides = deciding_part(_overdue(results, expected, probability), target)
    assert decides is not None
    assert decides[1]["part"] == furthest


def test_a_called_off_survey_shows_its_proxy_as_one(results: Results) -> None:
    target = results.plan.promises[0]
    proxy = proxy_share_so_far(results, target)
    ratings = results.series("rated_satisfied").query("period >= '2021-01' and period <= '2021-09'")
    assert proxy["denominator"] == ratings["denominator"].sum()
    standing = _rows(results)["Satisfaction above 81%"][1]
    assert standing == f"survey called off; ratings, as a proxy: {EN.share_so_far_cell(proxy)}"


def test_what_is_safe_or_missed_takes_nothing_more(results: Results) -> None:
    told = results.attainment.promises.copy()
    told.loc[told["target"] == "one_stop", "verdict"] = "very_likely"
    told.loc[told["target"] == "autonomy", "verdict"] = "missed"
    rows = _rows(changed(results, promises=told))
    assert rows["One-stop mechanism everywhere"][-1] == rows["Public units made autonomous"][-1] == numbers.MISSING


@pytest.mark.parametrize("lacking", [1, 3, 4, 8])
def test_a_promise_that_is_not_estimated_names_the_parts_it_is_for(results: Results, lacking: int) -> None:
    (target,) = (one for one in results.plan.measured if one.id == "overdue")
    without = list(target.parts)[:lacking]
    told = results.attainment.promises.copy()
    mine = (told["target"] == "overdue") & told["part"].isin(["", *without])
    told.loc[mine, "note"] = "no_counts"
    names = [EN.part(results.plan, target.parts[name]) for name in without]
    endings = {1: f": {names[0]}", 3: f": {', '.join(names)}", 4: f": {', '.join(names[:3])} and 1 more", 8: ""}
    standing = _rows(changed(results, promises=told))["Overdue down to 2% in each field"][1]
    assert standing == f"no counts received{endings[lacking]}"
