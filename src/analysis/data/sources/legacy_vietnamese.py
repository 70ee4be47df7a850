"""Recognise Vietnamese written for the fonts of before Unicode, TCVN3 (ABC) and VNI, in which each letter is another.

"Sở Y tế" arrives as "Së Y tÕ" or "Sôû Y teá". Read as it stands it would become codes that nobody can look up. Sources:
TCVN 5712:1993 (VN3), and the VNI-Win table of paired letters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from itertools import islice

_TCVN3 = str.maketrans(
    "µ¶·¸¹¨»¼½¾Æ©ÇÈÉÊË®ÌÎÏÐÑªÒÓÔÕÖ×ØÜÝÞßáâãä«åæçèé¬êëìíîïñòóô\u00adõö÷øùúûüýþ¡¢£¤¥¦§",
    "àảãáạăằẳẵắặâầẩẫấậđèẻẽéẹêềểễếệìỉĩíịòỏõóọôồổỗốộơờởỡớợùủũúụưừửữứựỳỷỹýỵĂÂÊÔƠƯĐ",
)

_VNI_WRITTEN = """
aùá aøà aûả aõã aïạ aââ aáấ aàầ aåẩ aãẫ aäậ aêă aéắ aèằ aúẳ aüẵ aëặ eùé eøè eûẻ eõẽ eïẹ eâê eáế eàề eåể eãễ eäệ
ôùớ ôøờ ôûở ôõỡ ôïợ ôơ öùứ öøừ öûử öõữ öïự öư oùó oøò oûỏ oõõ oïọ oâô oáố oàồ oåổ oãỗ oäộ
uùú uøù uûủ uõũ uïụ yùý yøỳ yûỷ yõỹ îỵ æỉ óĩ òị ñđ
"""
_VNI = {one[:-1]: one[-1] for one in _VNI_WRITTEN.split()}
"""How a letter is written → the letter."""

_VNI_PAIR = re.compile("|".join(sorted(_VNI, key=len, reverse=True)))

_TONES = "\u0300\u0301\u0303\u0309\u0323"
_SYLLABLE = re.compile(
    "(?:ngh?|nh|gh|gi|kh|ph|th|tr|ch|qu|[bcdđghklmnpqrstvx])?"
    "(?:[aăâeêioôơuưy]|ai|ao|au|ay|âu|ây|eo|êu|ia|iêu?|iu|oa[iyo]?|oă|oeo?|oi|ôi|ơi|ua|uây?|uê|ui|uôi?|uơ|uy[aêu]?"
    "|ưa|ưi|ươ[iu]?|ưu|yêu?)"
    "(?:ch|ng|nh|[cmnpt])?"
)
_LEAST_WORDS, _LEAST_SHARE = 2, 0.6
_LEAST_WORDS_OF_LETTERS = 4
"""Words needed where each is written in letters only: På and Så are two, and syllables once they are converted."""
_SAMPLE = 2_000


def legacy_encoding(texts: Iterable[str]) -> str | None:
    """Return the name of the encoding of before Unicode that texts are written in, None where they are in none.

    Words with letters of Latin-1 beyond ASCII, and no others, are looked at: most of them must be Vietnamese syllables
    once they are converted, and more than are it as they stand.

    Parameters
    ----------
    texts : iterable of str
        Texts of one column, or headers.
    """
    words: set[str] = set()
    for text in islice(texts, _SAMPLE):
        words.update(re.split(r"[\s!-/:-@\[-`{-~0-9]+", unicodedata.normalize("NFC", text)))
    if any(letter > "\u0100" for word in words for letter in word):
        return None
    # Of a single sign, such as « or ½, nobody can say that it was meant as a vowel.
    words = {word for word in words if not word.isascii() and re.search("[A-Za-z]", word)}
    if len(words) < (_LEAST_WORDS_OF_LETTERS if all(map(str.isalpha, words)) else _LEAST_WORDS):
        return None
    as_they_stand = sum(map(_is_syllable, words))
    for name, convert in (("TCVN3 (ABC)", _from_tcvn3), ("VNI", _from_vni)):
        converted = sum(_is_syllable(convert(word)) for word in words)
        if converted > as_they_stand and converted >= _LEAST_SHARE * len(words):
            return name
    return None


def not_unicode(name: str) -> str:
    """Return the end of the sentence that refuses a text, given the name of its encoding."""
    return f"is written for {name} fonts, not in Unicode; convert the file, as Unikey does, and bring it in again"


def _from_tcvn3(word: str) -> str:
    return word.translate(_TCVN3)


def _from_vni(word: str) -> str:
    return _VNI_PAIR.sub(lambda found: _VNI[found[0]], word.lower())


def _is_syllable(word: str) -> bool:
    letters = unicodedata.normalize("NFD", word.lower())
    tones = sum(letter in _TONES for letter in letters)
    plain = unicodedata.normalize("NFC", "".join(letter for letter in letters if letter not in _TONES))
    return tones <= 1 and _SYLLABLE.fullmatch(plain) is not None
