// Cross-line checks, in the order in which a reader would want to hear of them.
#include "control/config/validate.hpp"

#include <algorithm>
#include <set>

#include "control/config/syntax.hpp"

namespace culvert::control {
namespace {

class Checker {
 public:
  explicit Checker(const Config& config) : config_(config) {}

  std::vector<Problem> run() {
    check_cores();
    check_names();
    check_subnets();
    check_routes();
    check_pools();
    check_service();
    check_logging();
    check_keys();
    check_groups();
    validate_ipv6(config_, problems_);
    return std::move(problems_);
  }

 private:
  void error(std::string subject, std::string sentence) {
    problems_.push_back({std::move(subject), std::move(sentence), false});
  }
  void warn(std::string subject, std::string sentence) {
    problems_.push_back({std::move(subject), std::move(sentence), true});
  }
  [[nodiscard]] const InterfaceConfig* named(const std::string& nameif) const {
    for (const auto& i : config_.interfaces) {
      if (i.nameif == nameif) return &i;
    }
    return nullptr;
  }

  void check_cores() {
    const auto& d = config_.dataplane;
    if (std::find(d.workers.begin(), d.workers.end(), d.control_core) == d.workers.end()) return;
    // A lab machine may have no core to spare; both then get less.
    warn("workers", "Core " + std::to_string(d.control_core) +
                        " is that of the control thread too: both will be slower");
  }

  void check_names() {
    std::set<std::string> seen;
    for (const auto& i : config_.interfaces) {
      if (!i.nameif.empty() && !seen.insert(i.nameif).second) {
        error("nameif/" + i.device, "Another interface is called " + i.nameif + " already");
      }
    }
  }

  void check_subnets() {
    const auto& all = config_.interfaces;
    for (size_t i = 0; i < all.size(); ++i) {
      if (all[i].address.is_unspecified()) continue;
      for (size_t j = 0; j < i; ++j) {
        if (all[j].address.is_unspecified()) continue;
        const uint32_t mask = mask_of_prefix(std::min(all[i].prefix, all[j].prefix));
        if (all[i].address == all[j].address) {
          error("address/" + all[i].device, "Interface " + all[j].device + " has the address " +
                                                all[i].address.to_string() + " already");
        } else if ((all[i].address.v4_value() & mask) == (all[j].address.v4_value() & mask)) {
          error("address/" + all[i].device, "The network of " + all[i].address.to_string() +
                                                " overlaps that of " + all[j].address.to_string() +
                                                " on interface " + all[j].device);
        }
      }
    }
  }

  void check_routes() {
    for (const auto& r : config_.routes) {
      const std::string key = r.nameif + "/" + ipv4_text(r.network) + "/" +
                              std::to_string(r.prefix) + "/" + ipv4_text(r.gateway.v4_value());
      const InterfaceConfig* i = named(r.nameif);
      if (i == nullptr) {
        error("route-nameif/" + key, "No interface is called " + r.nameif);
      } else if (i->address.is_unspecified()) {
        error("route-nameif/" + key, "Interface " + r.nameif + " has no IP address");
      } else if (i->address == r.gateway) {
        error("route-gateway/" + key, "The gateway is this box itself");
      } else if (((i->address.v4_value() ^ r.gateway.v4_value()) & mask_of_prefix(i->prefix)) !=
                 0) {
        error("route-gateway/" + key, "The gateway is not in the network of interface " + r.nameif);
      }
    }
  }

  void check_pools() {
    for (auto a = config_.pools.begin(); a != config_.pools.end(); ++a) {
      const PoolConfig& pool = a->second;
      for (auto b = config_.pools.begin(); b != a; ++b) {
        if (pool.first <= b->second.last && b->second.first <= pool.last) {
          error("pool/" + pool.name, "This range overlaps pool " + b->first);
        }
      }
      for (const auto& i : config_.interfaces) {
        if (i.address.is_unspecified()) continue;
        const uint32_t own = i.address.v4_value();
        if (own >= pool.first && own <= pool.last) {
          error("pool/" + pool.name, "This range holds the address of interface " + i.device);
        }
      }
    }
  }

  void check_service() {
    for (const EnabledOn& on : config_.webvpn.enabled_on) {
      const std::string& nameif = on.nameif;
      const InterfaceConfig* i = named(nameif);
      if (i == nullptr) {
        error("enable/" + nameif, "No interface is called " + nameif);
      } else if (i->address.is_unspecified() && i->ipv6_addresses.empty()) {
        error("enable/" + nameif, "Interface " + nameif + " has no IP address");
      }
    }
    if (config_.tcpmss != 0 && config_.tcpmss_minimum > config_.tcpmss) {
      error("tcpmss-minimum",
            "The minimum is above the maximum of " + std::to_string(config_.tcpmss));
    }
  }

