"""What the two-tier province is made of: its bodies, fields and volumes, and how its shares move over the months."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from analysis import lunar_year
from analysis.data.simulate.drawing import autoregression, stream
from analysis.data.simulate.working_calendar import WorkingCalendar

MONTHS = pd.period_range("2024-01", "2026-12", freq="M")
"""Calendar months in which cases are filed."""
FIRST_DAY, LAST_DAY = date(2024, 1, 1), date(2026, 12, 31)
"""Days between which an extract can be taken."""
BREAK = pd.Period("2025-07", freq="M")
"""First month of two-tier government: a new system of record, new identifiers, procedures listed again."""
CALENDAR = WorkingCalendar.between(date(2023, 12, 1), date(2027, 12, 31))
"""Long enough for the last due date of a case filed on the last day."""

DEPARTMENTS, COMMUNES = "departments", "communes"
"""The two blocks of bodies, which plans and reports give apart."""

DEPARTMENT_NAMES = {
    "vpub": ("Văn phòng UBND tỉnh", "Office of the People's Committee"),
    "snv": ("Sở Nội vụ", "Home Affairs"),
    "stp": ("Sở Tư pháp", "Justice"),
    "stc": ("Sở Tài chính", "Finance"),
    "sct": ("Sở Công Thương", "Industry and Trade"),
    "snnmt": ("Sở Nông nghiệp và Môi trường", "Agriculture and Environment"),
    "sxd": ("Sở Xây dựng", "Construction"),
    "skhcn": ("Sở Khoa học và Công nghệ", "Science and Technology"),
    "svhttdl": ("Sở Văn hóa, Thể thao và Du lịch", "Culture, Sports and Tourism"),
    "sgddt": ("Sở Giáo dục và Đào tạo", "Education and Training"),
    "syt": ("Sở Y tế", "Health"),
    "sngv": ("Sở Ngoại vụ", "Foreign Affairs"),
    "sdttg": ("Sở Dân tộc và Tôn giáo", "Ethnic and Religious Affairs"),
    "ttt": ("Thanh tra tỉnh", "Inspectorate"),
    "bqlkkt": ("Ban Quản lý Khu kinh tế", "Economic Zone Authority"),
}
RURAL, WARDS = 48, 16
"""Rural communes and wards; the sixty-fifth body of the commune tier is a special zone with almost no cases."""


def _commune_names() -> dict[str, tuple[str, str]]:
    names = {}
    for number in range(1, RURAL + WARDS + 2):
        kind = ("Xã", "Commune") if number <= RURAL else ("Phường", "Ward")
        kind = ("Đặc khu", "Special zone") if number > RURAL + WARDS else kind
        names[f"xa-{number:02d}"] = (f"{kind[0]} mô phỏng {number:02d}", f"Simulated {kind[1].lower()} {number:02d}")
    return names


COMMUNE_NAMES = _commune_names()
"""The communes are invented, and named so that nobody takes one for a real one."""

BODIES = {**DEPARTMENT_NAMES, **COMMUNE_NAMES}
"""Vietnamese and English name of every body by its code; its position, from 1, is part of its cases' identifiers."""
BLOCKS = {DEPARTMENTS: list(DEPARTMENT_NAMES), COMMUNES: list(COMMUNE_NAMES)}


@dataclass(frozen=True)
class Field:
    """One field of procedures.

    Attributes
    ----------
    name : tuple of str
        Its name in Vietnamese and in English.
    terms : tuple of int
        Terms of its procedures in working days at the start of 2024; a procedure's term is one of them.
    late : float
        How much more often its cases are late than the block's, on the logit scale.
    listed : dict of str to int
        Number of its procedures by block.
    fee_share : float
        Share of its procedures with a fee.
    """

    name: tuple[str, str]
    terms: tuple[int, ...]
    late: float
    listed: dict[str, int]
    fee_share: float


def _field(vi: str, en: str, terms: tuple[int, ...], late: float, listed: tuple[int, int], fees: float) -> Field:
    return Field((vi, en), terms, late, {DEPARTMENTS: listed[0], COMMUNES: listed[1]}, fees)


