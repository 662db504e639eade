"""The shipped proxies, run for real: names, ports and places are put in, and nothing else is changed."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import trustme

from tests.needs import need_command

__all__ = [
    "DEPLOY",
    "PROXIES",
    "Answer",
    "Proxy",
    "caddy_site",
    "free_port",
    "nginx_site",
    "open_proxies",
    "open_signpost",
]

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
PROXIES = ("caddy", "nginx")
READY_S = 30.0
STOP_S = 10.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back on one connection; `headers` by lower-case name."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Proxy:
    """One running proxy: the name that it answers for, where, and who vouches for its certificate."""

    host: str
    port: int
    plain_port: int
    upstream_port: int
    authority: Path
    access_log: Path

    @property
    def url(self) -> str:
        return f"https://{self.host}:{self.port}"

    def connect(self, *, name: str | None = None, alpn: Sequence[str] = ("http/1.1",)) -> ssl.SSLSocket:
        """A TLS connection, its certificate checked. Raises: ssl.SSLError."""
        context = ssl.create_default_context(cafile=str(self.authority))
        context.set_alpn_protocols(list(alpn))
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        return context.wrap_socket(plain, server_hostname=name or self.host)

    def ask(
        self, path: str, *, method: str = "GET", host: str | None = None, head: str = "", body: bytes = b""
    ) -> Answer:
        """One request on a connection of its own, its path sent as it is; `head` holds further lines."""
        where = host or f"{self.host}:{self.port}"
        first = f"{method} {path} HTTP/1.1\r\nHost: {where}\r\nConnection: close\r\n{head}\r\n"
        with closing(self.connect()) as line:
            line.sendall(first.encode())
            # Who is refused by the header alone is not listened to; the answer is there to be read.
            with suppress(OSError):
                line.sendall(body)
            return read_answer(line)


def read_answer(line: socket.socket) -> Answer:
    """Everything until the other side closes, read as one answer."""
    said = b""
    while part := line.recv(65536):
        said += part
    head, _, body = said.partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in rest)}
    return Answer(int(first.split()[1]), headers, body)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


# --- the shipped files with a test's names and ports ------------------------------------------------------


def caddy_site(file: str, place: Path, *, ports: tuple[int, int] = (443, 80)) -> str:
    """A shipped Caddy file for this machine: an authority of its own, and logs and certificates in `place`.

    Shapes: the names are put in by the environment (OBVERSE_HOST and the like), as for everybody.
    """
    text = (DEPLOY / "caddy" / file).read_text(encoding="utf-8")
    here = (
        f"\tadmin off\n\tlocal_certs\n\tskip_install_trust\n\thttps_port {ports[0]}\n\thttp_port {ports[1]}\n"
        f"\tstorage file_system {place}/store\n"
    )
    text = text.replace("/var/log/caddy/", f"{place}/")
    if "\n{\n" not in text:
        return f"{{\n{here}}}\n{text}"
    return text.replace("\n{\n", f"\n{{\n{here}", 1)


def nginx_site(
    file: str, place: Path, *, names: dict[str, str], ports: tuple[int, int] = (443, 80), upstream: int = 8000
) -> str:
    """A whole nginx configuration with a shipped site in it, certificates and logs in `place`."""
    text = (DEPLOY / "nginx" / file).read_text(encoding="utf-8")
    for shipped, name in names.items():
        text = text.replace(f"/etc/letsencrypt/live/{shipped}/", f"{place}/")
        text = text.replace(shipped, name).replace(shipped.replace(".", r"\."), name.replace(".", r"\."))
    text = text.replace("/var/log/nginx/", f"{place}/").replace("/var/www/letsencrypt", f"{place}")
    for shipped_port, port in zip((443, 80), ports, strict=True):
        text = text.replace(f"listen {shipped_port}", f"listen {port}")
        text = text.replace(f"listen [::]:{shipped_port}", f"listen [::]:{port}")
    text = text.replace("127.0.0.1:8000", f"127.0.0.1:{upstream}")
    if not _has_ipv6():
        text = "\n".join(line for line in text.splitlines() if "listen [::]" not in line)
    return _NGINX.format(user="user root;" if os.geteuid() == 0 else "", place=place, site=text)


_NGINX = """\
{user}
daemon off;
pid {place}/nginx.pid;
error_log {place}/error.log;
worker_processes 1;
events {{ worker_connections 768; }}
http {{
    # As in Debian's nginx.conf, so that the site is seen to set right what does not suit it.
    sendfile on;
    tcp_nopush on;
    gzip on;
    access_log {place}/everything.log;
    client_body_temp_path {place}/body;
    proxy_temp_path {place}/proxy;
    fastcgi_temp_path {place}/fastcgi;
    uwsgi_temp_path {place}/uwsgi;
    scgi_temp_path {place}/scgi;
{site}
}}
"""


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


# --- running them -----------------------------------------------------------------------------------------


@contextmanager
def open_proxies(kind: str, place: Path, hosts: Sequence[str]) -> Iterator[dict[str, Proxy]]:
    """One proxy a name, each a process of its own, for an upstream that may come later; all are ended."""
    with ExitStack() as running:
        if kind == "caddy":
            opened = {host: _start_caddy(running, place, host) for host in hosts}
        else:
            opened = _start_nginxes(running, place, hosts)
        yield opened


def _start_caddy(running: ExitStack, place: Path, host: str) -> Proxy:
    caddy = need_command("caddy")
    own = place / host
    own.mkdir()
    https, http, upstream = free_port(), free_port(), free_port()
    # One store for all of them, and so one authority.
    text = caddy_site("Caddyfile", own, ports=(https, http)).replace(f"{own}/store", f"{place}/store")
    (own / "Caddyfile").write_text(text, encoding="utf-8")
    names = {"OBVERSE_HOST": host, "OBVERSE_UPSTREAM": f"127.0.0.1:{upstream}"}
    places = {"HOME": str(own), "XDG_CONFIG_HOME": str(own), "XDG_DATA_HOME": str(own)}
    authority = place / "store" / "pki" / "authorities" / "local" / "root.crt"
    proxy = Proxy(host, https, http, upstream, authority, own / "obverse.log")
    _start(running, [caddy, "run", "--config", str(own / "Caddyfile")], own, proxy, {**names, **places})
    return proxy


def _start_nginxes(running: ExitStack, place: Path, hosts: Sequence[str]) -> dict[str, Proxy]:
    nginx = need_command("nginx", package="nginx-light")
    issuer, authority = trustme.CA(), place / "authority.pem"
    opened = {}
    for host in hosts:
        own = place / host
        own.mkdir()
        _certify(issuer, authority, own, host)
        https, http, upstream = free_port(), free_port(), free_port()
        text = nginx_site(
            "obverse.conf", own, names={"ana.example": host}, ports=(https, http), upstream=upstream
        )
        (own / "nginx.conf").write_text(text, encoding="utf-8")
        proxy = Proxy(host, https, http, upstream, authority, own / "obverse.log")
        _start(running, [nginx, "-c", str(own / "nginx.conf"), "-e", str(own / "error.log")], own, proxy, {})
        opened[host] = proxy
    return opened


@contextmanager
def open_signpost(kind: str, place: Path, host: str, node: Proxy) -> Iterator[Proxy]:
    """The example by which handles of `host` lead to a node behind another proxy."""
    own = place / host
    own.mkdir()
    https, http = free_port(), free_port()
    names = {"ana.example.org": f"{node.host}:{node.port}", "example.org": host}
    with ExitStack() as running:
        if kind == "caddy":
            (own / "Caddyfile").write_text(caddy_site("handle-domain.caddy", own, ports=(https, http)))
            authority = own / "store" / "pki" / "authorities" / "local" / "root.crt"
            environment = {
                "OBVERSE_HANDLE_HOST": host,
                "OBVERSE_HOST": names["ana.example.org"],
                "HOME": str(own),
            }
            command = [need_command("caddy"), "run", "--config", str(own / "Caddyfile")]
        else:
            authority, environment = place / "authority.pem", {}
            _certify(trustme.CA(), authority, own, host)
            text = nginx_site("handle-domain.conf", own, names=names, ports=(https, http))
            text = text.replace(f"/etc/letsencrypt/live/{host}/", f"{own}/")
            (own / "nginx.conf").write_text(text, encoding="utf-8")
            command = [need_command("nginx", package="nginx-light"), "-c", str(own / "nginx.conf")]
            command += ["-e", str(own / "error.log")]
        proxy = Proxy(host, https, http, 0, authority, own / "none.log")
        _start(running, command, own, proxy, environment)
        yield proxy


def _certify(issuer: trustme.CA, authority: Path, own: Path, host: str) -> None:
    issuer.cert_pem.write_to_path(str(authority))
    issued = issuer.issue_cert(host)
    issued.private_key_pem.write_to_path(str(own / "privkey.pem"))
    for number, part in enumerate(issued.cert_chain_pems):
        part.write_to_path(str(own / "fullchain.pem"), append=number > 0)


def _start(
    running: ExitStack, command: Sequence[str], place: Path, proxy: Proxy, environment: dict[str, str]
) -> None:
    """Start a proxy and wait until it speaks TLS with a certificate that holds."""
    said = place / "said.log"
    with said.open("wb") as log:
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={"PATH": os.environ.get("PATH", os.defpath), **environment},
            start_new_session=True,
        )
    running.callback(_end, process)
    deadline = time.monotonic() + READY_S
    while True:
        assert process.poll() is None, said.read_text()[-3000:]
        try:
            proxy.connect().close()
        except OSError:
            assert time.monotonic() < deadline, said.read_text()[-3000:]
            time.sleep(0.1)
        else:
            return


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
