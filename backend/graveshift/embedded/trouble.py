"""What can go wrong with the private server; the docstring is the message."""

from graveshift.errors import EmbeddedError


class BinariesMissing(EmbeddedError):
    """no PostgreSQL binaries were found (set GRAVESHIFT_DATABASE_URL, a bin directory, or reinstall the package)"""


class AccountMissing(EmbeddedError):
    """PostgreSQL needs an ordinary account with an entry in the password database to run as"""


class DirectoryRefused(EmbeddedError):
    """the data directory cannot be used by the account PostgreSQL runs as"""


class LockBusy(EmbeddedError):
    """another process has been starting or stopping this server for too long"""


class OtherMajor(EmbeddedError):
    """the data directory belongs to another major version of PostgreSQL; back up with the old one and restore"""


class PasswordLost(EmbeddedError):
    """the data directory has no password file, so nobody can log in to it"""


class ServerFailed(EmbeddedError):
    """PostgreSQL did not do as it was told"""
