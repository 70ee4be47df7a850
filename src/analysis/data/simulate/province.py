"""What the simulated province is made of: its bodies, fields, volumes and shares."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pandas as pd

CUTOFF_DAY = 14
MONTHS = pd.period_range("2018-01", "2021-12", freq="M")
LAST_DAY = date(2021, 12, 14)
"""Last day with events; cases that would be finished later stay open."""
EXTRACTED_ON = date(2021, 12, 20)
"""Day of the extraction: some days after the last day, as offices do it."""

QUARTER = (date(2021, 6, 15), date(2021, 9, 14))
"""First and last day of the plan's current quarter, of which the demo has the cases and the form."""
EARLIER_EXTRACT = date(2021, 6, 20)
"""Day of an earlier extract, with which the demo's counts can be compared."""
FORM_FILED_ON = date(2021, 9, 20)
"""Day up to which the cases were entered that the form filed for the quarter counts."""

MONTHS_AHEAD = 4
"""Months simulated past the last day: the cases that would be finished in them are the open cases. Almost no case takes
longer from its acceptance to its finish."""

CATALOGUE_STEP = pd.Period("2020-09", freq="M")
"""Reporting month in which the online catalogue grew at once: the step."""
CATALOGUE_STEP_DAY = date(2020, 8, 15)
"""First day of the reporting month of the step."""

DISTRICT_WEIGHTS = {
    "nt": 0.36, "cr": 0.11, "cl": 0.10, "vn": 0.09, "nh": 0.16, "kv": 0.03, "dk": 0.12, "ks": 0.02, "ts": 0.001,
}  # fmt: skip
"""Share of the districts' cases by district (sums to about 1; Trường Sa is tiny on purpose)."""

COMMUNES = {"nt": 27, "cr": 15, "cl": 14, "vn": 13, "nh": 27, "kv": 14, "dk": 18, "ks": 8, "ts": 3}
"""Communes by district; that of Nha Trang is published, the others are near enough for a simulation."""

DISTRICT_OFFICES = "districts"
"""In `MONTHLY_CASES`, the nine district offices together; they share the cases by `DISTRICT_WEIGHTS`."""

MONTHLY_CASES = {
    ("stnmt", "datdai"): 420, (DISTRICT_OFFICES, "datdai"): 2600,
    ("stnmt", "moitruong"): 70, (DISTRICT_OFFICES, "moitruong"): 110,
    ("skhdt", "dautu"): 520,
    ("sxd", "xaydung"): 140, (DISTRICT_OFFICES, "xaydung"): 560,
    ("sxd", "nhadat"): 210,
    ("cucthue", "thue"): 1800,
    ("bhxhtinh", "bhxh"): 2300,
    ("sldtbxh", "ldtbxh"): 380, (DISTRICT_OFFICES, "ldtbxh"): 820,
    ("stp", "hotich"): 600, (DISTRICT_OFFICES, "hotich"): 2700,
    ("sgtvt", "giaothong"): 1700,
    ("syt", "yte"): 170,
    ("sct", "congthuong"): 800,
    ("bqlvp", "dautu"): 25, ("bqlvp", "xaydung"): 10,
    ("ca", "cutru"): 180,
    ("snnptnt", "nongnghiep"): 140,
    ("sgddt", "giaoduc"): 90,
    ("snv", "noivu"): 60,
    ("svhtt", "vanhoa"): 45,
    ("sdl", "dulich"): 40,
    ("stc", "taichinh"): 35,
    ("stttt", "truyenthong"): 30,
    ("sngv", "ngoaivu"): 25,
    ("skhcn", "khoahoc"): 20,
    ("vpub", "tonghop"): 10,
    ("nhnn", "nganhang"): 8,
    ("ttt", "khieunai"): 6,
    ("bdt", "dantoc"): 4,
}  # fmt: skip
"""Cases per month at the start of 2018, by agency and field. The bodies in the second half are small, as in any
province: their shares fluctuate strongly, and a report must cope with that."""


