// `debug`, `undebug` and `show debug`.
#pragma once

#include "control/cli/exec.hpp"

namespace culvert::control {

[[nodiscard]] Output run_debug_anyconnect(ExecContext& c, const Arguments& a);
[[nodiscard]] Output run_debug_key_limit(ExecContext& c, const Arguments& a);
[[nodiscard]] Output run_no_debug(ExecContext& c, const Arguments& a);
[[nodiscard]] Output run_show_debug(ExecContext& c, const Arguments& a);

}  // namespace culvert::control
