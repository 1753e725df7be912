"""Results in the files of trackers, one a file: `write(report, folder)` gives the files that it made.

Written are the ship-% of each model and profile, and each figure that fresh evidence passes or fails on. The
same report gives the same bytes: times are those of the measurements.
"""
