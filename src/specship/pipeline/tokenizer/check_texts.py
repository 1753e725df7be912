"""Texts on which tokenizers are compared: whatever has ever been cut in two ways.

All of them are in Unicode's composed form (NFC), and none spells a special token.
"""

from __future__ import annotations

from typing import Final

CHECK_TEXTS: Final[tuple[str, ...]] = (
    "Hello, world!",
    "def f(x):\n    return x + 1\n\n\nclass A:\n\tpass\n",
    "if a:\n        b = {'k': [1, 2.5]}  # why?\n    else:\n\t\tpass",
    " leading",
    "   three leading",
    "trailing   ",
    "trailing\n",
    "  ",
    " ",
    "\n",
    "\n\n",
    " \n \n\n  \t\t \r\n\r\n x\ty\r\nz\r",
    "a\u00a0b\u2003c\u3000d\u2028e\u0085f\u200bg\ufeffh",
    "it's we're I'll they've I'm he'd 'tis 'S IT'S WE'RE I'LL'VE don''t 's' 'x",
    "1 12 123 1234 12345 1234567890 3.14159 1,000,000 0xFF 1e-5 ٣٤٥ ६७ ½ Ⅷ ²³",
    "x=1;y=22;z=333;w=4444",
    # Punctuation and letters that look like others are what these are for.
    "你好，世界。我想在apple工作1314151天～",  # noqa: RUF001
    "日本語のテキスト、カタカナとひらがな。 한국어 텍스트입니다.",
    "Привет, мир! Ελληνικά Ωμέγα עברית العَرَبِيَّة हिन्दी ภาษาไทย ខ្មែរ",
    "🙂🙂 👩\u200d👩\u200d👧\u200d👦 🏳️\u200d🌈 ✅ 🇩🇪 ☎️",
    "q\u0323\u0307 x\u0301 Z\u0351\u036b a\u20e3 n\u0308",
    "naïve café œuvre straße ÀÉÎ ǅ ﬁ İ ı",  # noqa: RUF001
    "_snake_case CamelCase kebab-case HTTPServer2 foo.bar() a->b a::b x**y //c /* d */ <!-- e -->",
    "!!! ??? ... --- === ``` \"\"\" ''' ### $$$ %%% &&& (((((())))))[[]]{{}} @@ ~~ ^^ || \\\\",
    "<b>&amp;</b> https://example.org/a?b=c&d=%20#e user@example.org",
    "\x00\x01\x1b[0m\x7f",
    "\U0001f600\U00020000\U0010ffff\ue000",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "                                                                 x",
    "\t\t\t\t\tx\n\n\n\n\n\n\n\n\ny",
    "word\n  word \n\n  word  \n",
    "été\u2019s l\u2019été \u201cquoted\u201d \u2013 \u2014 …",
)  # fmt: skip
