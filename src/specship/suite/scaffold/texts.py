"""A few short texts to begin with: what the words of this framework mean, each unlike the others.

Which of them are held out follows from their bytes, as for every corpus.
"""

from __future__ import annotations

from typing import Final

LICENCE: Final = """\
The texts of this folder came with specship and stand under the Apache License, Version 2.0:
https://www.apache.org/licenses/LICENSE-2.0
Put the licence of your own texts here when you replace them.
"""

TEXTS: Final = {
    "contract.txt": """\
A contract is a file that people review like source code. It collects the rules about one part of a
model's life, from the corpus to the published folder, and each rule is small enough that two people
read the same demand in it. Whoever wants to loosen a contract has to edit a line that everybody sees.
""",
    "gate.txt": """\
Think of the barrier at a railway crossing: it does not argue, it is open or shut. A gate asks one
question about bytes that lie on a disk and shuts when the answer misses its limit, when nobody could
answer, and also when the thing it should have looked at was never there.
""",
    "probe.txt": """\
Thermometers never say whether a room is warm enough. Probes are such instruments: they open an
artifact, count or compare something, and hand back numbers with their units. What would be enough is
written elsewhere, so that nobody has to touch the instrument in order to please the reader.
""",
    "evidence.txt": """\
Someone says that training went well last Tuesday. Which weights, which data, on what machine, and who
wrote the figure down? A statement of evidence keeps those answers together and signs them. Change one
byte of the measured file, and the statement no longer speaks about what you have.
""",
    "criterion.txt": """\
Customers do not care about gates. They care whether the tokenizer returns their text, whether the
answer appears before they lose patience, and whether the licence lets them use it. Sentences of that
kind are acceptance criteria; weights say how much would be lost if one of them were broken.
""",
    "rehearsal.txt": """\
Orchestras rehearse in an empty hall and sell no tickets. A rehearsal of a pipeline takes minutes on a
laptop, with a model too tiny to be useful, and proves only that every stage plays its part. Reports
always name the profile, lest anyone mistake the practice for the concert.
""",
    "fault.txt": """\
Smoke detectors have a test button because silence proves nothing. To press that button here means to
plant a defect, for instance a shard cut in the middle or an optimizer that moves no weight, and to
watch which alarms go off. One that stays quiet is removed or repaired before it is trusted.
""",
    "amendment.txt": """\
Plans change, and pretending otherwise produces footnotes in chat logs. When a criterion is added, a
weight is moved or a target turns out to be wrong, its author writes a short new page: after which
version, how large the step is, and why. Versions are then computed by adding up those pages.
""",
    "ledger.txt": """\
Old merchants wrote in ink and never tore out a page; mistakes were corrected by another entry below.
Statements pile up in the same manner, each naming the ones that its writer could see. Removing an
embarrassing failure leaves a gap which everyone notices, and no credit is given until it is closed.
""",
    "freshness.txt": """\
Milk carries a date because trust in it expires. Measurements expire as well, not by the calendar but
when their subject moves on: another threshold, a rewritten instrument, retrained weights, different
settings. Reports call such results stale and tell you precisely what has moved since they were taken.
""",
}
