#include "tests/dataplane/dtls/rig.hpp"

#include <cstring>

#include "tests/crypto/record/material.hpp"

namespace culvert::dtls::test {

using namespace dp::test;
using crypto::record::dtls_sequence;
using crypto::record::filled_material;
using crypto::record::OpenOp;
using crypto::record::OpenStatus;
using crypto::record::SealOp;

namespace {

dp::Doorbell& bell() {
  static dp::Doorbell one;
  return one;
}

// DPDK's names are the process's.
unsigned next_mailbox() {
  static unsigned serial = 0;
  return serial++;
}

crypto::MbManager& manager() {
  static crypto::MbManager one(crypto::best_isa(0));
  return one;
}

}  // namespace

dp::Flow flow_from(uint32_t address, uint16_t port) {
  return {dp::IpAddress::v4(kOwnIp), dp::IpAddress::v4(address), kPort, port};
}

Rig::Worker::Worker(Rig& owner, uint8_t i, uint32_t slots)
    : rig(owner),
      index(i),
      mb(crypto::best_isa(0)),
      receive(slots, {1, 2}),
      transmit(slots),
      scratch(crypto::record::kBlockSize + crypto::record::kMaxRecord),
      context{.worker = i,
              .workers = static_cast<uint8_t>(owner.workers),
              .receive = receive,
              .transmit = transmit,
              .mailbox = *owner.mailboxes[i],
              .mb = mb,
              .drops = drops,
              .pool = owner.pool.get(),
              .scratch = scratch.data() + crypto::record::kBlockSize,
              .homes = owner.homes.data(),
              .edges = {{[](void* self, dp::Batch& packets) {
                           auto& worker = *static_cast<Worker*>(self);
                           for (rte_mbuf* m : packets) {
                             const Bytes b = bytes_of(m);
                             EXPECT_EQ(m->nb_segs, 1);
                             EXPECT_EQ(m->ol_flags, 0u);
                             EXPECT_EQ(dp::meta(m).handoff, dp::Handoff::none);
                             EXPECT_EQ(dp::meta(m).conn.worker, worker.index);
                             worker.rig.up.emplace_back(b.begin(), b.end());
                             worker.rig.up_from.push_back(*dp::meta(m).inner_source);
                             rte_pktmbuf_free(m);
                           }
                           packets.clear();
                         },
                         this, &up},
                        {[](void* self, dp::Batch& packets) {
                           auto& worker = *static_cast<Worker*>(self);
                           output(worker.context, packets.span(), Framing::cdtp_packet,
                                  worker.rig.now);
                           packets.clear();
                         },
                         this, &replies},
                        {[](void* self, dp::Batch& packets) {
                           auto& worker = *static_cast<Worker*>(self);
                           for (rte_mbuf* m : packets) {
                             const unsigned to = dp::meta(m).conn.worker;
                             EXPECT_NE(to, worker.index);
                             EXPECT_LT(to, worker.rig.workers);
                             ++worker.rig.handed_over;
                             if (worker.rig.lose_handoffs) {
                               rte_pktmbuf_free(m);
                             } else {
                               worker.rig.w[to]->mesh.push_back(m);
                             }
                           }
                           packets.clear();
                         },
                         this, &handoff},
                        {[](void* self, dp::Batch& packets) {
                           auto& worker = *static_cast<Worker*>(self);
                           worker.sent.insert(worker.sent.end(), packets.begin(), packets.end());
                           packets.clear();
                         },
                         this, &out}},
              .message_reserve = owner.mailboxes[i]->available_for_control() / 2} {}

Rig::Rig(unsigned count, uint32_t slots, unsigned messages, uint32_t buffers)
    : pool(buffers), workers(count) {
  for (unsigned i = 0; i < count; ++i)
    mailboxes.push_back(
        std::make_unique<dp::Mailbox>(1000 + next_mailbox(), messages, bell(), bell()));
  for (unsigned i = 0; i < count; ++i) {
    w.push_back(std::make_unique<Worker>(*this, static_cast<uint8_t>(i), slots));
    homes.at(i) = &w.back()->transmit;
    w.back()->context.listeners.add(dp::IpAddress::v4(kOwnIp), kPort);
  }
}

Rig::~Rig() {
  for (unsigned i = 0; i < workers; ++i) {
    while (told(i))
      continue;
    for (const auto side : {DtlsSide::receive, DtlsSide::transmit}) {
      const auto& active = side == DtlsSide::receive ? w[i]->receive.active : w[i]->transmit.active;
      while (!active.empty()) {
        const uint32_t slot = active.back();
        const uint32_t generation = side == DtlsSide::receive ? w[i]->receive[slot].generation
                                                              : w[i]->transmit[slot].generation;
        tell(i, MessageKind::remove_dtls, [&](dp::Message& m) {
          m.side = side;
          m.conn = {i, slot, generation};
        });
        while (told(i))
          continue;
        pump();
      }
    }
  }
  for (unsigned i = 0; i < workers; ++i) {
    for (rte_mbuf* m : w[i]->sent)
      rte_pktmbuf_free(m);
    EXPECT_TRUE(w[i]->receive.owing.empty());
    EXPECT_TRUE(w[i]->transmit.owing.empty());
    while (told(i))
      continue;
    EXPECT_EQ(mailboxes[i]->in_use(), 0u);
  }
}

std::unique_ptr<Client> Rig::client(uint32_t slot, uint8_t worker, uint8_t home,
                                    const crypto::Suite* suite, bool encrypt_then_mac) {
  if (suite == nullptr) suite = &crypto::dtls_suites().front();
  static uint32_t generation = 0x10000;
  auto c = std::make_unique<Client>();
  c->flow = flow_from(kFarIp, static_cast<uint16_t>(40'000 + slot));
  c->worker = worker;
  c->home = home;
  ++generation;
  c->rx = {worker, slot, generation};
  c->tx = {home, slot, generation};
  c->up = filled_material(*suite, static_cast<uint8_t>(0x31 + slot), dtls_sequence(1, 1));
  c->down = filled_material(*suite, static_cast<uint8_t>(0x71 + slot), dtls_sequence(1, 1));
  c->up.encrypt_then_mac = c->down.encrypt_then_mac = encrypt_then_mac;
  c->inner = dp::IpAddress::v4(0x0a0a0a05 + slot);
  EXPECT_TRUE(c->sealing.install(manager(), c->up));
  EXPECT_TRUE(c->opening.install(manager(), c->down));
  c->down.sequence = kFirst;
  return c;
}

void Rig::install_side(Client& c, DtlsSide side, const Timers& timers) {
  const bool rx = side == DtlsSide::receive;
  tell(rx ? c.worker : c.home, rx ? MessageKind::install_dtls_rx : MessageKind::install_dtls_tx,
       [&](dp::Message& m) {
         m.conn = rx ? c.rx : c.tx;
         m.flow = c.flow;
         m.dtls.inner.v4 = c.inner;
         m.dtls.keys = rx ? c.up : c.down;
         m.dtls.transmit = c.tx;
         m.dtls.dpd_interval_s = timers.dpd;
         m.dtls.keepalive_s = timers.keepalive;
       });
}

void Rig::install(Client& c, const Timers& timers) {
  install_side(c, DtlsSide::transmit, timers);
  EXPECT_EQ(expect(MessageKind::dtls_installed, c.home).conn, c.tx);
  install_side(c, DtlsSide::receive, timers);
  EXPECT_EQ(expect(MessageKind::dtls_installed, c.worker).conn, c.rx);
}

void Rig::remove(const Client& c) {
  for (const auto side : {DtlsSide::receive, DtlsSide::transmit}) {
    const ConnId conn = side == DtlsSide::receive ? c.rx : c.tx;
    tell(conn.worker, MessageKind::remove_dtls, [&](dp::Message& m) {
      m.side = side;
      m.conn = conn;
    });
    const Told t = expect(MessageKind::dtls_removed, conn.worker);
    EXPECT_EQ(t.conn, conn);
    EXPECT_EQ(t.side, side);
  }
}

std::optional<Told> Rig::told(unsigned worker) {
  dp::Message* m = mailboxes[worker]->from_worker();
  if (m == nullptr) return std::nullopt;
  Told t{m->kind,     m->side,
         m->reason,   m->code,
         m->landed,   m->conn,
         m->flow,     m->counters,
         m->totals,   {reinterpret_cast<const char*>(m->data), m->size},
         m->path_mtu, m->largest_probe};
  mailboxes[worker]->free(m);
  return t;
}

Told Rig::expect(MessageKind kind, unsigned worker) {
  auto t = told(worker);
  if (!t) {
    ADD_FAILURE() << "control was told nothing, not " << static_cast<int>(kind);
    return {};
  }
  EXPECT_EQ(static_cast<int>(t->kind), static_cast<int>(kind));
  return *t;
}

std::string Rig::record(Client& c, ContentType type, std::string_view plaintext) {
  const auto overhead = crypto::record::overhead(c.sealing);
  std::string record(plaintext.size() + overhead.total(), '\0');
  if (!plaintext.empty())
    std::memcpy(record.data() + overhead.prefix, plaintext.data(), plaintext.size());
  SealOp op{&c.sealing, reinterpret_cast<uint8_t*>(record.data()),
            static_cast<uint32_t>(plaintext.size()), type, 0};
  crypto::record::seal(manager(), {&op, 1});
  EXPECT_NE(op.record_size, 0u);
  record.resize(op.record_size);
  return record;
}

std::string Rig::packet(Client& c, PacketType type, std::string_view payload) {
  return record(c, ContentType::application_data,
                std::string(1, static_cast<char>(type)).append(payload));
}

Bytes Rig::udp_packet(const dp::Flow& flow, std::string_view payload) const {
  Bytes udp(sizeof(dp::UdpHeader) + payload.size());
  const dp::UdpHeader header{flow.remote_port, flow.local_port, static_cast<uint16_t>(udp.size()),
                             uint16_t{0}};
  std::memcpy(udp.data(), &header, sizeof header);
  std::copy(payload.begin(), payload.end(), udp.begin() + sizeof header);
  return ipv4({.src = flow.remote.v4_value(), .dst = flow.local.v4_value()}, udp);
}

void Rig::land(unsigned worker, const dp::Flow& flow, std::string_view payload, Steering steering) {
  dp::Batch batch;
  rte_mbuf* m = pool.packet(udp_packet(flow, payload));
  dp::meta(m).family = 4;
  dp::meta(m).l3_size = 20;
  batch.push(m);
  input(w[worker]->context, batch, steering, now);
  EXPECT_TRUE(batch.empty());
  pump();
}

void Rig::land_burst(unsigned worker, const dp::Flow& flow,
                     const std::vector<std::string>& payloads) {
  dp::Batch batch;
  for (const auto& payload : payloads) {
    rte_mbuf* m = pool.packet(udp_packet(flow, payload));
    dp::meta(m).family = 4;
    dp::meta(m).l3_size = 20;
    batch.push(m);
  }
  input(w[worker]->context, batch, Steering::by_port, now);
  pump();
}

std::vector<Heard> Rig::hear(Client& c) {
  std::vector<Heard> heard;
  for (auto& worker : w) {
    std::deque<rte_mbuf*> others;
    for (rte_mbuf* m : worker->sent) {
      EXPECT_EQ(dp::meta(m).family, 4);
      EXPECT_EQ(dp::meta(m).l3_size, 20);
      dp::finish_checksums(m, m->ol_flags & (RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_L4_MASK));
      const Bytes b = bytes_of(m);
      const auto* ip = reinterpret_cast<const dp::Ipv4Header*>(b.data());
      const auto* udp = reinterpret_cast<const dp::UdpHeader*>(b.data() + 20);
      EXPECT_TRUE(dp::transport_checksum_ok(m, 20));
      EXPECT_NE(udp->checksum.raw(), 0);
      EXPECT_EQ(reference_checksum({b.data(), 20}), 0);
      EXPECT_TRUE(ip->dont_fragment());
      EXPECT_EQ(ip->total_length, b.size());
      EXPECT_EQ(udp->length, b.size() - 20);
      const dp::Flow flow{dp::IpAddress::v4(ip->src), dp::IpAddress::v4(ip->dst), udp->src_port,
                          udp->dst_port};
      constexpr size_t kBefore = 16;  // CBC writes there
      std::vector<uint8_t> room(kBefore + b.size());
      OpenOp op{&c.opening,
                b.data() + 28,
                static_cast<uint32_t>(b.size() - 28),
                room.data() + kBefore,
                0,
                {},
                {}};
      crypto::record::open(manager(), {&op, 1});
      if (op.status != OpenStatus::ok) {
        others.push_back(m);
        continue;
      }
      heard.push_back({flow,
                       op.type,
                       crypto::record::dtls_sequence(op.record),
                       {reinterpret_cast<const char*>(op.payload), op.payload_size}});
      rte_pktmbuf_free(m);
    }
    worker->sent = others;
  }
  return heard;
}

void Rig::pump() {
  for (bool news = true; news;) {
    news = false;
    for (auto& worker : w) {
      Context& c = worker->context;
      while (dp::Message* m = c.mailbox.from_control()) {
        EXPECT_TRUE(is_for_dtls(m->kind));
        on_message(c, *m, now);
        c.mailbox.free(m);
        news = true;
      }
      dp::Batch arrived;
      while (!worker->mesh.empty() && !arrived.full()) {
        news = true;
        rte_mbuf* m = worker->mesh.front();
        worker->mesh.pop_front();
        const dp::Handoff what = dp::meta(m).handoff;
        if (what == dp::Handoff::dtls_move) {
          take_move(c, m);
        } else if (what == dp::Handoff::dtls_reply) {
          dp::meta(m).handoff = dp::Handoff::none;
          c.edges.replies.push(m);
        } else {
          arrived.push(m);
        }
      }
      if (!arrived.empty()) input(c, arrived, Steering::by_owner, now);
      settle(c);
      for (const dp::BatchSink* sink :
           {&c.edges.replies, &c.edges.up, &c.edges.handoff, &c.edges.out}) {
        if (!sink->batch->empty()) {
          sink->flush(sink->arg, *sink->batch);
          news = true;
        }
      }
    }
  }
}

void Rig::pass(Time duration, Time step) {
  for (const Time end = now + duration; now < end;) {
    now += step;
    for (auto& worker : w)
      sweep_timers(worker->context, now, step);
    pump();
  }
}

void Rig::down(const Client& client, const std::vector<std::string>& packets) {
  dp::Batch batch;
  for (const auto& p : packets) {
    rte_mbuf* m = rte_pktmbuf_alloc(pool.get());
    ASSERT_NE(m, nullptr);
    std::memcpy(rte_pktmbuf_append(m, static_cast<uint16_t>(p.size())), p.data(), p.size());
    dp::meta(m) = {};
    // As a Channel names it.
    dp::meta(m).conn = {client.tx.worker, client.tx.slot, client.tx.generation & 0xffff};
    batch.push(m);
  }
  output(w[client.home]->context, batch.span(), Framing::inner_packet, now);
  pump();
}

uint64_t Rig::dropped(DropReason reason) const {
  uint64_t sum = 0;
  for (const auto& worker : w)
    sum += worker->drops.get(reason);
  return sum;
}

}  // namespace culvert::dtls::test
