// Requests up, answers down.
#include "tools/load/data.hpp"

#include <algorithm>

namespace culvert::load {

namespace {
constexpr uint16_t kSlowEcho =
    1200;  // bytes of a slow reader's packets: large, so that windows are soon full
constexpr uint32_t kLargestArrival = 16'384;  // bytes: no record has more
}  // namespace

Data::Data(const Options& options, crowd::Crowd& crowd, rte_mempool* pool, Tally& tally,
           SlowReaders& slow_readers, Time now)
    : options_(options),
      crowd_(crowd),
      pool_(pool),
      tally_(tally),
      largest_(rte_pktmbuf_data_room_size(pool) - uint32_t{RTE_PKTMBUF_HEADROOM}),
      answers_(options.plan.sessions, options.target, tally, slow_readers),
      members_(options.plan.sessions + slow_readers.size()),
      last_(now),
      now_(now) {
  crowd_.on_arrivals({.take = &Data::take, .arg = this});
}

void Data::addressed(uint32_t member, const dp::InnerAddresses& inner) {
  if (options_.target) members_[member].inner = options_.target->is_v4() ? inner.v4 : inner.v6;
}

void Data::moved_port(uint32_t member, Time now) {
  interrupt(member, now);
  answers_.moved_port(member, now);
}

crowd::Channel Data::channel_of(Member& member) const noexcept {
  if (!member.dtls) return crowd::Channel::tls;
  if (options_.tunnels == Tunnels::both) {
    member.other_next = !member.other_next;
    if (member.other_next) return crowd::Channel::tls;
  }
  return crowd::Channel::dtls;
}

// Each member has all sizes in turns, however many of them there are, and over both tunnels if it has two.
uint16_t Data::next_size(uint32_t member) noexcept {
  const uint32_t turn = members_[member].turn++;
  const size_t at = member + (options_.tunnels == Tunnels::both ? turn / 2 : turn);
  return options_.sizes[at % options_.sizes.size()];
}

bool Data::send(const Roster& up, Time now) {
  // What a long turn left behind is not made up for in one burst: a second's worth at most.
  const double each_second = options_.pings * up.size();
  due_ = std::min(due_ + in_seconds(now - last_) * each_second, each_second + 1);
  last_ = now;
  if (!options_.target || up.size() == 0) return false;
  bool busy = false;
  while (due_ >= 1 && tls_.size < kBurst && dtls_.size < kBurst) {
    due_ -= 1;
    // Round and round, whoever comes and goes: where one leaves, another takes its place.
    if (turn_ >= up.size()) turn_ = 0;
    const uint32_t member = up[turn_++];
    if (members_[member].inner.is_unspecified()) continue;
    const uint16_t size = next_size(member);
    if (size > largest_) {
      ++tally_.unfit;
      continue;
    }
    rte_mbuf* const packet = request(member, size, answers_.ledger(), now);
    if (packet == nullptr) {
      ++tally_.no_buffer;
      break;
    }
    const crowd::Channel channel = channel_of(members_[member]);
    Burst& burst = channel == crowd::Channel::tls ? tls_ : dtls_;
    burst.packets[burst.size++] = {.packet = packet, .member = member};
    busy = true;
  }
  flush(crowd::Channel::tls, tls_, now);
  flush(crowd::Channel::dtls, dtls_, now);
  return busy;
}

bool Data::ask(uint32_t member, Time now) {
  const uint16_t mtu = crowd_.membership(member).tls_mtu;
  if (!options_.target || members_[member].inner.is_unspecified()) return false;
  const uint16_t size = mtu == 0 ? kSlowEcho : std::min(mtu, kSlowEcho);
  if (size > largest_) return false;
  rte_mbuf* const packet = request(member, size, answers_.slow_ledger(), now);
  if (packet == nullptr) return false;
  crowd::Outgoing each{.packet = packet, .member = member};
  if (crowd_.send(crowd::Channel::tls, {&each, 1}, now) == 1) {
    answers_.slow_ledger().sent(member, now);
    return true;
  }
  rte_pktmbuf_free(packet);
  return false;
}

rte_mbuf* Data::request(uint32_t member, uint16_t size, Ledger& ledger, Time now) {
  rte_mbuf* const packet = rte_pktmbuf_alloc(pool_);
  if (packet == nullptr) return nullptr;
  char* const room = rte_pktmbuf_append(packet, size);
  write_echo({reinterpret_cast<uint8_t*>(room), size}, members_[member].inner, *options_.target,
             ledger.next(member, now));
  return packet;
}

void Data::flush(crowd::Channel channel, Burst& burst, Time now) {
  if (burst.size == 0) return;
  // A packet that is taken is sealed where it lies, and may be gone: its size is read before.
  std::array<uint32_t, kBurst> sizes{};
  for (uint32_t i = 0; i < burst.size; ++i)
    sizes[i] = rte_pktmbuf_pkt_len(burst.packets[i].packet);
  (void)crowd_.send(channel, {burst.packets.data(), burst.size}, now);
  for (uint32_t i = 0; i < burst.size; ++i) {
    const crowd::Outgoing& each = burst.packets[i];
    switch (each.result) {
      case crowd::Sent::taken:
        answers_.ledger().sent(each.member, now);
        tally_.bytes_up += sizes[i];
        continue;
      case crowd::Sent::later: ++tally_.later; break;
      case crowd::Sent::closed: ++tally_.closed_channel; break;
      case crowd::Sent::unfit: ++tally_.unfit; break;
    }
    rte_pktmbuf_free(each.packet);
  }
  burst.size = 0;
}

void Data::take(void* arg, std::span<const crowd::Arrival> arrivals) {
  for (const crowd::Arrival& arrival : arrivals)
    static_cast<Data*>(arg)->take(arrival);
}

void Data::take(const crowd::Arrival& arrival) {
  std::array<uint8_t, kLargestArrival> room;  // only for what lies in several buffers
  const uint32_t size = std::min(rte_pktmbuf_pkt_len(arrival.packet), kLargestArrival);
  const void* const bytes = rte_pktmbuf_read(arrival.packet, 0, size, room.data());
  answers_.take(arrival.member, {static_cast<const uint8_t*>(bytes), size}, now_);
  rte_pktmbuf_free(arrival.packet);
}

}  // namespace culvert::load
