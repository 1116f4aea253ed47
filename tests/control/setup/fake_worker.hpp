// Plays the workers and the session table for Setup: frames TLS records out of a byte stream,
// passes one at a time when asked, and keeps what it is told.
#pragma once

#include <cstring>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <poll.h>

#include "control/setup/server.hpp"
#include "crypto/password.hpp"
#include "tests/control/setup/tls_client.hpp"

namespace culvert::control::test {

// A TCP connection as its worker sees it.
struct FakeConnection {
  dp::ConnId id;
  std::deque<uint8_t> from_client;
  std::vector<uint8_t> to_client;
  bool wanted = false;  // control asked for the next record
  std::optional<dp::Promotion> promotion;
  std::vector<dp::Promotion> rekeys;
  uint64_t setup_bytes = 0;
  std::optional<uint8_t> closed;  // CSTP type of `close`
  std::string close_reason;
  bool aborted = false;
  bool forgotten = false;
  unsigned records = 0;  // passed to control
  dp::TunnelCounters counters;
};

class FakeWorld {
 public:
  explicit FakeWorld(unsigned workers = 2, SetupLimits limits = {}) {
    char pattern[] = "/tmp/culvert-test-XXXXXX";
    state_dir = ::mkdtemp(pattern);
    config.hostname = "vpn.example";
    config.group_policies["DfltGrpPolicy"].name = "DfltGrpPolicy";
    config.tunnel_groups["DefaultWEBVPNGroup"].name = "DefaultWEBVPNGroup";
    config.tunnel_groups["DefaultWEBVPNGroup"].address_pools = {"VPN"};
    config.pools["VPN"] = {"VPN", 0x0a0a0a01, 0x0a0a0a08, 0xffffff00};
    InterfaceConfig outside;
    outside.nameif = "outside";
    outside.address = IpAddress::v4(0xc6336401);
    config.interfaces.push_back(outside);
    add_user("vpn", "secret");

    env.config = &config;
    env.workers = workers;
    env.allocate = [this](unsigned) -> dp::Message* {
      if (starved) return nullptr;
      messages++;
      return new dp::Message{};
    };
    env.free_message = [this](unsigned, dp::Message* m) {
      messages--;
      delete m;
    };
    env.post = [this](unsigned, dp::Message* m) { take(m); };
    // The last byte decides, whatever the family.
    env.home_of = [workers](const IpAddress& a) {
      return static_cast<uint8_t>(a.bytes()[15] % workers);
    };
    env.publish = [this](const SessionSpec& spec) -> dp::Session* {
      for (const IpAddress& a : {spec.inner.v4, spec.inner.v6}) {
        if (!a.is_unspecified() && !addresses.insert(a).second) return nullptr;
      }
      auto session = std::make_unique<dp::Session>();
      session->inner = spec.inner;
      session->index = spec.index;
      session->home = spec.home;
      dp::Session* raw = session.get();
      published[raw] = std::move(session);
      return raw;
    };
    env.set_channel = [](dp::Session* s, dp::Channel c) { s->channel.store(c.word()); };
    env.retire = [this](dp::Session* s) {
      addresses.erase(s->inner.v4);
      addresses.erase(s->inner.v6);
      published.erase(s);
    };
    env.log = [this](int, unsigned number, const std::string& text) {
      log.push_back(std::to_string(number) + " " + text);
    };
    env.now_us = [this] { return now; };
    env.wall_time = [] { return std::time_t{1700000000}; };
    tls = std::make_shared<ServerContext>(config.ssl, state_dir, config.hostname);
    setup = std::make_unique<Setup>(env, tls, 2, limits);
  }
  ~FakeWorld() {
    setup.reset();  // says goodbye to the connections
    std::filesystem::remove_all(state_dir);
  }

  void add_user(const std::string& name, const std::string& password) {
    config.users[name] = {name, to_string(crypto::hash_password(password, 1000)), std::nullopt};
  }

