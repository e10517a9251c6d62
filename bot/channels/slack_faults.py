"""Every error of Slack's that we know, in one place: what it means, and who can do something (I14)."""

from __future__ import annotations

from typing import Any, Final

from bot.errors import ChannelError

_RENEW: Final = (
    "Make a new token for the app (api.slack.com/apps, OAuth & Permissions), put it into [slack.{name}] bot_token, "
    "start again, and run: deskbot check"
)
_INVITE: Final = (
    "Invite the app into the channel in Slack (/invite), or take the channel out of the configuration."
)
NO_TOKEN: Final = frozenset(
    {
        "account_inactive",
        "invalid_auth",
        "not_authed",
        "token_revoked",
        "token_expired",
        "not_allowed_token_type",
    }
)
"""The token is none any more: a person must look."""
ADVICE: Final = {
    **dict.fromkeys(sorted(NO_TOKEN), _RENEW),
    "team_access_not_granted": _RENEW,
    "missing_scope": "Install the app again with the manifest in slack/manifest.yaml, which asks for all that it needs.",
    "not_in_channel": _INVITE,
    "channel_not_found": _INVITE,
    "is_archived": "Take the channel out of its archive in Slack, or give the team another room.",
    "restricted_action": "An administrator of the workspace must let the app write there.",
    "restricted_action_read_only_channel": "An administrator of the workspace must let the app write there.",
    "ekm_access_denied": "An administrator of the workspace must let the app write there.",
    "org_login_required": "The workspace is being moved: try again when that is done.",
    "messages_tab_disabled": "Switch on the Messages Tab of the app (App Home at api.slack.com/apps).",
}
"""What an administrator does. Each of these is permanent for the message at hand, and raises an alarm."""
HOPELESS: Final = frozenset(
    {"user_not_found", "users_not_found", "user_disabled", "cannot_dm_bot", "user_not_visible", "no_permission",
     "access_denied", "invalid_arguments", "invalid_arg_name", "no_text", "metadata_too_large", "too_many_attachments",
     "unknown_method", "method_deprecated", "thread_not_found", "message_not_found", "file_not_found",
     "expired_trigger_id"}
)  # fmt: skip
"""No further attempt can help, and nobody but the agents of the ticket needs to hear of it."""
TOO_MUCH: Final = frozenset(
    {
        "msg_blocks_too_long",
        "msg_too_long",
        "invalid_blocks",
        "invalid_blocks_format",
        "block_mismatch",
    }
)
"""The words can go in a simpler form (I9)."""
GONE: Final = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
"""The message that was to be changed is there no more: a new one is posted."""
NO_THREAD: Final = frozenset({"thread_not_found", "invalid_thread_ts", "cannot_reply_to_message"})
NOT_THERE: Final = frozenset({"user_not_in_channel", "not_in_channel", "channel_not_found", "is_archived"})
"""Somebody cannot be told something alone in a conversation: it goes to them directly."""
TOO_OFTEN: Final = frozenset({"ratelimited", "rate_limited"})
DOUBTFUL: Final = frozenset({"internal_error", "fatal_error", "request_timeout", "service_unavailable"})
"""Slack itself does not know whether it did what was asked."""


class Refused(ChannelError):
    """Slack says no. ``code`` is its word for it."""

    def __init__(self, method: str, code: str, *, needed: str = "", retry_after: float | None = None) -> None:
        more = f": the scope {needed} is missing" if needed else ""
        super().__init__(
            f"Slack refuses {method}: {code}{more}",
            permanent=code in ADVICE or code in HOPELESS or code in TOO_MUCH,
            retry_after=retry_after,
            ambiguous=code in DOUBTFUL,
        )
        self.code = code


def read(method: str, response: Any) -> ChannelError:
    """What an answer means that is no yes, whatever stands in it."""
    told = getattr(response, "data", None)
    status = getattr(response, "status_code", None) or getattr(response, "status", 0)
    headers = getattr(response, "headers", None) or {}
    asked = next((str(value) for name, value in headers.items() if name.lower() == "retry-after"), "")
    seconds = float(asked) if asked.isdecimal() and len(asked) < 7 else None
    if status == 429:
        return Refused(method, "ratelimited", retry_after=seconds or 1.0)
    if isinstance(told, dict) and isinstance(told.get("error"), str):
        code = told["error"][:60]
        needed = told.get("needed")
        return Refused(
            method,
            code,
            needed=needed[:200] if isinstance(needed, str) else "",
            retry_after=(seconds or 1.0) if code in TOO_OFTEN else None,
        )
    return ChannelError(f"Slack cannot answer {method}: status {status}", ambiguous=True)