FIELDS = {
    "datdai": _field("Đất đai", "Land", (10, 15, 20, 30), 0.45, (44, 18), 0.8),
    "xaydung": _field("Xây dựng", "Construction", (10, 15, 20), 0.40, (52, 12), 0.7),
    "dautu": _field("Đầu tư", "Investment and enterprises", (3, 3, 5, 15), -0.30, (96, 10), 0.7),
    "moitruong": _field("Môi trường", "Environment", (15, 20, 30), 0.35, (40, 6), 0.4),
    "nongnghiep": _field("Nông nghiệp", "Agriculture", (5, 10, 15), -0.10, (84, 12), 0.4),
    "giaothong": _field("Giao thông", "Transport", (3, 5), -0.50, (78, 4), 0.8),
    "congthuong": _field("Công Thương", "Industry and trade", (3, 5, 7), -0.60, (90, 6), 0.5),
    "laodong": _field("Lao động, việc làm", "Labour and employment", (5, 7, 10, 20), -0.05, (60, 6), 0.1),
    "noivu": _field("Nội vụ", "Home affairs", (10, 15, 25), -0.10, (48, 14), 0.0),
    "hotich": _field("Hộ tịch", "Civil status", (1, 1, 1, 3, 5), -0.30, (12, 24), 0.6),
    "chungthuc": _field("Chứng thực", "Certification", (1,), -1.20, (2, 12), 1.0),
    "tuphap": _field("Tư pháp", "Justice and judicial records", (7, 10, 15), 0.10, (62, 4), 0.6),
    "baotro": _field("Bảo trợ xã hội", "Social protection", (7, 10, 15, 20), 0.25, (14, 18), 0.0),
    "nguoicong": _field("Người có công", "People of merit", (10, 15, 20), 0.20, (20, 14), 0.0),
    "yte": _field("Y tế", "Health", (10, 15, 20), 0.25, (88, 6), 0.7),
    "giaoduc": _field("Giáo dục và đào tạo", "Education", (5, 10, 20), -0.30, (56, 14), 0.1),
    "vanhoa": _field("Văn hóa, thể thao, du lịch", "Culture, sports, tourism", (5, 7, 10), -0.40, (70, 10), 0.4),
    "khoahoc": _field("Khoa học và công nghệ", "Science and technology", (7, 15, 20), -0.20, (64, 2), 0.5),
    "ngoaivu": _field("Ngoại vụ", "Foreign affairs", (5, 7), -0.30, (8, 2), 0.3),
    "dantoc": _field("Dân tộc, tôn giáo", "Ethnic groups and religion", (10, 15), 0.0, (30, 8), 0.0),
    "khieunai": _field("Khiếu nại, tố cáo", "Complaints", (30,), 0.6, (6, 4), 0.0),
    "tonghop": _field("Tổng hợp", "General", (10, 15), 0.0, (6, 2), 0.0),
}