  void check_logging() {
    const auto check = [&](const std::string& subject, const std::string& nameif) {
      if (named(nameif) == nullptr) error(subject, "No interface is called " + nameif);
    };
    for (const LogHostConfig& host : config_.logging.hosts)
      check("logging-host/" + host.interface, host.interface);
    const DeviceIdConfig& id = config_.logging.device_id;
    if (id.kind == DeviceIdConfig::Kind::ipaddress) check("logging-device-id", id.value);
  }

  void check_pool_name(const std::string& subject, const std::string& name) {
    if (!config_.pools.contains(name)) error(subject, "There is no address pool " + name);
  }
  // As the ASA, only a warning: the policy may be on a server, and until it is found DfltGrpPolicy
  // holds.
  void check_policy(const std::string& subject, const std::string& name) {
    if (!config_.group_policies.contains(name)) {
      warn(subject, "There is no group policy " + name + ": DfltGrpPolicy holds in its place");
    }
  }

  void check_servers(const std::string& subject, const std::string& name) {
    const auto found = config_.aaa_servers.find(name);
    if (found == config_.aaa_servers.end()) {
      error(subject, "There is no AAA server group " + name);
    } else if (found->second.hosts.empty()) {
      warn(subject, "AAA server group " + name + " has no host");
    }
  }
  // Only a warning: whoever types the server's line has the key's still to type, and what is saved in between
  // must be readable again. Until then the server is not asked.
  void check_keys() {
    for (const auto& [name, group] : config_.aaa_servers) {
      for (const AaaHostConfig& host : group.hosts) {
        if (host.key.empty()) {
          warn("aaa-host/" + name + " " + host.address.to_string(),
               "This server has no key and is not asked: enter \"key SECRET\" below it");
        }
      }
    }
  }

  void check_split_tunnel(const std::string& name, const GroupPolicyConfig& policy) {
    if (policy.split_tunnel_list && !policy.split_tunnel_list->empty() &&
        !config_.access_lists.contains(*policy.split_tunnel_list)) {
      error("policy-split/" + name, "There is no access list " + *policy.split_tunnel_list);
    }
  }

  void check_groups() {
    for (const auto& [name, policy] : config_.group_policies) {
      check_split_tunnel(name, policy);
      if (policy.profile && !policy.profile->empty() &&
          !config_.webvpn.profiles.contains(*policy.profile)) {
        error("policy-profile/" + name,
              "There is no profile " + *policy.profile +
                  ": name its file with \"anyconnect profiles\" in webvpn");
      }
      if (!policy.address_pools) continue;
      for (const auto& pool : *policy.address_pools)
        check_pool_name("policy-pools/" + name, pool);
    }
    std::set<std::string> aliases;
    std::set<std::string> urls;
    for (const auto& [name, group] : config_.tunnel_groups) {
      for (const auto& pool : group.address_pools)
        check_pool_name("group-pool/" + name + "/" + pool, pool);
      check_policy("group-default-policy/" + name, group.default_group_policy);
      if (group.authentication_server_group != "LOCAL")
        check_servers("group-server/" + name, group.authentication_server_group);
      if (!group.accounting_server_group.empty())
        check_servers("group-accounting/" + name, group.accounting_server_group);
      for (const auto& alias : group.aliases) {
        if (!aliases.insert(alias).second) {
          error("alias/" + name + "/" + alias,
                "Another tunnel group has the alias " + alias + " already");
        }
      }
    }
    for (const auto& [name, group] : config_.tunnel_groups) {
      for (const auto& url : group.urls) {
        if (!urls.insert(url).second) {
          error("group-url/" + name + "/" + url, "Another tunnel group has this URL already");
        }
      }
      if (group.authenticate_certificate && config_.ssl.client_ca.empty()) {
        error("group-certificate/" + name,
              "Whose certificates? Name a file of authorities with \"ssl client-ca\"");
      }
    }
    for (const auto& [name, user] : config_.users) {
      if (user.group_policy) check_policy("user-policy/" + name, *user.group_policy);
    }
  }

  const Config& config_;
  std::vector<Problem> problems_;
};

}  // namespace

std::vector<Problem> validate(const Config& config) {
  return Checker(config).run();
}

}  // namespace culvert::control
