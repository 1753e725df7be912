"""Hand-made files that a reader must refuse: plain words, bytes, part of the message, place."""
