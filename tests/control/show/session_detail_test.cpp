// `show vpn-sessiondb detail anyconnect`: an ASA's fields, in its columns.
#include <gtest/gtest.h>

#include "control/show/output.hpp"
#include "tests/control/show/fake_state.hpp"

namespace culvert::control {
namespace {

dp::Totals totals(uint64_t tx_bytes, uint64_t rx_bytes, uint64_t tx_packets, uint64_t rx_packets) {
  dp::Totals t;
  t.tx_bytes = tx_bytes;
  t.rx_bytes = rx_bytes;
  t.tx_packets = tx_packets;
  t.rx_packets = rx_packets;
  return t;
}

SessionView sample() {
  SessionView s;
  s.username = "vpn";
  s.index = 57;
  s.assigned = IpAddress::v4(0x0a0a0a02);
  s.public_address = IpAddress::v4(0xac10fa0f);
  s.public_port = 50529;
  s.headend = IpAddress::v4(0xac1063fe);
  s.group_policy = s.tunnel_group = "RAVPN";
  s.auth_mode = "userPassword";
  s.client_os = "linux-64";
  s.user_agent = "Open AnyConnect VPN Agent v9.01";
  s.idle_timeout_s = 1800;
  s.idle_left_s = 1799;
  s.totals = totals(4000, 3000, 40, 30);
  s.totals.tx_dropped = 3;
  s.login = std::chrono::system_clock::from_time_t(0x5e715555);
  TunnelView ssl{
      "SSL-Tunnel", "AES-GCM-256", "SHA384", "TLSv1.3", "TLS_AES_256_GCM_SHA384", 1347, 1};
  ssl.client = s.public_address;
  ssl.client_port = 50529;
  ssl.headend_port = 443;
  ssl.totals = totals(1000, 500, 10, 5);
  TunnelView dtls{"DTLS-Tunnel",           "AES-GCM-256", "SHA384", "DTLSv1.2",
                  "PSK-AES256-GCM-SHA384", 1400,          0};
  dtls.client = s.public_address;
  dtls.datagrams = true;
  dtls.client_port = 51051;
  dtls.headend_port = 443;
  dtls.totals = totals(2000, 2500, 20, 25);
  dtls.totals.tx_dropped = 2;
  s.tunnels = {ssl, dtls};
  return s;
}

TEST(ShowSessionDetails, IsTheAsas) {
  FakeState state;
  state.the_sessions = {sample()};
  state.the_time = state.the_sessions[0].login + std::chrono::seconds(61);
  EXPECT_EQ(show_session_details(state).text, R"(Session Type: AnyConnect Detailed

Username     : vpn                    Index        : 57
Assigned IP  : 10.10.10.2             Public IP    : 172.16.250.15
Protocol     : AnyConnect-Parent SSL-Tunnel DTLS-Tunnel
License      : AnyConnect Premium
Encryption   : AnyConnect-Parent: (1)none  SSL-Tunnel: (1)AES-GCM-256  DTLS-Tunnel: (1)AES-GCM-256
Hashing      : AnyConnect-Parent: (1)none  SSL-Tunnel: (1)SHA384  DTLS-Tunnel: (1)SHA384
Bytes Tx     : 4000                   Bytes Rx     : 3000
Pkts Tx      : 40                     Pkts Rx      : 30
Pkts Tx Drop : 3                      Pkts Rx Drop : 0
Group Policy : RAVPN                  Tunnel Group : RAVPN
Login Time   : 22:55:17 UTC Tue Mar 17 2020
Duration     : 0h:01m:01s
Inactivity   : 0h:00m:00s
VLAN Mapping : N/A                    VLAN         : none
Audt Sess ID : ac1063fe000390005e715555
Security Grp : none

AnyConnect-Parent Tunnels: 1
SSL-Tunnel Tunnels: 1
DTLS-Tunnel Tunnels: 1

AnyConnect-Parent:
  Tunnel ID    : 57.1
  Public IP    : 172.16.250.15
  Encryption   : none                   Hashing      : none
  TCP Src Port : 50529                  TCP Dst Port : 443
  Auth Mode    : userPassword
  Idle Time Out: 30 Minutes             Idle TO Left : 29 Minutes
  Client OS    : linux-64
  Client Type  : AnyConnect
  Client Ver   : Open AnyConnect VPN Agent v9.01
  Bytes Tx     : 1000                   Bytes Rx     : 0
  Pkts Tx      : 10                     Pkts Rx      : 0
  Pkts Tx Drop : 1                      Pkts Rx Drop : 0

SSL-Tunnel:
  Tunnel ID    : 57.2
  Assigned IP  : 10.10.10.2             Public IP    : 172.16.250.15
  Encryption   : AES-GCM-256            Hashing      : SHA384
  Ciphersuite  : TLS_AES_256_GCM_SHA384
  Encapsulation: TLSv1.3                TCP Src Port : 50529
  TCP Dst Port : 443                    Auth Mode    : userPassword
  Idle Time Out: 30 Minutes             Idle TO Left : 29 Minutes
  Client OS    : linux-64
  Client Type  : SSL VPN Client
  Client Ver   : Open AnyConnect VPN Agent v9.01
  Bytes Tx     : 1000                   Bytes Rx     : 500
  Pkts Tx      : 10                     Pkts Rx      : 5
  Pkts Tx Drop : 0                      Pkts Rx Drop : 0

DTLS-Tunnel:
  Tunnel ID    : 57.3
  Assigned IP  : 10.10.10.2             Public IP    : 172.16.250.15
  Encryption   : AES-GCM-256            Hashing      : SHA384
  Ciphersuite  : PSK-AES256-GCM-SHA384
  Encapsulation: DTLSv1.2               UDP Src Port : 51051
  UDP Dst Port : 443                    Auth Mode    : userPassword
  Idle Time Out: 30 Minutes             Idle TO Left : 29 Minutes
  Client OS    : linux-64
  Client Type  : DTLS VPN Client
  Client Ver   : Open AnyConnect VPN Agent v9.01
  Bytes Tx     : 2000                   Bytes Rx     : 2500
  Pkts Tx      : 20                     Pkts Rx      : 25
  Pkts Tx Drop : 2                      Pkts Rx Drop : 0
)");
}

TEST(ShowSessionDetails, AParentAloneWaits) {
  FakeState state;
  SessionView s = sample();
  s.tunnels.clear();
  s.inactive_since = s.login;
  s.idle_timeout_s = 0;
  s.session_timeout_s = 600;
  s.client_os.clear();
  state.the_sessions = {s};
  state.the_time = s.login + std::chrono::seconds(61);
  const std::string text = show_session_details(state).text;
  EXPECT_NE(text.find("\nAnyConnect-Parent Tunnels: 1\n\nAnyConnect-Parent:\n"), std::string::npos);
  EXPECT_EQ(text.find("Tunnel:\n"), std::string::npos);
  EXPECT_EQ(text.find("TCP Src Port"), std::string::npos);
  EXPECT_EQ(text.find("Idle Time Out"), std::string::npos);
  EXPECT_EQ(text.find("Client OS"), std::string::npos);
  EXPECT_NE(text.find("  Conn Time Out: 10 Minutes             Conn TO Left : 8 Minutes\n"),
            std::string::npos);
}

TEST(ShowSessionDetails, JsonHasTheTunnelsCounters) {
  FakeState state;
  state.the_sessions = {sample()};
  const auto session = show_session_details(state).json["sessions"][0];
  EXPECT_EQ(session["username"], "vpn");
  EXPECT_EQ(session["client_version"], "Open AnyConnect VPN Agent v9.01");
  const auto& dtls = session["tunnels"][1];
  EXPECT_EQ(dtls["name"], "DTLS-Tunnel");
  EXPECT_EQ(dtls["tunnel_id"], "57.3");
  EXPECT_EQ(dtls["transport"], "UDP");
  EXPECT_EQ(dtls["source_port"], 51051);
  EXPECT_EQ(dtls["bytes_rx"], 2500);
  EXPECT_EQ(dtls["dropped_tx"], 2);
  const FakeState nobody;
  EXPECT_EQ(show_session_details(nobody).json["sessions"].size(), 0U);
}

}  // namespace
}  // namespace culvert::control
