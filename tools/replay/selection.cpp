// One packet's judgement.
#include "tools/replay/selection.hpp"

#include "tools/replay/layers.hpp"
#include "tools/replay/pace.hpp"

namespace culvert::replay {

Verdict select(const SelectionRules& rules, const CapturedPacket& packet,
               std::vector<uint8_t>& frame) {
  constexpr uint32_t kLargestBuffer = 65535;  // what a packet buffer can say
  if (packet.truncated() && !rules.fill_truncated) return Verdict::truncated;
  if (packet.wire_size < sizeof(dp::EthernetHeader)) return Verdict::runt;
  if (packet.wire_size > kLargestBuffer) return Verdict::oversized;
  frame.assign(packet.bytes.begin(), packet.bytes.end());
  frame.resize(packet.wire_size);
  if (!rules.rewrite.empty()) rewrite(rules.rewrite, frame);
  // A card would fill up a short frame behind its trailer, which must be the last.
  if (rules.trailer != 0 && frame.size() + rules.trailer < kLeastFrame) {
    frame.resize(kLeastFrame - rules.trailer);
  }
  const uint64_t around = sizeof(dp::EthernetHeader) + find_layers(frame).tags_size;
  const uint64_t whole = frame.size() + rules.trailer;
  if (whole > kLargestBuffer || whole > around + rules.mtu) return Verdict::oversized;
  if (whole > rules.largest) return Verdict::unfit;
  return Verdict::play;
}

}  // namespace culvert::replay
