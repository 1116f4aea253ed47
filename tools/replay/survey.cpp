// Counting what will be played.
#include "tools/replay/survey.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "tools/replay/failure.hpp"
#include "tools/replay/packet_store.hpp"

namespace culvert::replay {

namespace {

std::string packets(uint64_t n) {
  return n == 1 ? "1 packet is" : fmt::format("{} packets are", n);
}

void count(Survey& s, const SelectionRules& rules, const CapturedPacket& packet, Verdict verdict,
           const std::vector<uint8_t>& frame) {
  switch (verdict) {
    case Verdict::truncated: ++s.left_out.truncated; return;
    case Verdict::runt: ++s.left_out.runt; return;
    case Verdict::unfit: ++s.left_out.unfit; return;
    case Verdict::oversized:
      ++s.left_out.oversized;
      s.left_out.largest_oversized = std::max(s.left_out.largest_oversized, packet.wire_size);
      return;
    case Verdict::play: break;
  }
  const uint32_t size = static_cast<uint32_t>(frame.size()) + rules.trailer;
  if (s.packets == 0) s.first_ns = packet.time_ns;
  ++s.packets;
  if (size > kSmallFrame) ++s.large_packets;
  s.stored_bytes += stored_size(size);
}

}  // namespace

std::vector<std::string> LeftOut::sentences(const SelectionRules& rules) const {
  std::vector<std::string> said = damages;
  if (truncated != 0) {
    said.push_back(fmt::format(
        "{} not whole in the capture, which was made with a snap length: --fill-truncated fills up "
        "with zeros.",
        packets(truncated)));
  }
  if (oversized != 0 && rules.for_tunnels) {
    said.push_back(
        fmt::format("{} larger than {} bytes, which no tunnel carries (the largest frame "
                    "has {} bytes).",
                    packets(oversized), rules.mtu, largest_oversized));
  } else if (oversized != 0) {
    said.push_back(
        fmt::format("{} larger than MTU {} allows (the largest frame has {} bytes{}): --mtu sets "
                    "another, if the port and what is behind it take that.",
                    packets(oversized), rules.mtu, largest_oversized,
                    rules.trailer == 0 ? "" : fmt::format(", and --track adds {}", rules.trailer)));
  }
  if (unfit != 0) {
    said.push_back(fmt::format(
        "{} larger than the {} bytes of net_memif's buffers, over several of which DPDK's driver "
        "does not "
        "send right: bsize=9216 among the device's arguments, at both ends, makes them larger.",
        packets(unfit), rules.largest));
  }
  if (runt != 0) {
    said.push_back(fmt::format("{} shorter than an Ethernet header.", packets(runt)));
  }
  return said;
}

std::optional<Failure> try_open(const std::string& path, const std::string& filter,
                                std::unique_ptr<CaptureFile>& file) {
  try {
    file = std::make_unique<CaptureFile>(path, filter);
    return std::nullopt;
  } catch (const Failure& failure) {
    if (failure.status() != ExitStatus::refused) throw;
    return failure;
  }
}

Survey survey(const std::vector<std::string>& paths, const SelectionRules& rules, bool tolerant,
              const OnProgress& on_progress) {
  Survey result;
  std::vector<uint8_t> frame;
  for (const std::string& path : paths) {
    std::unique_ptr<CaptureFile> file;
    if (const auto failure = try_open(path, rules.filter, file)) {
      if (!tolerant) throw *failure;
      result.left_out.damages.emplace_back(failure->what());
      continue;
    }
    CapturedPacket packet;
    for (uint64_t n = 0; file->next(packet); ++n) {
      count(result, rules, packet, select(rules, packet, frame), frame);
      if (n % kLookEvery == 0) on_progress(path, file->progress());
    }
    result.left_out.filtered += file->filtered();
    if (!file->damage().empty()) result.left_out.damages.push_back(file->damage());
    on_progress(path, 1);
  }
  return result;
}

}  // namespace culvert::replay
