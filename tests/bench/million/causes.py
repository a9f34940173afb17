"""What a million letters died of: fourteen causes in six queues, told as their workers would have told them."""

from dataclasses import dataclass

from graveshift.fingerprint import fingerprint
from tests.bench.million.deliver import PLACE

RARE_WORD, COMMON_WORD = "checksum", "timed"
HOSTS, USERS = 40, 50_000


@dataclass(frozen=True)
class Cause:
    """`share` of a thousand letters; `message` and `payload` take a number as `%s`, the payload as JSON with `%%`."""

    share: int
    queue: str
    kind: str
    error_type: str
    message: str

    @property
    def fingerprint(self) -> str:
        """As a worker names it, whatever the number is."""
        return fingerprint(self.error_type, self.message % 1, PLACE)


CAUSES = (
    Cause(420, "webhooks", "post_hook", "httpx.ConnectTimeout",
          "POST https://api%s.acme.example/hook timed out after 10s"),
    Cause(150, "webhooks", "post_hook", "httpx.ReadTimeout",
          "GET https://hooks%s.foo.example/v2 timed out while reading the body"),
    Cause(90, "mail", "send", "smtplib.SMTPServerDisconnected", "Connection unexpectedly closed by mx%s"),
    Cause(70, "mail", "send", "smtplib.SMTPRecipientsRefused", "550 mailbox %s is unavailable"),
    Cause(60, "parse", "parse_file", "KeyError", "'iban' is missing in row %s"),
    Cause(50, "parse", "parse_file", "UnicodeDecodeError", "invalid start byte in position %s"),
    Cause(40, "billing", "charge", "stripe.RateLimitError", "429 Too Many Requests for customer %s"),
    Cause(35, "billing", "charge", "IntegrityError",
          'duplicate key value violates unique constraint "orders_uniq" (%s)'),
    Cause(25, "billing", "invoice", "decimal.InvalidOperation", "amount %s cannot be rounded"),
    Cause(20, "search", "index", "elastic.ConnectionError", "connection reset by peer es-%s"),
    Cause(15, "search", "index", "MemoryError", "document %s is larger than 100 MB"),
    Cause(12, "reports", "render", "TemplateError", "undefined variable in block %s"),
    Cause(8, "reports", "render", "subprocess.TimeoutExpired", "wkhtml timed out on page %s"),
    Cause(5, "reports", "render", "OSError", "[Errno 28] No space left on device, sheet %s"),
)  # fmt: skip
VERSIONS = ("v139", "v140", "v141", "v142")
