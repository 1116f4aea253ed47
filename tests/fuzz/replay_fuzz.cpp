// What captures contain is anybody's: frames of any bytes through everything that looks into them before they are
// played. Lengths must hold, and what is not to change must not.
//
// An input is: a byte of what to do (bit 0 map addresses, 1 checksums anew, 2 strip tags, 3 set the VLAN, 4 add a
// tag, 5 exchange MAC addresses, 6 a trailer), then the frame.
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "tools/replay/flow_hash.hpp"
#include "tools/replay/layers.hpp"
#include "tools/replay/selection.hpp"

namespace {

using namespace culvert::replay;

SelectionRules rules_of(uint8_t what) {
  SelectionRules rules;
  RewriteRules& r = rules.rewrite;
  if ((what & 1) != 0) {
    r.addresses.add(parse_prefix_rule("0.0.0.0/0=255.0.255.0/0", Side::source));
    r.addresses.add(parse_prefix_rule("0.0.0.0/1=200.0.0.0/1", Side::both));
    r.addresses.add(parse_prefix_rule("::/3=f000::/3", Side::both));
  }
  r.fix_checksums = (what & 2) != 0;
  r.vlan_strip = (what & 4) != 0;
  if ((what & 8) != 0) r.vlan_set = 4094;
  if ((what & 16) != 0) r.vlan_add = 1;
  if ((what & 32) != 0) r.macs.push_back(parse_mac_rule("00:00:00:00:00:00=02:00:00:00:00:01"));
  rules.trailer = (what & 64) != 0 ? 24 : 0;
  return rules;
}

void check(const Layers& layers, size_t size) {
  if (layers.end > size || layers.network_at > size || layers.transport_at > size) std::abort();
  if (layers.transport_at != 0 && layers.transport_at + 8 > layers.end) std::abort();
  if (layers.tags_size % 4 != 0 || layers.tags_size > size) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::vector<uint8_t> captured(data + 1, data + size);
  const SelectionRules rules = rules_of(data[0]);
  check(find_layers(captured), captured.size());
  check(find_ip_layers(captured, 0), captured.size());
  (void)flow_hash(captured);
  std::vector<uint8_t> frame;
  const CapturedPacket packet{0, captured, static_cast<uint32_t>(captured.size())};
  if (select(rules, packet, frame) != Verdict::play) return 0;
  check(find_layers(frame), frame.size());
  if (rules.rewrite.empty() && rules.trailer == 0 && frame != captured) std::abort();
  const size_t most = captured.size() + rules.rewrite.growth();
  if (frame.size() > std::max<size_t>(most, 60)) std::abort();
  return 0;
}
