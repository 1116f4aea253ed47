// What a replay did, for people and for programs.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "tools/replay/survey.hpp"

namespace culvert::replay {

// Nanoseconds.
struct Distribution {
  uint64_t count = 0;
  double min = 0, mean = 0, max = 0;
  std::vector<std::pair<double, double>> percentiles{};  // percent, value

  // The value of that percentile; `max` if it is none of those.
  [[nodiscard]] double at(double percent) const noexcept {
    const auto found = std::ranges::find(percentiles, percent, &std::pair<double, double>::first);
    return found == percentiles.end() ? max : found->second;
  }
};

// Packets and bytes over a time. Bytes are of frames as in a capture; `filling`: the bytes that Ethernet
// adds to short ones.
struct Traffic {
  uint64_t packets = 0, bytes = 0;
  double filling = 0;
  double seconds = 0;  // from the first packet to the last

  [[nodiscard]] double packets_per_second() const noexcept;
  [[nodiscard]] double layer1_bits_per_second() const noexcept;
  [[nodiscard]] double layer2_bits_per_second() const noexcept;
};

struct SentReport {
  std::string port;
  std::vector<std::string> captures;
  Traffic sent;
  std::optional<uint64_t> asked;  // packets; none: as many as there was time for
  uint64_t a_round = 0;           // packets in the captures that are played
  std::string pace;
  uint64_t refusals = 0;      // bursts that the port did not take whole
  uint64_t out_of_order = 0;  // packets with an earlier time than one before
  uint64_t shortened_gaps = 0;
  std::optional<Distribution> lateness;  // behind the timetable
  LeftOut left_out;
};

struct ReceivedReport {
  std::string port;
  Traffic received;
  uint64_t missed = 0;  // that the port had no room for
  bool tracked = false;
  uint64_t unmarked = 0;
  uint64_t streams = 0, missing = 0, duplicates = 0, reordered = 0, furthest = 0;
  std::optional<Distribution> latency;
};

struct WrittenReport {
  std::string path;
  uint64_t packets = 0, unwritten = 0;
  std::string trouble;
};

struct Report {
  std::vector<SentReport> sent{};
  std::vector<ReceivedReport> received{};
  std::optional<WrittenReport> written{};
  // Sent and not received, where both are known; of marked packets if they are tracked.
  std::optional<uint64_t> lost{};
  uint64_t surplus = 0;  // received and not sent; then nobody knows what was lost
  std::string end{};     // why it ended, a few words
  bool complete = true;  // everything that was asked for was done
};

// Nanoseconds: count, min, mean, "50" to "99.999", max; null if there is none.
[[nodiscard]] nlohmann::ordered_json distribution_json(const std::optional<Distribution>& d);
[[nodiscard]] std::string as_text(const Report& report);
[[nodiscard]] nlohmann::ordered_json as_json(const Report& report);

}  // namespace culvert::replay