MONTHLY_CASES = {
    ("snnmt", "datdai"): 8300, ("snnmt", "moitruong"): 130, ("snnmt", "nongnghiep"): 330,
    ("stc", "dautu"): 2700, ("stc", "tonghop"): 25,
    ("sxd", "giaothong"): 3400, ("sxd", "xaydung"): 620,
    ("stp", "tuphap"): 2500, ("stp", "hotich"): 60, ("stp", "chungthuc"): 20,
    ("sct", "congthuong"): 1900,
    ("syt", "yte"): 700, ("syt", "baotro"): 40,
    ("snv", "laodong"): 950, ("snv", "noivu"): 160, ("snv", "nguoicong"): 260,
    ("skhcn", "khoahoc"): 130, ("svhttdl", "vanhoa"): 260, ("sgddt", "giaoduc"): 420,
    ("sngv", "ngoaivu"): 50, ("sdttg", "dantoc"): 30, ("ttt", "khieunai"): 10,
    ("bqlkkt", "dautu"): 45, ("bqlkkt", "xaydung"): 25, ("bqlkkt", "laodong"): 150,
    ("vpub", "tonghop"): 15,
    (COMMUNES, "chungthuc"): 11_300, (COMMUNES, "hotich"): 7600, (COMMUNES, "datdai"): 2900,
    (COMMUNES, "baotro"): 2500, (COMMUNES, "dautu"): 1250, (COMMUNES, "xaydung"): 760,
    (COMMUNES, "nguoicong"): 620, (COMMUNES, "laodong"): 260, (COMMUNES, "giaoduc"): 250,
    (COMMUNES, "nongnghiep"): 130, (COMMUNES, "noivu"): 110, (COMMUNES, "vanhoa"): 80,
    (COMMUNES, "moitruong"): 50, (COMMUNES, "dantoc"): 35, (COMMUNES, "khieunai"): 20, (COMMUNES, "tuphap"): 60,
}  # fmt: skip
"""Cases received a month at the start of 2024 by agency and field, the communes' together. Their sum and growth give
the 191,957 cases that the real province is known to have received in the third quarter of 2025."""

WORKING_DAYS_A_MONTH = 21.0
"""Working days of mean weight in a month."""
GROWTH_PER_MONTH, BREAK_STEP = 0.0042, 0.10
"""Change of the log volume per month, and from July 2025 on: what districts used to keep in books is now recorded."""
TET_DIP, TET_DIP_DAYS = -0.50, (-12, 7)
"""Change of the log volume of a working day close to Tết, and which days these are, from the first of the year on."""
TET_SURGE, TET_SURGE_DAYS = {DEPARTMENTS: 0.08, COMMUNES: 0.38}, (8, 28)
"""The same of the surge that follows: papers for people who look for work, above all, and those in the communes."""
WEEKDAYS = (1.18, 1.02, 0.97, 0.93, 0.90)
"""Cases received on Monday to Friday, relative to their mean."""

Anchors = dict[str, float]
"""Shares (0–1) at some months. Between two of them the logit of the share is interpolated."""

SHARES: dict[str, dict[str, Anchors]] = {
    "online": {
        DEPARTMENTS: {"2024-01": 0.62, "2025-06": 0.72, "2025-07": 0.87, "2025-12": 0.91, "2026-12": 0.95},
        COMMUNES: {"2024-01": 0.36, "2025-06": 0.48, "2025-07": 0.66, "2025-12": 0.72, "2026-12": 0.82},
    },
    "late": {
        DEPARTMENTS: {
            "2024-01": 0.052, "2025-06": 0.044, "2025-07": 0.128, "2025-09": 0.122, "2025-12": 0.092,
            "2026-06": 0.072, "2026-12": 0.058,
        },
        COMMUNES: {
            "2024-01": 0.040, "2025-06": 0.034, "2025-07": 0.066, "2025-09": 0.064, "2025-12": 0.052,
            "2026-06": 0.046, "2026-12": 0.038,
        },
    },
    "paid_online": {
        "online": {"2024-01": 0.44, "2025-06": 0.58, "2025-07": 0.70, "2026-12": 0.84},
        "offline": {"2024-01": 0.02, "2025-06": 0.05, "2025-07": 0.08, "2026-12": 0.20},
    },
    "digitised": {
        "online": {"2024-01": 0.60, "2025-06": 0.70, "2025-07": 0.71, "2025-12": 0.84, "2026-12": 0.95},
        "offline": {"2024-01": 0.30, "2025-06": 0.42, "2025-07": 0.50, "2025-12": 0.62, "2026-12": 0.82},
    },
    "electronic_result": {
        "online": {"2024-01": 0.66, "2025-06": 0.78, "2025-07": 0.76, "2025-12": 0.86, "2026-12": 0.96},
        "offline": {"2024-01": 0.35, "2025-06": 0.46, "2025-07": 0.48, "2026-12": 0.74},
    },
    "data_reused": {
        "online": {"2024-01": 0.13, "2025-06": 0.20, "2025-07": 0.26, "2026-12": 0.56},
        "offline": {"2024-01": 0.04, "2025-06": 0.08, "2025-07": 0.10, "2026-12": 0.30},
    },
    "apology": {"all": {"2024-01": 0.48, "2025-06": 0.62, "2025-07": 0.50, "2025-12": 0.70, "2026-12": 0.93}},
    "satisfied": {
        "online": {"2024-01": 0.905, "2025-06": 0.925, "2025-07": 0.885, "2025-12": 0.932, "2026-12": 0.958},
        "offline": {"2024-01": 0.955, "2025-06": 0.962, "2025-07": 0.940, "2025-12": 0.962, "2026-12": 0.972},
    },
    "feedback_on_time": {"all": {"2024-01": 0.84, "2025-06": 0.89, "2025-07": 0.80, "2025-12": 0.90, "2026-12": 0.97}},
}  # fmt: skip
"""How each share moves, by block of bodies or by how the case was filed."""
PARTIAL_LESS_ONLINE = -0.9
"""Online filing of procedures listed as partial, less that of full-process ones, on the logit scale."""

