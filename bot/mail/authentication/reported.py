"""What our own mail servers say about a sender, and which of what stands there they can have written.

Anybody can write Authentication-Results into a mail; RFC 8601 (section 5) makes our server take out those
that bear its own name, and put its own on top. Servers only ever add above what they got. So a field counts
only when all of this is true (SECURITY.md D7):

* its authserv-id is configured (``senders.trusted``);
* no field of this kind that is another server's, or not well formed, stands above it: what a server that is
  not ours has passed on, it need not have cleaned of our name;
* it stands above every field that an author writes (From, Subject, Date, ...);
* it belongs to the topmost server of ours that said anything: from the first such field down to the next
  Received. What an earlier hop, or the sender, put below that is not looked at;
* for mail that our server hands to our own SMTP door it stands above the first Received as well, the one
  that our server wrote when the mail came from outside. Postfix with milters, Exim and Rspamd write so: then
  even a server that did not take out a forged field, because its filter was away, cannot help a forger. In a
  mailbox deliveries within the house stand above it, and Gmail writes below its own Received: there we lean
  on the server to take out what bears its name, as Gmail, Exchange Online, OpenDKIM, OpenDMARC and Rspamd do.

ARC is not looked at: it says what others found, and whom of them to believe is a question of reputation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from bot.mail.addresses import canonical
from bot.mail.authentication.names import aligned, domain_of
from bot.mail.authentication.results import Result, Results, leading_fields, parse_results
from bot.message import Authentication, Verdict

_FIELD: Final = "authentication-results"
_AUTHORS: Final = frozenset(
    {
        "from", "sender", "reply-to", "to", "cc", "bcc", "subject", "date", "message-id", "in-reply-to", "references",
        "mime-version", "content-type", "content-transfer-encoding", "content-disposition", "content-language",
        "x-mailer", "user-agent",
    }
)  # fmt: skip
_POLICIES: Final = frozenset({"reject", "quarantine"})
_POLICY_PROPERTIES: Final = ("policy.published-domain-policy", "policy.dmarc", "policy.p")


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found out about a sender, and a word for an agent when it is bad."""

    authentication: Authentication = field(default_factory=Authentication)
    note: str = ""


UNKNOWN: Final = Finding()


def reported(raw: bytes, sender: str, trusted: Sequence[str], *, handed_over: bool) -> Finding:
    """What our servers say about mail from ``sender``, the address in From.

    ``handed_over``: the mail came to our own door from our own server, not out of a mailbox.
    """
    believed = trusted_results(raw, trusted, handed_over=handed_over)
    return judge([result for field in believed for result in field.results], sender)


def trusted_results(raw: bytes, trusted: Sequence[str], *, handed_over: bool) -> list[Results]:
    """The fields that our own servers can have written: the rule is this module's docstring."""
    names = {name.strip().lower().rstrip(".") for name in trusted if name.strip()}
    believed: list[Results] = []
    for name, value in leading_fields(raw):
        if name in _AUTHORS or (name == "received" and (believed or handed_over)):
            break
        if name == _FIELD:
            found = parse_results(value)
            if found is None or found.server not in names:
                break
            believed.append(found)
    return believed


def judge(results: Sequence[Result], sender: str) -> Finding:
    """A verdict on mail whose From is ``sender``. What fails outweighs what passes.

    A check of the domain does not tell colleagues apart; where our server names the login as well, that does.
    """
    domain = domain_of(sender)
    dmarc = [
        r for r in results if r.method == "dmarc" and domain_of(r.properties.get("header.from", "")) == domain
    ]
    values = {r.value for r in dmarc}
    if not domain:
        return UNKNOWN
    if "fail" in values:
        return forged(domain)
    colleague = _by_another_login(results, sender)
    if "pass" in values and not colleague:
        return Finding(Authentication(Verdict.PASS, "dmarc"))
    if colleague or any(r.method == "dmarc" and r.value in {"pass", "fail"} for r in results):
        return UNKNOWN  # about another From than the one we read (D8)
    if by := _vouched_by(results, sender, domain):
        return Finding(Authentication(Verdict.PASS, by))
    told = any(r.properties.get(name, "").lower() in _POLICIES for r in dmarc for name in _POLICY_PROPERTIES)
    failed = {r.method for r in results if r.value == "fail"}
    return forged(domain) if told and {"dkim", "spf"} <= failed else UNKNOWN


def _vouched_by(results: Sequence[Result], sender: str, domain: str) -> str:
    """What else proves the sender, where nothing was said of DMARC; empty: nothing."""
    if canonical(sender) in _logins(
        results
    ):  # seen in practice: all that Rspamd writes for who has logged in
        return "smtp-auth"
    for method, identity in (("dkim", _signer), ("spf", _envelope_sender)):
        if any(r.method == method and r.value == "pass" and aligned(identity(r), domain) for r in results):
            return method
    return ""


def forged(domain: str) -> Finding:
    """The owner of a domain says that mail like this one is not from there."""
    return Finding(
        Authentication(Verdict.FAIL, "dmarc"), f"DMARC of {domain} says that this sender is forged"
    )


def _logins(results: Sequence[Result]) -> list[str]:
    """The addresses with which the author logged in at our server (RFC 8601, section 2.7.4)."""
    passed = [r.properties.get("smtp.auth", "") for r in results if r.method == "auth" and r.value == "pass"]
    return [canonical(login) for login in passed if "@" in login]


def _by_another_login(results: Sequence[Result], sender: str) -> bool:
    return any(login != canonical(sender) for login in _logins(results))


def _signer(result: Result) -> str:
    """Seen in practice: Gmail names only header.i, the identity below the signing domain."""
    return domain_of(result.properties.get("header.d") or result.properties.get("header.i", ""))


def _envelope_sender(result: Result) -> str:
    return domain_of(result.properties.get("smtp.mailfrom") or result.properties.get("smtp.mail", ""))
