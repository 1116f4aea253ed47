// Cross-line checks of what IPv6 has of its own.
#include <algorithm>

#include "control/config/validate.hpp"
#include "control/mtu/path_mtu.hpp"

namespace culvert::control {
namespace {

void check_interfaces(const Config& config, std::vector<Problem>& out) {
  const auto& all = config.interfaces;
  for (size_t i = 0; i < all.size(); ++i) {
    if (all[i].has_ipv6() && all[i].mtu < kLeastMtu6) {
      out.push_back({"mtu/" + all[i].nameif,
                     "IPv6 needs an MTU of 1280 at least on interface " + all[i].nameif, false});
    }
    for (const Ipv6Prefix& own : all[i].ipv6_addresses) {
      for (size_t j = 0; j < i; ++j) {
        for (const Ipv6Prefix& other : all[j].ipv6_addresses) {
          if (!own.contains(other.address) && !other.contains(own.address)) continue;
          out.push_back({"ipv6/" + all[i].device,
                         "The network of " + own.address.to_string() + " overlaps that of " +
                             other.address.to_string() + " on interface " + all[j].device,
                         false});
        }
      }
    }
  }
}

void check_routes(const Config& config, std::vector<Problem>& out) {
  for (const Route6Config& r : config.routes6) {
    const auto i = std::find_if(config.interfaces.begin(), config.interfaces.end(),
                                [&](const InterfaceConfig& c) { return c.nameif == r.nameif; });
    const auto has = [&](const auto& test) {
      return std::any_of(i->ipv6_addresses.begin(), i->ipv6_addresses.end(), test);
    };
    if (i == config.interfaces.end()) {
      out.push_back({"route6-nameif/" + r.key(), "No interface is called " + r.nameif, false});
    } else if (!i->has_ipv6()) {
      out.push_back(
          {"route6-nameif/" + r.key(), "Interface " + r.nameif + " has no IPv6 address", false});
    } else if (has([&](const Ipv6Prefix& p) { return p.address == r.gateway; })) {
      out.push_back({"route6-gateway/" + r.key(), "The gateway is this box itself", false});
    } else if (!dp::is_link_local6(r.gateway) &&
               !has([&](const Ipv6Prefix& p) { return p.contains(r.gateway); })) {
      out.push_back({"route6-gateway/" + r.key(),
                     "The gateway is not in a network of interface " + r.nameif, false});
    }
  }
}

void check_pools(const Config& config, std::vector<Problem>& out) {
  for (auto a = config.pools6.begin(); a != config.pools6.end(); ++a) {
    const Pool6Config& pool = a->second;
    for (auto b = config.pools6.begin(); b != a; ++b) {
      if (pool.first <= b->second.last() && b->second.first <= pool.last()) {
        out.push_back({"pool6/" + pool.name, "This range overlaps pool " + b->first, false});
      }
    }
    for (const InterfaceConfig& i : config.interfaces) {
      for (const Ipv6Prefix& own : i.ipv6_addresses) {
        if (own.address >= pool.first && own.address <= pool.last()) {
          out.push_back({"pool6/" + pool.name,
                         "This range holds the address of interface " + i.device, false});
        }
      }
    }
  }
}

void check_names(const Config& config, std::vector<Problem>& out) {
  const auto check = [&](const std::string& subject, const std::string& pool) {
    if (!config.pools6.contains(pool))
      out.push_back({subject, "There is no IPv6 address pool " + pool, false});
  };
  for (const auto& [name, policy] : config.group_policies) {
    for (const auto& pool : policy.ipv6_address_pools.value_or(std::vector<std::string>{}))
      check("policy-pools6/" + name, pool);
  }
  for (const auto& [name, group] : config.tunnel_groups) {
    for (const auto& pool : group.ipv6_address_pools)
      check("group-pool6/" + name + "/" + pool, pool);
  }
}

}  // namespace

void validate_ipv6(const Config& config, std::vector<Problem>& out) {
  check_interfaces(config, out);
  check_routes(config, out);
  check_pools(config, out);
  check_names(config, out);
}

}  // namespace culvert::control
