#include "control/cli/debug_commands.hpp"

#include <fmt/format.h>

namespace culvert::control {
namespace {

Output state_of(const DebugLevels& levels, std::string_view start) {
  Output out;
  if (levels.webvpn_anyconnect != 0) {
    out.text = fmt::format("{}debug webvpn anyconnect enabled at level {}.\n", start,
                           levels.webvpn_anyconnect);
  }
  if (levels.key_limit != 0) {
    out.text += fmt::format("{}debug key-limit: no key seals more than {} blocks.\n", start,
                            levels.key_limit);
  }
  out.json = {{"webvpn_anyconnect", levels.webvpn_anyconnect}, {"key_limit", levels.key_limit}};
  return out;
}

}  // namespace

Output run_debug_anyconnect(ExecContext& c, const Arguments& a) {
  DebugLevels& levels = c.state.debug();
  levels.webvpn_anyconnect = a.has("level") ? a.number("level") : 1;
  return state_of(levels, "INFO: ");
}

Output run_debug_key_limit(ExecContext& c, const Arguments& a) {
  DebugLevels& levels = c.state.debug();
  levels.key_limit = a.number("blocks");
  return state_of(levels, "INFO: ");
}

Output run_no_debug(ExecContext& c, const Arguments& a) {
  DebugLevels& levels = c.state.debug();
  if (!a.has("key-limit")) levels.webvpn_anyconnect = 0;
  if (!a.has("webvpn")) levels.key_limit = 0;
  return state_of(c.state.debug(), "");
}

Output run_show_debug(ExecContext& c, const Arguments&) {
  return state_of(c.state.debug(), "");
}

}  // namespace culvert::control
