"""Qa: the quality gates of `specship qa`, asked of a checkpoint folder or a GGUF.

`examine(path)` runs every gate in `gates/`, one a file, and answers with a `QaReport`. A model passes when
all of them were executed and all of them passed; what could not be executed is a failure with its reason.
"""
