#include "control/config/restart.hpp"

#include <algorithm>
#include <map>

namespace culvert::control {
namespace {

// Names what is in one of two lists, and not the same in the other.
template <typename List, typename Name>
void compare_lists(const List& running, const List& wanted, Name name,
                   std::vector<std::string>& out) {
  const auto note_missing = [&](const List& from, const List& in) {
    for (const auto& element : from) {
      if (std::find(in.begin(), in.end(), element) != in.end()) continue;
      const std::string text = name(element);
      if (std::find(out.begin(), out.end(), text) == out.end()) out.push_back(text);
    }
  };
  note_missing(wanted, running);
  note_missing(running, wanted);
}

template <typename Pool>
void compare_pools(const std::map<std::string, Pool>& running,
                   const std::map<std::string, Pool>& wanted, const std::string& command,
                   std::vector<std::string>& out) {
  compare_lists(
      running, wanted, [&](const auto& entry) { return command + entry.first; }, out);
}

}  // namespace

std::vector<std::string> needs_restart(const Config& running, const Config& wanted) {
  std::vector<std::string> out;
  if (!(running.dataplane == wanted.dataplane)) out.emplace_back("dataplane");
  compare_lists(
      running.interfaces, wanted.interfaces,
      [](const InterfaceConfig& i) { return "interface " + i.device; }, out);
  const auto order = [](const Config& c) {
    std::vector<std::string> devices;
    for (const InterfaceConfig& i : c.interfaces)
      devices.push_back(i.device);
    return devices;
  };
  if (out.empty() && order(running) != order(wanted)) out.emplace_back("the order of interfaces");
  const auto route = [](const auto& r) { return "route " + r.nameif; };
  compare_lists(running.routes, wanted.routes, route, out);
  compare_lists(
      running.routes6, wanted.routes6,
      [](const Route6Config& r) { return "ipv6 route " + r.nameif; }, out);
  compare_pools(running.pools, wanted.pools, "ip local pool ", out);
  compare_pools(running.pools6, wanted.pools6, "ipv6 local pool ", out);
  if (running.socket_path != wanted.socket_path) out.emplace_back("management socket");
  if (running.state_dir != wanted.state_dir) out.emplace_back("state-directory");
  return out;
}

}  // namespace culvert::control
