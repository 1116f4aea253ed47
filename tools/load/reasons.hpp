// How often something happened, by why.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace culvert::load {

using Reasons = std::map<std::string, uint64_t, std::less<>>;

}  // namespace culvert::load
