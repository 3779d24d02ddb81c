"""The one exception that a user is meant to read."""


class Problem(Exception):
    """Something the user can mend: one sentence that says what is wrong, where, and what to do.

    The commands print the sentence alone and leave with a non-zero status; a notebook shows it as its last line.
    Anything else that is raised is a mistake of ours and keeps its traceback.
    """
