class Absent(Exception):
    """What a program cannot do, with the reason: its row is reported as absent, never guessed."""