@dataclass(frozen=True)
class Field:
    """One field of procedures.

    Attributes
    ----------
    name : str
        Name in an export.
    late_2018 : float
        Share of resolved cases finished after their due date at the start of 2018.
    terms : tuple of int
        Terms of its procedures in working days; a procedure's term is drawn from them with equal probability.
    procedures : int
        Weight that decides its part of the catalogue's procedures.
    """

    name: str
    late_2018: float
    terms: tuple[int, ...]
    procedures: int


FIELDS = {
    "datdai": Field("Đất đai", 0.046, (10, 15, 20, 30), 60),
    "moitruong": Field("Môi trường", 0.036, (15, 20, 30), 45),
    "dautu": Field("Đầu tư", 0.016, (3, 3, 5, 15), 110),
    "xaydung": Field("Xây dựng", 0.034, (10, 15, 20), 60),
    "nhadat": Field("Nhà đất", 0.040, (10, 15, 20), 25),
    "thue": Field("Thuế", 0.014, (3, 5, 10), 80),
    "bhxh": Field("Bảo hiểm xã hội", 0.015, (2, 5, 7, 10), 30),
    "ldtbxh": Field("Lao động, thương binh và xã hội", 0.022, (5, 7, 10, 20), 90),
    "hotich": Field("Hộ tịch", 0.014, (1, 1, 1, 3, 5), 50),
    "giaothong": Field("Giao thông vận tải", 0.012, (3, 5), 80),
    "yte": Field("Y tế", 0.030, (10, 15, 20), 90),
    "congthuong": Field("Công Thương", 0.010, (3, 5, 7), 90),
    "cutru": Field("Cư trú", 0.012, (3, 7), 30),
    "nongnghiep": Field("Nông nghiệp và phát triển nông thôn", 0.018, (5, 10, 15), 80),
    "giaoduc": Field("Giáo dục và đào tạo", 0.012, (5, 10, 20), 60),
    "noivu": Field("Nội vụ", 0.014, (10, 15, 25), 50),
    "vanhoa": Field("Văn hóa và thể thao", 0.012, (5, 7, 10), 50),
    "dulich": Field("Du lịch", 0.010, (5, 10), 20),
    "taichinh": Field("Tài chính", 0.016, (2, 15, 30), 20),
    "truyenthong": Field("Thông tin và truyền thông", 0.010, (5, 7, 10), 30),
    "ngoaivu": Field("Ngoại vụ", 0.012, (5, 7), 8),
    "khoahoc": Field("Khoa học và công nghệ", 0.012, (7, 15, 20), 35),
    "tonghop": Field("Tổng hợp", 0.020, (10, 15), 6),
    "nganhang": Field("Ngân hàng", 0.010, (15, 30), 10),
    "khieunai": Field("Khiếu nại, tố cáo", 0.030, (30,), 6),
    "dantoc": Field("Dân tộc", 0.015, (10, 15), 4),
}
"""Terms run from one working day (civil status) to thirty (land). A procedure has one term for all channels."""

