// One question over culvertctl's connection.
#include "tools/replay/tunnel/headend_drops.hpp"

#include <fmt/format.h>

#include "tools/culvertctl/client.hpp"
#include "tools/replay/failure.hpp"

namespace culvert::replay {

DropCounts headend_drops(const std::string& socket) {
  DropCounts counts;
  try {
    ctl::Client client(socket);
    const auto answer = client.ask({{"command", "show asp drop"}, {"json", true}});
    for (const auto& row : answer.at("json").at("drops"))
      counts[row.at("keyword").get<std::string>()] = row.at("count").get<uint64_t>();
  } catch (const std::exception& error) {
    throw Failure(
        fmt::format("--cli {}: no `show asp drop` from there ({}).", socket, error.what()));
  }
  return counts;
}

DropCounts drops_since(const DropCounts& before, const DropCounts& after) {
  DropCounts added;
  for (const auto& [keyword, count] : after) {
    const auto was = before.find(keyword);
    const uint64_t old = was == before.end() || was->second > count ? 0 : was->second;
    if (count > old) added[keyword] = count - old;
  }
  return added;
}

}  // namespace culvert::replay
