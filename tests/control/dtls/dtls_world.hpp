// FakeWorld with workers that carry DTLS: they install and remove sides when they are told to, and
// keep what is sent to clients.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/control/dtls/dtls_client.hpp"
#include "tests/control/dtls/record_layer.hpp"
#include "tests/control/setup/fake_worker.hpp"

namespace culvert::control::test {

struct FakeSide {
  dp::DtlsSide side{};
  dp::ConnId id;
  dp::Flow flow;
  dp::DtlsInstall install{};
  std::unique_ptr<dp::TunnelCounters> counters = std::make_unique<dp::TunnelCounters>();
};

class DtlsWorld : public FakeWorld {
 public:
  explicit DtlsWorld(unsigned workers = 2, DtlsLimits dtls_limits = {}) : FakeWorld(workers) {
    setup.reset();
    on_dtls = [this](const dp::Message& m) { return take_dtls(m); };
    setup = std::make_unique<Setup>(env, tls, 2, SetupLimits{}, dtls_limits);
  }
  ~DtlsWorld() { setup.reset(); }

  static dp::Flow flow(uint32_t source = 0xc0000201, uint16_t port = 50000) {
    dp::Flow f;
    f.local = IpAddress::v4(0xc6336401);
    f.remote = IpAddress::v4(source);
    f.local_port = 443;
    f.remote_port = port;
    return f;
  }
  void datagram(uint8_t worker, const dp::Flow& from, const Datagram& bytes) {
    auto m = std::make_unique<dp::Message>();
    m->kind = dp::MessageKind::datagram;
    m->flow = from;
    m->size = static_cast<uint32_t>(bytes.size());
    std::copy(bytes.begin(), bytes.end(), m->data);
    give(worker, *m);
  }
  void say(dp::MessageKind kind, const FakeSide& side, auto change) {
    auto m = std::make_unique<dp::Message>();
    m->kind = kind;
    m->conn = side.id;
    m->side = side.side;
    change(*m);
    give(side.id.worker, *m);
  }
  void say(dp::MessageKind kind, const FakeSide& side) {
    say(kind, side, [](dp::Message&) {});
  }
  // Answers of the workers, and the jobs, until nothing moves.
  void settle() {
    for (bool moved = true; moved;) {
      moved = setup->pending() != 0;
      run();
      while (!answers.empty()) {
        const auto answer = std::move(answers.front());
        answers.pop_front();
        answer();
        moved = true;
      }
    }
  }
  // Datagrams both ways until both are quiet.
  void exchange_dtls(DtlsClient& client, const dp::Flow& from, uint8_t worker = 0) {
    for (;;) {
      const auto up = client.output();
      for (const Datagram& bytes : up)
        datagram(worker, from, bytes);
      settle();
      const auto down = std::exchange(to_client[from.remote_port], {});
      if (up.empty() && down.empty()) return;
      for (const Datagram& bytes : down)
        client.input(bytes);
      (void)client.handshake();
    }
  }
  // A handshake from its first flight to both sides on the workers.
  void handshake(DtlsClient& client, const dp::Flow& from, uint8_t worker = 0) {
    (void)client.handshake();
    exchange_dtls(client, from, worker);
  }
  [[nodiscard]] FakeSide* newest(dp::DtlsSide side) {
    FakeSide* found = nullptr;
    for (auto& s : sides) {
      if (s->side == side) found = s.get();
    }
    return found;
  }
  [[nodiscard]] dp::Channel channel() { return published.begin()->first->current_channel(); }

  std::vector<std::unique_ptr<FakeSide>> sides;  // that are on the workers
  std::vector<std::string> orders;               // that the workers were given
  std::deque<std::function<void()>> answers;
  std::map<uint16_t, std::vector<Datagram>> to_client;  // by the client's port
  bool answer_installs = true;

