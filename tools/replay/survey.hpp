// The first look at a capture: how much of it will be played, and what speaks against it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tools/replay/failure.hpp"
#include "tools/replay/selection.hpp"

namespace culvert::replay {

// What was left out, by reason.
struct LeftOut {
  uint64_t filtered = 0, truncated = 0, oversized = 0, unfit = 0, runt = 0;
  uint32_t largest_oversized = 0;      // bytes of the frame
  std::vector<std::string> damages{};  // one sentence a file

  // Everything but what the filter was told to leave out.
  [[nodiscard]] uint64_t faulty() const noexcept { return truncated + oversized + unfit + runt; }
  // One sentence for each kind of fault that there is.
  [[nodiscard]] std::vector<std::string> sentences(const SelectionRules& rules) const;
};

struct Survey {
  uint64_t packets = 0;        // to be played
  uint64_t large_packets = 0;  // of them, those larger than kSmallFrame
  uint64_t stored_bytes = 0;   // what their frames take in a PacketStore
  uint64_t first_ns = 0;       // of the first packet that is played
  LeftOut left_out;
};

// Called now and then with the share that is done, 0 to 1.
using OnProgress = std::function<void(const std::string& path, double share)>;
inline constexpr uint64_t kLookEvery = 4096;  // packets between two calls

// Goes through the files of one port in their order. A file that cannot be opened or has other than
// Ethernet frames throws Failure, or counts among the damages if `tolerant`.
[[nodiscard]] Survey survey(const std::vector<std::string>& paths, const SelectionRules& rules,
                            bool tolerant, const OnProgress& on_progress);

// Opens one of them; nothing if it cannot be opened and `tolerant`, with the reason in `why`.
[[nodiscard]] std::optional<Failure> try_open(const std::string& path, const std::string& filter,
                                              std::unique_ptr<CaptureFile>& file);

}  // namespace culvert::replay
