"""What `show mtu-advice` and `culvertd --check` compute is what clients are told, and what `debug` says of them."""

import subprocess

from harness.paths import CULVERTD


def advice(headend) -> dict:
    return next(group for group in headend.show.json("show mtu-advice")["groups"] if group["group_policy"] == "LAB")


def test_advice_is_what_clients_are_told(stage):
    headend = stage.start_headend()
    group = advice(headend)
    assert group["verdict"] == "suffers" and group["tunnel_groups"] == ["DefaultWEBVPNGroup"]
    case = next(case for case in group["cases"] if case["family"] == "IPv4")
    assert (case["tls_mtu"], case["dtls_mtu"]) == (1347, 1418)
    assert "enabled at level 1" in headend.show.text("debug webvpn anyconnect")
    client = stage.connect(dtls=True)
    assert (client.header("X-CSTP-MTU"), client.header("X-DTLS-MTU")) == ("1347", "1418")
    said = headend.process.log()
    assert "%ASA-7-711001: Group <LAB> User <vpn> IP <198.51.100.2> tls-mtu: 1380 - 5 (TLS header) - 8 (CSTP) " \
           "- 0 (padding) - 20 (hash) = 1347" in said
    assert "computed tls-mtu=1347 dtls-mtu=1418 conf-mtu=none" in said
    headend.show.text("undebug all")
    assert headend.show.text("show debug") == ""

    checked = subprocess.run([CULVERTD, "--config", headend.config_path, "--check"], capture_output=True, text=True,
                             timeout=60)
    assert checked.returncode == 0 and "sysopt connection tcpmss 1451\n" in checked.stdout, checked
