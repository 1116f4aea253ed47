// The configuration as the rest of the program sees it: plain data, already checked. Made by
// control/config's grammar, which alone knows the text form.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/config/aaa_config.hpp"
#include "control/config/logging_config.hpp"
#include "control/mtu/accounting.hpp"
#include "dataplane/packet/address.hpp"

namespace culvert::control {

using dp::IpAddress;
using dp::Ipv6Prefix;

enum class IdlePolicy : uint8_t {
  automatic,
  spin,
  sleep
};  // automatic: sleep on virtual devices, spin on PCI ones
enum class HugePages : uint8_t { automatic, never };  // automatic: use them if there are any free

// Core 1. Out of line: gcc 12 takes an initialiser list in a member initialiser for uninitialised
// memory.
[[nodiscard]] std::vector<unsigned> default_workers();

struct DataplaneConfig {
  std::vector<unsigned> workers{1};  // lcores, one worker each; `workers 1-2,4`
  unsigned control_core = 0;         // lcore of the control thread
  unsigned simd = 0;                 // bits: 128, 256, 512; 0 = what the CPU has
  unsigned memory_mb = 256;          // EAL memory
  unsigned buffers = 16384;          // packet buffers
  unsigned max_sessions = 1000;
  IdlePolicy idle = IdlePolicy::automatic;
  HugePages huge_pages = HugePages::automatic;

  friend bool operator==(const DataplaneConfig&, const DataplaneConfig&) = default;
};

struct InterfaceConfig {
  std::string device{};  // as written: PCI address or vdev with its arguments
  std::string nameif{};  // "outside"; empty = not used yet
  unsigned security_level = 0;
  IpAddress address{};  // unspecified if none
  unsigned prefix = 0;  // bits of the IPv4 mask
  std::vector<Ipv6Prefix> ipv6_addresses{};
  bool ipv6_enable = false;  // a link-local address even without others
  unsigned mtu = 1500;       // `mtu NAMEIF BYTES`
  bool shutdown = false;

  [[nodiscard]] bool has_ipv6() const noexcept { return ipv6_enable || !ipv6_addresses.empty(); }
  friend bool operator==(const InterfaceConfig&, const InterfaceConfig&) = default;
};

struct RouteConfig {
  std::string nameif{};
  uint32_t network = 0;  // host order
  unsigned prefix = 0;
  IpAddress gateway{};
  unsigned metric = 1;

  friend bool operator==(const RouteConfig&, const RouteConfig&) = default;
};

struct PoolConfig {  // ip local pool NAME first-last mask M
  std::string name{};
  uint32_t first = 0, last = 0;  // host order, inclusive
  uint32_t mask = 0;

  friend bool operator==(const PoolConfig&, const PoolConfig&) = default;
};

struct Route6Config {
  std::string nameif{};
  Ipv6Prefix network{};
  IpAddress gateway{};
  unsigned metric = 1;

  // What tells one route from another.
  [[nodiscard]] std::string key() const {
    return nameif + "/" + network.address.to_string() + "/" + std::to_string(network.length) + "/" +
           gateway.to_string();
  }
  friend bool operator==(const Route6Config&, const Route6Config&) = default;
};

struct Pool6Config {  // ipv6 local pool NAME first/prefix count
  std::string name{};
  IpAddress first{};
  uint8_t prefix = 64;
  uint32_t count = 0;

  [[nodiscard]] IpAddress last() const noexcept { return dp::plus6(first, count - 1); }
  friend bool operator==(const Pool6Config&, const Pool6Config&) = default;
};

struct UserConfig {
  std::string name{};
  std::string
      password_hash{};  // crypto/password.hpp text; a plain password is hashed when it is read
  std::optional<std::string> group_policy{};  // vpn-group-policy

  friend bool operator==(const UserConfig&, const UserConfig&) = default;
};

struct Network {
  uint32_t address = 0;  // host order
  unsigned prefix = 0;

  friend bool operator==(const Network&, const Network&) = default;
};

enum class SplitTunnelPolicy : uint8_t { tunnelall, tunnelspecified, excludespecified };

enum class RekeyMethod : uint8_t { none, ssl, new_tunnel };

// Inheritance: an unset value comes from DfltGrpPolicy.
struct GroupPolicyConfig {
  std::string name{};
  std::optional<std::vector<std::string>> address_pools{};
  std::optional<std::vector<std::string>> ipv6_address_pools{};
  std::optional<unsigned> simultaneous_logins{};  // default 3
  std::optional<unsigned> idle_timeout_min{};     // 0 = none; default 30
  std::optional<unsigned> session_timeout_min{};  // 0 = none; default none
  std::optional<std::vector<IpAddress>> dns_servers{};
  std::optional<std::string> default_domain{};
  std::optional<std::vector<IpAddress>> wins_servers{};
  std::optional<SplitTunnelPolicy> split_tunnel_policy{};  // default tunnelall
  std::optional<std::string> split_tunnel_list{};          // an access list; "" = none
  std::optional<std::vector<std::string>> split_dns{};     // domains
  std::optional<bool> tunnel_all_dns{};                    // default disable
  std::optional<std::string> profile{};                    // of webvpn's; "" = none
  std::optional<std::vector<std::string>> banner{};        // lines
  std::optional<unsigned> anyconnect_mtu{};                // unset = no cap
  std::optional<Accounting> mtu_accounting{};              // default documented
  std::optional<unsigned> dpd_gateway_s{};                 // 0 = none; default 30
  std::optional<unsigned> dpd_client_s{};                  // 0 = none; default 30
  std::optional<unsigned> keepalive_s{};                   // 0 = none; default 20
  std::optional<unsigned> rekey_min{};                     // 0 = none; default none
  std::optional<RekeyMethod> rekey_method{};               // default none
  std::optional<bool> dtls{};                              // anyconnect ssl dtls; default enable
  std::optional<bool> df_bit_ignore{};                     // default none
  std::optional<bool> smart_fallback{};  // anyconnect dtls-fallback smart; default documented

