#include "dataplane/inner/mss_clamp.hpp"

#include "crypto/bytes.hpp"
#include "dataplane/ip/ipv6.hpp"
#include "dataplane/packet/checksum.hpp"

namespace culvert::dp {

namespace {

// RFC 9293 §3.2.
constexpr uint8_t kEndOfList = 0, kNoOperation = 1, kMss = 2;
constexpr size_t kMssLength = 4;

constexpr uint16_t kHeaders4 = sizeof(Ipv4Header) + sizeof(TcpHeader);
constexpr uint16_t kHeaders6 = sizeof(Ipv6Header) + sizeof(TcpHeader);

bool clamp_value(std::span<uint8_t> tcp, size_t at, const MssLimits& limits) noexcept {
  const auto before = load_be<uint16_t>(&tcp[at]);
  const uint16_t after = limits.clamp(before);
  if (after == before) return false;
  store_be(&tcp[at], after);
  auto& checksum = reinterpret_cast<TcpHeader*>(tcp.data())->checksum;
  // RFC 1071 §2 (B): a value that lies across two words of the sum counts there with its bytes swapped.
  checksum = at % 2 == 0 ? updated_checksum(checksum, before, after)
                         : updated_checksum(checksum, byte_swap(before), byte_swap(after));
  return true;
}

}  // namespace

namespace detail {

uint32_t tcp_behind_extensions(const rte_mbuf* m) noexcept {
  const auto* bytes = rte_pktmbuf_mtod(m, const uint8_t*);
  const ExtensionWalk walk = walk_extensions({bytes, m->data_len});
  if (walk.reason != DropReason::count_ || walk.protocol != static_cast<uint8_t>(IpProtocol::tcp)) {
    return 0;
  }
  if (walk.fragment) {
    const auto* fragment =
        reinterpret_cast<const Ipv6FragmentHeader*>(bytes + walk.size - sizeof(Ipv6FragmentHeader));
    if (fragment->offset() != 0) return 0;
  }
  return walk.size;
}

}  // namespace detail

bool clamp_mss_options(std::span<uint8_t> tcp, const MssLimits& limits) noexcept {
  bool changed = false;
  for (size_t i = sizeof(TcpHeader); i < tcp.size();) {
    const uint8_t kind = tcp[i];
    if (kind == kEndOfList) break;
    if (kind == kNoOperation) {
      ++i;
      continue;
    }
    if (i + 1 >= tcp.size()) break;
    const size_t length = tcp[i + 1];
    if (length < 2 || i + length > tcp.size()) break;
    if (kind == kMss && length == kMssLength) changed |= clamp_value(tcp, i + 2, limits);
    i += length;
  }
  return changed;
}

bool clamp_syn(rte_mbuf* m, uint32_t at, const MssLimits& limits) noexcept {
  const unsigned size = header_at<TcpHeader>(m, at)->header_size();
  if (size < sizeof(TcpHeader) || !make_contiguous(m, at + size)) return false;
  return clamp_mss_options({header_at<uint8_t>(m, at), size}, limits);
}

MssLimits limits_of(const MssLimits& box, const Session& session, const Channel& channel,
                    bool v4) noexcept {
  if (session.adapter_mtu.load(std::memory_order_relaxed) == 0) return box;
  if (channel.kind() == Channel::Kind::none) return box;
  return box.within(session.mtu(channel), v4 ? kHeaders4 : kHeaders6);
}

uint32_t clamp_up(Batch& packets, const MssLimits& box, const SessionTable& sessions) noexcept {
  uint32_t changed = 0;
  for (rte_mbuf* m : packets) {
    const uint32_t at = syn_at(m);
    if (at == 0) [[likely]]
      continue;
    const IpAddress client = source_of(m);
    const Session* session = sessions.lookup(client);
    const MssLimits limits =
        session == nullptr ? box
                           : limits_of(box, *session, session->current_channel(), client.is_v4());
    if (clamp_syn(m, at, limits)) ++changed;
  }
  return changed;
}

}  // namespace culvert::dp
