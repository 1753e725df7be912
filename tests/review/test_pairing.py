"""What is one thing under two ids, and what is not."""

from specship.review.pairing import meaning, pair

LOSS = meaning("The held-out loss reaches the target", ["probe run.held_out_loss", "val_loss"])
SPLIT = meaning("No held-out document is known to training", ["probe corpus.split", "shared"])


def test_ids_are_kept_renamed_exchanged_and_moved_around() -> None:
    kept = pair({"A": LOSS, "B": SPLIT}, {"A": LOSS, "B": SPLIT})
    assert (kept.kept, kept.renamed, kept.exchanged, kept.removed, kept.added) == (("A", "B"), (), (), (), ())
    assert pair({"A": LOSS}, {"C": LOSS}).renamed == (("A", "C"),)
    assert pair({"A": LOSS, "B": SPLIT}, {"A": SPLIT, "B": LOSS}).exchanged == (("A", "B"), ("B", "A"))
    taken_over = pair({"A": LOSS, "B": SPLIT}, {"B": LOSS})
    assert (taken_over.renamed, taken_over.removed) == ((("A", "B"),), ("B",))
    assert pair({"A": LOSS}, {"C": SPLIT})[3:] == (("A",), ("C",))


def test_an_id_that_means_something_new_is_still_the_same_id() -> None:
    """So its change is told as one of the gate, and not as one that went and one that came."""
    assert pair({"A": LOSS}, {"A": SPLIT}).kept == ("A",)


def test_the_same_facts_in_other_words_are_one_thing() -> None:
    told = LOSS._replace(words=frozenset({"something", "else"}))
    assert pair({"A": LOSS, "B": SPLIT}, {"B": SPLIT, "C": told}).renamed == (("A", "C"),)
    assert pair({"A": meaning("One.")}, {"C": meaning("Two.")}).removed == ("A",), (
        "no facts are not the same ones"
    )


def test_what_one_probe_measures_is_one_thing_while_some_of_it_is() -> None:
    """Only of ids that are gone and new; two that stay are told apart by all that they mean."""
    one = meaning("The loss is low", ["val_loss", "val_tokens"], "run.held_out_loss")
    two = meaning("Nobody was harmed", ["val_loss"], "run.held_out_loss")
    near = meaning("The loss is low indeed", ["val_loss"], "run.held_out_loss")

    assert pair({"A": one}, {"C": two}).renamed == (("A", "C"),)
    assert pair({"A": one}, {"C": two, "D": near}).renamed == (("A", "D"),)
    for other in (
        two._replace(by="run.other"),
        two._replace(by=""),
        two._replace(facts=frozenset({"steps"})),
    ):
        assert pair({"A": one}, {"C": other})[3:] == (("A",), ("C",))
    exchanged = pair({"A": one, "B": two}, {"A": two, "B": one})
    assert exchanged.exchanged == (("A", "B"), ("B", "A"))


def test_ten_thousand_new_names_are_found_at_once() -> None:
    """Each is what it was; what also changed in meaning is then told as removed and added."""
    base = {f"GATE-{n}": meaning(f"rule number {n}", [f"probe p{n}"]) for n in range(10_000)}
    renamed = {f"NEW-{n}": own for n, own in enumerate(base.values())}
    strange = {f"NEW-{n}": meaning(f"something else {n}", [f"other {n}"]) for n in range(10_000)}

    assert len(pair(base, renamed).renamed) == 10_000
    assert len(pair(base, strange).removed) == 10_000
