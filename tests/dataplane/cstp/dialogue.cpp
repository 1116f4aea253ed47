#include "tests/dataplane/cstp/dialogue.hpp"

#include <cstring>

#include "dataplane/cstp/tcp_events.hpp"
#include "tests/crypto/record/material.hpp"

namespace culvert::cstp::test {

using namespace culvert::tcp::test;
using crypto::record::filled_material;
using crypto::record::OpenOp;
using crypto::record::OpenStatus;
using crypto::record::SealOp;

namespace {

// DPDK's names are the process's: two dialogues at a time need two.
unsigned next_mailbox() {
  static unsigned serial = 0;
  return serial++;
}

const uint8_t* data_of(std::string_view s) {
  return reinterpret_cast<const uint8_t*>(s.data());
}

}  // namespace

std::string framed(PacketType type, std::string_view payload) {
  std::string out(kHeaderSize, '\0');
  write_header(reinterpret_cast<uint8_t*>(out.data()), type, static_cast<uint16_t>(payload.size()));
  return out.append(payload);
}

EmptyPool::EmptyPool(unsigned leave) {
  const unsigned have = rte_mempool_avail_count(test_pool());
  held_.resize(have - leave);
  EXPECT_EQ(rte_pktmbuf_alloc_bulk(test_pool(), held_.data(), have - leave), 0);
}

void EmptyPool::release() {
  rte_pktmbuf_free_bulk(held_.data(), static_cast<unsigned>(held_.size()));
  held_.clear();
}

Dialogue::Dialogue(const crypto::Suite& suite, unsigned messages, tcp::EndpointConfig config,
                   const Peer::Want& want)
    : client_material(filled_material(suite, 0x31, 1)),
      server_material(filled_material(suite, 0x42, 1)),
      wire(config),
      peer(wire, want),
      conn(peer.conn),
      mailbox(next_mailbox(), messages, control_bell, worker_bell),
      mb(crypto::best_isa(0)),
      large_record(crypto::record::kMaxRecord),
      context{0, *wire.endpoint, tunnels, mailbox, mb, drops, test_pool(), large_record.data()},
      overhead_(crypto::record::overhead(suite)) {
  EXPECT_TRUE(client_tx_.install(mb, client_material));
  EXPECT_TRUE(client_rx_.install(mb, server_material));
  opened(context, conn, wire.now);  // the wire has taken the event
  pump();
}

Dialogue::~Dialogue() {
  tell(MessageKind::abort);
  tell(MessageKind::forget);
  while (told())
    pump();
  pump();
  EXPECT_TRUE(tunnels.active.empty());
  EXPECT_TRUE(tunnels.owing.empty());
  EXPECT_EQ(tunnels.backlog.waiting(), 0u);
  EXPECT_EQ(mailbox.in_use(), 0u);
  reset();  // what TCP still does by itself, FIN-WAIT and the like, is not these tests' affair
  EXPECT_EQ(wire.endpoint->buffers_held(), 0u);
  EXPECT_EQ(wire.endpoint->counters().connections.load(), 0u);
}

void Dialogue::queue(std::string_view bytes, size_t segment) {
  while (!bytes.empty()) {
    const std::string_view part = bytes.substr(0, segment);
    peer.give(sent, part, acked);
    sent += static_cast<uint32_t>(part.size());
    bytes.remove_prefix(part.size());
  }
}

void Dialogue::fin(std::string_view last_bytes) {
  peer.give(sent, last_bytes, acked, kFin | kAck);
  sent += static_cast<uint32_t>(last_bytes.size()) + 1;
  pump();
}

void Dialogue::reset() {
  collect();
  peer.give(sent, {}, acked, kRst | kAck);
  pump();
}

std::string Dialogue::seal(ContentType type, std::string_view plaintext) {
  std::string record(overhead_.total() + plaintext.size(), '\0');
  if (!plaintext.empty())
    std::memcpy(record.data() + overhead_.prefix, plaintext.data(), plaintext.size());
  SealOp op{&client_tx_, reinterpret_cast<uint8_t*>(record.data()),
            static_cast<uint32_t>(plaintext.size()), type, 0};
  crypto::record::seal(mb, {&op, 1});
  EXPECT_NE(op.record_size, 0u);
  record.resize(op.record_size);
  return record;
}

std::string Dialogue::sealed_packet(PacketType type, std::string_view payload) {
  return seal(ContentType::application_data, framed(type, payload));
}

void Dialogue::collect() {
  while (collect_once())
    continue;
}

// Takes and acknowledges what is on the wire. True if there may be more by it.
bool Dialogue::collect_once() {
  bool news = false;
  while (!wire.quiet()) {
    const Sent s = wire.take();
    if (s.flags & kRst) heard_reset = true;
    const uint32_t at = peer.offset_of(s);
    if (!s.data.empty() && at == acked) {
      heard_ += s.data;
      acked += static_cast<uint32_t>(s.data.size());
      news = true;
    }
    if ((s.flags & kFin) && !heard_fin && at + s.data.size() == acked) {
      heard_fin = true;
      ++acked;
      news = true;
    }
  }
  if (!news || heard_reset) return false;
  peer.give(sent, {}, acked);
  if (tunnel().queue != Backlog::kNoQueue) pump();  // the ACK made room for what waits
  return true;
}

std::string Dialogue::hear() {
  collect();
  return std::exchange(heard_, {});
}

std::vector<Heard> Dialogue::hear_records() {
  collect();
  auto out = open_heard();
  EXPECT_TRUE(heard_.empty()) << "the stream ends within a record";
  return out;
}

std::vector<Heard> Dialogue::hear_window() {
  collect_once();
  return open_heard();
}

std::vector<Heard> Dialogue::open_heard() {
  std::vector<Heard> out;
  while (heard_.size() >= 5) {
    const size_t size = 5 + load_be<uint16_t>(heard_.data() + 3);
    if (size > heard_.size()) break;
    std::vector<uint8_t> room(overhead_.prefix + size);
    OpenOp op{&client_rx_,
              data_of(heard_),
              static_cast<uint32_t>(size),
              room.data() + overhead_.prefix,
              0,
              {},
              {}};
    crypto::record::open(mb, {&op, 1});
    EXPECT_EQ(op.status, OpenStatus::ok);
    out.push_back({op.type, {reinterpret_cast<const char*>(op.payload), op.payload_size}});
    if (out.back().type == ContentType::handshake && !announced_.empty()) {
      EXPECT_TRUE(client_rx_.install(mb, announced_.front()));
      announced_.pop_front();
    }
    heard_.erase(0, size);
  }
  return out;
}

const crypto::record::KeyMaterial& Dialogue::next_server_material() {
  announced_.push_back(
      filled_material(*server_material.suite, static_cast<uint8_t>(0x80 + generations_), 0));
  ++generations_;
  return announced_.back();
}

std::optional<Told> Dialogue::told() {
  dp::Message* m = mailbox.from_worker();
  if (m == nullptr) return std::nullopt;
  Told t{m->kind,     m->reason, m->code,
         m->conn,     m->flow,   m->peer_mss,
         m->counters, m->totals, {reinterpret_cast<const char*>(m->data), m->size}};
  mailbox.free(m);
  return t;
}

Told Dialogue::expect(MessageKind kind) {
  auto t = told();
  if (!t) {
    ADD_FAILURE() << "control was told nothing, not " << static_cast<int>(kind);
    return {};
  }
  EXPECT_EQ(static_cast<int>(t->kind), static_cast<int>(kind));
  EXPECT_EQ(t->conn, conn);
  return *t;
}

void Dialogue::tell(MessageKind kind, std::string_view data, uint8_t code) {
  dp::Message* m = mailbox.allocate_for_worker();
  ASSERT_NE(m, nullptr);
  m->kind = kind;
  m->conn = conn;
  m->code = code;
  m->size = static_cast<uint32_t>(data.size());
  if (!data.empty()) std::memcpy(m->data, data.data(), data.size());
  mailbox.to_worker(m);
  pump();
}

void Dialogue::put_promote(const Timers& timers) {
  dp::Message* m = mailbox.allocate_for_worker();
  ASSERT_NE(m, nullptr);
  m->kind = MessageKind::promote;
  m->conn = conn;
  m->promotion.inner.v4 = dp::IpAddress::v4(0x0a0a0a05);
  m->promotion.rx = client_material;
  m->promotion.tx = server_material;
  m->promotion.dpd_interval_s = timers.dpd;
  m->promotion.keepalive_s = timers.keepalive;
  mailbox.to_worker(m);
}

Told Dialogue::promote(const Timers& timers) {
  while (told())
    continue;
  put_promote(timers);
  pump();
  pump();  // what is owed from the promotion is read on the loop after
  return expect(MessageKind::promoted);
}

void Dialogue::on_event(const tcp::Event& event, OpenBurst& burst) {
  Tunnel* t = tunnels.find(event.conn);
  if (t == nullptr) {
    if (event.bits & tcp::event::kClosed) wire.endpoint->release(event.conn);
    return;
  }
  take_event(context, *t, event, burst, sink(), wire.now);
}

// The order of the worker's loop.
void Dialogue::pump() {
  while (dp::Message* m = mailbox.from_control()) {
    on_message(context, *m, wire.now);
    mailbox.free(m);
  }
  OpenBurst burst(context);
  for (tcp::Event e = wire.event(); e.conn.generation != 0; e = wire.event())
    on_event(e, burst);
  for (size_t i = 0; i < tunnels.owing.size(); ++i) {
    Tunnel& t = tunnels[tunnels.owing[i]];
    if ((t.owed & owed::kRead) && t.phase == Phase::tunnel) burst.gather(t, sink(), wire.now);
  }
  burst.finish(sink(), wire.now);
  take_up(this, batch_);
  while (output_waiting(context, wire.now))
    continue;
  settle(context);
  wire.poll();
}

void Dialogue::pass(Time duration, Time step) {
  for (const Time end = wire.now + duration; wire.now < end;) {
    wire.now += step;
    sweep_timers(context, wire.now, step);
    pump();
    collect();
  }
}

void Dialogue::take_up(void* self, dp::Batch& packets) {
  auto& d = *static_cast<Dialogue*>(self);
  for (rte_mbuf* m : packets) {
    EXPECT_EQ(m->nb_segs, 1);
    EXPECT_EQ(m->pkt_len, m->data_len);
    EXPECT_EQ(m->next, nullptr);
    EXPECT_EQ(dp::meta(m).conn, d.conn);
    EXPECT_EQ(dp::meta(m).handoff, dp::Handoff::none);
    EXPECT_EQ(dp::meta(m).inner_source->v4, dp::IpAddress::v4(0x0a0a0a05));
    d.up.emplace_back(rte_pktmbuf_mtod(m, const char*), m->data_len);
    rte_pktmbuf_free(m);
  }
  packets.clear();
}

void Dialogue::down(const std::vector<std::string>& packets) {
  std::vector<rte_mbuf*> mbufs;
  for (const auto& p : packets) {
    rte_mbuf* m = rte_pktmbuf_alloc(test_pool());
    ASSERT_NE(m, nullptr);
    std::memcpy(rte_pktmbuf_append(m, static_cast<uint16_t>(p.size())), p.data(), p.size());
    dp::meta(m) = {};
    // As a Channel names it.
    dp::meta(m).conn = {0, conn.slot, conn.generation & 0xffff};
    mbufs.push_back(m);
  }
  for (size_t i = 0; i < mbufs.size(); i += dp::kBurst) {
    output(context, std::span(mbufs).subspan(i, std::min<size_t>(dp::kBurst, mbufs.size() - i)),
           wire.now);
  }
  wire.poll();
}

}  // namespace culvert::cstp::test
