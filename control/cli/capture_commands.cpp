#include "control/cli/capture_commands.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace culvert::control {
namespace {

std::optional<dp::DropReason> reason_of(const std::string& keyword) {
  if (keyword == "all") return std::nullopt;
  for (size_t i = 0; i < dp::kDropReasons; ++i) {
    const auto reason = static_cast<dp::DropReason>(i);
    if (dp::text(reason).keyword == keyword) return reason;
  }
  throw ExecError("ERROR: % There is no drop reason \"" + keyword +
                  "\": \"show asp drop --json\" and the manual list them all");
}

ExecError no_such(const std::string& name) {
  return ExecError("ERROR: % There is no capture \"" + name + "\"");
}

}  // namespace

Output run_capture(ExecContext& c, const Arguments& a) {
  CaptureSpec spec;
  spec.name = a.text("name");
  spec.reason = reason_of(a.text("reason"));
  if (a.has("bytes")) spec.buffer = a.number("bytes");
  if (a.has("length")) spec.packet_length = a.number("length");
  spec.circular = a.has("circular-buffer");
  try {
    c.state.captures().start(spec);
  } catch (const std::runtime_error& e) {
    throw ExecError(std::string("ERROR: % ") + e.what());
  }
  return {};
}

Output run_no_capture(ExecContext& c, const Arguments& a) {
  const auto capture = c.state.captures().stop(a.text("name"));
  if (!capture) throw no_such(a.text("name"));
  Output out = show_capture(*capture);
  out.text = fmt::format("INFO: {} packets are in {}\n", capture->packets,
                         fmt::join(capture->files, " and "));
  return out;
}

Output run_show_capture(ExecContext& c, const Arguments& a) {
  const std::vector<CaptureView> views = c.state.captures().views();
  if (!a.has("name")) return show_captures(views);
  const auto found = std::find_if(views.begin(), views.end(), [&](const CaptureView& v) {
    return v.spec.name == a.text("name");
  });
  if (found == views.end()) throw no_such(a.text("name"));
  return show_capture(*found);
}

}  // namespace culvert::control
