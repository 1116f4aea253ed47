#include "dataplane/ip/fragment.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include <rte_mbuf.h>

#include "dataplane/packet/checksum.hpp"

namespace culvert::dp {

namespace {

// The options that every fragment carries: those whose copy bit (0x80) is set. Returns the padded
// size.
unsigned copied_options(const uint8_t* options, unsigned size, uint8_t* to) noexcept {
  unsigned written = 0;
  for (unsigned i = 0; i < size;) {
    const uint8_t type = options[i];
    if (type == 0) break;  // end of list
    if (type == 1) {       // no operation
      ++i;
      continue;
    }
    if (i + 1 >= size || options[i + 1] < 2 || i + options[i + 1] > size) break;
    const unsigned length = options[i + 1];
    if ((type & 0x80) != 0) {
      std::memcpy(to + written, options + i, length);
      written += length;
    }
    i += length;
  }
  while (written % 4 != 0)
    to[written++] = 0;
  return written;
}

void free_all(std::span<rte_mbuf*> packets, uint32_t count) noexcept {
  for (uint32_t i = 0; i < count; ++i)
    rte_pktmbuf_free(packets[i]);
}

}  // namespace

uint32_t fragment_ipv4(const rte_mbuf* packet, uint16_t mtu, rte_mempool* pool,
                       std::span<rte_mbuf*> out) noexcept {
  const auto* ip = rte_pktmbuf_mtod(packet, const Ipv4Header*);
  const unsigned first_header = ip->header_size();
  const unsigned payload = packet->pkt_len - first_header;

  std::array<uint8_t, 60> later{};
  std::memcpy(later.data(), ip, sizeof(Ipv4Header));
  const unsigned later_header = static_cast<unsigned>(
      sizeof(Ipv4Header) +
      copied_options(rte_pktmbuf_mtod_offset(packet, const uint8_t*, sizeof(Ipv4Header)),
                     first_header - static_cast<unsigned>(sizeof(Ipv4Header)),
                     later.data() + sizeof(Ipv4Header)));

  const uint16_t start = ip->fragment & Ipv4Header::kOffsetMask;
  // RFC 791 §3.1: offsets have 13 bits. What would end beyond them must not wrap into another
  // packet's bytes.
  if (start + payload / 8 > Ipv4Header::kOffsetMask) return 0;
  const bool more_behind = (ip->fragment & Ipv4Header::kMoreFragments) != 0;
  uint32_t count = 0;
  for (unsigned sent = 0; sent < payload || count == 0;) {
    const unsigned header = sent == 0 ? first_header : later_header;
    const unsigned room = (mtu - header) / 8 * 8;
    const unsigned size =
        std::min(payload - sent, payload - sent <= mtu - header ? payload - sent : room);
    rte_mbuf* m = count < out.size() ? rte_pktmbuf_alloc(pool) : nullptr;
    auto* to = m == nullptr ? nullptr
                            : reinterpret_cast<uint8_t*>(
                                  rte_pktmbuf_append(m, static_cast<uint16_t>(header + size)));
    if (to == nullptr) {
      rte_pktmbuf_free(m);
      free_all(out, count);
      return 0;
    }
    std::memcpy(to, sent == 0 ? reinterpret_cast<const uint8_t*>(ip) : later.data(), header);
    const void* from = rte_pktmbuf_read(packet, first_header + sent, size, to + header);
    if (from != to + header) std::memcpy(to + header, from, size);
    auto* h = reinterpret_cast<Ipv4Header*>(to);
    const bool more = more_behind || sent + size < payload;
    h->version_ihl = static_cast<uint8_t>(0x40 | (header / 4));
    h->total_length = static_cast<uint16_t>(header + size);
    // DF is cleared: with df-bit-ignore a fragment that may not be cut again would be a
    // contradiction.
    h->fragment =
        static_cast<uint16_t>((more ? Ipv4Header::kMoreFragments : 0) | (start + sent / 8));
    fill_ipv4_checksum(*h);
    out[count++] = m;
    sent += size;
    if (size == 0) break;
  }
  return count;
}

}  // namespace culvert::dp
