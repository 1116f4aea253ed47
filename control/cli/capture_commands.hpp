// `capture`, `no capture` and `show capture`.
#pragma once

#include "control/cli/exec.hpp"

namespace culvert::control {

[[nodiscard]] Output run_capture(ExecContext& c, const Arguments& a);
[[nodiscard]] Output run_no_capture(ExecContext& c, const Arguments& a);
[[nodiscard]] Output run_show_capture(ExecContext& c, const Arguments& a);

}  // namespace culvert::control
