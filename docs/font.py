"""Make the font of pages and pictures from Inter: the letters of Vietnamese and English, from regular to bold.

The files are committed, as making them needs what nothing else does: ``python -m pip install brotli`` and the variable
font of Inter 4.1 (package ``inter-ui`` of npm). Then
``python docs/font.py InterVariable.woff2 src/analysis/report/font``.
"""

import sys
from io import BytesIO
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

LETTERS = [
    *range(0x20, 0x7F), *range(0xA0, 0xAD), *range(0xAE, 0x149), *range(0x14A, 0x180), 0x1A0, 0x1A1, 0x1AF, 0x1B0,
    *range(0x300, 0x304), 0x306, 0x309, 0x31B, 0x323, *range(0x1EA0, 0x1EFA), 0x2009, 0x200A, 0x202F,
    *range(0x2010, 0x2016), *range(0x2018, 0x201F), 0x2020, 0x2022, 0x2026, 0x2030, 0x2032, 0x2033, 0x2039, 0x203A,
    0x20AB, 0x20AC, 0x2116, *range(0x2190, 0x2194), 0x2212, 0x2248, 0x2260, 0x2264, 0x2265, 0x25B2, 0x25BC, 0x25C6,
    0x25CB, 0x25CF, 0x2713, 0x2717,
]  # fmt: skip
WEIGHTS = (400, 700)


def letters_of(font: Path) -> TTFont:
    """Return a font with `LETTERS` only, and the features that text of ours needs."""
    options = subset.Options(layout_features=["kern", "mark", "mkmk", "ccmp", "locl", "tnum"], hinting=False)
    options.name_IDs = ["*"]
    whole = TTFont(font)
    whole.flavor = None
    missing = set(LETTERS) - set(whole.getBestCmap())
    if missing:
        raise SystemExit(f"{font}: no letter for {sorted(map(hex, missing))}")
    cut = subset.Subsetter(options)
    cut.populate(unicodes=LETTERS)
    cut.subset(whole)
    file = BytesIO()
    whole.save(file)
    return TTFont(BytesIO(file.getvalue()))


if __name__ == "__main__":
    source, folder = map(Path, sys.argv[1:])
    page = instancer.instantiateVariableFont(letters_of(source), {"opsz": 14, "wght": WEIGHTS})
    page.flavor = "woff2"
    page.save(folder / "inter.woff2")
    for weight in WEIGHTS:  # matplotlib knows no variable fonts
        drawn = instancer.instantiateVariableFont(
            letters_of(source), {"opsz": 14, "wght": weight}, updateFontNames=True
        )
        drawn.save(folder / f"inter-{weight}.ttf")
