// Neighbour discovery input and output.
#include "dataplane/neighbour/nd.hpp"

#include <optional>

#include "dataplane/packet/checksum.hpp"
#include "dataplane/packet/contiguous.hpp"
#include "dataplane/packet/counter.hpp"
#include "dataplane/packet/meta.hpp"

namespace culvert::dp {

namespace {

constexpr uint8_t kNdHopLimit = 255;  // RFC 4861 §3.1: a message that a router passed on has less
constexpr uint8_t kSourceLinkLayer = 1;
constexpr uint8_t kTargetLinkLayer = 2;

// RFC 4861 §4.6.1, for Ethernet.
struct LinkLayerOption {
  uint8_t type;
  uint8_t size;  // 1: units of 8 bytes
  MacAddress mac;
};
static_assert(sizeof(LinkLayerOption) == 8);

// The link-layer option of `type`. nullopt: an option is malformed.
std::optional<const MacAddress*> find_mac(std::span<const uint8_t> options, uint8_t type) noexcept {
  const MacAddress* found = nullptr;
  while (!options.empty()) {
    if (options.size() < 8 || options[1] == 0 || options[1] * size_t{8} > options.size()) {
      return std::nullopt;
    }
    if (options[0] == type) {
      const auto* option = reinterpret_cast<const LinkLayerOption*>(options.data());
      // A group address can answer for nobody.
      if (options[1] != 1 || (option->mac[0] & 1) != 0 || option->mac == MacAddress{}) {
        return std::nullopt;
      }
      found = &option->mac;
    }
    options = options.subspan(options[1] * size_t{8});
  }
  return found;
}

struct Outgoing {
  IpAddress source;
  IpAddress destination;
  IpAddress target;
  uint8_t type;
  uint32_t flags;
  bool with_mac;  // ours, in the option that belongs to the type
  MacAddress to;
};

// RFC 2464 §7.
MacAddress group_mac(const IpAddress& group) noexcept {
  const auto& b = group.bytes();
  return {0x33, 0x33, b[12], b[13], b[14], b[15]};
}

bool send(LinkContext& link, const Interface& interface, const Outgoing& out) noexcept {
  rte_mbuf* m = rte_pktmbuf_alloc(link.pool);
  if (m == nullptr) {
    link.drops.add(DropReason::no_buffer);
    return false;
  }
  meta(m) = {};
  const uint32_t payload = sizeof(NeighbourMessage) + (out.with_mac ? sizeof(LinkLayerOption) : 0);
  auto* ip = reinterpret_cast<Ipv6Header*>(
      rte_pktmbuf_append(m, static_cast<uint16_t>(sizeof(Ipv6Header) + payload)));
  *ip = {.version_class_flow = 6u << 28,
         .payload_length = static_cast<uint16_t>(payload),
         .next_header = static_cast<uint8_t>(IpProtocol::icmpv6),
         .hop_limit = kNdHopLimit,
         .src = out.source.bytes(),
         .dst = out.destination.bytes()};
  auto* nd = reinterpret_cast<NeighbourMessage*>(ip + 1);
  *nd = {.icmp = {.type = out.type, .code = 0, .checksum = uint16_t{0}, .rest = out.flags},
         .target = out.target.bytes()};
  if (out.with_mac) {
    const bool solicitation = out.type == Icmp6Header::kNeighbourSolicitation;
    *reinterpret_cast<LinkLayerOption*>(nd + 1) = {
        solicitation ? kSourceLinkLayer : kTargetLinkLayer, 1, interface.mac};
  }
  fill_icmp6_checksum(m);
  send_frame(link, interface, out.to, EtherType::ipv6, m);
  return true;
}

void report_clash(LinkContext& link, NdState& state, const Interface& interface,
                  const IpAddress& target, Time now) noexcept {
  count(state.counters.clashes);
  Time& next = state.next_defence[interface.index];
  if (now < next) return;
  next = now + NdState::kDefendInterval;
  (void)send_unsolicited_advertisement(link, interface, target);
}

void learn(LinkContext& link, const Interface& interface, const IpAddress& ip,
           const MacAddress& mac, NeighbourCache::Source source, Time now) noexcept {
  Batch ready;
  (void)link.neighbours.learn(ip, interface.index, mac, source, now, ready);
  for (rte_mbuf* m : ready)
    send_frame(link, interface, mac, EtherType::ipv6, m);
}

// RFC 4861 §7.2.3 and §7.2.4.
void on_solicitation(LinkContext& link, NdState& state, const Interface& interface,
                     const NeighbourWord& in, bool first_hand, Time now) noexcept {
  if (first_hand) count(state.counters.solicitations_in);
  if (!interface.owns(in.target)) return;
  const bool probe = in.source.is_unspecified();
  if (!probe && in.mac != nullptr && interface.on_link6(in.source)) {
    learn(link, interface, in.source, *in.mac, NeighbourCache::Source::request, now);
  }
  if (!first_hand || !interface.up) return;
  // Who probes for our address is told, and everybody who hears it with them.
  const MacAddress* to = probe               ? nullptr
                         : in.mac != nullptr ? in.mac
                                             : link.neighbours.peek(in.source, interface.index);
  if (!probe && to == nullptr) return;  // it will ask again, with its address
  count(state.counters.advertisements_out);
  (void)answer_solicitation(link, interface, in, probe ? MacAddress{} : *to, true);
}

// RFC 4861 §7.2.5.
void on_advertisement(LinkContext& link, NdState& state, const Interface& interface,
                      const NeighbourWord& in, bool first_hand, Time now) noexcept {
  if (first_hand) count(state.counters.advertisements_in);
  if (interface.owns(in.target)) {
    if (first_hand) report_clash(link, state, interface, in.target, now);
    return;
  }
  if (!interface.on_link6(in.target)) return;
  const MacAddress* known = link.neighbours.peek(in.target, interface.index);
  const MacAddress* mac = in.mac != nullptr ? in.mac : known;
  if (mac == nullptr) return;
  const MacAddress heard = *mac;
  // Without the override flag an answer may confirm what is known, and not change it.
  if (known != nullptr && *known != heard && (in.flags & NeighbourMessage::kOverride) == 0) return;
  const bool solicited = (in.flags & NeighbourMessage::kSolicited) != 0;
  learn(link, interface, in.target, heard,
        solicited ? NeighbourCache::Source::reply : NeighbourCache::Source::update, now);
}

void input_one(LinkContext& link, NdState& state, rte_mbuf* m, Time now) noexcept {
  const Interface* interface = link.interfaces.by_port(meta(m).port);
  const uint8_t type = header_at<Icmp6Header>(m, meta(m).l3_size)->type;
  if (interface == nullptr || (type != Icmp6Header::kNeighbourSolicitation &&
                               type != Icmp6Header::kNeighbourAdvertisement)) {
    drop(link.drops, DropReason::icmp_ignored, m);
    return;
  }
  const std::optional<NeighbourWord> message = read_neighbour_word(m);
  if (!message) {
    drop(link.drops, DropReason::nd_malformed, m);
    return;
  }
  const bool first_hand = meta(m).handoff != Handoff::neighbour;
  if (interface->owns(message->source)) {
    // Somebody else speaks with our address, unless a hub gave us our own words back.
    const bool echo = message->mac != nullptr && *message->mac == interface->mac;
    if (first_hand && !echo) report_clash(link, state, *interface, message->source, now);
  } else if (type == Icmp6Header::kNeighbourSolicitation) {
    on_solicitation(link, state, *interface, *message, first_hand, now);
  } else {
    on_advertisement(link, state, *interface, *message, first_hand, now);
  }
  rte_pktmbuf_free(m);
}

}  // namespace

std::optional<NeighbourWord> read_neighbour_word(rte_mbuf* m) noexcept {
  const unsigned l3_size = meta(m).l3_size;
  // RFC 6980 §5: never with a fragment header; and nobody sends it behind any other.
  if (l3_size != sizeof(Ipv6Header)) return std::nullopt;
  if (!make_contiguous(m, m->pkt_len)) return std::nullopt;
  const auto* ip = header_at<Ipv6Header>(m, 0);
  const auto* nd = header_at<NeighbourMessage>(m, l3_size);
  if (ip->hop_limit != kNdHopLimit || m->pkt_len < l3_size + sizeof(NeighbourMessage) ||
      nd->icmp.code != 0) {
    return std::nullopt;
  }
  NeighbourWord out{.source = IpAddress::v6(ip->src),
                    .destination = IpAddress::v6(ip->dst),
                    .target = IpAddress::v6(nd->target),
                    .type = nd->icmp.type,
                    .flags = nd->icmp.rest};
  if (is_multicast6(out.target)) return std::nullopt;
  const bool solicitation = out.type == Icmp6Header::kNeighbourSolicitation;
  const uint32_t options = l3_size + uint32_t{sizeof(NeighbourMessage)};
  const auto mac = find_mac({header_at<const uint8_t>(m, options), m->pkt_len - options},
                            solicitation ? kSourceLinkLayer : kTargetLinkLayer);
  if (!mac) return std::nullopt;
  out.mac = *mac;
  if (solicitation && out.source.is_unspecified() &&
      (out.destination != solicited_node(out.target) || out.mac != nullptr)) {
    return std::nullopt;
  }
  if (!solicitation &&
      (out.source.is_unspecified() ||
       (is_multicast6(out.destination) && (out.flags & NeighbourMessage::kSolicited) != 0))) {
    return std::nullopt;
  }
  return out;
}

bool answer_solicitation(LinkContext& link, const Interface& interface, const NeighbourWord& asked,
                         const MacAddress& to, bool router) noexcept {
  const bool probe = asked.source.is_unspecified();
  return send(link, interface,
              {.source = asked.target,
               .destination = probe ? kAllNodes : asked.source,
               .target = asked.target,
               .type = Icmp6Header::kNeighbourAdvertisement,
               .flags = (router ? NeighbourMessage::kRouter : 0) | NeighbourMessage::kOverride |
                        (probe ? 0 : NeighbourMessage::kSolicited),
               .with_mac = true,
               .to = probe ? group_mac(kAllNodes) : to});
}

void nd_input(LinkContext& link, NdState& state, Batch& in, Time now) noexcept {
  for (rte_mbuf* m : in)
    input_one(link, state, m, now);
  in.clear();
}

bool send_solicitation(LinkContext& link, const Interface& interface,
                       const Solicitation& message) noexcept {
  const IpAddress group = solicited_node(message.target);
  return send(link, interface,
              {.source = message.source,
               .destination = message.to != nullptr ? message.target : group,
               .target = message.target,
               .type = Icmp6Header::kNeighbourSolicitation,
               .flags = 0,
               .with_mac = !message.source.is_unspecified(),
               .to = message.to != nullptr ? *message.to : group_mac(group)});
}

bool send_unsolicited_advertisement(LinkContext& link, const Interface& interface,
                                    const IpAddress& target) noexcept {
  return send(link, interface,
              {.source = target,
               .destination = kAllNodes,
               .target = target,
               .type = Icmp6Header::kNeighbourAdvertisement,
               .flags = NeighbourMessage::kRouter | NeighbourMessage::kOverride,
               .with_mac = true,
               .to = group_mac(kAllNodes)});
}

}  // namespace culvert::dp
