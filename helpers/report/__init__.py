"""The report as a whole: its claims and their verdicts, pages and notebooks, the site, and the doors.

claims, ledger    what the report of 2019 states, and the verdict on each
page, notebooks   what a chapter shows and stores
run, site         chapters executed, and the pages made of them
"""
