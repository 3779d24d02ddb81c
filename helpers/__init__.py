"""Helpers of the reproducible neural-network assignment: one flat package, one topic a module.

The modules stand in layers, and imports go one way only (tests/test_layout.py holds it):

ground   errors, paths, settings, claims, store      know nothing of networks or pages
work     playground, fashion, models, training, ...  compute; import only ground
page     style, charts, page                         draw and write; import only ground
doors    run, site, predict, ledger, __main__        commands; import anything

Importing any of them changes nothing: no seed, no plotting style, no files.
"""
