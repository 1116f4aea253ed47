"""Messages to a real syslog server and to a file: both headers, a server that stalls, and one that is restarted."""

import re

import pytest

from harness.lab import SERVER
from harness.log_server import ADDRESS, TCP_PORT, UDP_PORT, LogServer
from harness.ping import ping
from harness.poll import until

ASA_FORM = re.compile(r"imudp local4\.info .*\|<166>\w{3} \d\d \d{4} [\d:]{8} test-headend : "
                      r"%ASA-6-722022: Group <LAB>")
RFC_FORM = re.compile(r"imtcp local4\.info test-headend culvertd 722022 \|<166>1 \S+Z test-headend culvertd - 722022 - "
                      r"%ASA-6-722022: Group <LAB>")


@pytest.fixture
def server(lab, tmp_path):
    lab.headend.run("ip", "link", "set", "lo", "up")
    server = LogServer(lab, tmp_path)
    yield server
    server.kill()


def test_log_hosts_and_file(stage, server, tmp_path):
    file = tmp_path / "culvert.log"
    headend = stage.start_headend(extra=[
        "logging timestamp", "logging device-id hostname", "logging trap informational", f"logging file {file}",
        f"logging host inside {ADDRESS} udp/{UDP_PORT}",
        f"logging host outside {ADDRESS} tcp/{TCP_PORT} format rfc5424",
        "logging host inside 127.0.0.9 tcp/9",  # where nobody listens
    ])

    def came(form: re.Pattern) -> int:
        return sum(1 for message in server.messages() if form.match(message))

    client = stage.connect(0, dtls=False)
    until(lambda: came(ASA_FORM) == came(RFC_FORM) == 1, lambda: "both forms:\n" + "\n".join(server.messages()[-20:]))
    assert re.search(r"^\w{3} \d\d \d{4} [\d:]{8}: %ASA-6-722022: ", file.read_text(), re.M)

    # A server that stalls delays no client, and gets what it missed.
    server.stall()
    stage.connect(1, dtls=False)
    ping(stage.lab.client, SERVER, source=client.address)
    server.go_on()
    until(lambda: came(ASA_FORM) == came(RFC_FORM) == 2, "what was said meanwhile arrives")

    # One that is started anew is found again.
    server.stop()
    server.start()
    stage.connect(2, dtls=False)
    until(lambda: came(RFC_FORM) == 3, lambda: "TCP connects again:\n" + headend.show.text("show logging"), timeout=40)

    hosts = headend.show.json("show logging")["hosts"]
    assert [host["transport"] for host in hosts] == [f"udp/{UDP_PORT}", f"tcp/{TCP_PORT}", "tcp/9"]
    assert hosts[1]["sent"] > 20 and hosts[1]["discarded"] == 0, hosts
    assert hosts[2]["sent"] == 0 and hosts[2]["queued"] > 10, hosts
    assert "Trap logging: level informational, facility 20, " in headend.show.text("show logging")
