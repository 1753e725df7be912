"""What all tests share."""

import os

pytest_plugins = ["pytester"]

# The suite's own settings must not reach the suites that it starts.
os.environ.pop("PYTEST_ADDOPTS", None)
