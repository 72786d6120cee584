"""Requests per second of several clients on several processes of the portal, on this machine only."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from bench.database import settings

_HOST = "127.0.0.1"
_START = 60
_ENVIRONMENT = "PORTAL_BENCH_SETTINGS"


@dataclass(frozen=True, slots=True)
class Load:
    """What came out: requests per second, and the resident memory of each process in MB."""

    per_second: float
    memory: tuple[float, ...]


def run(
    url: str, address: str, cookie: str, *, processes: int = 2, clients: int = 8, seconds: int = 15
) -> Load:
    """Ask for one page from so many clients for so long."""
    ports = [_free_port() for _ in range(processes)]
    environment = {**os.environ, _ENVIRONMENT: json.dumps(settings(url))}
    started = [
        subprocess.Popen([sys.executable, "-W", "ignore", "-m", "bench.load", str(port)], env=environment)
        for port in ports
    ]
    try:
        for port in ports:
            _wait_for(port)
        _ask(ports, address, cookie, clients, seconds=2)
        asked = _ask(ports, address, cookie, clients, seconds)
        return Load(asked / seconds, tuple(_memory(process.pid) for process in started))
    finally:
        for process in started:
            process.terminate()
            process.wait()


def _ask(ports: list[int], address: str, cookie: str, clients: int, seconds: int) -> int:
    counts = [0] * clients
    end = time.monotonic() + seconds

    def client(place: int) -> None:
        connection = http.client.HTTPConnection(_HOST, ports[place % len(ports)], timeout=30)
        while time.monotonic() < end:
            connection.request("GET", address, headers={"Cookie": cookie})
            response = connection.getresponse()
            response.read()
            if response.status != 200:
                raise RuntimeError(f"{address} answered {response.status}")
            counts[place] += 1
        connection.close()

    threads = [threading.Thread(target=client, args=(place,)) for place in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts)


def _wait_for(port: int) -> None:
    until = time.monotonic() + _START
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex((_HOST, port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError(f"no portal on port {port} after {_START} s")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])


def _memory(process: int) -> float:
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    (line,) = [line for line in status.splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) / 1024


def _serve(port: int) -> None:
    from waitress import serve

    import portal

    application = portal.main({}, **json.loads(os.environ[_ENVIRONMENT]))
    serve(application, host=_HOST, port=port, threads=8, _quiet=True)


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
