// How messages name a flow.
#pragma once

#include <string>

#include "control/config/config.hpp"
#include "dataplane/packet/address.hpp"

namespace culvert::control {

// "outside:192.0.2.1/40000 to 198.51.100.1/443", as in the ASA's 725001: the interface is the one
// whose address the client reached.
[[nodiscard]] std::string flow_text(const Config& config, const dp::Flow& flow);

}  // namespace culvert::control
