// Linking, trimming and merging of packet buffers.
#include "dataplane/tcp/buffer_list.hpp"

namespace culvert::tcp {

void BufferList::assign_packet(rte_mbuf* packet, Seq seq) noexcept {
  while (packet != nullptr) {
    rte_mbuf* rest = packet->next;
    packet->next = nullptr;
    packet->nb_segs = 1;
    packet->pkt_len = packet->data_len;
    if (packet->data_len == 0) {
      rte_pktmbuf_free_seg(packet);
    } else {
      set_buffer_seq(packet, seq);
      seq += packet->data_len;
      push_back(packet);
    }
    packet = rest;
  }
}

void BufferList::push_back(rte_mbuf* m) noexcept {
  m->next = nullptr;
  (tail_ != nullptr ? tail_->next : head_) = m;
  tail_ = m;
  bytes_ += m->data_len;
  cost_ += buffer_cost(m);
  ++buffers_;
}

void BufferList::push_front(rte_mbuf* m) noexcept {
  m->next = head_;
  head_ = m;
  if (tail_ == nullptr) tail_ = m;
  bytes_ += m->data_len;
  cost_ += buffer_cost(m);
  ++buffers_;
}

void BufferList::push_back_or_merge(rte_mbuf* m, uint32_t limit) noexcept {
  const uint16_t size = m->data_len;
  if (would_merge(m, limit)) {
    std::memcpy(rte_pktmbuf_mtod_offset(tail_, uint8_t*, tail_->data_len),
                rte_pktmbuf_mtod(m, const uint8_t*), size);
    tail_->data_len = static_cast<uint16_t>(tail_->data_len + size);
    tail_->pkt_len = tail_->data_len;
    bytes_ += size;
    m->next = nullptr;
    rte_pktmbuf_free_seg(m);
    return;
  }
  push_back(m);
}

void BufferList::splice_back(BufferList& other, uint32_t limit) noexcept {
  while (!other.empty()) {
    push_back_or_merge(other.pop_front(), limit);
  }
}

void BufferList::join_back(BufferList& other, uint32_t limit) noexcept {
  while (!other.empty() && would_merge(other.head_, limit))
    push_back_or_merge(other.pop_front(), limit);
  if (other.empty()) return;
  (tail_ != nullptr ? tail_->next : head_) = other.head_;
  tail_ = other.tail_;
  bytes_ += other.bytes_;
  cost_ += other.cost_;
  buffers_ += other.buffers_;
  other = {};
}

rte_mbuf* BufferList::pop_front() noexcept {
  rte_mbuf* m = head_;
  head_ = m->next;
  if (head_ == nullptr) tail_ = nullptr;
  m->next = nullptr;
  m->pkt_len = m->data_len;
  bytes_ -= m->data_len;
  cost_ -= buffer_cost(m);
  --buffers_;
  return m;
}

void BufferList::drop_front(uint32_t bytes) noexcept {
  while (bytes > 0 && head_ != nullptr) {
    if (head_->data_len <= bytes) {
      bytes -= head_->data_len;
      rte_pktmbuf_free_seg(pop_front());
      continue;
    }
    const auto part = static_cast<uint16_t>(bytes);
    head_->data_off = static_cast<uint16_t>(head_->data_off + part);
    head_->data_len = static_cast<uint16_t>(head_->data_len - part);
    head_->pkt_len = head_->data_len;
    set_buffer_seq(head_, buffer_seq(head_) + part);
    bytes_ -= part;
    return;
  }
}

void BufferList::drop_back(uint32_t bytes) noexcept {
  if (bytes == 0) return;
  if (bytes >= bytes_) return clear();
  const uint32_t keep = bytes_ - bytes;
  uint32_t before = 0;
  rte_mbuf* last = head_;
  while (before + last->data_len < keep) {
    before += last->data_len;
    last = last->next;
  }
  rte_mbuf* rest = last->next;
  last->next = nullptr;
  tail_ = last;
  last->data_len = static_cast<uint16_t>(keep - before);
  last->pkt_len = last->data_len;
  bytes_ = keep;
  while (rest != nullptr) {
    rte_mbuf* next = rest->next;
    rest->next = nullptr;
    cost_ -= buffer_cost(rest);
    --buffers_;
    rte_pktmbuf_free_seg(rest);
    rest = next;
  }
}

void BufferList::clear() noexcept {
  while (head_ != nullptr) {
    rte_pktmbuf_free_seg(pop_front());
  }
}

}  // namespace culvert::tcp
