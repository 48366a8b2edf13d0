"""What was kept and what was not: every promise is tried, and all failures are told at the end."""

import logging
import traceback


class Report(logging.Handler):
    """Collects failures; also a log handler, to which every record is a failure."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.failures = []

    def emit(self, record):
        self.failures.append(f"{record.name} warns: {record.getMessage()}")

    def keep(self, promise, tried, *arguments):
        """Tries a promise and prints it when it was kept."""
        try:
            tried(*arguments)
        # Whatever goes wrong is a failure of this promise, and the others are tried all the same.
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{place.filename.rsplit('/', 1)[-1]}:{place.lineno}"
            self.failures.append(f"{promise}: {type(error).__name__} at {where}: {error}")
        else:
            print(promise, flush=True)
