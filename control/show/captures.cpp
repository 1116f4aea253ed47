// `show capture`, in the ASA's layout.
#include <fmt/format.h>

#include "control/show/output.hpp"

namespace culvert::control {
namespace {

std::string_view reason_text(const CaptureSpec& spec) noexcept {
  return spec.reason ? dp::text(*spec.reason).keyword : "all";
}

std::string state_text(const CaptureView& c) {
  switch (c.state) {
    case CaptureState::capturing: return "Capturing";
    case CaptureState::full: return "Buffer Full";
    case CaptureState::failed: break;
  }
  return "Stopped: " + c.error;
}

nlohmann::json to_json(const CaptureView& c) {
  return {{"name", c.spec.name},
          {"type", "asp-drop"},
          {"reason", reason_text(c.spec)},
          {"state", state_text(c)},
          {"packets", c.packets},
          {"bytes", c.bytes},
          {"missed", c.missed},
          {"buffer", c.spec.buffer},
          {"circular", c.spec.circular},
          {"packet_length", c.spec.packet_length},
          {"files", c.files}};
}

const char* packets(uint64_t n) noexcept {
  return n == 1 ? "packet" : "packets";
}

}  // namespace

Output show_captures(const std::vector<CaptureView>& captures) {
  Output out;
  nlohmann::json rows = nlohmann::json::array();
  for (const CaptureView& c : captures) {
    out.text += fmt::format(
        "capture {} type asp-drop {} buffer {}{} packet-length {} [{} - {} bytes]\n", c.spec.name,
        reason_text(c.spec), c.spec.buffer, c.spec.circular ? " circular-buffer" : "",
        c.spec.packet_length, state_text(c), c.bytes);
    out.text += fmt::format("  {}: {} {}, {} missed\n", fmt::join(c.files, " "), c.packets,
                            packets(c.packets), c.missed);
    rows.push_back(to_json(c));
  }
  out.json = {{"captures", std::move(rows)}};
  return out;
}

Output show_capture(const CaptureView& c) {
  Output out;
  out.text = fmt::format("\n{} {} captured\n\n", c.packets, packets(c.packets));
  uint64_t number = c.first_shown;
  for (const std::string& line : c.lines)
    out.text += fmt::format("{:>4}: {}\n", number++, line);
  out.text += fmt::format("{} {} shown\n", c.lines.size(), packets(c.lines.size()));
  if (c.missed != 0) {
    out.text +=
        fmt::format("{} {} came faster than they could be written\n", c.missed, packets(c.missed));
  }
  out.json = to_json(c);
  out.json["lines"] = c.lines;
  return out;
}

}  // namespace culvert::control
