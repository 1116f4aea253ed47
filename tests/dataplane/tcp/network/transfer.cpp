// Writing, reading and comparing.
#include "tests/dataplane/tcp/network/transfer.hpp"

#include <algorithm>
#include <cstring>

#include <rte_ip.h>
#include <rte_tcp.h>

#include "dataplane/tcp/options.hpp"

namespace culvert::tcp::test {

namespace {

constexpr uint16_t kFirstPort = 10'000;
constexpr uint32_t kPeriod = 1u << 20;
constexpr uint32_t kLongest = 1u << 16;  // that is written or compared at a time

// The streams' bytes, with a period that no transfer's errors have. Longer than that, so that any piece of
// it is in one place.
const uint8_t* pattern_at(uint64_t position) {
  static const std::vector<uint8_t> bytes = [] {
    std::vector<uint8_t> all(kPeriod + kLongest);
    Dice dice(1);
    for (uint32_t i = 0; i < all.size(); ++i) {
      all[i] = i < kPeriod ? static_cast<uint8_t>(dice.roll()) : all[i - kPeriod];
    }
    return all;
  }();
  return bytes.data() + position % kPeriod;
}

// Where the two streams of a transfer begin in the pattern.
uint64_t origin(const Transfer& t, bool up) {
  return uint64_t{t.flow.local_port} * 7919 + (up ? 0 : 500'009);
}

const rte_tcp_hdr* tcp_of(const rte_mbuf* m) {
  return rte_pktmbuf_mtod_offset(m, const rte_tcp_hdr*, sizeof(rte_ipv4_hdr));
}

uint32_t payload_of(const rte_mbuf* m) {
  return m->pkt_len - static_cast<uint32_t>(sizeof(rte_ipv4_hdr)) - (tcp_of(m)->data_off >> 4) * 4u;
}

}  // namespace

Transfer& Transfers::add(Host& client, Host& server, const TransferConfig& config) {
  Transfer t;
  t.config = config;
  t.client = &client;
  t.server = &server;
  t.flow = {client.address(), server.address(), static_cast<uint16_t>(kFirstPort + all_.size()),
            443};
  t.up.size = config.up;
  t.down.size = config.down;
  all_.push_back(t);
  wake_at(start_ + config.starts);
  return all_.back();
}

Transfer* Transfers::find(uint16_t client_port) {
  const size_t index = client_port - size_t{kFirstPort};
  return index < all_.size() ? &all_[index] : nullptr;
}

void Transfers::complain(const Transfer& t, const std::string& what) {
  if (!wrong_.empty()) return;
  wrong_ = "the transfer from port " + std::to_string(t.flow.local_port) + ": " + what;
}

bool Transfers::run(Time limit) {
  const Time end = start_ + limit;
  while (over_ < all_.size() && wrong_.empty()) {
    if (!network_.step(end)) return false;
  }
  return wrong_.empty();
}

std::string Transfers::progress() const {
  std::string text;
  for (const Transfer& t : all_) {
    text += " up " + std::to_string(t.down.received) + "/" + std::to_string(t.up.size) + " down " +
            std::to_string(t.up.received) + "/" + std::to_string(t.down.size);
    text += t.over() ? " over;" : !t.started ? " not begun;" : ";";
  }
  return text;
}

bool Transfers::start_due(Host& host, Time now) {
  bool did = false;
  for (Transfer& t : all_) {
    if (t.started || t.client != &host || now < start_ + t.config.starts) continue;
    t.started = did = true;
    t.up.conn = host.endpoint().connect(t.flow, now);
    if (t.up.conn.generation == 0) complain(t, "there is no slot for it");
  }
  return did;
}

bool Transfers::serve(Host& host, Time now) {
  bool did = wakes_ <= now && start_due(host, now);
  for (Event e = host.endpoint().next_event(); e.conn.generation != 0;
       e = host.endpoint().next_event()) {
    on_event(host, e, now);
    did = true;
  }
  for (Transfer& t : all_) {
    if (!t.started || t.over()) continue;
    for (Side* side : {&t.up, &t.down}) {
      if ((side == &t.up ? t.client : t.server) != &host) continue;
      if (side->over || side->conn.generation == 0) continue;
      if (read(host, t, *side, now)) did = true;
      if (write(host, t, *side)) did = true;
    }
  }
  if (wakes_ <= now || did) look_ahead(now);
  return did;
}

// When a reader or a start is due next.
void Transfers::look_ahead(Time now) {
  wakes_ = ~Time{0};
  for (const Transfer& t : all_) {
    if (!t.started) wake_at(std::max(start_ + t.config.starts, now));
    if (t.config.read_pause == 0) continue;
    for (const Side* side : {&t.up, &t.down}) {
      if (!side->over && side->reads_again > now) wake_at(side->reads_again);
    }
  }
}

void Transfers::on_event(Host& host, const Event& event, Time now) {
  const dp::Flow& flow = host.endpoint().flow(event.conn);
  const bool client = flow.remote_port == 443;
  Transfer* t = find(client ? flow.local_port : flow.remote_port);
  if (t == nullptr || (client ? t->client : t->server) != &host) return;
  Side& side = client ? t->up : t->down;
  if ((event.bits & event::kOpened) != 0) {
    if (!client && side.conn.generation != 0 && side.conn != event.conn) {
      complain(*t, "the server has it twice");
    }
    side.conn = event.conn;
  }
  if (side.conn != event.conn) return complain(*t, "an event of another connection");
  if ((event.bits & event::kPeerClosed) != 0) side.peer_closed = true;
  if ((event.bits & event::kClosed) == 0) return;
  side.reads_again = 0;
  side.hurries = true;
  (void)read(host, *t, side, now);
  end(host, *t, side);
}

bool Transfers::read(Host& host, Transfer& t, Side& side, Time now) {
  Endpoint& endpoint = host.endpoint();
  if (now < side.reads_again) return false;
  uint32_t budget = side.hurries ? UINT32_MAX : t.config.reads;
  const uint64_t from = origin(t, &side == &t.down);
  bool did = false;
  for (;;) {
    const std::span<const uint8_t> front = endpoint.front(side.conn);
    const auto part = static_cast<uint32_t>(std::min<size_t>({front.size(), budget, kLongest}));
    if (part == 0) break;
    if (std::memcmp(front.data(), pattern_at(from + side.received), part) != 0) {
      complain(t, "a wrong byte behind " + std::to_string(side.received));
    }
    endpoint.consume(side.conn, part);
    side.received += part;
    budget -= part;
    did = true;
  }
  if (did && t.config.read_pause != 0) side.reads_again = now + t.config.read_pause;
  const uint64_t size = &side == &t.up ? t.down.size : t.up.size;
  if (side.received > size) complain(t, "more bytes than were sent");
  if (side.finished == 0 && side.peer_closed && side.received == size) side.finished = now;
  return did;
}

bool Transfers::write(Host& host, Transfer& t, Side& side) {
  Endpoint& endpoint = host.endpoint();
  if (side.shut || endpoint.state(side.conn) < State::established) return false;
  const uint64_t from = origin(t, &side == &t.up);
  bool did = false;
  while (side.queued < side.size) {
    const auto part = static_cast<uint32_t>(std::min<uint64_t>(
        {side.size - side.queued, t.config.writes, endpoint.send_room(side.conn), kLongest}));
    if (part == 0 || !endpoint.send_copy(side.conn, {pattern_at(from + side.queued), part})) break;
    side.queued += part;
    did = true;
  }
  if (side.queued == side.size) {
    endpoint.shutdown(side.conn);
    side.shut = did = true;
  } else if (endpoint.send_room(side.conn) == 0) {
    // Refused once, so that kWritable comes.
    (void)endpoint.send_copy(side.conn, {pattern_at(0), kLongest});
  }
  return did;
}

void Transfers::end(Host& host, Transfer& t, Side& side) {
  if (side.over) return;
  const CloseReason reason = host.endpoint().close_reason(side.conn);
  const uint64_t size = &side == &t.up ? t.down.size : t.up.size;
  if (reason != CloseReason::finished) {
    complain(t, "it was closed for reason " + std::to_string(static_cast<int>(reason)));
  } else if (side.received != size) {
    complain(t, "it was closed after " + std::to_string(side.received) + " of " +
                    std::to_string(size) + " bytes");
  }
  host.endpoint().release(side.conn);
  side.over = true;
  if (t.over()) ++over_;
}

void Transfers::note(const Host& host, const rte_mbuf* m, Time now, bool leaves) const {
  const rte_tcp_hdr* tcp = tcp_of(m);
  const uint32_t size = payload_of(m);
  std::string flags;
  for (size_t bit = 0; bit < 5; ++bit) {
    if ((tcp->tcp_flags >> bit & 1) != 0) flags += "FSRP."[bit];
  }
  std::string blocks;
  Options options;
  const auto* start = reinterpret_cast<const uint8_t*>(tcp + 1);
  if (parse_options({start, (tcp->data_off >> 4) * 4u - sizeof *tcp}, options)) {
    for (uint32_t i = 0; i < options.sack_count; ++i) {
      blocks += " " + std::to_string(options.sack[i].start.v) + ":" +
                std::to_string(options.sack[i].end.v);
    }
  }
  std::fprintf(trace_, "%11.6f %s %s %u > %u %s seq %u(%u) ack %u win %u%s%s\n",
               static_cast<double>(now - start_) / 1e6, host.address().to_string().c_str(),
               leaves ? "sends" : "gets ", rte_be_to_cpu_16(tcp->src_port),
               rte_be_to_cpu_16(tcp->dst_port), flags.c_str(), rte_be_to_cpu_32(tcp->sent_seq),
               size, rte_be_to_cpu_32(tcp->recv_ack), rte_be_to_cpu_16(tcp->rx_win),
               blocks.empty() ? "" : " sack", blocks.c_str());
}

void Transfers::on_departure(const Host& host, const rte_mbuf* m, Time now) {
  if (trace_ != nullptr) note(host, m, now, true);
  const rte_tcp_hdr* tcp = tcp_of(m);
  Transfer* t = find(rte_be_to_cpu_16(tcp->src_port));
  if (t == nullptr || t->client != &host) return;
  const uint32_t size =
      m->pkt_len - static_cast<uint32_t>(sizeof(rte_ipv4_hdr)) - (tcp->data_off >> 4) * 4u;
  if (size == 0) return;
  const Seq end = Seq{rte_be_to_cpu_32(tcp->sent_seq)} + size;
  const bool fresh = !t->highest || *t->highest < end;
  if (!fresh) {  // what is sent again makes the answer ambiguous (Karn)
    t->timed.reset();
    return;
  }
  t->highest = end;
  if (t->timed) return;
  t->timed = end;
  t->timed_at = now;
}

void Transfers::on_arrival(const Host& host, const rte_mbuf* m, Time now) {
  if (trace_ != nullptr) note(host, m, now, false);
  const rte_tcp_hdr* tcp = tcp_of(m);
  Transfer* t = find(rte_be_to_cpu_16(tcp->dst_port));
  if (t == nullptr || t->client != &host || !t->timed) return;
  if (Seq{rte_be_to_cpu_32(tcp->recv_ack)} < *t->timed) return;
  const Time rtt = now - t->timed_at;
  t->timed.reset();
  ++t->rtt_samples;
  t->rtt_sum += rtt;
  t->rtt_most = std::max(t->rtt_most, rtt);
}

}  // namespace culvert::tcp::test
