// The commands of one mode, compiled once: what lines of a configuration are matched against, and what
// may be typed next.
#pragma once

#include <string_view>
#include <vector>

#include "control/config/command.hpp"
#include "control/config/match.hpp"

namespace culvert::control {

struct ModeTable {
  std::vector<Candidate> candidates;
  std::vector<const Command*> rows;  // of the candidates
};

// `negated`: of the forms that follow `no`.
[[nodiscard]] const ModeTable& mode_table(Mode mode, bool negated);

// The mode that lines of a configuration end in, by their grammar alone.
[[nodiscard]] Mode mode_after(std::string_view lines);

}  // namespace culvert::control
