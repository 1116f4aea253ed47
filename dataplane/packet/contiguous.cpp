// The rare paths of contiguous.hpp: packets in several segments.
#include "dataplane/packet/contiguous.hpp"

#include <algorithm>
#include <cstring>

namespace culvert::dp::detail {

bool pull(rte_mbuf* m, uint32_t bytes) noexcept {
  if (bytes > m->pkt_len) return false;
  if (bytes - m->data_len > rte_pktmbuf_tailroom(m)) return false;
  while (m->data_len < bytes) {
    rte_mbuf* next = m->next;
    const auto n = static_cast<uint16_t>(std::min<uint32_t>(bytes - m->data_len, next->data_len));
    std::memcpy(rte_pktmbuf_mtod_offset(m, uint8_t*, m->data_len),
                rte_pktmbuf_mtod(next, const uint8_t*), n);
    m->data_len = static_cast<uint16_t>(m->data_len + n);
    next->data_len = static_cast<uint16_t>(next->data_len - n);
    next->data_off = static_cast<uint16_t>(next->data_off + n);
    if (next->data_len == 0) {
      m->next = next->next;
      m->nb_segs = static_cast<uint16_t>(m->nb_segs - 1);
      rte_pktmbuf_free_seg(next);
    }
  }
  return true;
}

void cut_chain(rte_mbuf* m, uint32_t bytes) noexcept {
  m->pkt_len = bytes;
  rte_mbuf* last = m;
  uint16_t segments = 1;
  while (bytes > last->data_len) {
    bytes -= last->data_len;
    last = last->next;
    ++segments;
  }
  last->data_len = static_cast<uint16_t>(bytes);
  rte_mbuf* rest = last->next;
  last->next = nullptr;
  m->nb_segs = segments;
  while (rest != nullptr) {
    rte_mbuf* next = rest->next;
    rte_pktmbuf_free_seg(rest);
    rest = next;
  }
}

}  // namespace culvert::dp::detail
