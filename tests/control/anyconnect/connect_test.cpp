// The headers of CONNECT, both ways.
#include <gtest/gtest.h>

#include "control/anyconnect/connect_reply.hpp"
#include "control/anyconnect/connect_request.hpp"

namespace culvert::control {
namespace {

http::Request request(std::vector<std::pair<std::string, std::string>> headers) {
  http::Request r;
  r.method = "CONNECT";
  r.target = "/CSCOSSLC/tunnel";
  r.headers = std::move(headers);
  return r;
}

TEST(ConnectRequest, ReadsWhatOpenconnectSends) {
  const http::Request r = request({{"User-Agent", "Open AnyConnect VPN Agent v9.01-3"},
                                   {"Cookie", "webvpn=abc"},
                                   {"X-CSTP-Hostname", "vm"},
                                   {"X-CSTP-Base-MTU", "1500"},
                                   {"X-CSTP-MTU", "1390"},
                                   {"X-CSTP-Address", "192.168.77.15"}});
  const ConnectRequest c = parse_connect(r);
  EXPECT_EQ(c.cookie, "abc");
  EXPECT_EQ(c.base_mtu, 1500u);
  EXPECT_EQ(c.mtu, 1390u);
  EXPECT_EQ(c.hostname, "vm");
  ASSERT_EQ(c.addresses.size(), 1u);
  EXPECT_EQ(c.addresses[0].to_string(), "192.168.77.15");
}

TEST(ConnectRequest, NonsenseCountsAsAbsent) {
  const http::Request r = request({{"User-Agent", "Agent\t1\x1b[2J"},
                                   {"X-CSTP-Hostname", "a b\r"},
                                   {"X-CSTP-Base-MTU", "15x"},
                                   {"X-CSTP-MTU", "4"},
                                   {"X-CSTP-Address", "nowhere"}});
  const ConnectRequest c = parse_connect(r);
  EXPECT_TRUE(c.cookie.empty());
  EXPECT_FALSE(c.base_mtu);
  EXPECT_FALSE(c.mtu);
  EXPECT_TRUE(c.hostname.empty());
  EXPECT_EQ(c.user_agent, "Agent?1?[2J");
  EXPECT_TRUE(c.addresses.empty());
  EXPECT_TRUE(is_tunnel_path("CSCOSSLC/tunnel"));
  EXPECT_FALSE(is_tunnel_path("//CSCOSSLC/tunnel"));
}

TEST(ConnectReply, HeadersAreTheAsas) {
  TunnelGrant grant;
  grant.address = IpAddress::v4(0x0a0a0a01);
  grant.netmask = 0xffffff00;
  grant.dns = {IpAddress::v4(0x0a000001), IpAddress::v4(0x0a000002)};
  grant.default_domain = "lab.test";
  grant.banner = {"Welcome", "X-Evil: 1\r\nX-Evil: 2"};
  grant.dpd_s = 30;
  grant.keepalive_s = 20;
  grant.tls_mtu = 1347;
  grant.disconnected_timeout_s = 1800;
  const std::string text = connect_reply(grant);
  EXPECT_TRUE(text.starts_with("HTTP/1.1 200 CONNECTED\r\nX-CSTP-Version: 1\r\n"));
  for (const char* line :
       {"X-CSTP-Address: 10.10.10.1", "X-CSTP-Netmask: 255.255.255.0", "X-CSTP-DNS: 10.0.0.1",
        "X-CSTP-DNS: 10.0.0.2", "X-CSTP-Default-Domain: lab.test", "X-CSTP-DPD: 30",
        "X-CSTP-Keepalive: 20", "X-CSTP-MTU: 1347", "X-CSTP-Idle-Timeout: none",
        "X-CSTP-Disconnected-Timeout: 1800", "X-CSTP-Session-Timeout: none"}) {
    EXPECT_NE(text.find("\r\n" + std::string(line) + "\r\n"), text.npos) << line;
  }
  EXPECT_EQ(text.find("\r\nX-Evil"), text.npos);
  EXPECT_EQ(text.find("X-DTLS-"), text.npos);
  EXPECT_TRUE(text.ends_with("\r\n\r\n"));
}

TEST(ConnectReply, SplitTunnel) {
  TunnelGrant grant;
  grant.wins = {IpAddress::v4(0x0a000003)};
  grant.split_dns = {"a.test", "b.test\r\nX-Evil: 1"};
  grant.tunnel_all_dns = true;
  grant.split_networks = {{0x0a000000, 8}, {0, 0}};
  grant.split_tunnel = SplitTunnelPolicy::tunnelspecified;
  std::string text = connect_reply(grant);
  for (const char* line :
       {"X-CSTP-NBNS: 10.0.0.3", "X-CSTP-Split-DNS: a.test", "X-CSTP-Tunnel-All-DNS: true",
        "X-CSTP-Split-Include: 10.0.0.0/255.0.0.0", "X-CSTP-Split-Include: 0.0.0.0/0.0.0.0"}) {
    EXPECT_NE(text.find("\r\n" + std::string(line) + "\r\n"), text.npos) << line;
  }
  EXPECT_EQ(text.find("\r\nX-Evil"), text.npos);
  grant.split_tunnel = SplitTunnelPolicy::excludespecified;
  grant.split_networks = {{0, 32}};  // the ASA's way to say "the client's own network"
  text = connect_reply(grant);
  EXPECT_NE(text.find("\r\nX-CSTP-Split-Exclude: 0.0.0.0/255.255.255.255\r\n"), text.npos);
  EXPECT_EQ(text.find("Split-Include"), text.npos);
}

TEST(ConnectReply, DtlsHeadersInTheAsasOrder) {
  TunnelGrant grant;
  grant.tls_mtu = 1347;
  grant.dtls.emplace();
  grant.dtls->form = DtlsForm::resumption;
  grant.dtls->id = "00FF";
  grant.dtls->port = 444;
  grant.dtls->dpd_s = 30;
  grant.dtls->keepalive_s = 20;
  grant.dtls->mtu = 1418;
  grant.dtls->suite_header = "X-DTLS12-CipherSuite";
  grant.dtls->suite = "AES256-GCM-SHA384";
  EXPECT_NE(connect_reply(grant).find("\r\nX-DTLS-Session-ID: 00FF\r\nX-DTLS-Port: 444\r\n"
                                      "X-DTLS-Keepalive: 20\r\nX-DTLS-DPD: 30\r\n"
                                      "X-CSTP-MTU: 1347\r\nX-DTLS-MTU: 1418\r\n"
                                      "X-DTLS12-CipherSuite: AES256-GCM-SHA384\r\n"),
            std::string::npos);
  grant.dtls->form = DtlsForm::psk;
  grant.dtls->base_mtu = 1500;
  grant.dtls->suite_header = "X-DTLS-CipherSuite";
  grant.dtls->suite = "PSK-NEGOTIATE";
  const std::string psk = connect_reply(grant);
  EXPECT_NE(psk.find("\r\nX-DTLS-App-ID: 00FF\r\n"), psk.npos);
  EXPECT_NE(psk.find("\r\nX-CSTP-Base-MTU: 1500\r\n"), psk.npos);
  EXPECT_NE(psk.find("\r\nX-DTLS-CipherSuite: PSK-NEGOTIATE\r\n"), psk.npos);
  EXPECT_EQ(psk.find("X-DTLS-Session-ID"), psk.npos);
}

TEST(ConnectRequest, DtlsHeaders) {
  http::Request request;
  request.headers.emplace_back("X-DTLS-CipherSuite", "PSK-NEGOTIATE:AES128-SHA");
  request.headers.emplace_back("X-DTLS12-CipherSuite", "AES128-GCM-SHA256");
  request.headers.emplace_back("X-DTLS-Master-Secret", std::string(94, '0') + "aF");
  const ConnectRequest c = parse_connect(request);
  EXPECT_EQ(c.dtls.suites, "PSK-NEGOTIATE:AES128-SHA");
  EXPECT_EQ(c.dtls.suites12, "AES128-GCM-SHA256");
  ASSERT_EQ(c.dtls_master.size(), 48u);
  EXPECT_EQ(c.dtls_master.view().back(), 0xaf);
  for (const std::string& wrong : {std::string(), std::string(95, '0'), std::string(97, '0'),
                                   std::string(95, '0') + "g", "x" + std::string(95, '0')}) {
    request.headers.back().second = wrong;
    EXPECT_TRUE(parse_connect(request).dtls_master.empty()) << wrong;
    EXPECT_FALSE(parse_connect(request).dtls.has_master_secret);
  }
}

TEST(ConnectReply, AnnouncesRekeyWhereThereIsATimeAndAMethod) {
  const auto announced = [](unsigned seconds, RekeyMethod method) {
    TunnelGrant grant;
    grant.rekey_s = seconds;
    grant.rekey_method = method;
    const std::string text = connect_reply(grant);
    const size_t at = text.find("X-CSTP-Rekey");
    return text.substr(at, text.find("X-CSTP-MSIE") - at);
  };
  EXPECT_EQ(announced(240, RekeyMethod::ssl),
            "X-CSTP-Rekey-Time: 240\r\nX-CSTP-Rekey-Method: ssl\r\n");
  EXPECT_EQ(announced(60, RekeyMethod::new_tunnel),
            "X-CSTP-Rekey-Time: 60\r\nX-CSTP-Rekey-Method: new-tunnel\r\n");
  EXPECT_EQ(announced(60, RekeyMethod::none), "X-CSTP-Rekey-Method: none\r\n");
  EXPECT_EQ(announced(0, RekeyMethod::ssl), "X-CSTP-Rekey-Method: none\r\n");
}

TEST(ConnectReply, Refusals) {
  const std::string busy = connect_refusal(503, "No address\r\navailable");
  EXPECT_TRUE(busy.starts_with("HTTP/1.1 503 Service Unavailable\r\n"));
  EXPECT_NE(busy.find("\r\nX-Reason: No address  available\r\n"), busy.npos);
  EXPECT_TRUE(connect_refusal(401, "").starts_with("HTTP/1.1 401 Unauthorized\r\n"));
}

TEST(ConnectRequest, Ipv6OnlyForThoseWhoReadItsHeaders) {
  const auto parse = [](const char* types, const char* capability) {
    return parse_connect(request({{"X-CSTP-Address-Type", types},
                                  {"X-CSTP-Full-IPv6-Capability", capability},
                                  {"X-CSTP-Address", "10.0.0.1"},
                                  {"X-CSTP-Address", "fd00:10::5"}}));
  };
  const ConnectRequest both = parse("IPv6,IPv4", "true");
  EXPECT_TRUE(both.wants_ipv4);
  EXPECT_TRUE(both.wants_ipv6);
  ASSERT_EQ(both.addresses.size(), 2u);
  EXPECT_EQ(both.addresses[1].to_string(), "fd00:10::5");
  EXPECT_FALSE(parse("IPv4", "true").wants_ipv6);
  EXPECT_FALSE(parse("IPv6,IPv4", "false").wants_ipv6);
  EXPECT_FALSE(parse("IPv6", "true").wants_ipv4);
  EXPECT_TRUE(parse("IPv6", "false").wants_ipv4);
  const ConnectRequest silent = parse_connect(request({}));
  EXPECT_TRUE(silent.wants_ipv4);
  EXPECT_FALSE(silent.wants_ipv6);
}

TEST(ConnectReply, Ipv6BesideOrWithoutIpv4) {
  TunnelGrant grant;
  grant.address = IpAddress::v4(0x0a0a0a01);
  grant.dns = {*IpAddress::parse("fd00::53"), IpAddress::v4(0x0a000001)};
  const auto has = [&](const char* line) {
    return connect_reply(grant).find(std::string("\r\n") + line + "\r\n") != std::string::npos;
  };
  EXPECT_TRUE(has("X-CSTP-DNS: 10.0.0.1"));
  EXPECT_EQ(connect_reply(grant).find("IP6"), std::string::npos);
  grant.address6 = {*IpAddress::parse("fd00:10::5"), 64};
  EXPECT_TRUE(has("X-CSTP-Address: 10.10.10.1"));
  EXPECT_TRUE(has("X-CSTP-Address-IP6: fd00:10::5/64"));
  EXPECT_TRUE(has("X-CSTP-DNS-IP6: fd00::53"));
  grant.address = {};
  EXPECT_FALSE(has("X-CSTP-Address: 10.10.10.1"));
  EXPECT_EQ(connect_reply(grant).find("X-CSTP-Netmask"), std::string::npos);
  EXPECT_FALSE(has("X-CSTP-DNS: 10.0.0.1"));
}

}  // namespace
}  // namespace culvert::control
