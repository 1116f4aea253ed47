// The order of changes: tags, MAC addresses, IP addresses, checksums.
#include "tools/replay/rewrite.hpp"

#include <algorithm>

#include "crypto/bytes.hpp"
#include "tools/replay/fix_checksums.hpp"
#include "tools/replay/layers.hpp"
#include "tools/replay/rewrite_addresses.hpp"

namespace culvert::replay {

namespace {

constexpr size_t kMac = 6, kTagAt = 12, kTag = 4;
constexpr uint16_t kVlanMask = 0x0fff;

void change_tags(const RewriteRules& rules, std::vector<uint8_t>& frame) {
  const uint32_t tags = find_layers(frame).tags_size;
  if (rules.vlan_strip && tags != 0) {
    const auto first = frame.begin() + kTagAt;
    frame.erase(first, first + tags);
  } else if (rules.vlan_set && tags != 0) {
    uint8_t* control = frame.data() + kTagAt + 2;
    const auto others = static_cast<uint16_t>(load_be<uint16_t>(control) & ~kVlanMask);
    store_be(control, static_cast<uint16_t>(others | *rules.vlan_set));
  }
  if (rules.vlan_add) {
    std::array<uint8_t, kTag> tag{};
    store_be(tag.data(), static_cast<uint16_t>(dp::EtherType::vlan));
    store_be(tag.data() + 2, *rules.vlan_add);
    frame.insert(frame.begin() + kTagAt, tag.begin(), tag.end());
  }
}

void map_mac(const std::vector<MacRule>& rules, uint8_t* mac) {
  for (const MacRule& rule : rules) {
    if (!std::equal(rule.from.begin(), rule.from.end(), mac)) continue;
    std::copy(rule.to.begin(), rule.to.end(), mac);
    return;
  }
}

void change_macs(const RewriteRules& rules, std::vector<uint8_t>& frame, const Layers& layers) {
  uint8_t* destination = frame.data();
  uint8_t* source = frame.data() + kMac;
  map_mac(rules.macs, destination);
  map_mac(rules.macs, source);
  if (rules.destination_mac) std::ranges::copy(*rules.destination_mac, destination);
  if (rules.source_mac) std::ranges::copy(*rules.source_mac, source);
  if (layers.network != Network::arp) return;
  uint8_t* arp = frame.data() + layers.network_at;
  map_mac(rules.macs, arp + offsetof(dp::ArpPacket, sender_mac));
  map_mac(rules.macs, arp + offsetof(dp::ArpPacket, target_mac));
}

}  // namespace

void rewrite(const RewriteRules& rules, std::vector<uint8_t>& frame) {
  if (frame.size() < sizeof(dp::EthernetHeader)) return;
  if (rules.vlan_strip || rules.vlan_set || rules.vlan_add) change_tags(rules, frame);
  const Layers layers = find_layers(frame);
  change_macs(rules, frame, layers);
  if (!rules.addresses.empty()) rewrite_addresses(rules.addresses, frame, layers);
  if (rules.fix_checksums) fix_checksums(frame, layers);
}

}  // namespace culvert::replay
