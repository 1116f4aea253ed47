// The instruction sets that tests run over: all that this machine has.
#pragma once

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "crypto/isa.hpp"

namespace culvert::crypto {

inline std::vector<Isa> usable_isas() {
  std::vector<Isa> out;
  for (const unsigned bits : {128u, 256u, 512u}) {
    const Isa isa = best_isa(bits);
    if (out.empty() || out.back() != isa) out.push_back(isa);
  }
  return out;
}

inline std::string isa_name(const testing::TestParamInfo<Isa>& info) {
  return std::string(to_string(info.param));
}

}  // namespace culvert::crypto
