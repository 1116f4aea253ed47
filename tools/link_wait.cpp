#include "tools/link_wait.hpp"

#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>

#include <fmt/format.h>

namespace culvert {

namespace {

std::string without_link(std::span<const dp::Port* const> ports) {
  std::string names;
  for (const dp::Port* port : ports) {
    if (port->link().up) continue;
    names += (names.empty() ? "" : ", ") + port->name();
  }
  return names;
}

}  // namespace

void wait_for_links(std::span<const dp::Port* const> ports, double seconds,
                    const std::function<bool()>& interrupted) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  for (;;) {
    const std::string without = without_link(ports);
    if (without.empty()) return;
    if (interrupted()) throw std::runtime_error("Interrupted before the links came up.");
    if (std::chrono::steady_clock::now() >= until) {
      throw std::runtime_error(fmt::format(
          "No link on {} within {:g} s: look at the other end, or give it longer by --link-wait.",
          without, seconds));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

}  // namespace culvert
