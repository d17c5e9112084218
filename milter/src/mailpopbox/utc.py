"""Times as programs exchange them: ISO 8601 in UTC."""

from datetime import UTC, date, datetime, timedelta

_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
_EPOCH = date(1970, 1, 1)


def iso(seconds: int | None) -> str | None:
    """Write seconds since 1970; None stays None."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime(_FORMAT)


def seconds_of(text: str) -> int:
    """Read what `iso` wrote; raises ValueError."""
    return int(datetime.strptime(text, _FORMAT).replace(tzinfo=UTC).timestamp())


def iso_day(days: int) -> str:
    """Write days since 1970."""
    return (_EPOCH + timedelta(days=days)).isoformat()


def days_of(text: str) -> int:
    """Read what `iso_day` wrote; raises ValueError."""
    return (date.fromisoformat(text) - _EPOCH).days
