"""What a server shows when TLS begins: its certificate, whether it holds, and what was agreed.

For whoever examines a server. Ordinary requests need none of it: the client refuses what does not hold.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from cryptography import x509

from federation.errors import AddressRefused, FetchFailed
from federation.guard import Guard, Target

__all__ = ["Handshake", "TlsTrouble", "shake_hands"]

_EXPIRED, _NOT_YET = 10, 9
_WRONG_NAME = (62, 64)
"""OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH."""


class TlsTrouble(Enum):
    """Why a client would not go on."""

    EXPIRED = "expired"
    NOT_YET_VALID = "not yet valid"
    WRONG_NAME = "wrong name"
    UNTRUSTED = "untrusted"
    """Its chain leads to no authority that is trusted, or has a gap."""
    NO_TLS = "no TLS"
    """No version and cipher in common, or no TLS at all."""


@dataclass(frozen=True, slots=True)
class Handshake:
    """Shapes: `version` as OpenSSL names it ("TLSv1.3"), `protocol` what ALPN agreed on ("h2", "" for
    nothing); `ends_at` aware UTC and `names` of the certificate, None and empty where none was shown.
    """

    trouble: TlsTrouble | None = None
    detail: str = ""
    version: str = ""
    protocol: str = ""
    ends_at: datetime | None = None
    names: tuple[str, ...] = ()


class _BrokenOff(Exception):
    """The connection was taken, and ended within the handshake."""


async def shake_hands(
    guard: Guard, url: str, *, ca_file: str | None = None, total_s: float = 5.0
) -> Handshake:
    """Open one connection as the client would, and say what was seen; a second one where it does not hold.

    Shapes: `url` in canonical form, of any page of the server; nothing is asked of it.
    Raises: AddressRefused; FetchFailed where nobody answers in time.
    """
    target = guard.vet(url)
    try:
        async with asyncio.timeout(total_s):
            addresses = await guard.addresses(target.host, target.port)
            try:
                return await _shake(guard, target, addresses, _strict(ca_file))
            except ssl.SSLCertVerificationError as error:
                trouble, detail = _trouble_of(error), error.verify_message
            except ssl.SSLError as error:
                return Handshake(TlsTrouble.NO_TLS, error.reason or "")
            except _BrokenOff:
                return Handshake(TlsTrouble.NO_TLS, "the connection broke off")
            shown = await _shake(guard, target, addresses, _lenient())
    except TimeoutError:
        raise FetchFailed(f"no complete answer within {total_s:g} s", url=url) from None
    except AddressRefused:
        raise
    except OSError as error:
        raise FetchFailed(f"{type(error).__name__}: {error}", url=url) from error
    return Handshake(trouble, detail, shown.version, shown.protocol, shown.ends_at, shown.names)


def _strict(ca_file: str | None) -> ssl.SSLContext:
    """As the client is, but that it would speak HTTP/2, to see whether the other side does."""
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context


def _lenient() -> ssl.SSLContext:
    """To look at a certificate that does not hold; nothing is said over such a connection."""
    context = _strict(None)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _trouble_of(error: ssl.SSLCertVerificationError) -> TlsTrouble:
    if error.verify_code in _WRONG_NAME:
        return TlsTrouble.WRONG_NAME
    named = {_EXPIRED: TlsTrouble.EXPIRED, _NOT_YET: TlsTrouble.NOT_YET_VALID}
    return named.get(error.verify_code, TlsTrouble.UNTRUSTED)


async def _shake(guard: Guard, target: Target, addresses: list[str], context: ssl.SSLContext) -> Handshake:
    line = await _connect(guard, addresses, target.port)
    try:
        _, writer = await asyncio.open_connection(sock=line, ssl=context, server_hostname=target.host)
    except BaseException as error:
        line.close()
        if isinstance(error, ConnectionError):  # it took the connection, and then would not have us
            raise _BrokenOff from error
        raise
    try:
        shown = writer.get_extra_info("ssl_object")
        ends_at, names = _read(shown.getpeercert(binary_form=True))
        return Handshake(
            version=shown.version() or "",
            protocol=shown.selected_alpn_protocol() or "",
            ends_at=ends_at,
            names=names,
        )
    finally:
        writer.transport.abort()


async def _connect(guard: Guard, addresses: list[str], port: int) -> socket.socket:
    """A connection to the first address that takes one. Raises: OSError."""
    loop = asyncio.get_running_loop()
    failure = OSError("it has no address")
    for address in addresses:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        line = guard.make_socket((family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port)))
        line.setblocking(False)
        try:
            await loop.sock_connect(line, (address, port))
        except OSError as error:
            line.close()
            failure = error
        except BaseException:
            line.close()
            raise
        else:
            return line
    raise failure


def _read(der: bytes) -> tuple[datetime | None, tuple[str, ...]]:
    """The end and the names of a certificate; nothing of one that cannot be read."""
    try:
        certificate = x509.load_der_x509_certificate(der)
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return certificate.not_valid_after_utc, ()
    except ValueError:
        return None, ()
    named = tuple(str(name.value) for name in extension.value if isinstance(name.value, str))
    return certificate.not_valid_after_utc, named[:20]
