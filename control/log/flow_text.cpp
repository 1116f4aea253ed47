#include "control/log/flow_text.hpp"

#include <fmt/format.h>

namespace culvert::control {

std::string flow_text(const Config& config, const dp::Flow& flow) {
  std::string name = "outside";
  for (const InterfaceConfig& interface : config.interfaces) {
    if (interface.address == flow.local && !interface.nameif.empty()) name = interface.nameif;
  }
  return fmt::format("{}:{}/{} to {}/{}", name, flow.remote.to_string(), flow.remote_port,
                     flow.local.to_string(), flow.local_port);
}

}  // namespace culvert::control
