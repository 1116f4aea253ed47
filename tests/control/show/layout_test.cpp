// The layouts that monitoring tools parse, byte for byte as an ASA prints them.
#include <gtest/gtest.h>

#include "control/show/output.hpp"
#include "tests/control/show/fake_state.hpp"

namespace culvert::control {
namespace {

using std::chrono::seconds;

SessionView sample_session() {
  SessionView s;
  s.username = "USER";
  s.index = 1018;
  s.assigned = IpAddress::v4(0x0afefe16);
  s.public_address = IpAddress::v4(0x01020304);
  s.headend = IpAddress::v4(0xac1063fe);
  s.tunnels = {
      {"SSL-Tunnel", "AES-GCM-256", "SHA384", "TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384", 1347, 1},
      {"DTLS-Tunnel", "AES-GCM-256", "SHA384", "DTLSv1.2", "PSK", 1400, 0}};
  s.group_policy = "RAVPN";
  s.tunnel_group = "RAVPN";
  s.totals.tx_bytes = 17186425;
  s.totals.rx_bytes = 7094561;
  s.login = std::chrono::system_clock::from_time_t(0x5e715555);
  return s;
}

TEST(ShowSessions, IsTheAsas) {
  FakeState state;
  state.the_sessions = {sample_session()};
  state.the_time = state.the_sessions[0].login + seconds(2 * 3600 + 21 * 60 + 21);
  EXPECT_EQ(show_sessions(state).text, R"(Session Type: AnyConnect

Username     : USER                   Index        : 1018
Assigned IP  : 10.254.254.22          Public IP    : 1.2.3.4
Protocol     : AnyConnect-Parent SSL-Tunnel DTLS-Tunnel
License      : AnyConnect Premium
Encryption   : AnyConnect-Parent: (1)none  SSL-Tunnel: (1)AES-GCM-256  DTLS-Tunnel: (1)AES-GCM-256
Hashing      : AnyConnect-Parent: (1)none  SSL-Tunnel: (1)SHA384  DTLS-Tunnel: (1)SHA384
Bytes Tx     : 17186425               Bytes Rx     : 7094561
Group Policy : RAVPN                  Tunnel Group : RAVPN
Login Time   : 22:55:17 UTC Tue Mar 17 2020
Duration     : 2h:21m:21s
Inactivity   : 0h:00m:00s
VLAN Mapping : N/A                    VLAN         : none
Audt Sess ID : ac1063fe003fa0005e715555
Security Grp : none
)");
}

TEST(ShowSessions, BreaksLongLinesAndSeparatesSessions) {
  FakeState state;
  SessionView s = sample_session();
  s.tunnels.clear();
  s.username = "somebody@a-long-domain.example";
  s.group_policy = std::string(22, 'g');
  s.inactive_since = s.login + seconds(60);
  state.the_sessions = {s, s};
  state.the_sessions[1].group_policy = std::string(23, 'g');
  state.the_time = s.login + seconds(2 * 86400 + 4 * 3600 + 21 * 60 + 44);
  const std::string text = show_sessions(state).text;
  EXPECT_NE(text.find("Username     : somebody@a-long-domain.example\nIndex        : 1018\n"),
            std::string::npos);
  EXPECT_NE(text.find("Group Policy : " + std::string(22, 'g') + " Tunnel Group : RAVPN\n"),
            std::string::npos);
  EXPECT_NE(text.find("Group Policy : " + std::string(23, 'g') + "\nTunnel Group : RAVPN\n"),
            std::string::npos);
  EXPECT_NE(text.find("Protocol     : AnyConnect-Parent\n"), std::string::npos);
  EXPECT_NE(text.find("Hashing      : AnyConnect-Parent: (1)none\n"), std::string::npos);
  EXPECT_NE(text.find("Duration     : 2d 4h:21m:44s\nInactivity   : 2d 4h:20m:44s\n"),
            std::string::npos);
  EXPECT_NE(text.find("Security Grp : none\n\nUsername     : "), std::string::npos);
  const auto json = show_sessions(state).json["sessions"][0];
  EXPECT_EQ(json["assigned_ip"], "10.254.254.22");
  EXPECT_EQ(json["encryption"], "AnyConnect-Parent: (1)none");
  EXPECT_EQ(json["inactive"], true);
}

TEST(ShowSessions, SaysThatThereAreNone) {
  const FakeState state;
  EXPECT_EQ(show_sessions(state).text,
            "INFO: There are presently no active sessions of the type specified\n");
  EXPECT_EQ(show_sessions(state).json["sessions"].size(), 0U);
}

// But for the last total: the box that this is from had 1040 clientless tunnels more than it lists.
TEST(ShowSummary, IsTheAsas) {
  FakeState state;
  state.the_summary.clients = {{"AnyConnect Client", 38, 330351, 442, 0},
                               {"  SSL/TLS/DTLS", 38, 330351, 442, 0},
                               {"Clientless VPN", 0, 1040, 9, std::nullopt},
                               {"  Browser", 0, 1040, 9, std::nullopt}};
  state.the_summary.tunnels = {{"AnyConnect-Parent", 38, 330351, 442, std::nullopt},
                               {"SSL-Tunnel", 38, 985244, 392, std::nullopt},
                               {"DTLS-Tunnel", 37, 2227003, 386, std::nullopt}};
  state.the_summary.total_active = 38;
  state.the_summary.total_cumulative = 331391;
  state.the_summary.capacity = 5000;
  EXPECT_EQ(show_session_summary(state).text,
            R"(---------------------------------------------------------------------------
VPN Session Summary
---------------------------------------------------------------------------
                               Active : Cumulative : Peak Concur : Inactive
                             ----------------------------------------------
AnyConnect Client            :     38 :     330351 :         442 :        0
  SSL/TLS/DTLS               :     38 :     330351 :         442 :        0
Clientless VPN               :      0 :       1040 :           9
  Browser                    :      0 :       1040 :           9
---------------------------------------------------------------------------
Total Active and Inactive    :     38             Total Cumulative : 331391
Device Total VPN Capacity    :   5000
Device Load                  :     1%
---------------------------------------------------------------------------
---------------------------------------------------------------------------
Tunnels Summary
---------------------------------------------------------------------------
                               Active : Cumulative : Peak Concurrent
                             ----------------------------------------------
AnyConnect-Parent            :     38 :     330351 :             442
SSL-Tunnel                   :     38 :     985244 :             392
DTLS-Tunnel                  :     37 :    2227003 :             386
---------------------------------------------------------------------------
Totals                       :    113 :    3542598
---------------------------------------------------------------------------
)");
}

TEST(ShowDrops, AreTheAsas) {
  FakeState state;
  state.the_drops.reasons = {
      {"natt-keepalive", "NAT-T keepalive message", "", 140080931},
      {"mp-svc-no-channel", "SVC Module does not have a channel for reinjection", "", 156927},
      {"mp-svc-no-fragment", "SVC Module unable to fragment packet", "", 148934},
      {"no-route", "No route to host", "", 0},
      {"svc-selector-failure", "SVC inner policy mismatch failure", "", 3961576}};
  EXPECT_EQ(show_drops(state, "", "").text, R"(
Frame drop:
  NAT-T keepalive message (natt-keepalive)                             140080931
  SVC Module does not have a channel for reinjection (mp-svc-no-channel)                                   156927
  SVC Module unable to fragment packet (mp-svc-no-fragment)               148934

Last clearing: Never

Flow drop:
  SVC inner policy mismatch failure (svc-selector-failure)               3961576

Last clearing: Never
)");
  EXPECT_EQ(show_drops(state, "frame", "no-route").text,
            "  No route to host (no-route)                                                  0\n");
  state.the_drops.last_clearing = std::chrono::system_clock::from_time_t(1553697813);
  state.the_drops.cleared_by = "genie";
  EXPECT_NE(
      show_drops(state, "flow", "").text.find("Last clearing: 14:43:33 UTC Mar 27 2019 by genie\n"),
      std::string::npos);
  EXPECT_EQ(show_drops(state, "", "").json["drops"].size(), 5U);
}

TEST(ShowDrops, CutsWhatIsTooLong) {
  FakeState state;
  state.the_drops.reasons = {{"k", std::string(120, 'x'), "", 5}};
  EXPECT_NE(
      show_drops(state, "frame", "").text.find("\n  " + std::string(100, 'x') + "          5\n"),
      std::string::npos);
}

TEST(ShowSockets, AreTheAsas) {
  FakeState state;
  state.the_sockets = {{"SSL", 0x1fc08, "LISTEN", IpAddress::v4(0xac100b01), 444},
                       {"DTLS", 0x20dc8, "LISTEN", IpAddress::v4(0xac100b01), 443}};
  EXPECT_EQ(
      show_sockets(state).text,
      R"(Protocol  Socket    State      Local Address                                Foreign Address
SSL       0001fc08  LISTEN     172.16.11.1:444                              0.0.0.0:*
DTLS      00020dc8  LISTEN     172.16.11.1:443                              0.0.0.0:*
)");
  state.the_config.compatibility.asa84 = true;
  EXPECT_EQ(
      show_sockets(state).text,
      R"(Protocol  Socket    Local Address                                Foreign Address         State
SSL       0001fc08  172.16.11.1:444                              0.0.0.0:*               LISTEN
DTLS      00020dc8  172.16.11.1:443                              0.0.0.0:*               LISTEN
)");
}

TEST(ShowInterface, IsTheAsas) {
  FakeState state;
  InterfaceView i;
  i.device = "0000:18:00.0";
  i.nameif = "outside";
  i.hardware = "net_ice";
  i.link_up = true;
  i.speed_mbps = 1000;
  i.mac = {0xfa, 0x16, 0x3e, 0xb0, 0xc3, 0xd3};
  i.mtu = 1500;
  i.address = IpAddress::v4(0x0a000005);
  i.prefix = 30;
  i.packets_in = 2;
  i.bytes_in = 381;
  i.packets_out = 1;
  i.bytes_out = 28;
  i.dropped = 2;
  i.refused_out = 3;
  state.the_interfaces = {i, {}};
  state.the_interfaces[1].admin_up = false;
  EXPECT_EQ(show_interfaces(state, "outside").text,
            "Interface 0000:18:00.0 \"outside\", is up, line protocol is up\n"
            "  Hardware is net_ice, BW 1000 Mbps, DLY 10 usec\n"
            "\tFull-Duplex(Full-duplex), Auto-Speed(1000 Mbps)\n"
            "\tInput flow control is unsupported, output flow control is off\n"
            "\tMAC address fa16.3eb0.c3d3, MTU 1500\n"
            "\tIP address 10.0.0.5, subnet mask 255.255.255.252\n"
            "\t2 packets input, 381 bytes, 0 no buffer\n"
            "\tReceived 0 broadcasts, 0 runts, 0 giants\n"
            "\t0 input errors, 0 CRC, 0 frame, 0 overrun, 0 ignored, 0 abort\n"
            "\t0 pause input, 0 resume input\n"
            "\t0 L2 decode drops\n"
            "\t1 packets output, 28 bytes, 0 underruns\n"
            "\t0 pause output, 0 resume output\n"
            "\t0 output errors, 0 collisions, 0 interface resets\n"
            "\t0 late collisions, 0 deferred\n"
            "\t0 input reset drops, 0 output reset drops\n"
            "  Traffic Statistics for \"outside\":\n"
            "\t2 packets input, 381 bytes\n"
            "\t1 packets output, 28 bytes\n"
            "\t2 packets dropped\n"
            "\t3 packets refused by the driver\n");
  EXPECT_NE(
      show_interfaces(state, "").text.find("is administratively down, line protocol is down\n"),
      std::string::npos);
}

TEST(ShowLogging, IsTheAsas) {
  FakeState state;
  state.the_log.config.timestamp = true;
  state.the_log.config.buffered_level = 4;
  state.the_log.console_messages = 3;
  state.the_log.buffer_messages = 10003;
  state.the_log.lines = {"Aug 15 2019 13:44:38: %ASA-6-725001: x"};
  EXPECT_EQ(show_logging(state).text, R"(Syslog logging: enabled
    Facility: 20
    Timestamp logging: enabled
    Hide Username logging: enabled
    Standby logging: disabled
    Debug-trace logging: disabled
    Console logging: level informational, 3 messages logged
    Monitor logging: disabled
    Buffer logging: level warnings, 10003 messages logged
    Trap logging: disabled
    Permit-hostdown logging: enabled
    History logging: disabled
    Device ID: disabled
    Mail logging: disabled
    ASDM logging: disabled
Aug 15 2019 13:44:38: %ASA-6-725001: x
)");
}

TEST(ShowNetwork, IsTheAsas) {
  FakeState state;
  state.the_arp = {
      {"outside", IpAddress::v4(0x01020304), {0x44, 0x4e, 0x6d, 0xf8, 0xb9, 0x7e}, 15}};
  EXPECT_EQ(show_arp(state).text, "\toutside 1.2.3.4 444e.6df8.b97e 15\n");
  state.the_routes = {{RouteView::Kind::fixed, 0, 0, IpAddress::v4(0xc63364fe), 1, "outside"},
                      {RouteView::Kind::connected, 0xc0a80100, 24, {}, 0, "outside"},
                      {RouteView::Kind::local, 0xc0a8016c, 32, {}, 0, "outside"}};
  const std::string text = show_routes(state).text;
  EXPECT_NE(text.find("Gateway of last resort is 198.51.100.254 to network 0.0.0.0\n\n"
                      "S*       0.0.0.0 0.0.0.0 [1/0] via 198.51.100.254, outside\n"
                      "C        192.168.1.0 255.255.255.0 is directly connected, outside\n"
                      "L        192.168.1.108 255.255.255.255 is directly connected, outside\n"),
            std::string::npos)
      << text;
}

TEST(ShowVersion, TellsNameAgeInstructionSetAndLibraries) {
  FakeState state;
  state.the_config.hostname = "lab";
  state.the_version = {.version = "0.1.0",
                       .dpdk = "DPDK 22.11",
                       .ipsec_mb = "1.3.0",
                       .openssl = "OpenSSL 3.0",
                       .cpu = "CPU",
                       .isa = "AVX2",
                       .built_for = "x86-64-v3",
                       .config_file = "lab.conf",
                       .started = state.the_time - seconds(90061)};
  const Output out = show_version(state);
  EXPECT_EQ(out.text.find("Culvert VPN Headend Software Version 0.1.0\n"), 0U);
  EXPECT_NE(out.text.find("\nlab up 1 day 1 hour\n"), std::string::npos);
  EXPECT_NE(out.text.find("\nHardware:   CPU, AVX2; built for x86-64-v3\n"), std::string::npos);
  EXPECT_NE(out.text.find("Intel IPsec-MB 1.3.0, "), std::string::npos);
  EXPECT_EQ(out.json["isa"], "AVX2");
  EXPECT_EQ(out.json["ipsec_mb"], "1.3.0");
}

TEST(ShowOwn, HasTheFieldsThatToolsRead) {
  FakeState state;
  state.the_workers = {{}};
  state.the_tunnels = {{}};
  state.the_resources.pools = {{"packets", 100, 90, 2048}};
  state.the_resources.rings = {{"to worker 0", 0}};
  for (const char* field :
       {"worker", "busy_seconds", "tunnels", "rx_packets", "tx_packets", "handed_over"}) {
    EXPECT_TRUE(show_workers(state).json["workers"][0].contains(field)) << field;
  }
  for (const char* field : {"assigned_ip", "worker", "home", "rx_records", "tx_records",
                            "rx_packets", "tx_packets", "openssl_bytes_after_connect"}) {
    EXPECT_TRUE(show_tunnels(state).json["tunnels"][0].contains(field)) << field;
  }
  const auto buffers = show_buffers(state).json;
  EXPECT_EQ(buffers["pools"][0]["available"], 90);
  EXPECT_EQ(buffers["rings"][0]["entries"], 0);
  EXPECT_EQ(buffers["addresses_in_use"], 0);
  state.the_tcp_counters = {{"cookies_sent", "SYN cookies sent", 7}};
  EXPECT_EQ(show_tcp(state).json["cookies_sent"], 7);
  EXPECT_EQ(show_tcp(state).text,
            "SYN cookies sent                                                7\n");
  state.the_setup_counters = {{"waited", "Connections that had to wait for a place", 12}};
  EXPECT_EQ(show_setup(state).json["waited"], 12);
  state.the_icmp_errors = {.sent = 1, .suppressed = 49, .sent6 = 2, .suppressed6 = 3};
  const Output errors = show_icmp_errors(state);
  EXPECT_EQ(errors.json["sent"], 1);
  EXPECT_EQ(errors.json["suppressed6"], 3);
  EXPECT_NE(errors.text.find("fragmentation needed           1         49\n"), std::string::npos)
      << errors.text;
}

}  // namespace
}  // namespace culvert::control
