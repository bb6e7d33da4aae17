"""Calls to the API: within the budget of the account, and with our errors instead of its own."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from clouds.budget import budget
from clouds.errors import CloudError, Forbidden, Unauthorized, Unreadable

SECONDS = 30  # a call that takes longer has failed


@dataclass(frozen=True)
class Account:
    """One account and where its token lies."""

    name: str
    url: str
    token_file: Path

    def get(self, path: str) -> bytes:
        """The answer to one call, made again where the API asks to. Raises `CloudError`."""
        try:
            return budget(self.name, "toy").call(path, lambda: self._ask(path), _throttled)
        except HTTPError as error:
            raise self._ours(error) from None
        except OSError as error:
            raise Unreadable(f"The toy cloud at {self.url} does not answer: {error}.") from None

    def items(self, path: str) -> Iterator[dict[str, Any]]:
        """The items of all pages."""
        page: int | None = 1
        while page:
            mark = "&" if "?" in path else "?"
            answer = json.loads(self.get(f"{path}{mark}page={page}"))
            yield from answer["items"]
            page = answer["next"]

    def _ask(self, path: str) -> bytes:
        headers = {"Authorization": f"Bearer {self._token()}"}
        with urlopen(Request(self.url + path, headers=headers), timeout=SECONDS) as answer:
            return answer.read()

    def _token(self) -> str:
        if not self.token_file.is_file():
            raise Unauthorized(f"There is no token in {self.token_file}. Write one into it.")
        return self.token_file.read_text().strip()

    def _ours(self, error: HTTPError) -> CloudError:
        with error:
            if error.code == 401:
                return Unauthorized(
                    f"The token of {self.name} is refused. Write a new one into {self.token_file}."
                )
            if error.code == 403:
                return Forbidden(json.load(error)["permission"], f"account {self.name}")
            return Unreadable(f"The toy cloud answered {error.code} {error.reason}. Try again.")


def _throttled(error: Exception) -> float | None:
    """Seconds that the API asks to wait, zero if it names none, null if it is another error."""
    if isinstance(error, HTTPError) and error.code in (429, 503):
        with error:
            return float(error.headers.get("Retry-After") or 0)
    return None
