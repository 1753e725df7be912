"""What every model is asked: prompts to continue, a text to predict, and texts on which tokenizers differ.

The plain text was written for this file, so that no corpus has it. None of it changes without the figures
being measured again: the limits of the gates stand on these very words.
"""

from __future__ import annotations

from typing import Final

PROMPTS: Final = (
    "def parse_header(line",
    "class Queue(",
    "    for name, value in",
    "    return self.",
    "    if result is None",
    "The function returns a list of",
    "        raise ValueError(",
    "import os\nimport",
)
"""Beginnings in the middle of a line, so that small models are not drawn into empty lines."""

COMMON_WORDS: Final = """
the of and to in is that for it as was with be by on not he his but at are this have from or had an they
which one you were all her she there would their we him been has when who will no more if out so said what
up its about into than them can only other time new some could these two may first then do any like my now
over such our even most made after also did many off before must well back through years where much your way
down should because long each just those people too how little good very make world still see own work get
here between life being under never day same another know while last might us great old year come since go
self cls name value values key keys item items list path file line lines data result error text args kwargs
append join split strip read write open close test get set add index count size string object method function
class call return returns argument arguments default number names assert equal main init module code command
option options parser parse start end current message exception case info format encoding true false none
"""
"""Words that anybody who reads English or Python writes often."""

