// The running configuration is read back as what it shows, whatever was configured; and what it
// looks like.
#include <cstdlib>
#include <fstream>
#include <random>
#include <sstream>

#include <gtest/gtest.h>

#include "tests/control/config/hasher.hpp"

namespace culvert::control {
namespace {

class Chance {
 public:
  explicit Chance(unsigned seed) : engine_(seed) {}
  unsigned below(unsigned n) { return static_cast<unsigned>(engine_() % n); }
  unsigned between(unsigned low, unsigned high) { return low + below(high - low + 1); }
  bool coin() { return below(2) == 0; }
  std::string name() {
    static const std::vector<std::string> odd = {
        "!bang", "two words", "q\"uote", "back\\slash", "\xc3\xa4", "none", "no", "-", "value"};
    if (below(4) == 0)
      return odd[below(static_cast<unsigned>(odd.size()))] + std::to_string(below(1000));
    return "n" + std::to_string(below(1'000'000));
  }
  template <typename T, typename F>
  void maybe(std::optional<T>& value, F make) {
    if (coin()) value = make();
  }

 private:
  std::mt19937 engine_;
};

GroupPolicyConfig random_policy(Chance& chance, std::string name,
                                const std::vector<std::string>& pools,
                                const std::vector<std::string>& pools6) {
  GroupPolicyConfig p;
  p.name = std::move(name);
  if (chance.coin()) p.address_pools = chance.coin() ? pools : std::vector<std::string>{};
  if (chance.coin()) p.ipv6_address_pools = chance.coin() ? pools6 : std::vector<std::string>{};
  if (chance.coin())
    p.dns_servers = std::vector<IpAddress>(
        chance.below(3), chance.coin() ? IpAddress::v4(0x08080808) : *IpAddress::parse("fd00::53"));
  if (chance.coin())
    p.wins_servers = std::vector<IpAddress>(chance.below(3), IpAddress::v4(0x08080809));
  chance.maybe(p.split_tunnel_policy,
               [&] { return static_cast<SplitTunnelPolicy>(chance.below(3)); });
  if (chance.coin()) p.split_tunnel_list = chance.coin() ? "" : "two words";
  if (chance.coin()) p.split_dns = std::vector<std::string>(chance.below(3), "example.net");
  if (chance.coin()) p.profile = chance.coin() ? "" : "two words";
  chance.maybe(p.tunnel_all_dns, [&] { return chance.coin(); });
  if (chance.coin()) p.default_domain = chance.coin() ? "" : "example.net";
  if (chance.coin()) p.banner = std::vector<std::string>(chance.below(3), "Hello ! \"there\"  x\\");
  chance.maybe(p.simultaneous_logins, [&] { return chance.below(10); });
  chance.maybe(p.idle_timeout_min, [&] { return chance.below(3); });
  chance.maybe(p.session_timeout_min, [&] { return chance.below(3); });
  chance.maybe(p.anyconnect_mtu, [&] { return chance.between(576, 1462); });
  chance.maybe(p.mtu_accounting, [&] { return static_cast<Accounting>(chance.below(3)); });
  chance.maybe(p.dpd_gateway_s, [&] { return chance.coin() ? 0 : chance.between(5, 3600); });
  chance.maybe(p.dpd_client_s, [&] { return chance.coin() ? 0 : chance.between(5, 3600); });
  chance.maybe(p.rekey_min, [&] { return chance.coin() ? 0 : chance.between(1, 10080); });
  chance.maybe(p.rekey_method, [&] { return static_cast<RekeyMethod>(chance.between(0, 2)); });
  chance.maybe(p.keepalive_s, [&] { return chance.coin() ? 0 : chance.between(15, 600); });
  chance.maybe(p.dtls, [&] { return chance.coin(); });
  chance.maybe(p.df_bit_ignore, [&] { return chance.coin(); });
  chance.maybe(p.smart_fallback, [&] { return chance.coin(); });
  return p;
}

void random_network(Chance& chance, Config& c) {
  for (unsigned i = 0; i < chance.below(4); ++i) {
    InterfaceConfig f;
    f.device = "net_tap" + std::to_string(i) + ",iface=" + chance.name();
    if (chance.coin()) f.nameif = chance.name() + "-" + std::to_string(i);
    if (chance.below(4) == 0) f.nameif = "inside";
    if (i > 0 && f.nameif == c.interfaces[0].nameif) f.nameif.clear();
    for (const auto& other : c.interfaces) {
      if (other.nameif == f.nameif) f.nameif.clear();
    }
    f.security_level = chance.below(101);
    f.shutdown = chance.coin();
    if (chance.coin()) {
      f.address = IpAddress::v4(0xc0000201 + (i << 8));
      f.prefix = chance.between(24, 31);
    }
    for (unsigned n = chance.below(3); n > 0; --n) {
      std::array<uint8_t, 16> bytes{0xfd, static_cast<uint8_t>(i), static_cast<uint8_t>(n)};
      bytes[15] = 1;
      f.ipv6_addresses.push_back({IpAddress::v6(bytes), 64});
    }
    f.ipv6_enable = chance.coin();
    if (!f.nameif.empty()) f.mtu = chance.between(f.has_ipv6() ? 1280 : 64, 9198);
    c.interfaces.push_back(f);
    if (!f.nameif.empty() && f.has_ipv6()) {
      c.routes6.push_back({f.nameif,
                           {*IpAddress::parse("2001:db8:" + std::to_string(i) + "::"), 48},
                           *IpAddress::parse("fe80::1"),
                           chance.between(1, 255)});
    }
    if (f.nameif.empty() || f.address.is_unspecified()) continue;
    c.webvpn.enabled_on.push_back(
        {f.nameif, static_cast<uint16_t>(chance.coin() ? 443 : chance.between(1, 65535))});
    const auto gateway = IpAddress::v4(f.address.v4_value() ^ (f.prefix == 31 ? 1 : 3));
    c.routes.push_back({f.nameif, chance.below(256) << 24, 8, gateway, chance.between(1, 255)});
  }
}

void random_servers(Chance& chance, Config& c) {
  for (unsigned i = 0; i < chance.below(3); ++i) {
    AaaServerConfig group{.name = chance.name()};
    for (unsigned h = 0; h < chance.below(3); ++h) {
      AaaHostConfig host{.interface = chance.coin() ? "(inside)" : "",
                         .address = IpAddress::v4(0x0a090000 + h),
                         .key = chance.name()};
      if (chance.coin()) host.authentication_port = static_cast<uint16_t>(chance.between(1, 65535));
      if (chance.coin()) host.accounting_port = static_cast<uint16_t>(chance.between(1, 65535));
      host.timeout_s = chance.between(1, 300);
      host.retry_interval_s = chance.between(1, 10);
      host.message_authenticator_required = chance.coin();
      group.hosts.push_back(host);
    }
    group.max_failed_attempts = chance.between(1, 5);
    group.dead_time_min = chance.below(1441);
    group.interim_update = chance.coin();
    if (group.interim_update && chance.coin()) group.interim_hours = chance.between(1, 120);
    c.aaa_servers[group.name] = group;
  }
}

LoggingConfig random_logging(Chance& chance, const Config& c) {
  LoggingConfig l;
  l.enabled = chance.coin();
  l.timestamp = chance.coin();
  l.timestamp_rfc5424 = l.timestamp && chance.coin();
  l.buffered_level = chance.below(8);
  l.buffer_size = chance.between(4096, 10'000);
  l.stderr_level = chance.below(8);
  chance.maybe(l.trap_level, [&] { return chance.below(8); });
  l.facility = chance.between(16, 23);
  if (chance.coin()) l.device_id = {DeviceIdConfig::Kind::text, "fw-1"};
  if (chance.coin()) l.device_id = {DeviceIdConfig::Kind::hostname, ""};
  for (const InterfaceConfig& i : c.interfaces) {
    if (i.nameif.empty() || chance.coin()) continue;
    l.device_id = {DeviceIdConfig::Kind::ipaddress, i.nameif};
    l.hosts.push_back(
        {.interface = i.nameif,
         .address = chance.coin() ? IpAddress::v4(0x0a000001 + chance.below(9))
                                  : *IpAddress::parse("fd00::514"),
         .transport = chance.coin() ? LogTransport::tcp : LogTransport::udp,
         .port = static_cast<uint16_t>(chance.coin() ? 514 : chance.between(1, 65535)),
         .rfc5424 = chance.coin()});
  }
  if (chance.coin()) {
    l.file = "/tmp/two words";
    l.file_level = chance.below(8);
  }
  return l;
}

Config random_config(unsigned seed) {
  Chance chance(seed);
  Config c = default_config();
  if (chance.coin()) c.hostname = "host-" + std::to_string(seed);
  c.dataplane.workers = {chance.between(1, 5), 7, 8, 9};
  c.dataplane.control_core = chance.coin() ? 0 : 100;
  c.dataplane.simd = chance.below(3) * 256;
  c.dataplane.memory_mb = chance.between(64, 1000);
  c.dataplane.buffers = chance.between(512, 100'000);
  c.dataplane.max_sessions = chance.between(1, 100'000);
  c.dataplane.idle = static_cast<IdlePolicy>(chance.below(3));
  c.dataplane.huge_pages = static_cast<HugePages>(chance.below(2));
  random_network(chance, c);
  std::vector<std::string> pools;
  for (unsigned i = 0; i < chance.below(4); ++i) {
    const std::string name = chance.name() + "." + std::to_string(i);
    const uint32_t first = 0x0a000001 + (i << 16);
    c.pools[name] = {name, first, first + chance.below(1000), 0xffff0000};
    pools.push_back(name);
  }
  std::vector<std::string> pools6;
  for (unsigned i = 0; i < chance.below(4); ++i) {
    const std::string name = chance.name() + ".six" + std::to_string(i);
    const auto first = *IpAddress::parse("2001:db8:" + std::to_string(i) + "::ffff");
    c.pools6[name] = {name, first, 64, chance.between(1, 16384)};
    pools6.push_back(name);
  }
  c.tcpmss = chance.coin() ? 0 : chance.between(1000, 65535);
  c.tcpmss_minimum = chance.coin() ? 0 : chance.between(48, 1000);
  if (chance.coin()) c.ssl.trust_point = chance.name();
  if (!c.ssl.trust_point.empty() && chance.coin()) c.ssl.trust_point_key = chance.name();
  for (CipherChoice* choice : {&c.ssl.tls12, &c.ssl.tls13}) {
    if (chance.coin()) {
      choice->custom = "A:B-C";
    } else {
      choice->level = static_cast<CipherLevel>(chance.below(5));
    }
  }
  c.ssl.allow_tls12 = chance.coin();
  if (chance.coin()) c.ssl.client_ca = chance.name();
  if (chance.coin()) c.ssl.client_crl = chance.name();
  c.webvpn.port = static_cast<uint16_t>(chance.between(1, 65535));
  c.webvpn.dtls_always_verify = chance.coin();
  c.compatibility = {chance.coin(), chance.coin()};
  c.webvpn.dtls_port = static_cast<uint16_t>(chance.between(1, 65535));
  c.webvpn.anyconnect_enable = chance.coin();
  c.webvpn.tunnel_group_list = chance.coin();
  c.webvpn.profiles["two words"] = "/etc/a b.xml";
  c.access_lists["two words"] = {{}, {0x0a000000, 8}, {0x0a0a0a0a, 32}};
  std::vector<std::string> policies = {"DfltGrpPolicy"};
  for (unsigned i = 0; i < chance.below(3); ++i)
    policies.push_back(chance.name());
  for (const auto& name : policies)
    c.group_policies[name] = random_policy(chance, name, pools, pools6);
  random_servers(chance, c);
  for (unsigned i = 0; i < chance.below(3); ++i) {
    const std::string name = i == 0 ? "DefaultWEBVPNGroup" : chance.name();
    TunnelGroupConfig g{.name = name, .address_pools = pools};
    if (chance.coin()) g.default_group_policy = policies.back();
    if (!c.aaa_servers.empty() && chance.coin()) {
      g.authentication_server_group = c.aaa_servers.begin()->first;
      g.authentication_local_fallback = chance.coin();
      g.accounting_server_group = c.aaa_servers.rbegin()->first;
    }
    if (chance.coin())
      g.aliases = {chance.name() + std::to_string(i), "alias " + std::to_string(i)};
    if (chance.coin())
      g.urls = {"https://host" + std::to_string(i) + "/Path-1",
                "https://[::1]:44" + std::to_string(i)};
    g.authenticate_certificate = chance.coin() && !c.ssl.client_ca.empty();
    g.authenticate_aaa = !g.authenticate_certificate || chance.coin();
    g.prefill_username = chance.coin();
    if (chance.coin()) g.certificate_user = {"UPN", chance.coin() ? "" : "EA"};
    c.tunnel_groups[name] = g;
  }
  for (unsigned i = 0; i < chance.below(3); ++i) {
    UserConfig u{.name = chance.name(), .password_hash = std::string(kStoredPassword)};
    chance.maybe(u.group_policy, [&] { return policies.back(); });
    c.users[u.name] = u;
  }
  c.logging = random_logging(chance, c);
  if (chance.coin()) c.socket_path = "/tmp/" + chance.name();
  if (chance.coin()) c.state_dir = "/tmp/" + chance.name();
  return c;
}

TEST(RunningConfig, IsReadBackAsTheSame) {
  for (unsigned seed = 0; seed < 2000; ++seed) {
    const Config c = random_config(seed);
    const std::string text = running_config(c);
    const auto r = parse(text);
    ASSERT_TRUE(r.ok()) << "seed " << seed << "\n" << errors_of(text) << text;
    ASSERT_EQ(r.config, c) << "seed " << seed << "\n"
                           << text << "---\n"
                           << running_config(r.config);
    ASSERT_EQ(running_config(r.config), text);
  }
}

TEST(RunningConfig, KeysOfServersAreMasked) {
  const auto r = parse(
      "aaa-server R protocol radius\n max-failed-attempts 2\naaa-server R (mgmt) host 192.0.2.7\n "
      "key "
      "Hush\n timeout 3\ntunnel-group DefaultWEBVPNGroup general-attributes\n "
      "authentication-server-group R LOCAL\n");
  ASSERT_TRUE(r.ok());
  const std::string text = running_config(r.config, Secrets::masked);
  EXPECT_EQ(text.find("Hush"), std::string::npos);
  EXPECT_NE(text.find("aaa-server R protocol radius\n max-failed-attempts 2\n!\n"
                      "aaa-server R (mgmt) host 192.0.2.7\n key *****\n timeout 3\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find(" authentication-server-group R LOCAL\n"), std::string::npos) << text;
}

TEST(RunningConfig, LooksLikeTheAsas) {
  const auto r = parse(
      "hostname lab\ninterface 0000:18:00.1\n nameif inside\n ip address 10.48.66.1 "
      "255.255.255.0\nwebvpn\n"
      " enable inside\n port 444\nusername vpn password secret\nusername vpn attributes\n"
      " vpn-group-policy DfltGrpPolicy\ngroup-policy G internal\ngroup-policy G attributes\n "
      "dns-server value 192.0.2.1\n"
      " webvpn\n  anyconnect mtu 1300\nroute inside 0.0.0.0 0.0.0.0 10.48.66.254\n"
      "tunnel-group T type remote-access\n");
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(running_config(r.config), R"(hostname lab
logging enable
interface 0000:18:00.1
 nameif inside
 security-level 100
 ip address 10.48.66.1 255.255.255.0
!
mtu inside 1500
route inside 0.0.0.0 0.0.0.0 10.48.66.254 1
icmp unreachable rate-limit 1 burst-size 1
webvpn
 port 444
 enable inside
!
group-policy G internal
group-policy G attributes
 dns-server value 192.0.2.1
 webvpn
  anyconnect mtu 1300
!
username vpn password $sha512$5000$c2FsdHNhbHQ=$aGFzaGhhc2hoYXNoaGFzaA== pbkdf2
username vpn attributes
 vpn-group-policy DfltGrpPolicy
!
tunnel-group T type remote-access
)");
}

// CULVERT_UPDATE_DOCS=1 writes the page anew.
TEST(Reference, IsThePageInDocs) {
  const std::string page = std::string(CULVERT_SOURCE_ROOT) + "/docs/configuration.md";
  if (std::getenv("CULVERT_UPDATE_DOCS") != nullptr) std::ofstream(page) << config_reference();
  std::ifstream file(page);
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), config_reference())
      << "run this test with CULVERT_UPDATE_DOCS=1 and look at the difference";
}

TEST(Table, HasAHelpTextForEveryRowAndShowsWhatItSets) {
  for (const Command& c : commands()) {
    EXPECT_FALSE(c.help.empty()) << c.syntax;
    EXPECT_NE(c.set, nullptr) << c.syntax;
    EXPECT_EQ(c.no_syntax.empty(), c.unset == nullptr) << c.syntax;
    EXPECT_NO_THROW(Syntax{c.syntax}) << c.syntax;
  }
}

}  // namespace
}  // namespace culvert::control
