#include "dataplane/session/table.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

#include <rte_errno.h>
#include <rte_malloc.h>

#include "dataplane/packet/crc.hpp"

namespace culvert::dp {

namespace {
[[noreturn]] void no_memory() {
  throw std::runtime_error(
      "no memory for the session table: raise `memory` in the dataplane section, or lower "
      "`sessions`");
}
uint32_t hash_address(const void* key, uint32_t /*size*/, uint32_t /*initial: 0*/) {
  return crc_of(*static_cast<const IpAddress*>(key));
}
}  // namespace

void SessionTable::Free::operator()(rte_rcu_qsbr* q) const noexcept {
  rte_free(q);
}

SessionTable::SessionTable(unsigned max_sessions, unsigned workers) : storage_(max_sessions) {
  qsbr_.reset(static_cast<rte_rcu_qsbr*>(
      rte_zmalloc("session_qsbr", rte_rcu_qsbr_get_memsize(workers), RTE_CACHE_LINE_SIZE)));
  if (qsbr_ == nullptr || rte_rcu_qsbr_init(qsbr_.get(), workers) != 0) no_memory();

  rte_hash_parameters parameters{};
  parameters.name = "sessions";
  // Two addresses a session, and twice that: positions of retired ones stay taken for a grace
  // period, and cuckoo hashing wants room.
  parameters.entries = std::max(64u, 4 * max_sessions);
  parameters.key_len = sizeof(IpAddress);
  parameters.hash_func = hash_address;
  parameters.socket_id = SOCKET_ID_ANY;
  parameters.extra_flag = RTE_HASH_EXTRA_FLAGS_RW_CONCURRENCY_LF;
  hash_.reset(rte_hash_create(&parameters));
  if (hash_ == nullptr) no_memory();

  unused_.reserve(max_sessions);
  for (auto it = storage_.rbegin(); it != storage_.rend(); ++it)
    unused_.push_back(&*it);
}

SessionTable::~SessionTable() = default;

Session* SessionTable::publish(const InnerAddresses& inner, uint32_t index, uint8_t home,
                               bool df_bit_ignore) {
  reclaim();
  if (unused_.empty() || inner.empty()) return nullptr;
  for (const IpAddress* address : {&inner.v4, &inner.v6}) {
    if (!address->is_unspecified() && lookup(*address) != nullptr) return nullptr;
  }
  Session* session = unused_.back();
  session->channel.store(0, std::memory_order_relaxed);
  session->inner = inner;
  session->index = index;
  session->home = home;
  session->df_bit_ignore.store(df_bit_ignore, std::memory_order_relaxed);
  session->adapter_mtu.store(0, std::memory_order_relaxed);
  if (!enter(inner.v4, session)) return nullptr;
  if (!enter(inner.v6, session)) {
    // Workers may have found it under the other address: it goes the way of all that retire.
    unused_.pop_back();
    ++published_;
    session->inner.v6 = {};
    retire(session);
    return nullptr;
  }
  unused_.pop_back();
  ++published_;
  return session;
}

bool SessionTable::enter(const IpAddress& address, Session* session) {
  return address.is_unspecified() || rte_hash_add_key_data(hash_.get(), &address, session) == 0;
}

void SessionTable::retire(Session* session) {
  session->channel.store(0, std::memory_order_release);
  std::array<int32_t, 2> positions{-1, -1};
  size_t n = 0;
  for (const IpAddress* address : {&session->inner.v4, &session->inner.v6}) {
    if (!address->is_unspecified()) positions[n++] = rte_hash_del_key(hash_.get(), address);
  }
  retired_.push_back({session, positions, rte_rcu_qsbr_start(qsbr_.get())});
  --published_;
}

void SessionTable::reclaim() {
  while (!retired_.empty()) {
    const Retired& oldest = retired_.front();
    if (rte_rcu_qsbr_check(qsbr_.get(), oldest.token, /*wait=*/false) != 1) return;
    for (const int32_t position : oldest.positions) {
      if (position >= 0) rte_hash_free_key_with_position(hash_.get(), position);
    }
    unused_.push_back(oldest.session);
    retired_.pop_front();
  }
}

void SessionTable::lookup(std::span<const IpAddress* const> addresses,
                          const Session** out) const noexcept {
  std::array<const void*, RTE_HASH_LOOKUP_BULK_MAX> keys;
  std::array<void*, RTE_HASH_LOOKUP_BULK_MAX> found;
  uint64_t hits = 0;
  for (size_t i = 0; i < addresses.size(); ++i)
    keys[i] = addresses[i];
  rte_hash_lookup_bulk_data(hash_.get(), keys.data(), static_cast<uint32_t>(addresses.size()),
                            &hits, found.data());
  for (size_t i = 0; i < addresses.size(); ++i) {
    out[i] = (hits >> i) & 1 ? static_cast<const Session*>(found[i]) : nullptr;
  }
}

const Session* SessionTable::lookup(const IpAddress& address) const noexcept {
  void* found = nullptr;
  return rte_hash_lookup_data(hash_.get(), &address, &found) >= 0
             ? static_cast<const Session*>(found)
             : nullptr;
}

}  // namespace culvert::dp
