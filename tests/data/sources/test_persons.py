"""A header tells of a person however it is written, and a word that merely looks like one does not."""

from __future__ import annotations

import unicodedata

import pytest

from analysis.data.sources.persons import is_personal, personal_columns
from analysis.data.sources.rows import name_columns

PERSONS = """
Người nộp|Chủ hồ sơ|Địa chỉ|HoTen|SoDienThoai|CCCD|Email|applicant_name|owner|phone|NguoiNop|nguoi_nop|NGƯỜI NỘP
Họ và tên|Họ tên|HoVaTen|Họ, tên người nộp|Tên người nộp|TenChuHoSo|ChuHoSo|Tên công dân|Tên cá nhân
Tên tổ chức, cá nhân|Cá nhân/Tổ chức nộp hồ sơ|Công dân|Khách hàng|Người yêu cầu|Người liên hệ|Người đại diện
Người được ủy quyền|Người ký|Người xử lý|NguoiTiepNhan|Cán bộ thụ lý|Chuyên viên|Chủ đầu tư|Chủ sở hữu
Số điện thoại|Điện thoại|Di động|SĐT|Số ĐT
SDTLienHe|Zalo|Thư điện tử|E-mail|EMAIL|DiaChi|Địa chỉ thường trú|Nơi ở|Chỗ ở hiện nay|Hộ khẩu thường trú|Tạm trú
Quê quán|CMND|Số CMND/CCCD|SoCMTND|SoCCCD|Căn cước công dân|Hộ chiếu|Số định danh cá nhân|SoDinhDanh|Ngày sinh|NamSinh
Giới tính|Mã số thuế|MST|HOTEN|DIENTHOAI|sodienthoai|nguoinop|DIACHI|chuhoso|C_CITIZEN_NAME|C_ADDRESS|Tên|Name
applicant|Applicant Name|ApplicantName|applicantname|First Name|last_name|FullName|Owner's Name|Owner’s Phone #
owner name|Contact Name|contact|Contact Email|Contractor|Customer Name|citizenName|Requester
Complainant|Licensee|Submitted By|created_by|Inspector|Address|Street Address|street_name|Mailing Address
House Number|Phone Number|telephone|Mobile|Fax
Passport No.|Date of Birth|birth_date|DOB|SSN|Gender|username|Staff Name|Resident|Tenant Name
"""

NO_PERSONS = """
MaHoSo|DonViId|TenTTHC|LinhVuc|neighborhood|procedure_name|status|Tên thủ tục hành chính|Mã hồ sơ|MaHoSoKhac|Tên đơn vị
Đơn vị tiếp nhận|TenLinhVuc|Tên lĩnh vực|Trạng thái hồ sơ|Ngày nộp hồ sơ|NgayTiepNhan|Ngày hẹn trả|NgayKetThucXuLy
Hạn tiếp nhận|MaDinhDanh|Địa chính|Lĩnh vực địa chính|DIACHINH|MucDo|KenhThucHien|LoaiDoiTuong|Hình thức nhận|Kết quả
Mã huyện|Quận/Huyện|Xã/Phường|Cơ quan|Loại hồ sơ|STT|Ghi chú|Đất đai|Số người|Thời gian|Đánh giá|OPEN_DT|TARGET_DT
CLOSED_DT|CASE_ENQUIRY_ID|OnTime_Status|SUBJECT|REASON|TYPE|QUEUE|Department|ward|police_district|Source|CASE_STATUS
agency|district|Permit No|Permit Number|Permit Type|Channel|Received|Deadline|Closed|Office|field_name|file_name|service
phonetic|homestead|ownership_type|Total transactions|Abbr|Slug|Organisation name|department name|Program Name|nameplate
n|c0|Ngày|Tháng|Năm|Quý|Tổng số|Trực tuyến|Hẹn trả|Trễ hạn|period|rating|rated_at|weight|stratum
"""


@pytest.mark.parametrize("header", [name for line in PERSONS.split("\n") for name in line.split("|") if name])
def test_a_header_about_a_person_is_told(header):
    assert is_personal(header)
    assert is_personal(unicodedata.normalize("NFD", header))


@pytest.mark.parametrize("header", [name for line in NO_PERSONS.split("\n") for name in line.split("|")])
def test_a_false_friend_is_none(header):
    assert not is_personal(header)


def test_what_the_mapping_lists_is_personal_and_so_is_the_nameless_rest_of_a_merged_header():
    header = ["MaHoSo", "", "Người nộp", "", "", "Ghi chú", "", "Biệt danh", ""]
    assert personal_columns(name_columns(header), {"Biệt danh"}) == {2, 3, 4, 7, 8}