  FakeConnection& open(uint8_t worker = 0, uint32_t source = 0xc0000201) {
    auto connection = std::make_unique<FakeConnection>();
    connection->id = {worker, next_slot, 1};
    FakeConnection& c = *connection;
    connections[next_slot++] = std::move(connection);
    dp::Message* m = message(dp::MessageKind::opened, c.id);
    m->flow.local = IpAddress::v4(0xc6336401);
    m->flow.remote = IpAddress::v4(source);
    m->flow.local_port = 443;
    m->flow.remote_port = static_cast<uint16_t>(40000 + c.id.slot);
    setup->on_message(worker, m);
    return c;
  }
  void ended(FakeConnection& c, dp::EndReason reason, uint8_t code = 0, dp::Totals totals = {}) {
    dp::Message* m = message(dp::MessageKind::ended, c.id);
    m->reason = reason;
    m->code = code;
    m->totals = totals;
    setup->on_message(c.id.worker, m);
  }
  void promoted(FakeConnection& c) {
    dp::Message* m = message(dp::MessageKind::promoted, c.id);
    m->counters = &c.counters;
    m->setup_bytes = c.setup_bytes;
    setup->on_message(c.id.worker, m);
  }

  void key_update(FakeConnection& c, uint8_t wanted) {
    dp::Message* m = message(dp::MessageKind::key_update, c.id);
    m->code = wanted;
    setup->on_message(c.id.worker, m);
  }
  void oversized(const dp::Oversized& what) {
    dp::Message* m = message(dp::MessageKind::oversized, dp::ConnId{});
    m->oversized = what;
    setup->on_message(0, m);
  }
  const TunnelInfo& tunnel() const { return *setup->sessions().all().begin()->second->tunnel; }

  // Passes the next record on if it is wanted and whole.
  bool pass_record(FakeConnection& c) {
    if (!c.wanted || c.from_client.size() < 5) return false;
    const size_t size = 5u + (size_t{c.from_client[3]} << 8 | c.from_client[4]);
    if (c.from_client.size() < size) return false;
    dp::Message* m = message(dp::MessageKind::record, c.id);
    m->size = static_cast<uint32_t>(size);
    for (size_t i = 0; i < size; i++)
      m->data[i] = c.from_client[i];
    c.from_client.erase(c.from_client.begin(), c.from_client.begin() + static_cast<long>(size));
    c.wanted = false;
    c.records++;
    c.setup_bytes += size;
    setup->on_message(c.id.worker, m);
    return true;
  }
  // Passes records on until nobody wants any or none is whole, and waits for the jobs.
  void run() {
    for (bool moved = true; moved;) {
      moved = false;
      for (auto& [slot, c] : connections)
        moved = pass_record(*c) || moved;
      while (setup->pending() != 0 && !starved) {
        pollfd wait{setup->job_fd(), POLLIN, 0};
        ::poll(&wait, 1, 10000);
        setup->on_jobs();
        moved = true;
      }
    }
  }
  // Bytes both ways between a client and its connection until both are quiet.
  void exchange(TlsClient& client, FakeConnection& c) {
    for (;;) {
      const auto out = client.output();
      c.from_client.insert(c.from_client.end(), out.begin(), out.end());
      run();
      if (out.empty() && c.to_client.empty()) return;
      client.input(c.to_client);
      c.to_client.clear();
      if (SSL_in_init(client.ssl())) (void)client.handshake();
    }
  }
  void connect(TlsClient& client, FakeConnection& c) {
    (void)client.handshake();
    exchange(client, c);
  }
  std::string ask(TlsClient& client, FakeConnection& c, std::string_view request) {
    client.write(request);
    exchange(client, c);
    return client.read();
  }
  void advance(unsigned seconds) {
    now += seconds * 1'000'000ull;
    setup->tick();
  }
  bool logged(std::string_view text) const {
    for (const std::string& line : log) {
      if (line.find(text) != line.npos) return true;
    }
    return false;
  }

  Config config;
  SetupEnv env;
  std::string state_dir;
  uint32_t next_slot = 1;
  uint64_t now = 1'000'000;
  bool starved = false;
  int messages = 0;  // allocated and not freed
  std::map<dp::Session*, std::unique_ptr<dp::Session>> published;
  std::set<IpAddress> addresses;
  std::map<uint32_t, std::unique_ptr<FakeConnection>> connections;
  std::vector<std::string> log;
  std::shared_ptr<ServerContext> tls;
  std::unique_ptr<Setup> setup;

  std::function<bool(const dp::Message&)> on_dtls;  // takes what is about DTLS