TERM_FACTORS = {"2024-01": 1.0, "2025-07": 0.78, "2026-01": 0.57, "2026-05": 0.47}
"""Factor on the terms of 2024, from each month on: the steps in which the province cuts its processing time."""

NOT_RECORDED_LEVEL = 0.035
"""Share of cases before July 2025 whose level the old system did not record."""
ELSEWHERE = {"online": 0.03, "offline": 0.20}
"""Share received by a body other than the competent one, from July 2025 on: anywhere in the province."""


@dataclass(frozen=True)
class Desks:
    """The units of the simulation: one body's work in one field.

    Attributes
    ----------
    body, field, block : np.ndarray
        Position in `BODIES`, in `FIELDS` and in `BLOCKS`.
    monthly_cases : np.ndarray
        Cases received a month at the start of 2024.
    commune_weight : np.ndarray
        Share of the communes' cases by commune.
    """

    body: np.ndarray
    field: np.ndarray
    block: np.ndarray
    monthly_cases: np.ndarray
    commune_weight: np.ndarray


def desks(seed: int) -> Desks:
    """Return the desks of a province; wards have more cases than rural communes, the special zone has almost none."""
    rng = stream(seed, "communes")
    size = np.concatenate([np.full(RURAL, 1.0), np.full(WARDS, 2.4), [0.02]])
    weight = size * rng.lognormal(0, 0.35, len(size))
    weight /= weight.sum()
    bodies, fields = list(BODIES), list(FIELDS)
    rows: list[tuple[int, int, int, float]] = []
    for (agency, field), cases in MONTHLY_CASES.items():
        if agency == COMMUNES:
            own = weight * rng.lognormal(0, 0.2, len(weight))
            own = cases * own / own.sum()
            rows += [
                (len(DEPARTMENT_NAMES) + at, fields.index(field), 1, number) for at, number in enumerate(own.tolist())
            ]
        else:
            rows.append((bodies.index(agency), fields.index(field), 0, float(cases)))
    body, field_at, block, monthly = (np.array(column) for column in zip(*rows, strict=True))
    return Desks(body, field_at, block, monthly, weight)


def path_of(anchors: Anchors) -> np.ndarray:
    """Return the logit of a share in each of `MONTHS`."""
    at = [MONTHS.get_loc(pd.Period(month, freq="M")) for month in anchors]
    return np.interp(np.arange(len(MONTHS)), at, logit(list(anchors.values())))


def term_factor() -> np.ndarray:
    """Return the factor on the terms of 2024 in each of `MONTHS`."""
    starts = [MONTHS.get_loc(pd.Period(month, freq="M")) for month in TERM_FACTORS]
    step = np.searchsorted(starts, np.arange(len(MONTHS)), side="right") - 1
    return np.array(list(TERM_FACTORS.values()))[step]


