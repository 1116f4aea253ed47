// A packet is copied into a buffer and numbered when it is due, and keeps its place until the channel takes it.
#include "tools/replay/tunnel/tunnel_traffic.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <set>

#include <fmt/format.h>
#include <rte_cycles.h>

#include "tools/replay/tunnel/inner_packet.hpp"
#include "tools/replay/tunnel/numbering.hpp"

namespace culvert::replay {

using crowd::Channel;

TunnelTraffic::TunnelTraffic(TrafficPlan plan, const AddressedPackets& packets,
                             const SessionSet& sessions, std::span<const SessionEnds> ends,
                             crowd::Crowd& crowd, InsidePort* inside, rte_mempool* pool)
    : plan_(std::move(plan)),
      packets_(packets),
      crowd_(crowd),
      inside_(inside),
      pool_(pool),
      ledger_(2 * sessions.size(), Ledger::window_for(2 * sessions.size())) {
  total_ = plan_.limit != 0 ? plan_.limit : plan_.rounds * packets.a_round();
  if (packets.a_round() == 0) total_ = 0;
  left_ = total_ == 0 && packets.a_round() != 0 ? UINT64_MAX : total_;
  name_tallies(sessions);
  for (uint32_t i = 0; i < sessions.size(); ++i) {
    if (!ends[i].v4.is_unspecified()) session_at_[ends[i].v4] = i;
    if (!ends[i].v6.is_unspecified()) session_at_[ends[i].v6] = i;
  }
  for (Outlet* outlet : {&tls_, &dtls_, &down_}) {
    outlet->packets.reserve(kMostWaiting);
    outlet->numbers.reserve(kMostWaiting);
  }
  crowd_.on_arrivals({[](void* self, std::span<const crowd::Arrival> arrivals) {
                        static_cast<TunnelTraffic*>(self)->take_arrivals(arrivals);
                      },
                      this});
}

TunnelTraffic::~TunnelTraffic() {
  crowd_.on_arrivals({});
  give_up();
}

void TunnelTraffic::give_up() noexcept {
  for (Outlet* outlet : {&tls_, &dtls_, &down_}) {
    for (size_t i = 0; i < outlet->packets.size(); ++i) {
      unsent(*outlet, i);
      rte_pktmbuf_free(outlet->packets[i].packet);
      ++given_up_;
    }
    outlet->packets.clear();
    outlet->numbers.clear();
  }
}

void TunnelTraffic::name_tallies(const SessionSet& sessions) {
  const auto index_of = [&](bool up, Channel channel, const std::string& suite) {
    const auto same = [&](const TallyName& name) {
      return name.up == up && name.channel == channel && name.suite == suite;
    };
    const auto found = std::ranges::find_if(names_, same);
    const auto index = static_cast<size_t>(found - names_.begin()) * kSizeClasses.size();
    if (found == names_.end()) names_.push_back({up, channel, suite});
    (void)ledger_.tally(static_cast<uint16_t>(index + kSizeClasses.size() - 1));
    return static_cast<uint16_t>(index);
  };
  for (uint32_t i = 0; i < sessions.size(); ++i) {
    channels_.push_back(sessions.channel(i));
    const std::string suite = sessions.suite(i);
    up_tally_.push_back(index_of(true, channels_[i], suite));
    down_tally_.push_back(index_of(false, channels_[i], suite));
  }
}

uint64_t TunnelTraffic::due(uint64_t index) const noexcept {
  if (plan_.times.due.empty()) return began_;
  const uint64_t round = index / packets_.a_round();
  return began_ + round * plan_.times.period + plan_.times.due[index % packets_.a_round()];
}

size_t TunnelTraffic::waiting() const noexcept {
  return tls_.packets.size() + dtls_.packets.size() + down_.packets.size();
}

std::string TunnelTraffic::held_up_by() const {
  // DTLS is no outlet that waits: what a port has no room for is lost there, as on any wire.
  std::set<uint32_t> sessions;
  for (const crowd::Outgoing& o : tls_.packets)
    sessions.insert(o.member);
  std::string who = down_.packets.empty() ? "" : "the inside port";
  if (!sessions.empty() && !who.empty()) who += " and ";
  if (sessions.size() == 1)
    who += fmt::format("the TLS tunnel of session {}", *sessions.begin() + 1);
  if (sessions.size() > 1) who += fmt::format("the TLS tunnels of {} sessions", sessions.size());
  if (!who.empty()) return who + " took nothing";
  return starved_ ? "no packet buffer came free" : "";
}

uint64_t TunnelTraffic::rounds_begun() const noexcept {
  return packets_.a_round() == 0 ? 1 : (taken_ + packets_.a_round() - 1) / packets_.a_round();
}

uint64_t TunnelTraffic::on_their_way() const noexcept {
  const uint64_t seen = ledger_.arrived() + blind_ + waiting();
  return ledger_.sent() - std::min(ledger_.sent(), seen);
}

TunnelTraffic::Outlet& TunnelTraffic::outlet_of(const AddressedPackets::Packet& packet) noexcept {
  if (!packet.up) return down_;
  return channels_[packet.session] == Channel::tls ? tls_ : dtls_;
}

// Numbers are given in the order of the recording, so that what is sent out of it shows as reordered.
bool TunnelTraffic::build(uint32_t index, Outlet& outlet, uint64_t tick) noexcept {
  const AddressedPackets::Packet& packet = packets_[index];
  rte_mbuf* m = rte_pktmbuf_alloc(pool_);
  if (m == nullptr) return false;
  if (packet.size + crowd::kTailroom > rte_pktmbuf_tailroom(m)) {
    rte_pktmbuf_free(m);
    ++unfit_;
    return true;
  }
  auto* bytes =
      reinterpret_cast<uint8_t*>(rte_pktmbuf_append(m, static_cast<uint16_t>(packet.size)));
  std::memcpy(bytes, packets_.bytes(index).data(), packet.size);
  const uint32_t at = lane(packet.session, packet.up);
  const uint64_t number = ledger_.next_number(at);
  write_number({bytes, packet.size}, static_cast<uint16_t>(number));
  const uint16_t first = packet.up ? up_tally_[packet.session] : down_tally_[packet.session];
  ledger_.sent(at, index, packet.size, static_cast<uint16_t>(first + size_class(packet.size)),
               tick);
  if (packet.up && inside_ == nullptr) ++blind_;
  outlet.packets.push_back({m, packet.session});
  outlet.numbers.push_back(number);
  return true;
}

bool TunnelTraffic::take_due(uint64_t tick) noexcept {
  uint32_t n = 0;
  starved_ = false;
  for (; n < kMostAtOnce && left_ != 0; ++n) {
    const uint64_t when = due(taken_);
    if (when > tick) break;
    const auto index =
        static_cast<uint32_t>(taken_ % (uint64_t{packets_.a_round()} * packets_.rounds()));
    const AddressedPackets::Packet& packet = packets_[index];
    if (packet.size != 0) {
      Outlet& outlet = outlet_of(packet);
      if (outlet.packets.size() == kMostWaiting) break;
      starved_ = !build(index, outlet, tick);
      if (starved_) break;
      lateness_.add(tick - when);
    }
    ++taken_;
    --left_;
  }
  return n != 0;
}

void TunnelTraffic::unsent(const Outlet& outlet, size_t at) noexcept {
  const crowd::Outgoing& o = outlet.packets[at];
  const bool up = &outlet != &down_;
  if (up && inside_ == nullptr) --blind_;
  ledger_.take_back(lane(o.member, up), outlet.numbers[at], o.packet->pkt_len);
}

void TunnelTraffic::send_up(Channel channel, Outlet& outlet, dp::Time now) noexcept {
  if (outlet.packets.empty()) return;
  (void)crowd_.send(channel, outlet.packets, now);
  size_t kept = 0;
  for (size_t i = 0; i < outlet.packets.size(); ++i) {
    const crowd::Outgoing& o = outlet.packets[i];
    switch (o.result) {
      case crowd::Sent::taken: break;
      case crowd::Sent::later:
        outlet.numbers[kept] = outlet.numbers[i];
        outlet.packets[kept++] = o;
        break;
      case crowd::Sent::closed:
      case crowd::Sent::unfit:
        ++(o.result == crowd::Sent::closed ? closed_ : unfit_);
        unsent(outlet, i);
        rte_pktmbuf_free(o.packet);
        break;
    }
  }
  outlet.packets.resize(kept);
  outlet.numbers.resize(kept);
}

void TunnelTraffic::send_down(Outlet& outlet) noexcept {
  std::array<rte_mbuf*, InsidePort::kBurst> burst;
  size_t sent = 0;
  while (sent < outlet.packets.size()) {
    const size_t n = std::min<size_t>(outlet.packets.size() - sent, burst.size());
    for (size_t i = 0; i < n; ++i)
      burst[i] = outlet.packets[sent + i].packet;
    const uint32_t taken = inside_->send({burst.data(), n});
    sent += taken;
    if (taken < n) break;
  }
  const auto count = static_cast<ptrdiff_t>(sent);
  outlet.packets.erase(outlet.packets.begin(), outlet.packets.begin() + count);
  outlet.numbers.erase(outlet.numbers.begin(), outlet.numbers.begin() + count);
}

bool TunnelTraffic::send(dp::Time now, uint64_t tick) noexcept {
  const bool busy = take_due(tick);
  if (waiting() == 0) return busy;
  if (first_sent_ == 0) first_sent_ = tick;
  last_sent_ = tick;
  send_up(Channel::tls, tls_, now);
  send_up(Channel::dtls, dtls_, now);
  if (!down_.packets.empty()) send_down(down_);
  return true;
}

void TunnelTraffic::came(uint32_t session, bool up, rte_mbuf* m, uint64_t tick,
                         bool expected_channel) noexcept {
  const std::span<const uint8_t> packet(rte_pktmbuf_mtod(m, const uint8_t*), m->data_len);
  const uint32_t at = lane(session, up);
  Passage* passage = ledger_.find(at, read_number(packet));
  if (passage != nullptr) {
    ledger_.arrived(at, *passage, compare(packets_.bytes(passage->packet), packet), m->data_len,
                    tick);
    if (!expected_channel) ++ledger_.tally(passage->tally).other_channel;
  }
  rte_pktmbuf_free(m);
}

void TunnelTraffic::take_arrivals(std::span<const crowd::Arrival> arrivals) noexcept {
  const uint64_t tick = rte_rdtsc();
  for (const crowd::Arrival& arrival : arrivals) {
    if (arrival.packet->nb_segs != 1 || arrival.packet->data_len < sizeof(dp::Ipv4Header)) {
      ++foreign_;
      rte_pktmbuf_free(arrival.packet);
      continue;
    }
    came(arrival.member, false, arrival.packet, tick, arrival.channel == channels_[arrival.member]);
  }
}

bool TunnelTraffic::receive(uint64_t tick) noexcept {
  if (inside_ == nullptr) return false;
  std::array<rte_mbuf*, InsidePort::kBurst> burst;
  const uint32_t n = inside_->receive(burst);
  for (uint32_t i = 0; i < n; ++i) {
    const auto session = session_at_.find(
        ends_of({rte_pktmbuf_mtod(burst[i], const uint8_t*), burst[i]->data_len}).source);
    if (session == session_at_.end()) {
      ++foreign_;
      rte_pktmbuf_free(burst[i]);
      continue;
    }
    came(session->second, true, burst[i], tick, true);
  }
  return n != 0;
}

}  // namespace culvert::replay
