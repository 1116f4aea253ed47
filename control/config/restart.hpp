// Which changes of a configuration a running headend cannot make.
#pragma once

#include <string>
#include <vector>

#include "control/config/config.hpp"

namespace culvert::control {

// What is different, in the words of the configuration ("interface 0000:18:00.0", "ip local pool VPN"),
// and was built into ports, workers or files at the start. Empty: all that is different can be
// changed while the headend runs.
[[nodiscard]] std::vector<std::string> needs_restart(const Config& running, const Config& wanted);

}  // namespace culvert::control
