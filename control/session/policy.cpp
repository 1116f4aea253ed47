// Inheritance of group policies.
#include "control/session/policy.hpp"

#include <algorithm>

namespace culvert::control {
namespace {

constexpr unsigned kDefaultIdleMinutes = 30;
// The ASA has no timeout of its own for sessions without a tunnel: it uses the idle timeout, and
// with `vpn-idle-timeout none` webvpn's default-idle-timeout.
constexpr unsigned kDefaultDisconnected = 1800;

const GroupPolicyConfig* find_policy(const Config& config, const std::string& name) {
  const auto found = config.group_policies.find(name);
  return found == config.group_policies.end() ? nullptr : &found->second;
}

unsigned disconnected_timeout(unsigned idle_timeout_s) noexcept {
  return idle_timeout_s != 0 ? idle_timeout_s : kDefaultDisconnected;
}

template <typename T>
T value(const GroupPolicyConfig* own, const GroupPolicyConfig* base,
        std::optional<T> GroupPolicyConfig::*member, T otherwise) {
  if (own != nullptr && own->*member) return *(own->*member);
  if (base != nullptr && base->*member) return *(base->*member);
  return otherwise;
}

// Without a network in it a list says nothing, and everything goes through the tunnel.
void set_split_tunnel(Policy& policy, const Config& config, SplitTunnelPolicy wanted,
                      const std::string& list) {
  const auto found = config.access_lists.find(list);
  if (wanted == SplitTunnelPolicy::tunnelall || found == config.access_lists.end()) return;
  policy.split_tunnel = wanted;
  policy.split_networks = found->second;
}

}  // namespace

Policy resolve_policy(const Config& config, const std::string& name) {
  using G = GroupPolicyConfig;
  const G* base = find_policy(config, "DfltGrpPolicy");
  const G* own = find_policy(config, name);
  Policy p;
  p.name = own != nullptr ? name : "DfltGrpPolicy";
  p.address_pools = value(own, base, &G::address_pools, {});
  p.ipv6_address_pools = value(own, base, &G::ipv6_address_pools, {});
  p.simultaneous_logins = value(own, base, &G::simultaneous_logins, p.simultaneous_logins);
  p.idle_timeout_s = 60 * value(own, base, &G::idle_timeout_min, kDefaultIdleMinutes);
  p.session_timeout_s = 60 * value(own, base, &G::session_timeout_min, 0u);
  p.disconnected_timeout_s = disconnected_timeout(p.idle_timeout_s);
  p.dns_servers = value(own, base, &G::dns_servers, {});
  p.default_domain = value(own, base, &G::default_domain, {});
  p.wins_servers = value(own, base, &G::wins_servers, {});
  p.split_dns = value(own, base, &G::split_dns, {});
  p.profile = value(own, base, &G::profile, {});
  p.tunnel_all_dns = value(own, base, &G::tunnel_all_dns, false);
  set_split_tunnel(p, config, value(own, base, &G::split_tunnel_policy, p.split_tunnel),
                   value(own, base, &G::split_tunnel_list, {}));
  p.banner = value(own, base, &G::banner, {});
  p.anyconnect_mtu = own != nullptr && own->anyconnect_mtu ? own->anyconnect_mtu
                     : base != nullptr                     ? base->anyconnect_mtu
                                                           : std::nullopt;
  p.mtu_accounting = value(own, base, &G::mtu_accounting, Accounting::documented);
  p.dpd_gateway_s = value(own, base, &G::dpd_gateway_s, p.dpd_gateway_s);
  p.dpd_client_s = value(own, base, &G::dpd_client_s, p.dpd_client_s);
  p.keepalive_s = value(own, base, &G::keepalive_s, p.keepalive_s);
  p.dtls = value(own, base, &G::dtls, true);
  p.rekey_s = 60 * value(own, base, &G::rekey_min, 0u);
  p.rekey_method = value(own, base, &G::rekey_method, p.rekey_method);
  p.df_bit_ignore = value(own, base, &G::df_bit_ignore, false);
  p.smart_fallback = value(own, base, &G::smart_fallback, false);
  return p;
}

Policy resolve_policy(const Config& config, const std::string& tunnel_group,
                      const std::string& user, const AuthAttributes& attributes) {
  const auto group = config.tunnel_groups.find(tunnel_group);
  const auto account = config.users.find(user);
  std::string name = "DfltGrpPolicy";
  if (attributes.group_policy && config.group_policies.contains(*attributes.group_policy)) {
    name = *attributes.group_policy;
  } else if (attributes.verified_by == VerifiedBy::local && account != config.users.end() &&
             account->second.group_policy) {
    name = *account->second.group_policy;
  } else if (group != config.tunnel_groups.end()) {
    name = group->second.default_group_policy;
  }
  Policy policy = resolve_policy(config, name);
  if (policy.address_pools.empty() && group != config.tunnel_groups.end()) {
    policy.address_pools = group->second.address_pools;
  }
  if (policy.ipv6_address_pools.empty() && group != config.tunnel_groups.end()) {
    policy.ipv6_address_pools = group->second.ipv6_address_pools;
  }
  if (attributes.session_timeout_s) policy.session_timeout_s = *attributes.session_timeout_s;
  if (attributes.idle_timeout_s) {
    policy.idle_timeout_s = *attributes.idle_timeout_s;
    policy.disconnected_timeout_s = disconnected_timeout(policy.idle_timeout_s);
  }
  return policy;
}

}  // namespace culvert::control
