"""What may not be done with a notice; the staff read the text."""


class NotAllowed(Exception):
    """The notice's state does not allow it, or it is not what the person has seen."""
