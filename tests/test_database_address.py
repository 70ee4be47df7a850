"""Addresses of a database, held against what libpq itself reads in them."""

from __future__ import annotations

import ctypes
import ctypes.util

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.database_address import is_like_address, refuse_password
from analysis.faults import BadParameters

SECRET = {"password", "passfile", "sslpassword", "scram_client_key", "oauth_client_secret"}

GOOD: dict[str, dict[str, str]] = {
    "postgresql://motcua.example/onestop": {"host": "motcua.example", "dbname": "onestop"},
    "postgres://reader@motcua.example:5433/onestop": {
        "user": "reader", "host": "motcua.example", "port": "5433", "dbname": "onestop",
    },
    "postgresql://reader@/onestop?host=/run/pg&port=5": {
        "user": "reader", "host": "/run/pg", "port": "5", "dbname": "onestop",
    },
    "postgresql://%2Frun%2Fmy%20pg/m%E1%BB%99t": {"host": "/run/my pg", "dbname": "m\u1ed9t"},
    "postgresql://[2001:db8::1]:5432/onestop": {"host": "2001:db8::1", "port": "5432", "dbname": "onestop"},
    "postgresql://a:1,[::1]:2,c/onestop?target_session_attrs=read-only": {
        "host": "a,::1,c", "port": "1,2,", "dbname": "onestop", "target_session_attrs": "read-only",
    },
    "postgresql://h/onestop?hostaddr=::1&sslmode=verify-full&sslrootcert=/etc/ca.pem": {
        "host": "h", "hostaddr": "::1", "dbname": "onestop", "sslmode": "verify-full", "sslrootcert": "/etc/ca.pem",
    },
    "postgresql://h/passwords?options=-c%20search_path%3Dx": {
        "host": "h", "dbname": "passwords", "options": "-c search_path=x",
    },
    "postgresql://": {},
}  # fmt: skip

BAD = [
    "postgresql://u:geheim@host/db",
    "postgresql://u:ge@heim:w/rd?x@host/db",
    "postgresql://u:ge/heim@host/db",
    "postgresql://u:12/geheim@host/db",
    "postgresql://u:ge?heim@host/db",
    "postgresql://u:ge#heim@host/db",
    "postgresql://u:ge heim@host/db",
    "postgresql://u:ge[heim@host/db",
    "postgresql://u:ge\nheim@host/db",
    "postgresql://u\t:geheim@host/db",
    "postgresql://u@geheim@host/db",
    "postgresql://u:geheim",
    "postgresql://:geheim@host/db",
    "postgresql://u:g%65heim%40@host/db",
    "postgresql://u%3Ageheim@host/db",
    "postgresql://u%3ageheim@host/db",
    "postgresql://u:geheim@a:1,b:2/db",
    "postgresql://a:1,u:geheim@b:2/db",
    "postgresql://u:geheim@[::1]:5432/db",
    "postgresql://[::1]geheim/db",
    "postgresql://u:geheim@%2Frun%2Fpg/db",
    "postgresql://u:geheim@/db?host=/run/pg",
    "postgresql://host/db?user=u&password=geheim",
    "postgresql://host/db?user=u&p%61ssword=geheim",
    "postgresql://host/db?user=u:geheim",
    "postgresql://host/db?user=u%26password%3Dgeheim",
    "postgresql://host/db?sslpassword=geheim",
    "postgresql://host/db?passfile=/home/geheim",
    "postgresql://host/db?geheim",
    "postgresql://host/db?pwd=geheim",
    "postgresql://host/db%zzgeheim",
    "postgresql://host/db%00geheim",
    "PostgreSQL://u:geheim@host/db",
    " postgresql://u:geheim@host/db",
    "jdbc:postgresql://host/db?user=u&password=geheim",
    "host=localhost dbname=onestop password=geheim",
    "host=localhost password = 'ge heim'",
    "dbname='postgresql://u:geheim@host/db'",
    "u:geheim@host/db",
]


class _Option(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_char_p) for name in ("keyword", "envvar", "compiled", "val", "label", "dispchar")),
        ("dispsize", ctypes.c_int),
    )


def _read_by_libpq(address: str) -> dict[str, str] | None:
    """Return the settings that libpq reads in an address, None where it reads none."""
    parse, free = LIBPQ.PQconninfoParse, LIBPQ.PQconninfoFree
    parse.restype, free.argtypes = ctypes.POINTER(_Option), [ctypes.POINTER(_Option)]
    options = parse(address.encode(), None)
    if not options:
        return None
    found, at = {}, 0
    while options[at].keyword:
        if options[at].val is not None:
            found[options[at].keyword.decode()] = options[at].val.decode()
        at += 1
    free(options)
    return found


_library = ctypes.util.find_library("pq")
LIBPQ = ctypes.CDLL(_library) if _library else None
needs_libpq = pytest.mark.skipif(LIBPQ is None, reason="no libpq is installed")


@pytest.mark.parametrize("address", GOOD)
def test_an_address_without_a_password_is_taken(address: str) -> None:
    refuse_password(address)


@needs_libpq
@pytest.mark.parametrize("address", GOOD)
def test_libpq_reads_the_same_in_it(address: str) -> None:
    assert _read_by_libpq(address) == GOOD[address]


@pytest.mark.parametrize("address", BAD)
def test_what_may_be_a_password_is_refused_and_no_letter_of_it_repeated(address: str) -> None:
    with pytest.raises(BadParameters) as refused:
        refuse_password(address)
    assert str(refused.value) in {
        "the address of the database was expected as postgresql://host/database",
        "the address of the database holds a password, or signs that may be of one; "
        "postgresql://user@host:port/database?setting=value was expected, other signs percent-encoded, and the "
        "password in PGPASSWORD or ~/.pgpass",
    }
    assert refused.value.__cause__ is None


PIECES = ["u", "geheim", ":", "@", "/", "?", "&", "=", "[::1]", ",", "5432", " ", "#", "%", "%40", "%3A", "%2F", "%26"]
PIECES += ["host", "user", "password", "p%61ssword", "sslpassword", "passfile", "ssl", "?user=", "&password=", "?host="]


@needs_libpq
@given(st.lists(st.sampled_from(PIECES), max_size=10).map("".join))
def test_in_what_is_taken_libpq_finds_no_password(rest: str) -> None:
    address = f"postgresql://{rest}"
    try:
        refuse_password(address)
    except BadParameters:
        return
    found = _read_by_libpq(address)
    assert found is not None
    assert not SECRET & set(found)
    assert not any("@" in value for value in found.values())
    assert ":" not in found.get("user", "") + found.get("dbname", "") + found.get("port", "")


@pytest.mark.parametrize("address", BAD)
def test_whatever_may_hold_one_is_no_path(address: str) -> None:
    assert is_like_address(address)


@pytest.mark.parametrize(
    "path",
    [
        "data/raw/2021-09-20",
        "/srv/Hồ sơ 9:30, gửi a@b.vn.xlsx",
        "mật khẩu/passed=yes.csv",
        "compass=1.csv",
        "a:b/c.csv",
        "so@noi.vu/x.csv",
        "~/postgres/x.csv",
    ],
)
def test_a_path_is_one_whatever_stands_in_it(path: str) -> None:
    assert not is_like_address(path)
