"""The cells of one form as an office might file it, with every mess such files come with."""

from __future__ import annotations

import unicodedata

MASTHEAD = [
    ["Biểu số II.06a/VPCP/KSTT", *[""] * 8, "- Đơn vị báo cáo:\nUBND tỉnh Khánh Hòa"],
    ["TÌNH HÌNH, KẾT QUẢ GIẢI QUYẾT TTHC TẠI CƠ QUAN, ĐƠN VỊ TRỰC TIẾP GIẢI QUYẾT TTHC", *[""] * 8,
     "- Đơn vị nhận báo cáo: Văn phòng Chính phủ"],
    ["", "Kỳ báo cáo: Quý III/2021 (Từ ngày 15/6/2021 đến  ngày 14/9/2021)"],
    [*[""] * 10, "Đơn vị tính: số hồ sơ TTHC"],
]  # fmt: skip
HEADER = [
    ["TT", "Lĩnh vực, công việc giải quyết theo cấp", "Số hồ sơ nhận giải quyết", "", "", "",
     "Số hồ sơ đã giải quyết", "", "", "", "Số hồ sơ đang giải quyết", "", ""],
    ["", "", "Tổng số", "Trong kỳ", "", "Từ kỳ trước", "Tổng số", "Trước hạn", "Đúng hạn", "Quá hạn",
     "Tổng số", "Trong hạn", "Quá hạn"],
    ["", "", "", "Trực tuyến", "Trực tiếp, dịch vụ\nbưu chính", *[""] * 8],
]  # fmt: skip
FORMULAS = ["(1)", "(2)", "(3)=(4)+(5)+(6)", "(4)", "(5)", "(6)", "(7)=(8)+(9)+(10)", "(8)", "(9)", "(10)",
            "(11)=(12)+(13)", "(12)", "(13)"]  # fmt: skip
HOME_AFFAIRS = [30, 12, 8, 10, 22, 10, 9, 3, 8, 6, 2]
HEALTH = [1234, 1000, 200, 34, 1200, 700, 450, 50, 34, 30, 4]
DIEN_KHANH = [100, 40, 50, 10, 90, 60, 25, 5, 10, 10, 0]
TRUONG_SA = [0] * 11
SUM = [1364, 1052, 258, 54, 1312, 770, 484, 58, 52, 46, 6]
BODY = [
    ["I", "Cấp tỉnh"],
    ["1", unicodedata.normalize("NFD", "  Sở\xa0Nội   vụ "), *HOME_AFFAIRS],
    [2, "Sở Y tế", "1.234", "1.000", 200, "34,0", "1 200", "700", 450, 50, 34.0, 30, 4],
    ["II", "Cấp huyện", *DIEN_KHANH],
    [1, "UBND huyện Diên Khánh", *DIEN_KHANH[:-1], "-"],
    [2, "UBND huyện Trường Sa", *["-"] * 11],
    ["Tổng cộng", "", *SUM],
]
FOOT = [[], ["", "NGƯỜI LẬP BIỂU", *[""] * 8, "Khánh Hòa, ngày 20 tháng 9 năm 2021"], ["", "", *[""] * 8, "(Ký tên)"]]
GRID = [*MASTHEAD, *HEADER, FORMULAS, *BODY, *FOOT]
FIRST_BODY_ROW = len(MASTHEAD) + len(HEADER) + 2
"""Row of the sheet, from 1, on which the first row of BODY stands."""
