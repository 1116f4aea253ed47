// Sending in bursts, with in software what the port cannot do.
#include "dataplane/port/transmit.hpp"

#include <algorithm>

#include "dataplane/packet/checksum.hpp"
#include "dataplane/packet/counter.hpp"
#include "dataplane/packet/meta.hpp"

namespace culvert::dp {

namespace {

constexpr uint64_t kChecksumFlags = RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_L4_MASK;

// Which of the checksums that a packet wants the port does not fill. Paravirtual cards fill TCP's and
// leave the IPv4 header to us: that header is all that is summed here then. The layer 4 flags are a
// number, not bits (TCP is 1, UDP 3), so each is asked for by itself.
uint64_t left_to_us(const PortCapabilities& c, uint64_t flags) noexcept {
  uint64_t ours = c.tx_ip_checksum ? 0 : flags & RTE_MBUF_F_TX_IP_CKSUM;
  const uint64_t l4 = flags & RTE_MBUF_F_TX_L4_MASK;
  const bool port_fills = (l4 == RTE_MBUF_F_TX_TCP_CKSUM && c.tx_tcp_checksum) ||
                          (l4 == RTE_MBUF_F_TX_UDP_CKSUM && c.tx_udp_checksum);
  if (!port_fills) ours |= l4;
  return ours;
}

}  // namespace

PortTx::PortTx(const Port& port, uint16_t worker, rte_ring* to_owner, rte_mempool* pool,
               DropCounters& drops) noexcept
    : port_(port.id()),
      queue_(owner(port, worker)),
      port_prepares_(port.tx_flags() != 0),
      max_segments_(port.capabilities().max_segments),
      max_tso_segments_(port.capabilities().max_tso_segments),
      capabilities_(port.capabilities()),
      to_owner_(queue_ == worker ? nullptr : to_owner),
      pool_(pool),
      drops_(&drops) {}

PortTx::~PortTx() {
  rte_pktmbuf_free_bulk(frames_.data(), size_);
}

rte_mbuf* PortTx::single_buffer(rte_mbuf* m) noexcept {
  const uint16_t limit =
      (m->ol_flags & RTE_MBUF_F_TX_TCP_SEG) != 0 ? max_tso_segments_ : max_segments_;
  if (m->nb_segs <= limit) return m;
  count(counters_.copied);
  // A shared buffer (a retransmission queue holds it too) must not be grown in place.
  if (rte_mbuf_refcnt_read(m) == 1 && RTE_MBUF_DIRECT(m) && rte_pktmbuf_linearize(m) == 0) return m;
  rte_mbuf* copy = rte_pktmbuf_copy(m, pool_, 0, UINT32_MAX);
  if (copy != nullptr && copy->nb_segs <= limit) {
    rte_pktmbuf_free(m);
    return copy;
  }
  rte_pktmbuf_free(copy);
  drop(*drops_, DropReason::no_buffer, m);
  return nullptr;
}

// Brings the new frames into the form that the port takes, dropping those that cannot be.
void PortTx::prepare() noexcept {
  uint32_t kept = prepared_;
  for (uint32_t i = prepared_; i < size_; ++i) {
    rte_mbuf* m = frames_[i];
    if (m->nb_segs > 1) [[unlikely]] {
      m = single_buffer(m);
      if (m == nullptr) continue;
    }
    if ((m->ol_flags & kChecksumFlags) != 0) {
      const uint64_t ours = left_to_us(capabilities_, m->ol_flags);
      if (ours != 0) finish_checksums(m, ours);
    }
    frames_[kept++] = m;
  }
  size_ = kept;
  while (port_prepares_ && prepared_ < size_) {
    const auto left = static_cast<uint16_t>(size_ - prepared_);
    prepared_ += rte_eth_tx_prepare(port_, queue_, frames_.data() + prepared_, left);
    if (prepared_ == size_) break;
    drop(*drops_, DropReason::tx_refused, frames_[prepared_]);
    count(counters_.prepare_failures);
    std::copy(frames_.begin() + prepared_ + 1, frames_.begin() + size_,
              frames_.begin() + prepared_);
    --size_;
  }
  prepared_ = size_;
}

void PortTx::keep_rest(uint32_t sent) noexcept {
  std::copy(frames_.begin() + sent, frames_.begin() + size_, frames_.begin());
  size_ -= sent;
  prepared_ = prepared_ > sent ? prepared_ - sent : 0;
}

void PortTx::hand_over() noexcept {
  for (uint32_t i = 0; i < size_; ++i) {
    PacketMeta& out = meta(frames_[i]);
    out.handoff = Handoff::transmit;
    out.port = port_;
  }
  const uint32_t taken =
      rte_ring_enqueue_burst(to_owner_, reinterpret_cast<void**>(frames_.data()), size_, nullptr);
  count(counters_.handed_over, taken);
  for (uint32_t i = taken; i < size_; ++i)
    drop(*drops_, DropReason::handoff_full, frames_[i]);
  size_ = 0;
}

void PortTx::flush() noexcept {
  if (size_ == 0) return;
  if (to_owner_ != nullptr) {
    hand_over();
    return;
  }
  prepare();
  uint64_t bytes = 0;
  uint32_t sent = 0;
  while (sent < size_) {
    const auto chunk = static_cast<uint16_t>(std::min(size_ - sent, kBurst));
    std::array<uint32_t, kBurst> lengths;
    // Afterwards the frames belong to the port: their lengths are read before.
    for (uint16_t i = 0; i < chunk; ++i)
      lengths[i] = frames_[sent + i]->pkt_len;
    const uint16_t n = rte_eth_tx_burst(port_, queue_, frames_.data() + sent, chunk);
    for (uint16_t i = 0; i < n; ++i)
      bytes += lengths[i];
    sent += n;
    if (n < chunk) break;
  }
  count(counters_.packets, sent);
  count(counters_.bytes, bytes);
  keep_rest(sent);
}

}  // namespace culvert::dp