@dataclass(frozen=True)
class Paths:
    """Volumes and shares by month, all on the log or logit scale but the volumes.

    Attributes
    ----------
    cases : np.ndarray
        Cases of a working day of mean weight, of shape (desks, months).
    online : np.ndarray
        Logit of the share filed online of full-process procedures, of shape (desks, months).
    late : np.ndarray
        Logit of the share that misses its first due date, of shape (desks, months).
    flags : dict of str to np.ndarray
        Share (0–1) of the other entries of `SHARES`, of shape (2, months): not online, online.
    body : np.ndarray
        What a body adds to the logits of its flags, by position in `BODIES`.
    """

    cases: np.ndarray
    online: np.ndarray
    late: np.ndarray
    flags: dict[str, np.ndarray]
    body: np.ndarray


def paths(seed: int, desks: Desks) -> Paths:
    """Return the volumes and shares of a province by month.

    Parameters
    ----------
    seed : int
        Seed of the province.
    desks : Desks
        Its desks.

    Notes
    -----
    Volumes have a trend, a step in July 2025, a season and shocks, some shared by all and some of each desk. Each body
    and each desk has an effect of its own on lateness and on filing online, which drifts slowly.
    """
    shape = len(desks.body), len(MONTHS)
    month = np.arange(len(MONTHS))
    blocks = list(BLOCKS)

    rng = stream(seed, "volumes")
    season = rng.normal(0, 0.03, 12) + np.array([0, 0, 0.04, 0.02, 0, -0.01, 0.01, 0.02, 0.01, 0, 0.02, 0.05])
    common = autoregression(rng, (1, len(MONTHS)), 0.02, 0.5)
    own = autoregression(rng, shape, 0.06, 0.5)
    log = GROWTH_PER_MONTH * month + season[MONTHS.month - 1] + BREAK_STEP * (MONTHS >= BREAK) + common + own
    cases = desks.monthly_cases[:, None] / WORKING_DAYS_A_MONTH * np.exp(log)

    def by_block(share: str) -> np.ndarray:
        return np.stack([path_of(SHARES[share][block]) for block in blocks])[desks.block]

    rng = stream(seed, "shares")
    body = rng.normal(0, 0.30, (2, len(BODIES)))[:, desks.body]
    drift = np.cumsum(rng.normal(0, 0.02, (1, len(MONTHS))), axis=1)
    online = by_block("online") + body[0][:, None] + rng.normal(0, 0.2, (shape[0], 1)) + drift
    field_late = np.array([field.late for field in FIELDS.values()])[desks.field]
    late = by_block("late") + (body[1] + field_late + rng.normal(0, 0.15, shape[0]))[:, None]
    late = late + autoregression(rng, (2, len(MONTHS)), 0.05, 0.6)[desks.block] + autoregression(rng, shape, 0.08, 0.6)
    flags = {}
    for name, anchors in SHARES.items():
        if name not in ("online", "late"):
            two = [anchors[key] for key in (("offline", "online") if "online" in anchors else ("all", "all"))]
            flags[name] = expit(np.stack([path_of(one) for one in two]))
    return Paths(cases, online, late, flags, rng.normal(0, 0.25, len(BODIES)))


def day_weights(month: pd.Period) -> tuple[np.ndarray, np.ndarray]:
    """Return the positions of a month's working days in `CALENDAR`, and their weights, of shape (blocks, days)."""
    first, after = CALENDAR.position(np.array([month.start_time, (month + 1).start_time], dtype="datetime64[D]"))
    position = np.arange(first, after)
    days = CALENDAR.days[position]
    log = np.log(np.array(WEEKDAYS))[(days.astype("datetime64[D]").view("int64") - 4) % 7]
    from_tet = (days - np.datetime64(lunar_year.first_day(month.year))).astype(int)
    is_dip, is_surge = (
        (from_tet >= first_day) & (from_tet <= last_day) for first_day, last_day in (TET_DIP_DAYS, TET_SURGE_DAYS)
    )
    return position, np.exp(np.stack([log + TET_DIP * is_dip + TET_SURGE[block] * is_surge for block in BLOCKS]))