 protected:
  dp::Message* message(dp::MessageKind kind, dp::ConnId id) {
    messages++;
    auto* m = new dp::Message{};
    m->kind = kind;
    m->conn = id;
    return m;
  }

 private:
  void take(dp::Message* m) {
    const auto found = connections.find(m->conn.slot);
    if (on_dtls && on_dtls(*m)) {
      // Slots of DTLS are counted apart.
    } else if (found != connections.end()) {
      FakeConnection& c = *found->second;
      switch (m->kind) {
        case dp::MessageKind::want_record:
          EXPECT_FALSE(c.wanted);
          c.wanted = true;
          break;
        case dp::MessageKind::send:
          c.to_client.insert(c.to_client.end(), m->data, m->data + m->size);
          break;
        case dp::MessageKind::promote: c.promotion = m->promotion; break;
        case dp::MessageKind::rekey: c.rekeys.push_back(m->promotion); break;
        case dp::MessageKind::close:
          c.closed = m->code;
          c.close_reason.assign(reinterpret_cast<const char*>(m->data), m->size);
          break;
        case dp::MessageKind::abort: c.aborted = true; break;
        case dp::MessageKind::forget: c.forgotten = true; break;
        default: ADD_FAILURE() << "not for a worker";
      }
    }
    messages--;
    delete m;
  }
};

inline std::string post(std::string_view path, std::string_view body,
                        std::string_view type = "application/xml; charset=utf-8") {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: 198.51.100.1\r\n" +
         "User-Agent: Open AnyConnect VPN Agent v9.01-3\r\nAccept: */*\r\n"
         "X-Transcend-Version: 1\r\nX-Aggregate-Auth: 1\r\nContent-Type: " +
         std::string(type) + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

inline std::string init_body() {
  return R"(<?xml version="1.0" encoding="UTF-8"?>
)"
         R"(<config-auth client="vpn" type="init" aggregate-auth-version="2">)"
         R"(<version who="vpn">v9.01-3</version><device-id>linux-64</device-id><capabilities>)"
         R"(<auth-method>single-sign-on-v2</auth-method><auth-method>single-sign-on-external-browser)"
         R"(</auth-method></capabilities><group-access>https://198.51.100.1/</group-access>)"
         R"(</config-auth>)";
}

inline std::string login_body(std::string_view user, std::string_view password) {
  return R"(<?xml version="1.0" encoding="UTF-8"?>
)"
         R"(<config-auth client="vpn" type="auth-reply" aggregate-auth-version="2">)"
         R"(<version who="vpn">v9.01-3</version><device-id>linux-64</device-id><capabilities>)"
         R"(<auth-method>single-sign-on-v2</auth-method></capabilities><opaque is-for="sg">)"
         R"(<tunnel-group>DefaultWEBVPNGroup</tunnel-group></opaque><auth><username>)" +
         std::string(user) + "</username><password>" + std::string(password) +
         "</password></auth></config-auth>";
}

inline std::string connect_request(std::string_view cookie) {
  return "CONNECT /CSCOSSLC/tunnel HTTP/1.1\r\nHost: 198.51.100.1\r\n"
         "User-Agent: Open AnyConnect VPN Agent v9.01-3\r\nCookie: webvpn=" +
         std::string(cookie) +
         "\r\nX-CSTP-Version: 1\r\nX-CSTP-Hostname: vm\r\n"
         "X-CSTP-Accept-Encoding: oc-lz4,lzs\r\nX-CSTP-Base-MTU: 1500\r\nX-CSTP-MTU: 1390\r\n"
         "X-CSTP-Address-Type: IPv6,IPv4\r\nX-CSTP-Full-IPv6-Capability: true\r\n\r\n";
}

inline std::string header(std::string_view reply, std::string_view name) {
  const size_t at = reply.find("\r\n" + std::string(name) + ": ");
  if (at == reply.npos) return {};
  const size_t start = at + 4 + name.size();
  return std::string(reply.substr(start, reply.find("\r\n", start) - start));
}

inline std::string cookie_of(std::string_view reply) {
  const std::string line = header(reply, "Set-Cookie");
  return line.starts_with("webvpn=") ? line.substr(7, line.find(';') - 7) : std::string();
}

}  // namespace culvert::control::test
