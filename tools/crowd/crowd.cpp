// The loop, and what it does for all members alike.
#include "tools/crowd/crowd.hpp"

#include <algorithm>
#include <stdexcept>

#include <unistd.h>

#include "dataplane/cstp/tcp_events.hpp"
#include "dataplane/packet/crc.hpp"
#include "tools/crowd/parts.hpp"

namespace culvert::crowd {

namespace {

constexpr Time kMemberSweepInterval = 10 * dp::kMillisecond;  // of the members
constexpr Time kSweepRound = 200 * dp::kMillisecond;          // in which each is looked at

tcp::SipKey random_key() {
  tcp::SipKey key{};
  if (getentropy(&key, sizeof key) != 0)
    throw std::runtime_error("the system gives no random numbers for the choice of ports");
  return key;
}

CrowdConfig checked(const CrowdConfig& config) {
  if (config.members == 0 || config.members > 1'000'000)
    throw std::runtime_error("a crowd has between 1 and 1000000 members");
  if (config.sources.empty() || config.sources.front().is_v4() != config.headend.is_v4())
    throw std::runtime_error("a crowd needs source addresses of the headend's family");
  CrowdConfig out = config;
  out.setup_steps = std::max(out.setup_steps, 1u);
  return out;
}

}  // namespace

size_t Crowd::Parts::PlaceHash::operator()(const Place& p) const noexcept {
  return dp::crc_of(p.address) ^ p.port;
}

Crowd::Parts::Parts(const CrowdConfig& wanted, const dp::Port& port, uint16_t queue,
                    rte_mempool* pool, Time at)
    : config(checked(wanted)),
      addresses(config.sources),
      wire(config, port, queue, pool, addresses, drops),
      stages(config, port, pool, drops,
             {.segments = {[](void* self, dp::Batch& segments) {
                             static_cast<Parts*>(self)->wire.send(segments.span());
                             segments.clear();
                           },
                           this},
              .tls_up = {[](void* self, dp::Batch& packets) {
                           static_cast<Parts*>(self)->arrived(packets, Channel::tls);
                         },
                         this, &tls_up},
              .dtls_up = {[](void* self, dp::Batch& packets) {
                            static_cast<Parts*>(self)->arrived(packets, Channel::dtls);
                          },
                          this, &dtls_up},
              .out = {[](void* self, dp::Batch& packets) {
                        static_cast<Parts*>(self)->wire.send(packets.span());
                        packets.clear();
                      },
                      this, &out}}),
      context(config),
      source_ports(random_key(), config.sources),
      dtls_retry(config.dtls_period, config.seed),
      members(config.members),
      strangers(config.strangers),
      owner(connections_of(config), kNobody),
      record(crypto::record::kMaxRecord),
      now(at) {
  if (getentropy(&next_udp_port, sizeof next_udp_port) != 0)
    throw std::runtime_error("the system gives no random numbers for the choice of ports");
  for (uint32_t i = config.strangers; i-- > 0;)
    free_strangers.push_back(i);
  stages.now = at;
}

Crowd::Parts::~Parts() {
  for (dp::Batch* batch : {&out, &tls_up, &dtls_up, &wire.tcp, &wire.udp, &wire.path_reports})
    rte_pktmbuf_free_bulk(batch->data(), batch->size());
}

void Crowd::Parts::tell(Event event) {
  event.at = now;
  events.push_back(std::move(event));
}

bool Crowd::Parts::poll(Time at) {
  now = stages.now = at;
  bool busy = wire.receive(now);
  if (!wire.path_reports.empty()) take_path_reports();
  if (!wire.tcp.empty()) {
    stages.tcp.input(wire.tcp.span(), now);
    wire.tcp.clear();
  }
  if (!wire.udp.empty()) take_datagrams();
  {
    cstp::OpenBurst burst(stages.cstp);
    cstp::read_owed(stages.cstp, burst, stages.tls_up, now);
    tcp_events(burst);
    burst.finish(stages.tls_up, now);
  }
  if (!tls_up.empty()) arrived(tls_up, Channel::tls);
  if (!dtls_up.empty()) arrived(dtls_up, Channel::dtls);
  busy |= run_steps();
  stages.settle();
  take_messages();
  sweep_members();
  stages.tcp.poll(now);
  if (!out.empty()) stages.dtls.edges.out.flush(this, out);
  wire.poll(now);
  return busy || stages.tcp.has_events() || !steps.empty();
}

void Crowd::Parts::tcp_events(cstp::OpenBurst& burst) {
  for (uint32_t count = dp::kBurst; count == dp::kBurst;) {
    std::array<tcp::Event, dp::kBurst> batch;
    for (count = 0; count < dp::kBurst; ++count) {
      batch[count] = stages.tcp.next_event();
      if (batch[count].conn.generation == 0) break;
      stages.tunnels.prefetch(batch[count].conn.slot);
    }
    for (uint32_t i = 0; i < count; ++i) {
      tcp::Event& event = batch[i];
      const uint32_t whose = owner[event.conn.slot];
      if (any_leaves_unread && whose < members.size() && members[whose].leaves_unread)
        event.bits &= static_cast<uint8_t>(~tcp::event::kReadable);
      if (cstp::Tunnel* t = stages.tunnels.find(event.conn); t != nullptr) {
        cstp::take_event(stages.cstp, *t, event, burst, stages.tls_up, now);
      } else if (whose == kNobody) {
        if ((event.bits & tcp::event::kClosed) != 0) stages.tcp.release(event.conn);
      } else if ((whose & kStranger) != 0) {
        stranger_event(whose & ~kStranger, event);
      } else {
        member_event(whose, event);
      }
    }
  }
}

void Crowd::Parts::take_path_reports() {
  for (rte_mbuf* m : wire.path_reports) {
    dp::PathReport report;
    dp::DropReason reason = dp::read_path_report(m, report);
    // What DTLS sends is as large as its caller says.
    if (reason == dp::DropReason::count_) {
      reason = report.protocol == dp::IpProtocol::tcp ? stages.tcp.path_report(report, now)
                                                      : dp::DropReason::icmp_ignored;
    }
    if (reason == dp::DropReason::count_) {
      rte_pktmbuf_free(m);
    } else {
      dp::drop(drops, reason, m);
    }
  }
  wire.path_reports.clear();
}

void Crowd::Parts::arrived(dp::Batch& packets, Channel channel) {
  std::array<Arrival, dp::kBurst> arrivals;
  for (uint32_t i = 0; i < packets.size(); ++i) {
    const dp::ConnId conn = dp::meta(packets[i]).conn;
    arrivals[i] = {packets[i], channel == Channel::tls ? owner[conn.slot] : conn.slot, channel};
  }
  if (sink.take != nullptr) {
    sink.take(sink.arg, {arrivals.data(), packets.size()});
  } else {
    counters.unclaimed += packets.size();
    rte_pktmbuf_free_bulk(packets.data(), packets.size());
  }
  packets.clear();
}

void Crowd::Parts::sweep_members() {
  if (wire.ready() && !waiting_for_link.empty()) {
    const std::vector<MemberId> ready = std::exchange(waiting_for_link, {});
    for (const MemberId id : ready) {
      Member& m = members[id];
      if (std::exchange(m.waits, false) && m.state == MemberState::setup && !connect(id))
        refuse(id, Why::no_flow);
    }
  }
  const Time elapsed = std::min(now - last_sweep, kSweepRound);
  if (elapsed < kMemberSweepInterval) return;
  last_sweep = now;
  for (auto left = (members.size() * elapsed + kSweepRound - 1) / kSweepRound; left > 0; --left) {
    if (swept >= members.size()) swept = 0;
    const MemberId id = swept++;
    Member& m = members[id];
    if (m.state == MemberState::setup && now >= m.deadline) refuse(id, Why::timed_out);
    if (m.state == MemberState::up) sweep_dtls(id);
  }
}

Crowd::Crowd(const CrowdConfig& config, const dp::Port& port, uint16_t queue, rte_mempool* pool,
             Time now)
    : parts_(std::make_unique<Parts>(config, port, queue, pool, now)) {}
Crowd::~Crowd() = default;

void Crowd::on_arrivals(const ArrivalSink& sink) noexcept {
  parts_->sink = sink;
}
bool Crowd::poll(Time now) {
  return parts_->poll(now);
}
bool Crowd::link_ready() const noexcept {
  return parts_->wire.ready();
}
MemberState Crowd::state(MemberId member) const noexcept {
  return parts_->members[member].state;
}

Membership Crowd::membership(MemberId member) const noexcept {
  const Member& m = parts_->members[member];
  if (m.state != MemberState::up) return {};
  Stages& stages = parts_->stages;
  return {.inner = m.grant.inner,
          .tls_mtu = m.tls_mtu,
          .dtls_mtu = m.dtls_mtu,
          .tls_suite = m.tls_suite,
          .dtls_suite = m.dtls_installed ? m.dtls_suite : std::string_view{},
          .tls_encrypt_then_mac = stages.tunnels.keys(m.conn.slot).tx.encrypt_then_mac,
          .dtls_encrypt_then_mac =
              m.dtls_installed && stages.dtls_transmit.keys(member).encrypt_then_mac,
          .dtls_up = m.dtls_up};
}

std::optional<Event> Crowd::next_event() {
  if (parts_->events.empty()) return std::nullopt;
  Event event = std::move(parts_->events.front());
  parts_->events.pop_front();
  return event;
}

CrowdCounters Crowd::counters() const noexcept {
  CrowdCounters out = parts_->counters;
  out.silenced = parts_->wire.silenced();
  out.not_for_us = parts_->wire.not_for_us();
  return out;
}
const tcp::EndpointCounters& Crowd::tcp_counters() const noexcept {
  return parts_->stages.tcp.counters();
}
const dp::DropCounters& Crowd::drops() const noexcept {
  return parts_->drops;
}

uint32_t buffers_for(const CrowdConfig& config, uint32_t in_flight) {
  // The port's rings and the bursts between them; what TCP holds of each member while it logs in; a reserve of a
  // quarter.
  const uint64_t wanted = 8192 + 4ull * (config.members + config.strangers) + in_flight;
  return static_cast<uint32_t>(std::min<uint64_t>(wanted * 4 / 3, 4'000'000));
}

uint64_t memory_for(const CrowdConfig& config) {
  // Keys and tables are DPDK's; the rest of a member is the process's.
  return connections_of(config) * (sizeof(cstp::TunnelTable::Keys) + 64) +
         config.members * (2 * (sizeof(crypto::record::Keys) + 512)) + (8u << 20);
}

}  // namespace culvert::crowd
