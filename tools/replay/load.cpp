// From files into packet buffers.
#include "tools/replay/load.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "tools/replay/failure.hpp"
#include "tools/replay/flow_hash.hpp"

namespace culvert::replay {

namespace {

constexpr uint64_t kLookEvery = 4096;

// Where the next file's first packet comes: after the newest so far and a mean gap.
uint64_t continuation(const std::vector<Recorded>& recorded) {
  uint64_t newest = 0;
  for (const Recorded& packet : recorded)
    newest = std::max(newest, packet.time_ns);
  const uint64_t length = newest - std::min(newest, recorded.front().time_ns);
  return newest + std::max<uint64_t>(length / recorded.size(), 1);
}

}  // namespace

Recording load(const std::vector<std::string>& paths, const SelectionRules& rules,
               const Survey& found, bool with_flows, PacketStore& store,
               const OnProgress& on_progress) {
  Recording recording;
  recording.packets.reserve(found.packets);
  recording.recorded.reserve(found.packets);
  std::vector<uint8_t> frame;
  for (const std::string& path : paths) {
    std::unique_ptr<CaptureFile> file;
    if (try_open(path, rules.filter, file)) continue;  // survey() has reported it
    const bool first_file = recording.recorded.empty();
    const uint64_t begin_ns = first_file ? 0 : continuation(recording.recorded);
    uint64_t origin_ns = 0;
    bool first = true;
    CapturedPacket packet;
    for (uint64_t n = 0; recording.packets.size() < found.packets && file->next(packet); ++n) {
      if (n % kLookEvery == 0) on_progress(path, file->progress());
      if (select(rules, packet, frame) != Verdict::play) continue;
      if (first) origin_ns = packet.time_ns;
      first = false;
      rte_mbuf* m = store.add(frame, rules.trailer);
      if (m == nullptr) break;
      recording.packets.push_back(m);
      // A file's packet from before its first one would be before all files.
      const uint64_t since = packet.time_ns - std::min(packet.time_ns, origin_ns);
      recording.recorded.push_back(
          {.time_ns = first_file ? packet.time_ns : begin_ns + since, .size = m->pkt_len});
      if (with_flows) recording.flows.push_back(flow_hash(frame));
    }
    on_progress(path, 1);
  }
  if (recording.packets.size() < found.packets) {
    throw Failure(fmt::format("{} changed while it was being loaded.",
                              paths.size() == 1 ? paths.front() : "A capture"));
  }
  return recording;
}

}  // namespace culvert::replay
