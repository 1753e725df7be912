"""Batches of tokens from a shards folder, in an order that a seed fixes and a resume finds again.

The tokens of a split are one sequence cut into windows: window `i` holds the tokens
`i*length … i*length + length`, both ends included, so that the last target of one window is the
first input of the next and every token but the first is a target exactly once an epoch. What
is left at the end, shorter than a window, is never read.

Rules at the end of the data:

- `halt`: a batch that cannot be filled raises `EndOfData` and consumes nothing; the error says
  how many windows are left, and the caller may ask for that smaller last batch.
- `cycle`: the batch is filled from the next epoch's order, and `on_wrap` is called once, before
  the first window of that epoch is handed out.

Nothing else ever comes back: no placeholder, no shorter batch, no padding.

Axes: B sequences of a batch, W windows, T length of a window's inputs.
"""
# ruff: noqa: N803, N806 - a suffix names the axes of an array

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from specship.digests import sha256_file
from specship.errors import DamagedArtifact, SpecshipError, UnusableInput
from specship.pipeline.shards.boundaries import documents_of, learned_of
from specship.pipeline.shards.manifest import MANIFEST, TOKEN_BYTES, ShardsManifest, Split, read_manifest
from specship.pipeline.tokenizer.files import TOKENIZER, require_tokenizer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Tokens = NDArray[np.int64]

OnWrap = Callable[[int, int], None]
"""`on_wrap(epoch, tokens_seen)`: the epoch that begins (1 is the second pass), targets read so far."""


class EndOfData(SpecshipError):
    """The split holds fewer unread windows than a batch asks for, and the policy is to halt."""

    def __init__(self, asked: int, left: int, tokens_seen: int) -> None:
        super().__init__(
            f"the data ended: {asked} windows asked for, {left} left after {tokens_seen} tokens",
            why="at_end is 'halt', so that no token is trained on twice unnoticed",
            mend="plan fewer steps, bring more data, or announce repetition with at_end 'cycle'",
        )
        self.asked = asked
        self.left = left
        self.tokens_seen = tokens_seen


