"""The configuration of a node: read once from its data directory, frozen, passed on."""

from __future__ import annotations

import ipaddress
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import MappingProxyType
from typing import Any

from federation.errors import InvalidIri
from federation.ids import host, origin
from federation.messages import Limits
from node.domain.errors import InvalidInput
from node.domain.policy import Policy
from node.notices.mailserver import MailServer, parse_mail_server

__all__ = ["FILE", "Config", "load_config", "make_config", "save_config", "software_version"]

FILE = "config.toml"


@dataclass(frozen=True, slots=True)
class Config:
    """What a node knows of itself and its surroundings.

    Shapes: `base_url` is the public origin without a slash; it cannot be changed later. `allowed` holds
            host:port pairs that may be reached although the address guard would refuse them (tests and closed
            networks; empty as shipped). `names` maps host names to addresses without DNS.
            `shows_usage`: NodeInfo tells how many accounts and public posts there are.
    Units:  `cast_spread_s`: casts to several vendors leave at random within so many seconds.
    """

    data_dir: Path
    base_url: str
    bind_host: str = "127.0.0.1"
    bind_port: int = 8000
    allowed: frozenset[str] = frozenset()
    names: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    ca_file: str | None = None
    tls_cert: str | None = None
    tls_key: str | None = None
    cast_spread_s: float = 60.0
    metrics_bind: str = ""
    log_level: str = "info"
    smtp_url: str | None = None
    smtp_password_file: str | None = None
    mail_from: str | None = None
    shows_usage: bool = True
    policy: Policy = field(default_factory=Policy)
    limits: Limits = field(default_factory=Limits)

    @property
    def database_path(self) -> Path:
        return self.data_dir / "obverse.db"

    @property
    def node_key_path(self) -> Path:
        return self.data_dir / "node.key"

    @property
    def socket_path(self) -> Path:
        return self.data_dir / "obverse.sock"

    @property
    def node_actor(self) -> str:
        return f"{self.base_url}/actor"

    @property
    def mail(self) -> MailServer | None:
        """Where mail to owners is handed over, None where none was named. Raises: InvalidInput."""
        if self.smtp_url is None:
            return None
        sender = self.mail_from or f"obverse@{host(self.base_url)}"
        return parse_mail_server(self.smtp_url, self.smtp_password_file, sender)

    @property
    def host(self) -> str:
        """The public host with its port where that is not the scheme's own, as handles have it."""
        return self.base_url.split("://", 1)[1]


_KEYS: dict[str, type | tuple[type, ...]] = {
    "base_url": str,
    "bind_host": str,
    "bind_port": int,
    "allowed": list,
    "names": dict,
    "ca_file": str,
    "tls_cert": str,
    "tls_key": str,
    "cast_spread_s": (int, float),
    "metrics_bind": str,
    "log_level": str,
    "smtp_url": str,
    "smtp_password_file": str,
    "mail_from": str,
    "shows_usage": bool,
    "limits": dict,
}

_LIMITS: dict[str, type | tuple[type, ...]] = {
    "actor_per_second": (int, float),
    "actor_burst": int,
    "host_per_second": (int, float),
    "host_burst": int,
    "domain_per_second": (int, float),
    "domain_burst": int,
    "key_fetches_per_minute": int,
    "key_fetches_per_host": int,
    "key_fetches_per_domain": int,
}
"""What of `Limits` an owner may set: how much others may send. The rest is the protocol's."""

_LEVELS = ("debug", "info", "warning", "error")