AGENCIES = {
    "vpub": "Văn phòng UBND tỉnh", "snv": "Sở Nội vụ", "stp": "Sở Tư pháp", "skhdt": "Sở Kế hoạch và Đầu tư",
    "stc": "Sở Tài chính", "sct": "Sở Công Thương", "snnptnt": "Sở Nông nghiệp và Phát triển nông thôn",
    "sgtvt": "Sở Giao thông vận tải", "sxd": "Sở Xây dựng", "stnmt": "Sở Tài nguyên và Môi trường",
    "stttt": "Sở Thông tin và Truyền thông", "sldtbxh": "Sở Lao động – Thương binh và Xã hội",
    "svhtt": "Sở Văn hóa và Thể thao", "sdl": "Sở Du lịch", "skhcn": "Sở Khoa học và Công nghệ",
    "sgddt": "Sở Giáo dục và Đào tạo", "syt": "Sở Y tế", "sngv": "Sở Ngoại vụ", "ttt": "Thanh tra tỉnh",
    "bdt": "Ban Dân tộc", "bqlvp": "Ban Quản lý Khu kinh tế Vân Phong", "cucthue": "Cục Thuế tỉnh",
    "bhxhtinh": "Bảo hiểm xã hội tỉnh", "ca": "Công an tỉnh", "nhnn": "Ngân hàng Nhà nước chi nhánh tỉnh",
    "ubnd-nt": "UBND TP. Nha Trang", "ubnd-cr": "UBND TP. Cam Ranh", "ubnd-cl": "UBND H. Cam Lâm",
    "ubnd-vn": "UBND H. Vạn Ninh", "ubnd-nh": "UBND TX. Ninh Hòa", "ubnd-kv": "UBND H. Khánh Vĩnh",
    "ubnd-dk": "UBND H. Diên Khánh", "ubnd-ks": "UBND H. Khánh Sơn", "ubnd-ts": "UBND H. Trường Sa",
}  # fmt: skip
"""Name of every body by its code. A body's position, from 1, is its number in the identifiers of its cases; the real
numbers were not found, so these are made up."""

VERTICAL = ("cucthue", "bhxhtinh", "ca", "nhnn")
"""Branches of national bodies; the real ones have their cases in systems of their own."""

LATE_YEARLY_FACTOR = 0.82
"""Factor by which the odds of lateness change in a year."""
EARLY_SHARE = 0.58
"""Share early, of cases with a due date that are not late."""
NO_DUE_DATE_SHARE = 0.037
"""Share of cases without a due date."""
GROWTH_PER_MONTH = 0.004
TET_DIP = -0.55
"""Change of the log volume per month, and in a month that lies wholly in the Tết window."""

OLD_CATALOGUE_SHARE = 0.19
NEW_CATALOGUE_SHARE = 0.46
"""Share of cases of procedures published before the step, and of procedures published at it."""
OLD_UPTAKE = {"ceiling": 0.86, "rate": 0.085, "midpoint": 16.0}
NEW_UPTAKE = {"ceiling": 0.64, "rate": 0.22, "midpoint": 39.3}
"""S-curves of the share filed online, for procedures published before the step and at it; in months since 2018-01."""
POSTAL_SHARE = 0.035
"""Share that comes by post, of the cases not filed online."""

WITHDRAWN_SHARE = 0.012
REFUSED_SHARE = 0.06
"""Withdrawn cases per resolved case, and refused cases per case resolved online. At the counter an incomplete file is
handed back before it becomes a case, so only online filings are refused."""

LATE_ENTRY_BODIES = ("ubnd-kv", "ubnd-ks", "ubnd-vn")
LATE_ENTRY_SHARE, LATE_ENTRY_DAYS = 0.2, 20.0
"""Bodies that enter cases filed on paper into the system later, the share of these cases, and the mean delay in days:
what was counted before such a case was entered lacks it."""
MISTYPED = ("sct", "resolved_early")
"""Body and column of the form in which two digits were swapped by hand."""

RATING_SHARE = 0.07
"""Share rated, of resolved cases that were handed over and did not come by post."""
SATISFIED_2018, SATISFIED_SLOPE = 0.80, 0.009
"""Share satisfied among ratings at the start of 2018, and its monthly drift on the logit scale."""
VERY_SATISFIED_SHARE = 0.42
"""Share "very satisfied", of the satisfied ratings."""


def offices() -> pd.DataFrame:
    """Return the units of the simulation, one row per agency and field: `agency, district, field, monthly_cases`."""
    rows: list[tuple[str, str | None, str, float]] = []
    for (agency, field), cases in MONTHLY_CASES.items():
        if agency == DISTRICT_OFFICES:
            rows += [(f"ubnd-{code}", code, field, cases * weight) for code, weight in DISTRICT_WEIGHTS.items()]
        else:
            rows.append((agency, None, field, cases))
    return pd.DataFrame(rows, columns=["agency", "district", "field", "monthly_cases"])