class TokenReader:
    """Windows of one split of a shards folder; see the module's text for order and end.

    `tokenizer` is the folder of the tokenizer, or of the checkpoint, under which a model will read the ids:
    they mean something under the very tokenizer that made them, whatever sizes agree. None where no model
    reads them.

    Raises:
        DamagedArtifact: the folder disagrees with its manifest, or another tokenizer made its ids.
        UnusableInput: the split is too short for a single window.
    """

    def __init__(
        self,
        folder: Path,
        split: Split,
        *,
        length: int,
        seed: int,
        at_end: Literal["halt", "cycle"],
        tokenizer: Path | None,
        on_wrap: OnWrap | None = None,
    ) -> None:
        if length < 1 or seed < 0 or at_end not in {"halt", "cycle"}:
            raise UnusableInput(
                f"cannot read windows of {length} tokens with seed {seed} and at_end {at_end!r}",
                mend="length is at least 1, seed at least 0, at_end 'halt' or 'cycle'",
            )
        self.manifest: ShardsManifest = read_manifest(folder)
        if tokenizer is not None:
            _require_same_ids(self.manifest, tokenizer)
        self.split: Split = split
        self.length = length
        self.seed = seed
        self.at_end = at_end
        self._on_wrap = on_wrap
        self._folder = folder
        self._parts, self._starts = _open_shards(folder, self.manifest, split)
        self._check_windows(length)
        self._token_bytes: Tokens | None = None
        self._epoch = 0
        self._cursor = 0
        self._order: Tokens | None = None

    @property
    def vocab_size(self) -> int:
        """Size of the vocabulary: every token is below it."""
        return self.manifest.vocab_size

    @property
    def separator_id(self) -> int:
        """Id of the token that ends each document."""
        return self.manifest.separator_id

    @property
    def tokens(self) -> int:
        """Unique tokens of the split, separators included."""
        return self.manifest.tokens(self.split)

    @property
    def windows(self) -> int:
        """Windows of an epoch."""
        return self._windows_of(self.length)

    @property
    def tokens_seen(self) -> int:
        """Targets handed out so far, over all epochs."""
        return (self._epoch * self.windows + self._cursor) * self.length

    def window(self, index: int) -> Tokens:
        """The `length + 1` tokens of one window, int64.

        Raises:
            IndexError: there is no such window.
            DamagedArtifact: it holds an id outside the vocabulary.
        """
        if not 0 <= index < self.windows:
            raise IndexError(f"window {index} of {self.windows}")
        return self._slice(index * self.length, self.length + 1)

    def first_tokens(self, count: int) -> Tokens:
        """The first `count` tokens of the split in file order, int64 of shape [count].

        Raises:
            UnusableInput: the split is shorter.
            DamagedArtifact: one is outside the vocabulary.
        """
        if not 1 <= count <= self.tokens:
            raise UnusableInput(
                f"{count} tokens are asked for, and the {self.split} split has {self.tokens}",
                mend="ask for 1 to that many",
            )
        return self._slice(0, count)

    def next_batch(self, sequences: int, *, part: int = 0, parts: int = 1) -> Tokens:
        """The next windows of the order: `tokens_BT`, int64, shape [sequences, length + 1].

        Of several parts only one is read, every `parts`-th window from the one with number `part` on; the
        place behind it is that of the whole batch.

        Raises:
            EndOfData: fewer are left and the policy is `halt`; nothing is consumed.
            DamagedArtifact: a window holds an id outside the vocabulary.
        """
        import numpy as np

        if sequences < 1:
            raise UnusableInput(f"a batch of {sequences} sequences", mend="ask for 1 or more")
        left = self.windows - self._cursor
        if self.at_end == "halt" and sequences > left:
            raise EndOfData(sequences, left, self.tokens_seen)
        tokens_BT = np.empty((len(range(part, sequences, parts)), self.length + 1), dtype=np.int64)
        for row in range(sequences):
            index = self._next_index()
            if row % parts == part:
                tokens_BT[row // parts] = self.window(index)
        return tokens_BT

    def documents(self, tokens_BT: Tokens) -> NDArray[np.int32]:
        """The number of each token's document in its window, from 0; see `boundaries`."""
        return documents_of(tokens_BT, self.separator_id)

    def learned(self, tokens_BT: Tokens) -> NDArray[np.bool_]:
        """Whether each target is learned when none behind a separator is: shape [.., T]."""
        return learned_of(tokens_BT, self.separator_id)

    def text_bytes(self, tokens: Tokens) -> int:
        """UTF-8 bytes of text that some tokens stand for; what turns nats a token into bits a byte.

        Raises:
            DamagedArtifact: the table of token lengths is missing or of another vocabulary.
        """
        import numpy as np

        if self._token_bytes is None:
            path = self._folder / TOKEN_BYTES
            if not path.is_file() or path.stat().st_size != 4 * self.vocab_size:
                raise DamagedArtifact(
                    f"no table of {self.vocab_size} token lengths",
                    at=path,
                    mend="run the stage 'shards' again",
                )
            self._token_bytes = np.fromfile(path, dtype="<u4").astype(np.int64)
        return int(self._token_bytes[tokens].sum())

    def state(self) -> dict[str, int]:
        """Where the reader stands, with what the place means something for; plain whole numbers."""
        return {
            "epoch": self._epoch,
            "cursor": self._cursor,
            "seed": self.seed,
            "length": self.length,
            "windows": self.windows,
        }

    def restore(self, state: Mapping[str, int]) -> None:
        """Continue from a state: the batches that follow equal those of an uninterrupted reader.

        Raises:
            UnusableInput: the state is of another seed, length or amount of data, or no place in it.
        """
        for name, own in (("seed", self.seed), ("length", self.length), ("windows", self.windows)):
            if state.get(name) != own:
                raise UnusableInput(
                    f"the run cannot go on in its data: {name} was {state.get(name)} and is {own}",
                    why="the data have another order now: some tokens would come twice and others never",
                    mend="resume with the data, seed and length of the run, or start a new run",
                )
        epoch, cursor = state.get("epoch", -1), state.get("cursor", -1)
        if epoch < 0 or not 0 <= cursor <= self.windows:
            raise UnusableInput(
                f"epoch {epoch}, window {cursor} is no place among {self.windows} windows",
                mend="resume from another checkpoint, or start a new run",
            )
        self._epoch, self._cursor = epoch, cursor
        self._order = None

    def heldout_windows(self, length: int, limit_tokens: int | None = None) -> Tokens:
        """The first windows in file order, `tokens_WT` of shape [W, length + 1]: the same every time.

        `W * length` targets are scored, at most `limit_tokens` of them (None: all). Documents
        lie in the order of their digest, so the first ones are no particular folder's. Neither
        the seed nor the place of this reader matters.

        Raises:
            UnusableInput: this reader is of the training split, or the limit is below one window.
        """
        import numpy as np

        if self.split != "heldout":
            raise UnusableInput(
                f"held-out windows were asked of the {self.split} split", mend="open the split `heldout`"
            )
        self._check_windows(length)
        count = self._windows_of(length)
        if limit_tokens is not None:
            count = min(count, limit_tokens // length)
        if count < 1:
            raise UnusableInput(
                f"{limit_tokens} tokens are less than one window of {length}",
                mend="ask for as many tokens as a window has, or more",
            )
        tokens_N = self._slice(0, count * length + 1)
        return np.lib.stride_tricks.sliding_window_view(tokens_N, length + 1)[::length].copy()

    def _windows_of(self, length: int) -> int:
        return max(0, (self.tokens - 1) // length)

    def _check_windows(self, length: int) -> None:
        if self._windows_of(length) < 1:
            raise UnusableInput(
                f"the {self.split} split has {self.tokens} tokens: too few for a window of {length}",
                at=self._folder / MANIFEST,
                mend="shorten the window, or bring more data",
            )

    def _order_of(self, epoch: int) -> Tokens:
        """The permutation of an epoch.

        Drawn from raw PCG64 output, which NumPy promises to keep (NEP 19), and not from
        `Generator.permutation`, which it may change.
        """
        import numpy as np

        raw_W = np.random.PCG64(np.random.SeedSequence([self.seed, epoch])).random_raw(self.windows)
        return np.argsort(raw_W, kind="stable")

    def _next_index(self) -> int:
        if self._cursor == self.windows:
            seen = self.tokens_seen
            self._epoch, self._cursor = self._epoch + 1, 0
            self._order = None
            if self._on_wrap is not None:
                self._on_wrap(self._epoch, seen)
        if self._order is None:  # made when it is needed: many readers only look at windows
            self._order = self._order_of(self._epoch)
        index = int(self._order[self._cursor])
        self._cursor += 1
        return index

    def _slice(self, start: int, count: int) -> Tokens:
        """Tokens `start … start + count - 1` of the split, across shards."""
        import numpy as np

        tokens_N = np.empty(count, dtype=np.int64)
        part = int(np.searchsorted(self._starts, start, side="right")) - 1
        filled = 0
        while filled < count:
            offset = start + filled - int(self._starts[part])
            piece = self._parts[part].read(offset, count - filled)
            tokens_N[filled : filled + len(piece)] = piece
            filled += len(piece)
            part += 1
        if (highest := int(tokens_N.max())) >= self.vocab_size:
            raise DamagedArtifact(
                f"token id {highest} is outside a vocabulary of {self.vocab_size}",
                at=self._folder / MANIFEST,
                why=f"found among the {self.split} tokens {start} to {start + count - 1}",
                mend="run the stage 'shards' again with the model's own tokenizer",
            )
        return tokens_N


def _require_same_ids(manifest: ShardsManifest, folder: Path) -> None:
    """The ids must mean to the model what they meant to whoever wrote them."""
    require_tokenizer(folder)
    path = folder / TOKENIZER
    own = sha256_file(path)
    if own != manifest.tokenizer_sha256:
        raise DamagedArtifact(
            f"the shards were encoded with another tokenizer (sha256 {manifest.tokenizer_sha256[:12]}…) than "
            f"this one ({own[:12]}…)",
            at=path,
            why="an id means another text in every tokenizer, also where they have as many",
            mend="encode the corpus with the model's own tokenizer",
        )


class _ShardFile:
    """A shard that stays open. It is read by calls, not mapped: cutting a mapped file ends the process."""

    def __init__(self, path: Path, dtype: str, tokens: int) -> None:
        import numpy as np

        self._path = path
        self._type = np.dtype(dtype).newbyteorder("<")
        self._tokens = tokens
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        weakref.finalize(self, os.close, self._descriptor)

    def read(self, start: int, count: int) -> NDArray[np.unsignedinteger]:
        """Tokens from `start` on, at most `count` of them and none beyond the shard's end.

        Raises:
            DamagedArtifact: the file is shorter than it was when it was opened, or the disk fails.
        """
        import numpy as np

        size = self._type.itemsize
        found, done, got, why = bytearray(min(count, self._tokens - start) * size), 0, 1, ""
        try:
            while done < len(found) and got:
                got = os.preadv(self._descriptor, [memoryview(found)[done:]], start * size + done)
                done += got
        except OSError as error:
            why = f"{error.strerror}"
        if done < len(found):
            raise DamagedArtifact(
                f"{self._path.name}: {done} of {len(found)} bytes could be read",
                at=self._path,
                why=why or "the file was whole when it was opened, and was cut since",
                mend="put the file back, or run the stage 'shards' again; a run goes on where it was saved",
            )
        return np.frombuffer(found, dtype=self._type)


def _open_shards(folder: Path, manifest: ShardsManifest, split: Split) -> tuple[list[_ShardFile], Tokens]:
    """A split's shards, and the place of each one's first token in the split."""
    import numpy as np

    entries = [entry for entry in manifest.of(split) if entry.tokens]
    parts = [_ShardFile(folder / entry.file, manifest.dtype, entry.tokens) for entry in entries]
    counts = [0, *(entry.tokens for entry in entries)]
    return parts, np.cumsum(counts, dtype=np.int64)