def load_config(data_dir: Path) -> Config:
    """Read `config.toml` of a data directory. Raises: InvalidInput, naming the setting and the fix."""
    path = data_dir / FILE
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InvalidInput(
            "data directory", f"there is no node in {data_dir}", "Make one with `obverse init`."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(
            str(path), f"it is not readable as TOML: {error}", "Mend the line it names."
        ) from None
    for name, value in raw.items():
        if name not in _KEYS:
            raise InvalidInput(name, "no such setting", f"Known in {path}: {', '.join(_KEYS)}.")
        if not isinstance(value, _KEYS[name]):
            raise InvalidInput(name, f"{value!r} is of the wrong kind", f"Look at {path}.")
    return make_config(data_dir, raw)


def make_config(data_dir: Path, raw: Mapping[str, Any]) -> Config:
    """Check the settings and freeze them. Raises: InvalidInput."""
    allowed = frozenset(str(pair).lower() for pair in raw.get("allowed", ()))
    names = {str(name).lower(): str(address) for name, address in raw.get("names", {}).items()}
    for pair in allowed:
        if not pair.rpartition(":")[2].isdigit():
            raise InvalidInput("allowed", f"{pair!r} is not host:port", "Write shop.example:443, say.")
    for name, address in names.items():
        try:
            ipaddress.ip_address(address)
        except ValueError:
            raise InvalidInput(
                "names", f"{name} = {address!r} is no address", "Write an IP address."
            ) from None
    made = Config(
        data_dir=data_dir,
        base_url=_check_base_url(str(raw.get("base_url", "")), allowed),
        bind_host=str(raw.get("bind_host", "127.0.0.1")),
        bind_port=int(raw.get("bind_port", 8000)),
        allowed=allowed,
        names=MappingProxyType(names),
        ca_file=raw.get("ca_file"),
        tls_cert=raw.get("tls_cert"),
        tls_key=raw.get("tls_key"),
        cast_spread_s=float(raw.get("cast_spread_s", 60.0)),
        metrics_bind=_check_metrics_bind(str(raw.get("metrics_bind", ""))),
        log_level=_check_level(str(raw.get("log_level", "info"))),
        smtp_url=raw.get("smtp_url"),
        smtp_password_file=raw.get("smtp_password_file"),
        mail_from=raw.get("mail_from"),
        shows_usage=bool(raw.get("shows_usage", True)),
        limits=_check_limits(raw.get("limits", {})),
    )
    _ = made.mail  # refused here, and not when the first mail is due
    return made


def _check_metrics_bind(text: str) -> str:
    host_part, _, port = text.rpartition(":")
    if text and (not host_part or not port.isdigit() or int(port) > 65535):
        raise InvalidInput("metrics_bind", f"{text!r} is not HOST:PORT", "Write 127.0.0.1:9464, say.")
    return text


def _check_level(text: str) -> str:
    if text not in _LEVELS:
        raise InvalidInput("log_level", f"{text!r} is no level", f"Write one of: {', '.join(_LEVELS)}.")
    return text


def _check_limits(raw: Mapping[str, Any]) -> Limits:
    for name, value in raw.items():
        if name not in _LIMITS:
            raise InvalidInput(f"limits.{name}", "no such limit", f"Known: {', '.join(_LIMITS)}.")
        is_number = isinstance(value, _LIMITS[name]) and not isinstance(value, bool)
        if not is_number or not 0 < float(value) < 1e9:
            raise InvalidInput(f"limits.{name}", f"{value!r} is no number above 0", "Write one.")
    return Limits(**raw)


def _check_base_url(text: str, allowed: frozenset[str]) -> str:
    right = "Write the public origin, such as https://ana.example."
    try:
        url = origin(text)
    except InvalidIri as error:
        raise InvalidInput("base_url", f"{text!r}: {error}", right) from None
    if url != text.rstrip("/"):
        raise InvalidInput("base_url", f"{text!r} is not a plain origin", right)
    if url.startswith("http://") and url.removeprefix("http://") not in allowed:
        raise InvalidInput(
            "base_url",
            "plain http",
            f"Use https, or name {host(url)} with its port under `allowed` for a test on one machine.",
        )
    return url


def save_config(config: Config) -> None:
    """Write `config.toml`, readable by its owner alone; an existing file is never replaced.

    Raises: InvalidInput when there is one already.
    """
    lines = [
        "# The settings of this Obverse node. base_url cannot be changed later: it is in every id.",
        f'base_url = "{config.base_url}"',
        f'bind_host = "{config.bind_host}"',
        f"bind_port = {config.bind_port}",
        f"cast_spread_s = {config.cast_spread_s:g}",
    ]
    for name in ("ca_file", "tls_cert", "tls_key", "smtp_url", "smtp_password_file", "mail_from"):
        if (value := getattr(config, name)) is not None:
            lines.append(f'{name} = "{value}"')
    if config.metrics_bind:
        lines.append(f'metrics_bind = "{config.metrics_bind}"')
    else:
        lines.append(
            '# metrics_bind = "127.0.0.1:9464"  # metrics and health, for Prometheus on this machine'
        )
    if not config.shows_usage:
        lines.append("shows_usage = false")
    if config.log_level != "info":
        lines.append(f'log_level = "{config.log_level}"')
    if config.allowed:
        lines.append(f"allowed = [{', '.join(chr(34) + pair + chr(34) for pair in sorted(config.allowed))}]")
    if config.names:
        lines += ["", "[names]", *(f'"{name}" = "{ip}"' for name, ip in sorted(config.names.items()))]
    shipped = Limits()
    changed = [name for name in _LIMITS if getattr(config.limits, name) != getattr(shipped, name)]
    if changed:
        lines += ["", "[limits]", *(f"{name} = {getattr(config.limits, name)}" for name in changed)]
    config.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        descriptor = os.open(config.data_dir / FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise InvalidInput(
            "data directory", f"{config.data_dir} holds a node already", "Choose another with --data."
        ) from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def software_version() -> str:
    """The release, as NodeInfo and the user agent say it; "0" in a tree that was never installed."""
    try:
        return version("obverse")
    except PackageNotFoundError:
        return "0"
