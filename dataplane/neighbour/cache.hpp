// One worker's neighbours: who has which MAC address, and the packets that wait for an answer.
//
// Nothing is shared: each worker has its own, and is shown a copy of every answer that another
// worker gets. Keyed by IpAddress and interface, so that ARP (RFC 826) and neighbour discovery (RFC
// 4861) can both fill it. Drops: ip_no_adjacency.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "dataplane/packet/address.hpp"
#include "dataplane/packet/drop.hpp"
#include "dataplane/packet/headers.hpp"
#include "dataplane/packet/time.hpp"

namespace culvert::dp {

enum class NeighbourState : uint8_t {
  empty,       // the slot is free
  incomplete,  // asked for, no answer yet; packets wait
  reachable,   // answered within the last `age`
  stale,  // known for longer, or only from what it said itself; usable, asked again at the next use
  probe,  // being asked by unicast; usable meanwhile
  failed,  // did not answer; packets to it are dropped until the hold-down ends
};

struct NeighbourConfig {
  uint32_t max_entries = 1024;
  uint32_t max_waiting = 512;  // packets in all queues together
  uint8_t max_waiting_per_entry = 16;
  uint8_t max_requests = 3;
  Time request_interval = kSecond;  // RFC 1122 §2.3.2.1: at most one a second
  Time hold_down = 3 * kSecond;
  Time age = 20 * 60 * kSecond;
  Time reachable6 = 30 * kSecond;  // RFC 4861 §10: an IPv6 neighbour is asked again after this
};

// A question to put on the wire.
struct NeighbourRequest {
  IpAddress ip;
  uint8_t interface = 0;
  bool unicast = false;
  MacAddress mac{};  // if unicast
};

// One line of `show arp`.
struct NeighbourRow {
  IpAddress ip;
  MacAddress mac{};
  uint8_t interface = 0;
  NeighbourState state = NeighbourState::empty;
  Time age = 0;  // since it was last confirmed
};

class NeighbourCache {
 public:
  NeighbourCache(const NeighbourConfig& config, DropCounters& drops);
  ~NeighbourCache();
  NeighbourCache(const NeighbourCache&) = delete;
  NeighbourCache& operator=(const NeighbourCache&) = delete;

  // The MAC address to use now, or nullptr. The pointer is good until the next call that is not
  // find().
  [[nodiscard]] const MacAddress* find(const IpAddress& ip, uint8_t interface, Time now) noexcept;

  // The address that is known now, or nullptr; does not count as use.
  [[nodiscard]] const MacAddress* peek(const IpAddress& ip, uint8_t interface) noexcept;

  // Takes a packet for a neighbour that find() does not know. True if a request has to be sent now.
  // The packet waits, pushes out the oldest one that waits for the same neighbour, or is dropped.
  [[nodiscard]] bool wait(const IpAddress& ip, uint8_t interface, rte_mbuf* m, Time now) noexcept;

  enum class Source : uint8_t {
    reply,    // answer to a question: confirmed; creates an entry only if it was asked for
    request,  // its own question to us: creates an entry, unconfirmed
    update,   // said unasked: changes an entry, never creates one
  };
  // Packets that waited are appended to `ready`, which has room for max_waiting_per_entry. Returns
  // whether the cache knows the neighbour now.
  bool learn(const IpAddress& ip, uint8_t interface, const MacAddress& mac, Source source, Time now,
             Batch& ready) noexcept;

  // Retries, gives up and ages. Looks at a part of the table at each call, at all of it within 100
  // ms. Returns how many requests it wrote.
  [[nodiscard]] size_t poll(Time now, std::span<NeighbourRequest> requests) noexcept;

  // Copies up to rows.size() entries for control; called by the owning worker.
  [[nodiscard]] size_t snapshot(std::span<NeighbourRow> rows, Time now) const noexcept;
  // Forgets everything (`clear arp`); what waits is dropped.
  void clear() noexcept;

  [[nodiscard]] uint32_t entries() const noexcept { return entries_; }
  [[nodiscard]] uint32_t waiting() const noexcept { return waiting_; }

 private:
  static constexpr uint16_t kNone = 0xffff;

  struct Entry {
    IpAddress ip;
    uint8_t interface = 0;
    NeighbourState state = NeighbourState::empty;
    MacAddress mac{};
    uint8_t requests = 0;  // sent since the last answer
    uint8_t queued = 0;
    uint16_t queue_head = kNone;
    uint16_t queue_tail = kNone;
    Time since = 0;  // when the state began
    Time confirmed = 0;
    Time used = 0;
    Time next_request = 0;
  };
  static_assert(sizeof(Entry) <= 64);
  struct Waiting {
    rte_mbuf* packet = nullptr;
    uint16_t next = kNone;
  };

  [[nodiscard]] uint32_t home(const IpAddress& ip, uint8_t interface) const noexcept;
  [[nodiscard]] Entry* lookup(const IpAddress& ip, uint8_t interface) noexcept;
  [[nodiscard]] Entry* create(const IpAddress& ip, uint8_t interface, bool may_evict,
                              Time now) noexcept;
  [[nodiscard]] bool evict(Time now) noexcept;
  void erase(Entry* entry) noexcept;
  void enter(Entry& entry, NeighbourState state, Time now) noexcept;
  [[nodiscard]] bool enqueue(Entry& entry, rte_mbuf* m) noexcept;
  [[nodiscard]] rte_mbuf* dequeue(Entry& entry) noexcept;
  void drop_queue(Entry& entry) noexcept;
  [[nodiscard]] bool tick(Entry& entry, Time now, NeighbourRequest& request) noexcept;

  NeighbourConfig config_;
  DropCounters* drops_;
  std::vector<Entry> table_;  // open addressing, linear probing; a power of two
  std::vector<Waiting> queue_;
  uint16_t queue_free_ = kNone;
  uint32_t mask_;
  uint32_t entries_ = 0;
  uint32_t waiting_ = 0;
  uint32_t sweep_ = 0;  // where poll() goes on
  uint32_t hand_ = 0;   // where evict() goes on
  Time swept_ = 0;
};

}  // namespace culvert::dp
