#include "dataplane/dtls/receive_table.hpp"

#include <cstring>

namespace culvert::dtls {

ReceiveTable::ReceiveTable(uint32_t slots, const tcp::SipKey& key)
    : SideTable(slots), key_(key), flows_(2 * slots, key), addresses_(slots, key), routes_(slots) {}

uint32_t ReceiveTable::hash_address(const dp::IpAddress& address) const noexcept {
  std::array<uint64_t, 2> words{};
  std::memcpy(words.data(), address.bytes().data(), 16);
  return static_cast<uint32_t>(tcp::siphash<1, 3>(key_, words));
}

void ReceiveTable::prefetch_side(uint32_t hash, uint64_t number) noexcept {
  const uint32_t slot = flows_.candidate(hash);
  if (slot >= slots()) return;
  prefetch(slot);
  (*this)[slot].window.prefetch(number);
}

Target ReceiveTable::find_flow(uint32_t hash, const dp::Flow& flow) noexcept {
  const uint32_t at = flows_.find(hash, [&](uint32_t i) {
    return (i < slots() ? (*this)[i].flow : routes_[i - slots()].flow) == flow;
  });
  if (at == tcp::FlowTable::kNone) return {};
  if (at < slots()) return {.side = &(*this)[at]};
  return {.route = &routes_[at - slots()]};
}

void ReceiveTable::forget(Route& route) noexcept {
  if (route.side.generation == 0) return;
  flows_.erase(route.hash, slots() + static_cast<uint32_t>(&route - routes_.data()));
  route = {};
}

void ReceiveTable::map(ReceiveSide& side, const dp::Flow& flow) noexcept {
  unmap(side);
  const uint32_t flow_hash = hash(flow);
  const Target before = find_flow(flow_hash, flow);
  if (before.side != nullptr) {
    flows_.erase(before.side->flow_hash, slot_of(*before.side));
    before.side->mapped = false;  // it keeps its address: its client may turn up elsewhere
  } else if (before.route != nullptr) {
    forget(routes_[static_cast<size_t>(before.route - routes_.data())]);
  }
  side.flow = flow;
  side.flow_hash = flow_hash;
  side.address_hash = hash_address(flow.remote);
  side.mapped = true;
  flows_.insert(side.flow_hash, slot_of(side));
  addresses_.insert(side.address_hash, slot_of(side));
}

void ReceiveTable::unmap(ReceiveSide& side) noexcept {
  const uint32_t slot = slot_of(side);
  if (side.mapped) flows_.erase(side.flow_hash, slot);
  addresses_.erase(side.address_hash, slot);
  side.mapped = false;
}

void ReceiveTable::route(const dp::Flow& flow, const ConnId& side) noexcept {
  const uint32_t flow_hash = hash(flow);
  const Target before = find_flow(flow_hash, flow);
  if (before.side != nullptr) return;
  if (before.route != nullptr) {
    Route& known = routes_[static_cast<size_t>(before.route - routes_.data())];
    if (side.generation == 0) {
      forget(known);
    } else {
      known.side = side;
    }
    return;
  }
  if (side.generation == 0) return;
  Route& r = routes_[next_route_];
  next_route_ = next_route_ + 1 == routes_.size() ? 0 : next_route_ + 1;
  forget(r);
  r = {flow, flow_hash, side};
  flows_.insert(flow_hash, slots() + static_cast<uint32_t>(&r - routes_.data()));
}

}  // namespace culvert::dtls
