// Any bytes as a configuration: never a crash, and what is accepted is shown and read back as the
// same. And as a change of a configuration.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "control/config/parse.hpp"
#include "control/config/restart.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace culvert::control;
  const auto hasher = [](std::string_view) {
    return std::string("$sha512$5000$c2FsdHNhbHQ=$aGFzaGhhc2hoYXNoaGFzaA==");
  };
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const ParseResult first = parse_config(text, "fuzz", hasher);
  for (const auto& e : first.errors) {
    if (e.to_string().empty()) std::abort();
  }
  if (!first.ok()) return 0;
  const ParseResult second = parse_config(running_config(first.config), "shown", hasher);
  if (!second.ok() || second.config != first.config) std::abort();
  // As a change of what they have made, on one line; and no change at all.
  const ParseResult change = parse_change(lines_of(text), "change", hasher, first.config);
  if (change.ok()) (void)needs_restart(first.config, change.config);
  const ParseResult none = parse_change("", "nothing", hasher, first.config);
  if (!none.ok() || none.config != first.config) std::abort();
  return 0;
}