PLAIN_TEXT: Final = (
    '''\
class Shelf:
    """A shelf of boxes. Each box has a name and a weight, and no two boxes have the same name."""

    def __init__(self, limit=None):
        self.boxes = {}
        self.limit = limit

    def add(self, name, weight):
        if name in self.boxes:
            raise ValueError("there is already a box with the name %s" % name)
        if self.limit is not None and self.total() + weight > self.limit:
            raise ValueError("the shelf cannot hold more than %d" % self.limit)
        self.boxes[name] = weight
        return self

    def total(self):
        """Return the sum of the weights of all boxes on the shelf."""
        return sum(self.boxes.values())

    def heaviest(self):
        """Return the name of the heaviest box, or None if the shelf is empty."""
        if not self.boxes:
            return None
        return max(self.boxes, key=self.boxes.get)


def read_shelf(path, limit=None):
    """Read a shelf from a file. Each line has a name and a number, with a space between them."""
    shelf = Shelf(limit)
    with open(path) as file:
        for number, line in enumerate(file, 1):
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            try:
                name, weight = line.split()
                shelf.add(name, int(weight))
            except ValueError as error:
                raise ValueError("line %d: %s" % (number, error)) from None
    return shelf
''',
    """\
The man who kept the light had a small boat, and every morning he went out in it to see whether the
nets had held. In winter the sea was often too high, and then he sat at the window and read, or wrote
letters to his sister, who lived in the town and never answered. He did not mind. She had four children,
and he had the time of the whole coast. When the wind fell he put the letters into his pocket and rowed
across the bay, and on the way back there was bread in the boat, and oil for the lamp, and sometimes a
newspaper that was only a week old.
""",
    '''\
def count_words(lines, least=1):
    """Count how often each word is found in the lines, and leave out the words that are rare."""
    counts = {}
    for line in lines:
        for word in line.lower().split():
            counts[word] = counts.get(word, 0) + 1
    return {word: count for word, count in counts.items() if count >= least}


def main(arguments):
    if len(arguments) < 2:
        print("usage: count FILE...", file=sys.stderr)
        return 2
    total = 0
    for path in arguments[1:]:
        with open(path, encoding="utf-8") as file:
            counts = count_words(file)
        for word in sorted(counts, key=counts.get, reverse=True):
            print("%6d  %s" % (counts[word], word))
        total += sum(counts.values())
    print("total: %d" % total)
    return 0
''',
    """\
How to mend a lamp. Take off the glass first and put it where nobody can sit on it. Then look at the wick:
if it is black on one side only, it was cut badly, and it has to be cut again, as straight as you can. Fill
the lamp with oil, but not to the top, because oil wants more room when it is warm. Light it, wait for a
minute, and only then put the glass back. If it smokes, there is too much wick. If it goes out, there is
too little. If you have done all of this and it still does not work, it is time to ask somebody who is older.
""",
    '''\
class Reader:
    def __init__(self, source, size=1024):
        self.source = source
        self.size = size
        self.buffer = b""
        self.closed = False

    def read_line(self):
        """Return the next line without its end, or None when there are no more lines."""
        while b"\\n" not in self.buffer:
            data = self.source.read(self.size)
            if not data:
                break
            self.buffer += data
        if not self.buffer:
            return None
        line, _, self.buffer = self.buffer.partition(b"\\n")
        return line.decode("utf-8")

    def close(self):
        if not self.closed:
            self.source.close()
            self.closed = True

    def __enter__(self):
        return self

    def __exit__(self, kind, value, traceback):
        self.close()
        return False
''',
    """\
import unittest


class TestShelf(unittest.TestCase):
    def setUp(self):
        self.shelf = Shelf(limit=10)

    def test_total_is_zero_at_first(self):
        self.assertEqual(self.shelf.total(), 0)

    def test_two_boxes(self):
        self.shelf.add("red", 2)
        self.shelf.add("blue", 3)
        self.assertEqual(self.shelf.total(), 5)
        self.assertEqual(self.shelf.heaviest(), "blue")

    def test_the_same_name_is_an_error(self):
        self.shelf.add("red", 2)
        with self.assertRaises(ValueError):
            self.shelf.add("red", 1)

    def test_nothing_is_added_beyond_the_limit(self):
        self.assertRaises(ValueError, self.shelf.add, "green", 11)
        self.assertIsNone(self.shelf.heaviest())


if __name__ == "__main__":
    unittest.main()
""",
    '''\
def merge(first, second, key=None):
    """Merge two sorted lists into one. If key is given, it is called with each item."""
    if key is None:
        key = lambda item: item
    result = []
    i = j = 0
    while i < len(first) and j < len(second):
        if key(second[j]) < key(first[i]):
            result.append(second[j])
            j += 1
        else:
            result.append(first[i])
            i += 1
    result.extend(first[i:])
    result.extend(second[j:])
    return result


def find_options(args, known):
    """Split the arguments into options and the rest; raise KeyError for an unknown option."""
    options, rest = {}, []
    for arg in args:
        if not arg.startswith("--"):
            rest.append(arg)
            continue
        name, sep, value = arg[2:].partition("=")
        if name not in known:
            raise KeyError("unknown option: %r" % name)
        options[name] = value if sep else True
    return options, rest
''',
    """\
There is a rule among people who write programs that the first error message is the one to read, and that
all the others are only its children. It is a good rule, and hardly anybody follows it, because the last
message is the one that stands at the end of the screen. So we look at the last line, change something that
has nothing to do with it, and start the program again; and after an hour we go back to the first line, where
the name of the file and the number of the line were given all the time. The file was not where it should
have been. It had been moved the day before, by us.
""",
)
"""Python and English in pieces that fit a short context; the model predicts each piece on its own."""

HARD_TEXTS: Final = (
    "\tif x:\r\n\t\treturn\n\n\n    # spaces   and\ttabs  \n",
    "caf\u00e9 cafe\u0301 \u4f60\u597d \U0001f600 \u00df \u0130",
    "0123456789 1_000 3.14e-10 0x7f don't we'll I'VE",
    "x=lambda*a,**k:{**k,'a':a}[-1]<<2!=~3",
    " a leading space, and none at the end",
    "\u0440\u0443\u0441\u0441\u043a\u0438\u0439 \u0639\u0631\u0628\u064a \u0e44\u0e17\u0e22",
    "\U0001f469\u200d\U0001f52c",
)
"""Texts on which tokenizers lose something: white space, accents, digits, signs, other scripts."""
