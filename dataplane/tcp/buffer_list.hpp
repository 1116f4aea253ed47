// A byte stream held in packet buffers: single buffers linked through rte_mbuf::next, each knowing
// its sequence number.
//
// The link is private to the list: whatever leaves it is an ordinary single-segment packet. The
// sequence number of a buffer's first byte lies in rte_mbuf::hash, which nobody needs once a packet
// has found its connection.
#pragma once

#include <cstdint>
#include <cstring>

#include <rte_mbuf.h>

#include "dataplane/tcp/seq.hpp"

namespace culvert::tcp {

[[nodiscard]] inline Seq buffer_seq(const rte_mbuf* m) noexcept {
  return Seq{m->hash.usr};
}
inline void set_buffer_seq(rte_mbuf* m, Seq seq) noexcept {
  m->hash.usr = seq.v;
}

// What a buffer really costs, whatever little it holds.
[[nodiscard]] inline uint32_t buffer_cost(const rte_mbuf* m) noexcept {
  return m->buf_len + static_cast<uint32_t>(sizeof(rte_mbuf));
}

class BufferList {
 public:
  // Splits a packet, whose data pointer is at the payload, into single buffers; empty ones are
  // freed.
  void assign_packet(rte_mbuf* packet, Seq seq) noexcept;
  // Links one single-segment buffer to the end.
  void push_back(rte_mbuf* m) noexcept;
  // Links one that pop_front() gave back to the front.
  void push_front(rte_mbuf* m) noexcept;
  // Copies into the last buffer instead if `m` holds at most `limit` bytes, they fit behind, and
  // nobody else may write there. `m` is then freed.
  void push_back_or_merge(rte_mbuf* m, uint32_t limit) noexcept;
  // Whether that would copy.
  [[nodiscard]] bool would_merge(const rte_mbuf* m, uint32_t limit) const noexcept {
    // An attached or shared buffer's tail room may be somebody else's data.
    return tail_ != nullptr && m->data_len <= limit && m->data_len <= rte_pktmbuf_tailroom(tail_) &&
           RTE_MBUF_DIRECT(tail_) && rte_mbuf_refcnt_read(tail_) == 1;
  }
  // Moves all of `other` to the end of this, merging as above.
  void splice_back(BufferList& other, uint32_t limit) noexcept;
  // The same where `other` is packed already: only its first buffers are looked at, however long it is.
  void join_back(BufferList& other, uint32_t limit) noexcept;
  // Takes the first buffer out.
  [[nodiscard]] rte_mbuf* pop_front() noexcept;
  void drop_front(uint32_t bytes) noexcept;
  void drop_back(uint32_t bytes) noexcept;
  void clear() noexcept;

  [[nodiscard]] bool empty() const noexcept { return head_ == nullptr; }
  [[nodiscard]] rte_mbuf* head() const noexcept { return head_; }
  [[nodiscard]] rte_mbuf* tail() const noexcept { return tail_; }
  [[nodiscard]] uint32_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] uint32_t buffers() const noexcept { return buffers_; }
  [[nodiscard]] uint32_t cost() const noexcept { return cost_; }

 private:
  rte_mbuf* head_ = nullptr;
  rte_mbuf* tail_ = nullptr;
  uint32_t bytes_ = 0;
  uint32_t buffers_ = 0;
  uint32_t cost_ = 0;
};

}  // namespace culvert::tcp
