"""The page that a person looks at: one file of HTML without script, made from the one record of reports."""
