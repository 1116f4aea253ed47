// Queued payload. A transmission copies or attaches it, so a buffer may be freed here while a port
// still sends it.
#include "dataplane/tcp/send_queue.hpp"

#include <algorithm>

namespace culvert::tcp {

namespace {
constexpr uint32_t kSmall = 256;
}

// A buffer costs about 2.3 KB however little is in it; twice the byte limit lets full-sized records
// use all of theirs.
uint32_t SendQueue::room() const noexcept {
  const uint32_t used = bytes_.bytes();
  if (used >= max_bytes_ || bytes_.cost() >= 2 * max_bytes_) return 0;
  return max_bytes_ - used;
}

void SendQueue::push(rte_mbuf* m) noexcept {
  set_buffer_seq(m, end());
  bytes_.push_back_or_merge(m, bytes_.cost() > max_bytes_ ? UINT32_MAX : kSmall);
}

void SendQueue::acknowledge(Seq una) noexcept {
  if (una <= begin_) return;
  for (rte_mbuf*& cursor : cursors_) {
    if (cursor != nullptr && buffer_seq(cursor) + cursor->data_len <= una) cursor = nullptr;
  }
  bytes_.drop_front(std::min(una - begin_, bytes_.bytes()));
  begin_ = una;
}

SendQueue::Place SendQueue::find(Seq at, Cursor cursor) noexcept {
  rte_mbuf*& hint = cursors_[static_cast<size_t>(cursor)];
  rte_mbuf* m = hint != nullptr && buffer_seq(hint) <= at ? hint : bytes_.head();
  while (m != nullptr && buffer_seq(m) + m->data_len <= at) {
    m = m->next;
  }
  hint = m;
  if (m == nullptr) return {};
  return {m, at - buffer_seq(m)};
}

void SendQueue::clear() noexcept {
  begin_ = end();
  bytes_.clear();
  cursors_[0] = cursors_[1] = nullptr;
}

uint32_t SendQueue::reach(Seq at, uint32_t buffers) noexcept {
  const Place place = find(at, Cursor::fresh);
  uint32_t bytes = 0;
  uint32_t offset = place.offset;
  for (const rte_mbuf* m = place.buffer; m != nullptr && buffers > 0; m = m->next, --buffers) {
    bytes += m->data_len - offset;
    offset = 0;
  }
  return bytes;
}

}  // namespace culvert::tcp