 private:
  void give(unsigned worker, const dp::Message& from) {
    dp::Message* m = message(from.kind, from.conn);
    *m = from;
    setup->on_message(worker, m);
  }
  bool take_dtls(const dp::Message& m) {
    using Kind = dp::MessageKind;
    const std::string name = m.side == dp::DtlsSide::receive ? "rx" : "tx";
    switch (m.kind) {
      case Kind::send_datagram:
        orders.push_back("send");
        to_client[m.flow.remote_port].emplace_back(m.data, m.data + m.size);
        return true;
      case Kind::install_dtls_rx:
      case Kind::install_dtls_tx: {
        orders.push_back("install " + name);
        EXPECT_LT(m.conn.slot, config.dataplane.max_sessions);
        for (const auto& other : sides)
          EXPECT_FALSE(other->side == m.side && other->id.worker == m.conn.worker &&
                       other->id.slot == m.conn.slot)
              << "the slot is in use";
        auto side = std::make_unique<FakeSide>();
        side->side = m.side;
        side->id = m.conn;
        side->flow = m.flow;
        side->install = m.dtls;
        FakeSide* raw = side.get();
        sides.push_back(std::move(side));
        if (answer_installs) {
          answers.push_back([this, raw] {
            say(Kind::dtls_installed, *raw,
                [raw](dp::Message& a) { a.counters = raw->counters.get(); });
          });
        }
        return true;
      }
      case Kind::remove_dtls:
        orders.push_back("remove " + name);
        for (const auto& side : sides) {
          if (side->side != m.side || side->id != m.conn) continue;
          answers.push_back([this, raw = side.get()] { removed(*raw); });
        }
        return true;
      case Kind::route_dtls:
        orders.push_back(m.conn.generation == 0 ? "unroute" : "route");
        return true;
      default: return false;
    }
  }
  void removed(const FakeSide& side) {
    say(dp::MessageKind::dtls_removed, side, [&side](dp::Message& m) {
      m.totals.rx_bytes = side.side == dp::DtlsSide::receive ? 1000 : 0;
      m.totals.tx_bytes = side.side == dp::DtlsSide::transmit ? 2000 : 0;
    });
    std::erase_if(sides, [&side](const auto& s) { return s.get() == &side; });
  }
};

// A client that has logged in, has its TLS tunnel, and may begin DTLS.
class DtlsUser {
 public:
  explicit DtlsUser(DtlsWorld& world, DtlsForm form = DtlsForm::psk, uint8_t worker = 0)
      : world_(world), form_(form) {
    connect(worker);
  }
  // Logs in the first time; later ones come with the same cookie.
  void connect(uint8_t worker = 0) {
    tcp = &world_.open(worker);
    TlsClient client(TLS1_3_VERSION, "TLS_AES_256_GCM_SHA384");
    world_.connect(client, *tcp);
    if (cookie.empty()) {
      cookie = cookie_of(world_.ask(client, *tcp, post("/", login_body("vpn", "secret"))));
    }
    std::string request = connect_request(cookie);
    request.resize(request.size() - 2);
    request += form_ == DtlsForm::psk ? "X-DTLS-CipherSuite: PSK-NEGOTIATE:AES256-SHA\r\n"
                                      : "X-DTLS12-CipherSuite: AES256-GCM-SHA384\r\n";
    request += "X-DTLS-Master-Secret: " + std::string(96, '5') + "\r\n\r\n";
    reply = world_.ask(client, *tcp, request);
    ASSERT_TRUE(tcp->promotion.has_value()) << reply;
    world_.promoted(*tcp);
    const std::string hex =
        header(reply, form_ == DtlsForm::psk ? "X-DTLS-App-ID" : "X-DTLS-Session-ID");
    ASSERT_EQ(hex.size(), 64u) << reply;
    id.clear();
    for (size_t i = 0; i < hex.size(); i += 2)
      id.push_back(static_cast<uint8_t>(std::stoul(hex.substr(i, 2), nullptr, 16)));
    secret.assign(form_ == DtlsForm::psk ? 32 : 48, 0x55);
    if (form_ == DtlsForm::psk) {
      ASSERT_EQ(SSL_export_keying_material(client.ssl(), secret.data(), secret.size(),
                                           "EXPORTER-openconnect-psk", 24, nullptr, 0, 0),
                1);
    }
  }
  [[nodiscard]] std::unique_ptr<DtlsClient> dtls() const {
    return std::make_unique<DtlsClient>(
        form_, form_ == DtlsForm::psk ? "PSK-AES256-GCM-SHA384" : "AES256-GCM-SHA384", secret, id);
  }

  FakeConnection* tcp = nullptr;
  std::string cookie;
  std::string reply;
  std::vector<uint8_t> id;
  std::vector<uint8_t> secret;

 private:
  DtlsWorld& world_;
  DtlsForm form_;
};

}  // namespace culvert::control::test
