"""What the Python programs beside it check with, and the line that their tests look for; imported by them."""

from botocore.config import Config
from botocore.exceptions import ClientError

# A retry would hide a fault.
CONFIG = Config(retries={"max_attempts": 1})
checks = 0


def check(condition, what):
    global checks
    assert condition, what
    checks += 1


def refused(code, call, **arguments):
    """Returns the message of the refusal."""
    try:
        call(**arguments)
    except ClientError as error:
        check(error.response["Error"]["Code"] == code, f"{error} instead of {code}")
        return error.response["Error"]["Message"]
    raise AssertionError(f"{code} expected")


def done():
    print(f"{checks} checks passed")
