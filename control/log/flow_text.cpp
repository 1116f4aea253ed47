#include "control/log/flow_text.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace culvert::control {

std::string flow_text(const Config& config, const dp::Flow& flow) {
  std::string name = "outside";
  for (const InterfaceConfig& interface : config.interfaces) {
    const auto& v6 = interface.ipv6_addresses;
    const bool own = interface.address == flow.local ||
                     std::any_of(v6.begin(), v6.end(), [&](const Ipv6Prefix& prefix) {
                       return prefix.address == flow.local;
                     });
    if (own && !interface.nameif.empty()) name = interface.nameif;
  }
  return fmt::format("{}:{}/{} to {}/{}", name, flow.remote.to_string(), flow.remote_port,
                     flow.local.to_string(), flow.local_port);
}

}  // namespace culvert::control
