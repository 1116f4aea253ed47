// How a segment is laid out: fresh buffer, IP and TCP header, options, payload copied or attached,
// checksums filled or left to the port. A retransmission is a new packet, so an old one may still
// wait in a transmit ring. Drops: cv-no-buffer.
#include <algorithm>

#include <rte_ip.h>

#include "dataplane/packet/chain_sum.hpp"
#include "dataplane/packet/meta.hpp"
#include "dataplane/tcp/machine.hpp"

namespace culvert::tcp {

using dp::TcpHeader;

struct Machine::Layout {
  const dp::Flow& flow;
  Seq seq;
  Seq ack;
  uint16_t window;
  uint8_t flags;
  std::span<const uint8_t> options;
  uint32_t size;         // of the payload
  uint32_t segment = 0;  // payload of each segment that the port cuts it into; 0 = it is one
  bool dont_fragment = true;
  // IPv4 identification. A counter for all connections would tell everybody how much is sent to others,
  // even whether a forged segment was answered (RFC 6274 §3.5.2); so each connection has its own.
  uint16_t id = 0;
};

void Machine::push_out(rte_mbuf* m) noexcept {
  batch_.push(m);
  if (batch_.full()) out_.flush(out_.arg, batch_);
}

// RFC 7323 §2.3: what is announced is rounded down, but what was announced once stays good (§2.4).
// SWS avoidance (RFC 9293 §3.8.6.2.2): the right edge moves by a full segment or half of the
// buffer, or not at all.
uint16_t Machine::window_field(Connection& c) noexcept {
  const uint32_t unit = 1u << c.own_scale;
  const Seq edge = c.rcv_nxt + (free_window(c) & ~(unit - 1));
  const uint32_t step = std::min<uint32_t>(c.receive_buffer / 2, c.mss);
  if (edge >= c.rcv_adv + step) c.rcv_adv = edge;
  return static_cast<uint16_t>(std::min(c.rcv_wnd() >> c.own_scale, 65535u));
}

bool Machine::send_segment(Connection& c, Seq seq, uint32_t size, uint8_t flags,
                           SendQueue::Cursor cursor) noexcept {
  OptionWriter options;
  if (c.timestamps) options.timestamps(timestamp(c), c.ts_recent);
  std::array<SackBlock, 4> blocks;
  const uint32_t reported = sack_report(c, blocks);
  options.sack(std::span(blocks).first(reported));
  const uint32_t limit = payload_limit(c, reported);
  const Layout layout{c.flow,
                      seq,
                      c.rcv_nxt,
                      window_field(c),
                      flags,
                      options.bytes(),
                      size,
                      size > limit ? limit : 0,
                      c.dont_fragment,
                      c.ip_id};
  if (!emit(layout, &c.send, cursor)) {
    // The next tick finds a buffer, perhaps.
    c.ack_now = true;
    arm(c, Timer::ack, now_ + TimerWheel::kTick);
    return false;
  }
  c.ip_id = static_cast<uint16_t>(c.ip_id + (size > limit ? (size + limit - 1) / limit : 1));
  dp::count(counters_.bytes_out, size);
  c.last_ack_sent = c.rcv_nxt;
  c.dsack = {};  // RFC 2883 §4: each duplicate is reported once
  c.ack_now = false;
  disarm(c, Timer::ack);
  return true;
}

bool Machine::send_syn(Connection& c) noexcept {
  OptionWriter options;
  options.mss(own_mss(c.flow));
  options.sack_permitted();
  options.timestamps(timestamp(c), 0);
  options.window_scale(own_scale_);
  return emit(
      {c.flow, c.iss, Seq{}, syn_window(c.receive_buffer), TcpHeader::kSyn, options.bytes(), 0},
      nullptr, SendQueue::Cursor::fresh);
}

bool Machine::send_syn_ack(Connection& c) noexcept {
  OptionWriter options;
  options.mss(own_mss(c.flow));
  if (c.sack) options.sack_permitted();
  if (c.timestamps) options.timestamps(timestamp(c), c.ts_recent);
  if (c.own_scale != 0 || c.peer_scale != 0) options.window_scale(c.own_scale);
  const uint16_t window = syn_window(c.receive_buffer);
  c.rcv_adv = max(c.rcv_adv, c.rcv_nxt + window);
  return emit(
      {c.flow, c.iss, c.rcv_nxt, window, TcpHeader::kSyn | TcpHeader::kAck, options.bytes(), 0},
      nullptr, SendQueue::Cursor::fresh);
}

// What send_syn_ack() sends, without a connection.
void Machine::send_cookie(const Segment& s, Seq cookie) noexcept {
  OptionWriter options;
  options.mss(own_mss(s.flow));
  if (s.options.has_timestamps) {
    const uint32_t clock = static_cast<uint32_t>(now_ / 1000) +
                           initial_numbers(isn_key_, s.flow, now_).timestamp_offset;
    if (s.options.sack_permitted) options.sack_permitted();
    options.timestamps(SynCookies::stamp(clock, s.options), s.options.ts_value);
    if (s.options.has_window_scale) options.window_scale(own_scale_);
  }
  (void)emit({s.flow, cookie, s.seq + 1, syn_window(first_receive_buffer()),
              TcpHeader::kSyn | TcpHeader::kAck, options.bytes(), 0},
             nullptr, SendQueue::Cursor::fresh);
}

void Machine::send_reset(Connection& c) noexcept {
  dp::count(counters_.resets_out);
  (void)emit({c.flow, c.snd_nxt, c.rcv_nxt, 0, TcpHeader::kRst | TcpHeader::kAck, {}, 0}, nullptr,
             SendQueue::Cursor::fresh);
}

// RFC 9293 §3.10.7.1: placed so that the peer accepts it.
void Machine::send_reset(const Segment& s) noexcept {
  dp::count(counters_.resets_out);
  const bool ack = s.has(TcpHeader::kAck);
  const uint8_t flags = ack ? TcpHeader::kRst : TcpHeader::kRst | TcpHeader::kAck;
  (void)emit({s.flow, ack ? s.ack : Seq{0}, ack ? Seq{0} : s.end(), 0, flags, {}, 0}, nullptr,
             SendQueue::Cursor::fresh);
}

// Attaches the payload without copying; false if it takes more than `max_pieces` or buffers are short,
// with `head` as it was.
bool Machine::attach_payload(rte_mbuf* head, SendQueue::Place place, uint32_t size,
                             uint32_t max_pieces) noexcept {
  constexpr uint32_t kWorthAttaching = 256;  // below this a copy is cheaper
  if (size < kWorthAttaching) return false;
  uint32_t pieces = 0;
  uint32_t reach = 0;
  for (rte_mbuf* m = place.buffer; reach < size + place.offset; m = m->next) {
    reach += m->data_len;
    if (++pieces > max_pieces) return false;
  }
  std::array<rte_mbuf*, kMaxTsoBuffers> shadows;
  if (rte_pktmbuf_alloc_bulk(config_.pool, shadows.data(), pieces) != 0) return false;
  rte_mbuf* last = head;
  for (uint32_t i = 0; i < pieces; ++i) {
    rte_mbuf* shadow = shadows[i];
    rte_pktmbuf_attach(shadow, place.buffer);
    const uint32_t part = std::min<uint32_t>(size, place.buffer->data_len - place.offset);
    shadow->data_off = static_cast<uint16_t>(shadow->data_off + place.offset);
    shadow->data_len = static_cast<uint16_t>(part);
    last->next = shadow;
    last = shadow;
    head->pkt_len += part;
    ++head->nb_segs;
    size -= part;
    place = {place.buffer->next, 0};
  }
  return true;
}

bool Machine::emit(const Layout& layout, SendQueue* payload, SendQueue::Cursor cursor) noexcept {
  rte_mbuf* m = rte_pktmbuf_alloc(config_.pool);
  if (m == nullptr) {
    drops_.add(dp::DropReason::no_buffer);
    return false;
  }
  const bool v4 = layout.flow.local.is_v4();
  const uint32_t l3 = v4 ? sizeof(dp::Ipv4Header) : sizeof(dp::Ipv6Header);
  const auto l4 = static_cast<uint32_t>(sizeof(TcpHeader) + layout.options.size());
  auto* bytes = reinterpret_cast<uint8_t*>(rte_pktmbuf_append(m, static_cast<uint16_t>(l3 + l4)));
  auto* tcp = reinterpret_cast<TcpHeader*>(bytes + l3);
  tcp->src_port = layout.flow.local_port;
  tcp->dst_port = layout.flow.remote_port;
  tcp->seq = layout.seq.v;
  tcp->ack = layout.ack.v;
  tcp->offset_reserved = static_cast<uint8_t>((l4 / 4) << 4);
  tcp->flags = layout.flags;
  tcp->window = layout.window;
  tcp->checksum = 0;
  tcp->urgent = 0;
  std::copy(layout.options.begin(), layout.options.end(), bytes + l3 + sizeof(TcpHeader));
  if (layout.size > 0) {
    SendQueue::Place place = payload->find(layout.seq, cursor);
    constexpr uint32_t kMaxPieces = 6;  // of an ordinary segment: fewer than any port's limit
    const uint32_t pieces = layout.segment != 0 ? offload_.tso_buffers - 1 : kMaxPieces;
    if (!offload_.multi_segment || !attach_payload(m, place, layout.size, pieces)) {
      auto* to = layout.segment != 0 ? nullptr
                                     : reinterpret_cast<uint8_t*>(rte_pktmbuf_append(
                                           m, static_cast<uint16_t>(layout.size)));
      if (to == nullptr) {  // a super-segment for which there were not buffers enough
        dp::drop(drops_, dp::DropReason::no_buffer, m);
        return false;
      }
      for (uint32_t left = layout.size; left > 0;) {
        const uint32_t part = std::min<uint32_t>(left, place.buffer->data_len - place.offset);
        std::memcpy(to, rte_pktmbuf_mtod_offset(place.buffer, const uint8_t*, place.offset), part);
        to += part;
        left -= part;
        place = {place.buffer->next, 0};
      }
    }
  }
  const uint32_t tcp_size = l4 + layout.size;
  if (v4) {
    auto* ip = reinterpret_cast<dp::Ipv4Header*>(bytes);
    *ip = {.version_ihl = 0x45,
           .tos = 0,
           .total_length = static_cast<uint16_t>(l3 + tcp_size),
           .id = layout.id,
           .fragment = layout.dont_fragment ? dp::Ipv4Header::kDontFragment : uint16_t{0},
           .ttl = 64,
           .protocol = static_cast<uint8_t>(dp::IpProtocol::tcp),
           .checksum = uint16_t{0},
           .src = layout.flow.local.v4_value(),
           .dst = layout.flow.remote.v4_value()};
  } else {
    auto* ip = reinterpret_cast<dp::Ipv6Header*>(bytes);
    *ip = {.version_class_flow = 6u << 28,
           .payload_length = static_cast<uint16_t>(tcp_size),
           .next_header = static_cast<uint8_t>(dp::IpProtocol::tcp),
           .hop_limit = 64,
           .src = layout.flow.local.bytes(),
           .dst = layout.flow.remote.bytes()};
  }
  dp::PacketMeta& info = dp::meta(m);
  info = {};
  info.family = static_cast<uint8_t>(v4 ? 4 : 6);
  info.l3_size = static_cast<uint16_t>(l3);
  info.l4_size = static_cast<uint16_t>(l4);
  finish_checksums(m, layout, l3, tcp_size);
  dp::count(counters_.segments_out);
  push_out(m);
  return true;
}

void Machine::finish_checksums(rte_mbuf* m, const Layout& layout, uint32_t l3,
                               uint32_t tcp_size) noexcept {
  const bool v4 = layout.flow.local.is_v4();
  auto* bytes = rte_pktmbuf_mtod(m, uint8_t*);
  m->l2_len = 0;  // whoever prepends the Ethernet header sets it
  m->l3_len = l3 & 0x1ff;
  m->l4_len = (sizeof(TcpHeader) + layout.options.size()) & 0xff;
  m->ol_flags |= v4 ? RTE_MBUF_F_TX_IPV4 : RTE_MBUF_F_TX_IPV6;
  // The port adds each segment's length when it cuts.
  const uint16_t pseudo =
      pseudo_header_sum(layout.flow.local, layout.flow.remote, layout.segment != 0 ? 0 : tcp_size);
  if (layout.segment != 0) {
    m->ol_flags |= RTE_MBUF_F_TX_TCP_SEG;
    m->tso_segsz = static_cast<uint16_t>(layout.segment);
  }
  uint16_t checksum = pseudo;
  if (offload_.tcp_checksum) {
    m->ol_flags |= RTE_MBUF_F_TX_TCP_CKSUM;
  } else {
    checksum =
        static_cast<uint16_t>(~__rte_raw_cksum_reduce(uint32_t{dp::chain_sum(m, l3)} + pseudo));
  }
  std::memcpy(bytes + l3 + offsetof(TcpHeader, checksum), &checksum, sizeof checksum);
  if (!v4) return;
  if (offload_.ip_checksum) {
    m->ol_flags |= RTE_MBUF_F_TX_IP_CKSUM;
  } else {
    const auto sum = static_cast<uint16_t>(~rte_raw_cksum(bytes, l3));
    std::memcpy(bytes + offsetof(dp::Ipv4Header, checksum), &sum, sizeof sum);
  }
}

}  // namespace culvert::tcp
