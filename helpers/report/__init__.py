"""The report as a whole: its claims and their verdicts, pages and notebooks as files, runs of chapters, and the site."""
