"""How often something may happen in a minute: overall and for each host, so that one spends its own share."""

from __future__ import annotations

from collections import Counter, deque
from datetime import datetime, timedelta

from federation.errors import TooManyRequests

__all__ = ["MinuteRate"]

_WINDOW = timedelta(minutes=1)


class MinuteRate:
    """Counts over a sliding minute, in memory bounded by `overall`."""

    def __init__(self, *, per_host: int, overall: int) -> None:
        self._per_host = per_host
        self._overall = overall
        self._times: deque[tuple[datetime, str]] = deque()
        self._hosts: Counter[str] = Counter()

    def spend(self, host: str, now: datetime) -> None:
        """Count one for this host. Raises: TooManyRequests, with the time until it may be tried again."""
        self._forget(now)
        if len(self._times) >= self._overall or self._hosts[host] >= self._per_host:
            oldest = next((at for at, _ in self._times), now)
            wait = _WINDOW - (now - oldest)
            raise TooManyRequests("too many unknown keys", retry_after_s=int(wait.total_seconds()) + 1)
        self._times.append((now, host))
        self._hosts[host] += 1

    def _forget(self, now: datetime) -> None:
        while self._times and now - self._times[0][0] >= _WINDOW:
            _, host = self._times.popleft()
            self._hosts[host] -= 1
            if not self._hosts[host]:
                del self._hosts[host]
