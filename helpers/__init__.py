"""Helpers of the reproducible neural-network assignment: five rooms, one for each part of the report.

core        what all stand on: places, seeds, profiles, files, statistics, the look of figures, Keras
playground  chapters 01 to 03: the TensorFlow Playground, number for number, for one seed or for hundreds
fashion     chapters 04 to 06: Fashion-MNIST, its networks and their training, principal components
questions   chapter 07: derivations, checked by independent roads
report      the claims and their verdicts, pages, notebooks as files, the site, and the doors

Core imports nothing of ours; the three topics import core alone; report may import all of them, and nothing imports
report but the doors. Charts take arrays and reach neither Keras nor numba. tests/test_layout.py holds these rules.
Importing any of them changes nothing: no seed, no plotting style, no files.
"""
