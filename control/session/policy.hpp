// A group policy with everything filled in: its own values, else DfltGrpPolicy's, else the ASA's
// defaults.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/auth/authenticator.hpp"
#include "control/config/config.hpp"

namespace culvert::control {

struct Policy {
  std::string name;
  std::vector<std::string> address_pools;
  std::vector<std::string> ipv6_address_pools;
  unsigned simultaneous_logins = 3;        // 0 = nobody may log in
  unsigned idle_timeout_s = 1800;          // 0 = none
  unsigned session_timeout_s = 0;          // 0 = none
  unsigned disconnected_timeout_s = 1800;  // how long a session waits for its client; never 0
  std::vector<IpAddress> dns_servers;
  std::string default_domain;
  std::vector<IpAddress> wins_servers;
  SplitTunnelPolicy split_tunnel = SplitTunnelPolicy::tunnelall;
  std::vector<Network> split_networks;  // what to tunnel, or what not to; empty with tunnelall
  std::vector<std::string> split_dns;
  bool tunnel_all_dns = false;
  std::string profile;  // for Cisco's client; "" = none
  std::vector<std::string> banner;
  std::optional<unsigned> anyconnect_mtu;
  Accounting mtu_accounting = Accounting::documented;
  unsigned dpd_gateway_s = 30;
  unsigned dpd_client_s = 30;
  unsigned keepalive_s = 20;
  bool dtls = true;      // `anyconnect ssl dtls`
  unsigned rekey_s = 0;  // 0 = none
  RekeyMethod rekey_method = RekeyMethod::none;
  bool df_bit_ignore = false;
  bool smart_fallback = false;  // `anyconnect dtls-fallback smart`
};

// The policy of `name`, or DfltGrpPolicy if there is none of that name.
[[nodiscard]] Policy resolve_policy(const Config& config, const std::string& name);

// For a user of a tunnel group: the policy that a server named, else the user's own if it was LOCAL
// that verified the password (somebody else's user may have the same name), else the group's;
// address pools of the policy, else of the group; timeouts of the server, else of the policy.
[[nodiscard]] Policy resolve_policy(const Config& config, const std::string& tunnel_group,
                                    const std::string& user, const AuthAttributes& attributes = {});

}  // namespace culvert::control
