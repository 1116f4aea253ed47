// The neighbour cache: RFC 1122 §2.3.2 (ageing, queueing, flood prevention), states after RFC 4861
// §7.3.2.
#include "dataplane/neighbour/cache.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <stdexcept>

namespace culvert::dp {

namespace {
constexpr Time kRoundOfAll = 100 * kMillisecond;
// An entry that a packet used within this time is not evicted for another.
constexpr Time kBusy = kSecond;

bool usable(NeighbourState s) noexcept {
  return s == NeighbourState::reachable || s == NeighbourState::stale || s == NeighbourState::probe;
}
}  // namespace

NeighbourCache::NeighbourCache(const NeighbourConfig& config, DropCounters& drops)
    : config_(config), drops_(&drops) {
  if (config.max_entries == 0 || config.max_waiting == 0 || config.max_waiting >= kNone ||
      config.max_waiting_per_entry == 0 || config.max_waiting_per_entry > kBurst) {
    throw std::runtime_error("The neighbour cache's limits are out of range.");
  }
  // At most half full, so that probe sequences stay short.
  table_.resize(std::bit_ceil(config.max_entries * 2));
  mask_ = static_cast<uint32_t>(table_.size() - 1);
  queue_.resize(config.max_waiting);
  for (uint32_t i = 0; i < config.max_waiting; ++i) {
    queue_[i].next = queue_free_;
    queue_free_ = static_cast<uint16_t>(i);
  }
}

NeighbourCache::~NeighbourCache() {
  for (Entry& entry : table_) {
    while (rte_mbuf* m = dequeue(entry))
      rte_pktmbuf_free(m);
  }
}

uint32_t NeighbourCache::home(const IpAddress& ip, uint8_t interface) const noexcept {
  uint64_t low = 0;
  uint64_t high = 0;
  std::memcpy(&high, ip.bytes().data(), 8);
  std::memcpy(&low, ip.bytes().data() + 8, 8);
  // Multiplicative hashing; the size bounds what a neighbour that picks addresses can do.
  uint64_t h = (high + interface) * 0x9e3779b97f4a7c15ULL;
  h = (h ^ low) * 0xff51afd7ed558ccdULL;
  return static_cast<uint32_t>(h >> 32) & mask_;
}

NeighbourCache::Entry* NeighbourCache::lookup(const IpAddress& ip, uint8_t interface) noexcept {
  for (uint32_t i = home(ip, interface);; i = (i + 1) & mask_) {
    Entry& e = table_[i];
    if (e.state == NeighbourState::empty) return nullptr;
    if (e.ip == ip && e.interface == interface) return &e;
  }
}

void NeighbourCache::enter(Entry& entry, NeighbourState state, Time now) noexcept {
  entry.state = state;
  entry.since = now;
  entry.requests = 0;
}

const MacAddress* NeighbourCache::find(const IpAddress& ip, uint8_t interface, Time now) noexcept {
  Entry* e = lookup(ip, interface);
  if (e == nullptr || !usable(e->state)) return nullptr;
  e->used = now;
  if (e->state == NeighbourState::stale) [[unlikely]] {
    enter(*e, NeighbourState::probe, now);
    e->next_request = now;
  }
  return &e->mac;
}

const MacAddress* NeighbourCache::peek(const IpAddress& ip, uint8_t interface) noexcept {
  const Entry* e = lookup(ip, interface);
  return e == nullptr || !usable(e->state) ? nullptr : &e->mac;
}

bool NeighbourCache::wait(const IpAddress& ip, uint8_t interface, rte_mbuf* m, Time now) noexcept {
  Entry* e = lookup(ip, interface);
  if (e == nullptr) {
    e = create(ip, interface, true, now);
    if (e == nullptr) {
      drop(*drops_, DropReason::ip_no_adjacency, m);
      return false;
    }
    enter(*e, NeighbourState::incomplete, now);
    e->requests = 1;
    e->next_request = now + config_.request_interval;
    e->used = now;
    if (!enqueue(*e, m)) drop(*drops_, DropReason::ip_no_adjacency, m);
    return true;
  }
  e->used = now;
  if (e->state != NeighbourState::incomplete || !enqueue(*e, m)) {
    drop(*drops_, DropReason::ip_no_adjacency, m);
  }
  return false;
}

bool NeighbourCache::learn(const IpAddress& ip, uint8_t interface, const MacAddress& mac,
                           Source source, Time now, Batch& ready) noexcept {
  Entry* e = lookup(ip, interface);
  if (e == nullptr) {
    // Nobody asked: what an unasked reply or announcement says is not worth a place (RFC 826 merges
    // only).
    if (source != Source::request) return false;
    // Neighbours that ask us may fill three quarters; the rest is for those that we need.
    if (entries_ >= config_.max_entries - config_.max_entries / 4) {
      return false;
    }
    e = create(ip, interface, false, now);
    if (e == nullptr) return false;
    e->used = now;
  }
  const bool confirmed = source == Source::reply;
  if (confirmed) e->confirmed = now;
  // A neighbour that says again what is known does not become less known by it.
  const bool known = usable(e->state) && e->mac == mac;
  if (confirmed || !known) {
    enter(*e, confirmed ? NeighbourState::reachable : NeighbourState::stale, now);
  }
  e->mac = mac;
  while (rte_mbuf* m = dequeue(*e))
    ready.push(m);
  return true;
}

// --- table ---

NeighbourCache::Entry* NeighbourCache::create(const IpAddress& ip, uint8_t interface,
                                              bool may_evict, Time now) noexcept {
  if (entries_ >= config_.max_entries && !(may_evict && evict(now))) return nullptr;
  uint32_t i = home(ip, interface);
  while (table_[i].state != NeighbourState::empty)
    i = (i + 1) & mask_;
  table_[i] = Entry{};
  table_[i].ip = ip;
  table_[i].interface = interface;
  table_[i].state = NeighbourState::failed;  // the caller enters the right one
  ++entries_;
  return &table_[i];
}

bool NeighbourCache::evict(Time now) noexcept {
  constexpr uint32_t kLook = 256;
  Entry* victim = nullptr;
  for (uint32_t i = 0; i < kLook; ++i, hand_ = (hand_ + 1) & mask_) {
    Entry& e = table_[hand_];
    if (e.state == NeighbourState::empty || e.queued != 0 || e.used + kBusy > now) continue;
    if (victim == nullptr || e.used < victim->used) victim = &e;
  }
  if (victim == nullptr) return false;
  erase(victim);
  return true;
}

// Backward shift deletion: no tombstones, so lookups never get slower.
void NeighbourCache::erase(Entry* entry) noexcept {
  drop_queue(*entry);
  auto hole = static_cast<uint32_t>(entry - table_.data());
  for (uint32_t i = (hole + 1) & mask_; table_[i].state != NeighbourState::empty;
       i = (i + 1) & mask_) {
    const uint32_t ideal = home(table_[i].ip, table_[i].interface);
    // Entry i may move into the hole unless its ideal place lies cyclically in (hole, i].
    if (((i - ideal) & mask_) < ((i - hole) & mask_)) continue;
    table_[hole] = table_[i];
    hole = i;
  }
  table_[hole] = Entry{};
  --entries_;
}

void NeighbourCache::clear() noexcept {
  for (Entry& e : table_) {
    drop_queue(e);
    e = Entry{};
  }
  entries_ = 0;
}

size_t NeighbourCache::snapshot(std::span<NeighbourRow> rows, Time now) const noexcept {
  size_t n = 0;
  for (const Entry& e : table_) {
    if (n == rows.size()) break;
    if (e.state == NeighbourState::empty) continue;
    rows[n++] = {e.ip, e.mac, e.interface, e.state, e.confirmed == 0 ? 0 : now - e.confirmed};
  }
  return n;
}

// --- queues ---

bool NeighbourCache::enqueue(Entry& entry, rte_mbuf* m) noexcept {
  if (entry.queued == config_.max_waiting_per_entry || queue_free_ == kNone) {
    // The newest packet is the one whose sender still waits for an answer (RFC 1122 §2.3.2.2).
    rte_mbuf* oldest = dequeue(entry);
    if (oldest == nullptr) return false;
    drop(*drops_, DropReason::ip_no_adjacency, oldest);
  }
  const uint16_t slot = queue_free_;
  queue_free_ = queue_[slot].next;
  queue_[slot] = {m, kNone};
  if (entry.queue_tail == kNone) {
    entry.queue_head = slot;
  } else {
    queue_[entry.queue_tail].next = slot;
  }
  entry.queue_tail = slot;
  ++entry.queued;
  ++waiting_;
  return true;
}

rte_mbuf* NeighbourCache::dequeue(Entry& entry) noexcept {
  const uint16_t slot = entry.queue_head;
  if (slot == kNone) return nullptr;
  rte_mbuf* m = queue_[slot].packet;
  entry.queue_head = queue_[slot].next;
  if (entry.queue_head == kNone) entry.queue_tail = kNone;
  queue_[slot] = {nullptr, queue_free_};
  queue_free_ = slot;
  --entry.queued;
  --waiting_;
  return m;
}

void NeighbourCache::drop_queue(Entry& entry) noexcept {
  while (rte_mbuf* m = dequeue(entry))
    drop(*drops_, DropReason::ip_no_adjacency, m);
}

// --- time ---

// One entry's timers. True if a request is due. The entry may be gone afterwards.
bool NeighbourCache::tick(Entry& e, Time now, NeighbourRequest& request) noexcept {
  switch (e.state) {
    case NeighbourState::empty: return false;
    case NeighbourState::reachable: {
      const Time age = e.ip.is_v4() ? config_.age : config_.reachable6;
      if (now - e.since >= age) {
        // In use: asked at once. Idle: it may wait until it is needed, or be forgotten.
        const bool in_use = e.used + age / 2 > now;
        enter(e, in_use ? NeighbourState::probe : NeighbourState::stale, now);
        e.next_request = now;
      }
      break;
    }
    case NeighbourState::stale:
      if (now - e.since >= config_.age) erase(&e);
      return false;
    case NeighbourState::failed:
      if (now - e.since >= config_.hold_down) erase(&e);
      return false;
    case NeighbourState::incomplete:
    case NeighbourState::probe: break;
  }
  if ((e.state != NeighbourState::incomplete && e.state != NeighbourState::probe) ||
      now < e.next_request) {
    return false;
  }
  if (e.requests >= config_.max_requests) {
    drop_queue(e);
    // RFC 4861 §7.3.3: who does not answer where he was may be elsewhere, and the next packet asks everybody.
    if (e.state == NeighbourState::probe) {
      erase(&e);
    } else {
      enter(e, NeighbourState::failed, now);
    }
    return false;
  }
  ++e.requests;
  e.next_request = now + config_.request_interval;
  request = {e.ip, e.interface, e.state == NeighbourState::probe, e.mac};
  return true;
}

size_t NeighbourCache::poll(Time now, std::span<NeighbourRequest> requests) noexcept {
  const Time passed = now - swept_;
  const uint64_t due = std::min<uint64_t>(
      table_.size(), table_.size() * std::min(passed, kRoundOfAll) / kRoundOfAll);
  if (due == 0) return 0;
  swept_ = now;
  size_t n = 0;
  for (uint64_t i = 0; i < due && n < requests.size(); ++i) {
    if (tick(table_[sweep_], now, requests[n])) ++n;
    sweep_ = (sweep_ + 1) & mask_;
  }
  return n;
}

}  // namespace culvert::dp
