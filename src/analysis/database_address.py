"""The address of a PostgreSQL database: read by the rules of libpq, and refused where a password may stand in it."""

from __future__ import annotations

import re
from urllib.parse import unquote

from analysis.faults import BadParameters

_SETTINGS = (
    "application_name|channel_binding|client_encoding|connect_timeout|dbname|fallback_application_name|gssencmode|"
    "gsslib|host|hostaddr|keepalives|keepalives_count|keepalives_idle|keepalives_interval|krbsrvname|load_balance_hosts|"
    "options|port|require_auth|requirepeer|service|ssl_max_protocol_version|ssl_min_protocol_version|sslcert|sslcrl|"
    "sslcrldir|sslkey|sslmode|sslnegotiation|sslrootcert|sslsni|target_session_attrs|tcp_user_timeout|user"
)
"""Settings of libpq that hold no secret. A password has its place outside the address, and so has the file of it."""

# Percent-encoded as well, @ and : are none of a name: whoever reads "user%3Ageheim" as libpq does has read a password.
_SIGN = r"(?:[\w.~$+-]|%(?!00|3[aA]|40)[0-9a-fA-F]{2})"
_HOST = rf"(?:{_SIGN}*|\[[0-9a-fA-F:.]+(?:%25\w+)?\])"
_PLACE = rf"{_HOST}(?::[0-9]*)?"
_SETTING = rf"(?:hostaddr=[0-9a-fA-F:.,]*|(?:{_SETTINGS})=(?:{_SIGN}|[,/])*)"
_ADDRESS = re.compile(
    rf"postgres(?:ql)?://(?:{_SIGN}*@)?{_PLACE}(?:,{_PLACE})*(?:/{_SIGN}*)?(?:\?(?:{_SETTING}(?:&{_SETTING})*)?)?"
)
"""What libpq reads as user, hosts, ports, database and settings, and can read in no other way.

libpq ends the password at the first @, and finds none behind a slash: of ``u:p@ss/w@host/db`` it takes ``p`` for the
password and tells the rest as a host that it does not know. So an address is refused by what it may hold, not by what
libpq finds: one @, behind the user; a colon before a port only; no setting but the known ones.
"""

_PASSWORD = r"\b(?:ssl)?(?:passw\w{0,9}|pwd)\s{0,9}="
_LIKE_AN_ADDRESS = re.compile(rf"://|postgres\w{{0,9}}:/|{_PASSWORD}", re.IGNORECASE)


def is_like_address(text: str) -> bool:
    """Return whether a text that should name a file or folder is rather the address of a database.

    A sentence must not repeat it then: it may hold a password, however it is written.
    """
    users = (word.rpartition("@")[0] for word in text.split())
    return bool(_LIKE_AN_ADDRESS.search(text)) or any(re.search(r".:", user) for user in users)


def refuse_password(address: str) -> None:
    """Refuse the address of a database that holds a password or may hold one, without repeating any of it.

    Taken is ``postgresql://[user@][host][:port][,…][/database][?setting=value&…]``, in which all but letters, digits
    and ``_ . ~ $ + -`` is percent-encoded.

    Raises
    ------
    BadParameters
        It is written in another way.
    """
    if not re.match(r"postgres(?:ql)?://", address):
        raise BadParameters("the address of the database was expected as postgresql://host/database")
    if not _ADDRESS.fullmatch(address) or re.search(_PASSWORD, unquote(address), re.IGNORECASE):
        raise BadParameters(
            "the address of the database holds a password, or signs that may be of one; "
            "postgresql://user@host:port/database?setting=value was expected, other signs percent-encoded, and the "
            "password in PGPASSWORD or ~/.pgpass"
        )
