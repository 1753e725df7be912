"""`python -m specship.cli`, the same as `specship`."""

import sys

from specship.cli import main

sys.exit(main())