  friend bool operator==(const GroupPolicyConfig&, const GroupPolicyConfig&) = default;
};

// How `username-from-certificate` finds a name: the ASA's names of subject attributes.
struct CertificateUserConfig {
  std::string primary = "CN";
  std::string secondary = "OU";  // where the subject has no primary; "" = none

  friend bool operator==(const CertificateUserConfig&, const CertificateUserConfig&) = default;
};

struct TunnelGroupConfig {
  std::string name{};
  std::vector<std::string> address_pools{};
  std::vector<std::string> ipv6_address_pools{};
  std::string default_group_policy = "DfltGrpPolicy";
  std::string authentication_server_group = "LOCAL";
  bool authentication_local_fallback = false;  // LOCAL answers when no server of the group does
  std::string accounting_server_group{};       // empty = no accounting
  std::vector<std::string> aliases{};
  std::vector<std::string> urls{};        // "https://host/path"
  bool authenticate_aaa = true;           // user name and password
  bool authenticate_certificate = false;  // at least one of the two
  bool prefill_username = false;          // the certificate's user name and no other
  CertificateUserConfig certificate_user{};

  friend bool operator==(const TunnelGroupConfig&, const TunnelGroupConfig&) = default;
};

struct EnabledOn {  // `enable NAMEIF`
  std::string nameif{};
  uint16_t dtls_port = 443;  // what `dtls port` was at that time: see CompatibilityConfig

  friend bool operator==(const EnabledOn&, const EnabledOn&) = default;
};

struct WebvpnConfig {
  uint16_t port = 443;
  uint16_t dtls_port = 443;
  bool dtls_always_verify = false;  // `dtls hello-verify always`: even without load
  std::vector<EnabledOn> enabled_on{};
  bool anyconnect_enable = false;
  bool tunnel_group_list = false;
  std::map<std::string, std::string> profiles{};  // files by name

  // Whether clients are served on the interface of that name (`enable NAMEIF`).
  [[nodiscard]] bool serves(std::string_view nameif) const noexcept {
    return std::any_of(enabled_on.begin(), enabled_on.end(),
                       [nameif](const EnabledOn& on) { return on.nameif == nameif; });
  }

  friend bool operator==(const WebvpnConfig&, const WebvpnConfig&) = default;
};

// `ssl cipher VERSION ...` (cipher_choice.hpp has what the levels mean).
enum class CipherLevel : uint8_t { all, low, medium, fips, high };
struct CipherChoice {
  CipherLevel level = CipherLevel::medium;
  std::string custom{};  // OpenSSL's names with colons between them; empty: the level counts

  friend bool operator==(const CipherChoice&, const CipherChoice&) = default;
};

struct SslConfig {
  std::string
      trust_point{};  // PEM file with certificate chain and key; empty = self-signed, made at start
  std::string trust_point_key{};  // separate key file, empty = in trust_point
  CipherChoice tls12{};
  CipherChoice tls13{};
  bool allow_tls12 = true;   // `ssl server-version tlsv1.3` clears it
  std::string client_ca{};   // PEM file with who may issue client certificates; empty = nobody
  std::string client_crl{};  // PEM file with a CRL of each of them; empty = no check

  friend bool operator==(const SslConfig&, const SslConfig&) = default;
};

// Where ASAs differ from each other: what is done as a certain one does it.
struct CompatibilityConfig {
  // `compatibility CSCuh61321`: as in the bug of ASA 9.x, a `dtls port` entered after `enable` is
  // announced and not listened on.
  bool cscuh61321 = false;
  bool asa84 = false;  // `compatibility asa-8.4`: show commands in its layout

  friend bool operator==(const CompatibilityConfig&, const CompatibilityConfig&) = default;
};

struct IcmpConfig {                // icmp unreachable, icmp too-big
  unsigned unreachable_rate = 1;   // 1..100 a second
  unsigned unreachable_burst = 1;  // 1..10
  bool too_big = true;             // senders of packets too large for a tunnel are told

  friend bool operator==(const IcmpConfig&, const IcmpConfig&) = default;
};

struct Config {
  std::string hostname = "culvert";
  DataplaneConfig dataplane;
  std::vector<InterfaceConfig> interfaces{};
  std::vector<RouteConfig> routes{};
  std::map<std::string, PoolConfig> pools{};
  std::vector<Route6Config> routes6{};
  std::map<std::string, Pool6Config> pools6{};
  unsigned tcpmss = 1380;  // sysopt connection tcpmss; 0 = off
  unsigned tcpmss_minimum = 0;
  IcmpConfig icmp;
  SslConfig ssl;
  WebvpnConfig webvpn;
  CompatibilityConfig compatibility;
  std::map<std::string, std::vector<Network>> access_lists{};  // standard, permit only
  std::map<std::string, GroupPolicyConfig> group_policies{};   // always holds DfltGrpPolicy
  std::map<std::string, TunnelGroupConfig> tunnel_groups{};    // always holds DefaultWEBVPNGroup
  std::map<std::string, UserConfig> users{};
  std::map<std::string, AaaServerConfig> aaa_servers{};
  LoggingConfig logging;
  std::string socket_path = "/run/culvert/culvertd.sock";  // `management socket PATH`
  std::string state_dir = "/var/lib/culvert";  // `state-directory PATH`: self-signed certificate

  friend bool operator==(const Config&, const Config&) = default;
};

// What every value is before anybody says otherwise.
[[nodiscard]] const Config& config_defaults();

}  // namespace culvert::control
