// From files into packet buffers.
#include "tools/replay/load.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "tools/replay/failure.hpp"
#include "tools/replay/flow_hash.hpp"

namespace culvert::replay {

namespace {

// The times of what was played so far.
struct Past {
  uint64_t packets = 0, first_ns = 0, newest_ns = 0;

  void add(uint64_t time_ns) noexcept {
    if (packets++ == 0) first_ns = time_ns;
    newest_ns = std::max(newest_ns, time_ns);
  }
  // Where the next file's first packet comes: after the newest so far and a mean gap.
  [[nodiscard]] uint64_t continuation() const noexcept {
    const uint64_t length = newest_ns - std::min(newest_ns, first_ns);
    return newest_ns + std::max<uint64_t>(length / packets, 1);
  }
};

}  // namespace

uint64_t each_packet(
    const std::vector<std::string>& paths, const SelectionRules& rules, uint64_t packets,
    const OnProgress& on_progress,
    const std::function<bool(std::span<const uint8_t> frame, uint64_t time_ns)>& take) {
  Past past;
  std::vector<uint8_t> frame;
  for (const std::string& path : paths) {
    std::unique_ptr<CaptureFile> file;
    if (try_open(path, rules.filter, file)) continue;  // survey() has reported it
    const bool first_file = past.packets == 0;
    const uint64_t begin_ns = first_file ? 0 : past.continuation();
    uint64_t origin_ns = 0;
    bool first = true;
    CapturedPacket packet;
    for (uint64_t n = 0; past.packets < packets && file->next(packet); ++n) {
      if (n % kLookEvery == 0) on_progress(path, file->progress());
      if (select(rules, packet, frame) != Verdict::play) continue;
      if (first) origin_ns = packet.time_ns;
      first = false;
      // A file's packet from before its first one would be before all files.
      const uint64_t since = packet.time_ns - std::min(packet.time_ns, origin_ns);
      const uint64_t time_ns = first_file ? packet.time_ns : begin_ns + since;
      if (!take(frame, time_ns)) return past.packets;
      past.add(time_ns);
    }
    on_progress(path, 1);
  }
  return past.packets;
}

Recording load(const std::vector<std::string>& paths, const SelectionRules& rules,
               const Survey& found, bool with_flows, PacketStore& store,
               const OnProgress& on_progress) {
  Recording recording;
  recording.packets.reserve(found.packets);
  recording.recorded.reserve(found.packets);
  const auto add = [&](std::span<const uint8_t> frame, uint64_t time_ns) {
    rte_mbuf* m = store.add(frame, rules.trailer);
    if (m == nullptr) return false;
    recording.packets.push_back(m);
    recording.recorded.push_back({.time_ns = time_ns, .size = m->pkt_len});
    if (with_flows) recording.flows.push_back(flow_hash(frame));
    return true;
  };
  if (each_packet(paths, rules, found.packets, on_progress, add) < found.packets) {
    throw Failure(fmt::format("{} changed while it was being loaded.",
                              paths.size() == 1 ? paths.front() : "A capture"));
  }
  return recording;
}

}  // namespace culvert::replay
