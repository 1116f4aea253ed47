// Sessions by inner address: written by the control thread, read by every worker without a lock.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <vector>

#include <rte_hash.h>
#include <rte_rcu_qsbr.h>

#include "dataplane/session/session.hpp"

namespace culvert::dp {

// Workers report quiescent states to qsbr() once per loop, and go offline in it while they sleep;
// what control takes out of the table is used again only after every worker has done so.
class SessionTable {
 public:
  // Throws std::runtime_error if the memory is not there.
  SessionTable(unsigned max_sessions, unsigned workers);
  ~SessionTable();
  SessionTable(const SessionTable&) = delete;
  SessionTable& operator=(const SessionTable&) = delete;

  // --- control thread ---
  // Makes a session visible to the workers under its one or two addresses. nullptr if the table is
  // full, an address is taken, or there is none.
  [[nodiscard]] Session* publish(const InnerAddresses& inner, uint32_t index, uint8_t home,
                                 bool df_bit_ignore);
  // Takes it out; its memory is used again after a grace period (see reclaim()).
  void retire(Session* session);
  // Frees what no worker can still see. Cheap; call it now and then.
  void reclaim();
  [[nodiscard]] unsigned published() const noexcept { return published_; }
  [[nodiscard]] unsigned waiting_for_grace() const noexcept {
    return static_cast<unsigned>(retired_.size());
  }

  // --- workers ---
  [[nodiscard]] rte_rcu_qsbr* qsbr() const noexcept { return qsbr_.get(); }
  // Sessions have positions from 0 to capacity() - 1 while they are published.
  [[nodiscard]] uint32_t capacity() const noexcept {
    return static_cast<uint32_t>(storage_.size());
  }
  [[nodiscard]] uint32_t position_of(const Session& session) const noexcept {
    return static_cast<uint32_t>(&session - storage_.data());
  }
  // Looks up to 64 addresses up; out[i] is nullptr where there is no session.
  void lookup(std::span<const IpAddress* const> addresses, const Session** out) const noexcept;
  [[nodiscard]] const Session* lookup(const IpAddress& address) const noexcept;

 private:
  struct Free {
    void operator()(rte_hash* h) const noexcept { rte_hash_free(h); }
    void operator()(rte_rcu_qsbr* q) const noexcept;
  };
  [[nodiscard]] bool enter(const IpAddress& address, Session* session);
  struct Retired {
    Session* session;
    std::array<int32_t, 2> positions;  // in the hash table; negative: none
    uint64_t token;
  };
  std::unique_ptr<rte_rcu_qsbr, Free> qsbr_;
  std::unique_ptr<rte_hash, Free> hash_;
  std::vector<Session> storage_;
  std::vector<Session*> unused_;
  std::deque<Retired> retired_;
  unsigned published_ = 0;
};

}  // namespace culvert::dp
