// What the headend says that it dropped, and why: Culvert's `show asp drop`, over its management socket.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace culvert::replay {

using DropCounts = std::map<std::string, uint64_t>;  // by keyword, such as "svc-spoof-detect"

// Throws Failure if nobody answers there as Culvert does.
[[nodiscard]] DropCounts headend_drops(const std::string& socket);
// What was added; reasons without any are left out. A counter that became less was cleared meanwhile, and is taken
// whole.
[[nodiscard]] DropCounts drops_since(const DropCounts& before, const DropCounts& after);

}  // namespace culvert::replay
