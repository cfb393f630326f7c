"""What other folders' tests have too."""

from tests.end_to_end.conftest import evens, typed  # noqa: F401
