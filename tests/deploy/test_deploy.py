"""The examples of ``deploy/``: nginx accepts its file and does what the comments state; systemd knows every line."""

from __future__ import annotations

import configparser
import contextlib
import os
import re
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from hub.settings import Settings
from tests.waits import HANGS_AFTER, steps

DEPLOY = Path(__file__).parents[2] / "deploy"
NGINX = DEPLOY / "nginx.conf"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
IN_CI = os.environ.get("CI") == "true"
SIZES = {"m": 1 << 20, "k": 1 << 10}

needs_nginx = pytest.mark.skipif(shutil.which("nginx") is None and not IN_CI, reason="nginx is not installed.")
needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None and not IN_CI, reason="systemd-analyze is not installed."
)


class Echo(BaseHTTPRequestHandler):
    """Responds with the path and the received headers; records when the first bytes of a body arrived."""

    protocol_version = "HTTP/1.1"
    began = threading.Event()

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        left = int(self.headers["Content-Length"])
        while left:
            left -= len(self.rfile.read1(left))
            self.began.set()
        self._answer()

    def _answer(self) -> None:
        received = {"Path": self.path, **self.headers}
        body = "\n".join(f"{name}: {value}" for name, value in received.items()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Strict-Transport-Security", "max-age=1")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _configuration(folder: Path, port: int, echo: int) -> Path:
    """Write the example's files with this machine's ports and paths; return the file to start nginx with."""
    text = NGINX.read_text().replace("127.0.0.1:8000", f"127.0.0.1:{echo}")
    text = text.replace("/etc/nginx/hub.d", str(folder / "hub.d"))
    (folder / "hub.d").mkdir()
    more = (DEPLOY / "nginx.gateway.conf").read_text()
    (folder / "hub.d" / "gateway.conf").write_text(more.replace("gateway:4000", f"127.0.0.1:{echo}"))
    text = re.sub(r"listen \[::\].*\n", "", text).replace("listen 443", f"listen 127.0.0.1:{port}")
    text = text.replace("listen 80;", f"listen 127.0.0.1:{free_port()};")
    text = text.replace("/etc/nginx/tls", str(folder))
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = folder / "nginx.conf"
    whole.write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/log;\nevents {{}}\n"
        f"http {{\n{temporary}{text}}}\n"
    )
    return whole


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of nginx with the example's file, with a port and certificate of the test."""
    folder = tmp_path_factory.mktemp("nginx")
    key, certificate, port = folder / "hub.key", folder / "hub.crt", free_port()
    arguments = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=hub.example"
    )
    subprocess.run([*arguments.split(), "-keyout", key, "-out", certificate], check=True, capture_output=True)
    Echo.began.clear()
    echo = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=echo.serve_forever, daemon=True).start()
    whole = _configuration(folder, port, echo.server_port)
    command = ["nginx", "-e", str(folder / "log"), "-c", str(whole)]
    checked = subprocess.run([*command, "-t"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    assert "[warn]" not in checked.stderr or "http2" in checked.stderr, checked.stderr
    process = subprocess.Popen(command)
    try:
        for _ in steps("nginx does not listen", folder / "log"):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
        yield f"https://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(HANGS_AFTER)
        echo.shutdown()
        echo.server_close()


@needs_nginx
def test_nginx_passes_the_clients_address_and_sends_hsts(proxy: str) -> None:
    answer = httpx.get(
        f"{proxy}/graphql", headers={"X-Forwarded-For": "203.0.113.9", "Host": "hub.example"}, verify=False
    )
    seen = dict(line.split(": ", 1) for line in answer.text.splitlines())
    assert (seen["X-Forwarded-For"], seen["X-Forwarded-Proto"], seen["Host"]) == ("127.0.0.1", "https", "hub.example")
    assert answer.headers.get_list("strict-transport-security") == ["max-age=31536000"]
    assert "Connection" not in seen


@needs_nginx
def test_nginx_passes_operations_on_to_the_gateway(proxy: str) -> None:
    forged = {"X-Forwarded-For": "203.0.113.9"}
    answer = httpx.post(f"{proxy}/gateway/graphql", headers=forged, json={"query": "{ __typename }"}, verify=False)
    seen = dict(line.split(": ", 1) for line in answer.text.splitlines())
    assert (seen["Path"], seen["X-Forwarded-For"]) == ("/graphql", "127.0.0.1")
    assert httpx.get(f"{proxy}/gateway/graphql/stream", verify=False).text.startswith("Path: /gateway/graphql/stream")


@needs_nginx
def test_nginx_passes_the_handshake_of_a_websocket(proxy: str) -> None:
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Host": "hub.example"}
    answer = httpx.get(f"{proxy}/graphql", headers=upgrade, verify=False)
    seen = dict(line.split(": ", 1) for line in answer.text.splitlines())
    assert (seen["Upgrade"], seen["Connection"]) == ("websocket", "upgrade")


@needs_nginx
def test_nginx_passes_an_upload_on_as_it_comes(proxy: str) -> None:
    """The hub has the first row before the last one is sent; a buffered body never arrives."""
    host, port = proxy.removeprefix("https://").split(":")
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    Echo.began.clear()
    with context.wrap_socket(socket.create_connection((host, int(port)), HANGS_AFTER)) as line:
        line.sendall(
            b"POST /bulk/ferry HTTP/1.1\r\nHost: hub.example\r\nContent-Length: 20000000\r\n\r\n" + b"x" * 1000
        )
        assert Echo.began.wait(HANGS_AFTER)


@needs_nginx
def test_nginx_lets_a_body_that_the_hub_takes_pass(proxy: str) -> None:
    limit = int(Settings.model_fields["body_limit"].default)
    assert httpx.post(f"{proxy}/graphql", content=b"x" * (limit + 1), verify=False).status_code == 200
    (most,) = re.findall(r"location /bulk/ \{[^}]*client_max_body_size (\d+)m;", NGINX.read_text())
    assert int(most) << 20 > Settings.model_fields["bulk_limit"].default


@needs_systemd
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_knows_every_line_of_a_unit(unit: Path, tmp_path: Path) -> None:
    for each in UNITS:
        (tmp_path / each.name).write_text(re.sub(r"ExecStart=\S+", "ExecStart=/bin/true", each.read_text()))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", tmp_path / unit.name],
        capture_output=True,
        text=True,
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
    )
    assert unit.name not in done.stderr, done.stderr
    assert done.returncode == 0, done.stderr


@needs_systemd
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_is_sandboxed(unit: Path) -> None:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", unit], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


def test_units_are_for_every_process_and_hardened_alike() -> None:
    read = {unit.name: _lines(unit) for unit in UNITS}
    commands = {name: lines["ExecStart"].split()[-1] for name, lines in read.items()}
    assert commands == {"hub-migrate.service": "migrate", "hub-web.service": "serve", "hub-worker.service": "worker"}
    alike = [
        {name: lines[name] for name in lines if name.startswith(("Protect", "Restrict", "Private"))}
        for lines in read.values()
    ]
    hardening = re.compile(r"(Protect|Restrict[^\d]|Private|SystemCall|Capability|NoNew|Lock)")
    alike = [{name: value for name, value in lines.items() if hardening.match(name)} for lines in read.values()]
    assert alike[0]["ProtectSystem"] == "strict"
    assert all(each == alike[0] for each in alike)


def _lines(unit: Path) -> dict[str, str]:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(unit.read_text())
    return dict(parser["Service"])
