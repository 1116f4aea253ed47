// The whole way with a real OpenSSL client: handshake, login, CONNECT, and then our record layer
// continues both streams exactly where OpenSSL stopped.
#include <algorithm>
#include <string>

#include "crypto/record/protection.hpp"
#include "tests/control/setup/fake_worker.hpp"

namespace culvert::control::test {
namespace {

using namespace crypto::record;

struct Variant {
  int version;
  const char* suite;
  bool encrypt_then_mac = false;
};

TlsClient client_of(const Variant& variant) {
  return TlsClient(variant.version, variant.suite, variant.encrypt_then_mac);
}

class HandOver : public ::testing::TestWithParam<Variant> {};

// A worker's keys for one connection.
class RecordLayer {
 public:
  explicit RecordLayer(const dp::Promotion& promotion)
      : mb_(crypto::best_isa(0)), rx_(std::make_unique<Keys>()), tx_(std::make_unique<Keys>()) {
    EXPECT_TRUE(rx_->install(mb_, promotion.rx));
    EXPECT_TRUE(tx_->install(mb_, promotion.tx));
    overhead_ = overhead(promotion.tx);
  }
  void install(const dp::Promotion& promotion) {
    EXPECT_TRUE(rx_->install(mb_, promotion.rx));
    EXPECT_TRUE(tx_->install(mb_, promotion.tx));
  }
  std::vector<uint8_t> seal(std::string_view text,
                            ContentType type = ContentType::application_data) {
    std::vector<uint8_t> record(overhead_.total() + text.size());
    std::memcpy(record.data() + overhead_.prefix, text.data(), text.size());
    SealOp op{};
    op.keys = tx_.get();
    op.record = record.data();
    op.payload_size = static_cast<uint32_t>(text.size());
    op.type = type;
    crypto::record::seal(mb_, {&op, 1});
    EXPECT_NE(op.record_size, 0u);
    record.resize(op.record_size);
    return record;
  }
  std::string open(std::vector<uint8_t> record, ContentType type = ContentType::application_data) {
    std::vector<uint8_t> payload(record.size() + 64);
    OpenOp op{};
    op.keys = rx_.get();
    op.record = record.data();
    op.record_size = static_cast<uint32_t>(record.size());
    op.payload = payload.data() + 32;
    crypto::record::open(mb_, {&op, 1});
    EXPECT_EQ(op.status, OpenStatus::ok);
    EXPECT_EQ(op.type, type);
    rx_->held = false;
    return std::string(reinterpret_cast<const char*>(op.payload), op.payload_size);
  }

 private:
  crypto::MbManager mb_;
  std::unique_ptr<Keys> rx_;
  std::unique_ptr<Keys> tx_;
  Overhead overhead_{};
};

TEST_P(HandOver, LoginConnectAndDataBothWays) {
  FakeWorld world;
  FakeConnection& c = world.open(1);
  TlsClient client = client_of(GetParam());
  world.connect(client, c);
  ASSERT_FALSE(SSL_in_init(client.ssl()));
  EXPECT_STREQ(SSL_get_cipher(client.ssl()), GetParam().suite);

  const std::string form = world.ask(client, c, post("/", init_body()));
  EXPECT_TRUE(form.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(header(form, "X-Transcend-Version"), "1");
  EXPECT_NE(form.find("name=\"password\""), form.npos);

  const std::string complete = world.ask(client, c, post("/", login_body("vpn", "secret")));
  const std::string cookie = cookie_of(complete);
  ASSERT_EQ(cookie.size(), kCookieSize) << complete;
  EXPECT_NE(complete.find("<session-token>" + cookie + "</session-token>"), complete.npos);
  EXPECT_EQ(world.setup->sessions().size(), 1u);
  EXPECT_TRUE(world.published.empty());  // no address before CONNECT

  const std::string connected = world.ask(client, c, connect_request(cookie));
  ASSERT_TRUE(connected.starts_with("HTTP/1.1 200 CONNECTED\r\n")) << connected;
  EXPECT_EQ(header(connected, "X-CSTP-Address"), "10.10.10.1");  // its home is worker 1
  EXPECT_EQ(header(connected, "X-CSTP-Netmask"), "255.255.255.0");
  EXPECT_EQ(header(connected, "X-CSTP-MTU"), "1347");
  EXPECT_EQ(connected.find("X-DTLS-"), connected.npos);  // the client did not ask

  ASSERT_TRUE(c.promotion.has_value());
  EXPECT_EQ(c.promotion->rx.encrypt_then_mac, GetParam().encrypt_then_mac);
  EXPECT_EQ(c.promotion->tx.encrypt_then_mac, GetParam().encrypt_then_mac);
  EXPECT_FALSE(c.wanted);  // what follows is the worker's
  ASSERT_EQ(world.published.size(), 1u);
  dp::Session* session = world.published.begin()->first;
  EXPECT_EQ(c.promotion->inner, session->inner);
  EXPECT_EQ(session->current_channel().kind(), dp::Channel::Kind::none);
  EXPECT_EQ(world.setup->half_set_up(), 1u);
  world.promoted(c);
  EXPECT_EQ(session->current_channel().kind(), dp::Channel::Kind::tls);
  EXPECT_EQ(session->current_channel().mtu(), 1347);
  EXPECT_EQ(session->current_channel().worker(), 1);
  EXPECT_EQ(world.setup->half_set_up(), 0u);

  RecordLayer worker(*c.promotion);
  for (int i = 0; i < 20; i++) {
    const std::string up = "up " + std::string(static_cast<size_t>(i) * 70, 'u');
    client.write(up);
    EXPECT_EQ(worker.open(client.output()), up);
    const std::string down = "down " + std::string(static_cast<size_t>(i) * 70, 'd');
    client.input(worker.seal(down));
    EXPECT_EQ(client.read(), down);
  }

  EXPECT_TRUE(world.logged("725002 Device completed SSL handshake with client outside:192.0.2.1/"));
  EXPECT_TRUE(world.logged("113012 "));
  EXPECT_TRUE(world.logged("113039 Group <DfltGrpPolicy> User <vpn> IP <192.0.2.1>"));
  EXPECT_TRUE(world.logged("722051 "));
  EXPECT_TRUE(world.logged("722033 "));
  for (const std::string& line : world.log) {
    EXPECT_EQ(line.find("secret"), line.npos);
    EXPECT_EQ(line.find(cookie), line.npos);
  }
  world.ended(c, dp::EndReason::client_disconnect, 0xb0);
  EXPECT_TRUE(c.forgotten);
  EXPECT_EQ(world.setup->sessions().size(), 0u);
  EXPECT_TRUE(world.published.empty());
  EXPECT_EQ(world.setup->pools().in_use(), 0u);
  EXPECT_EQ(world.setup->connections(), 0u);
  EXPECT_EQ(world.messages, 0);
  EXPECT_TRUE(
      world.logged("113019 Group = DefaultWEBVPNGroup, Username = vpn, IP = 192.0.2.1, "
                   "Session disconnected."));
}

// More requests before CONNECT: the sequence numbers are not those of the shortest way.
TEST_P(HandOver, CountsWhateverCameBefore) {
  FakeWorld world;
  FakeConnection& c = world.open();
  TlsClient client = client_of(GetParam());
  world.connect(client, c);
  for (int i = 0; i < 5; i++)
    (void)world.ask(client, c, post("/", init_body()));
  // A request over many records.
  const std::string login = post("/", login_body("vpn", "secret"));
  for (size_t at = 0; at < login.size(); at += 100)
    client.write(std::string_view(login).substr(at, 100));
  world.exchange(client, c);
  const std::string cookie = cookie_of(client.read());
  (void)world.ask(client, c, connect_request(cookie));
  ASSERT_TRUE(c.promotion.has_value());
  RecordLayer worker(*c.promotion);
  client.write("up");
  EXPECT_EQ(worker.open(client.output()), "up");
  client.input(worker.seal("down"));
  EXPECT_EQ(client.read(), "down");
}

// Data that the client sends right behind CONNECT never reaches OpenSSL.
// A client that has its cookie.
struct LoggedIn {
  explicit LoggedIn(const Variant& variant) : client(client_of(variant)) {
    world.connect(client, c);
    cookie = cookie_of(world.ask(client, c, post("/", login_body("vpn", "secret"))));
  }
  FakeWorld world;
  FakeConnection& c = world.open();
  TlsClient client;
  std::string cookie;
};

TEST_P(HandOver, EarlyTunnelDataStaysWithTheWorker) {
  LoggedIn l(GetParam());
  auto& [world, c, client, cookie] = l;
  client.write(connect_request(cookie));
  client.write("early");
  world.exchange(client, c);
  ASSERT_TRUE(c.promotion.has_value());
  ASSERT_FALSE(c.from_client.empty());
  RecordLayer worker(*c.promotion);
  EXPECT_EQ(worker.open({c.from_client.begin(), c.from_client.end()}), "early");
  world.promoted(c);
  EXPECT_EQ(world.tunnel().openssl_bytes_after_connect, 0u);
}

TEST_P(HandOver, AByteTooManyForOpensslShows) {
  LoggedIn l(GetParam());
  auto& [world, c, client, cookie] = l;
  world.ask(client, c, connect_request(cookie));
  ASSERT_TRUE(c.promotion.has_value());
  c.setup_bytes += 5;  // as if the worker had passed on the beginning of a record of the tunnel
  world.promoted(c);
  EXPECT_EQ(world.tunnel().openssl_bytes_after_connect, 5u);
}

TEST_P(HandOver, KeysFollowTheClientsKeyUpdates) {
  LoggedIn l(GetParam());
  auto& [world, c, client, cookie] = l;
  world.key_update(c, dp::wanted_keys::kReceive);  // there is no tunnel yet
  world.ask(client, c, connect_request(cookie));
  world.promoted(c);
  if (GetParam().version != TLS1_3_VERSION) {
    world.key_update(c, dp::wanted_keys::kReceive | dp::wanted_keys::kTransmit);
    EXPECT_TRUE(c.rekeys.empty());
    return;
  }
  RecordLayer worker(*c.promotion);
  for (int round = 0; round < 3; ++round) {
    ASSERT_EQ(SSL_key_update(client.ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
    EXPECT_TRUE(client.handshake());
    EXPECT_EQ(worker.open(client.output(), ContentType::handshake), std::string("\x18\0\0\1\1", 5));
    world.key_update(c, dp::wanted_keys::kReceive | dp::wanted_keys::kTransmit);
    ASSERT_EQ(c.rekeys.size(), static_cast<size_t>(2 * round + 1));
    client.input(worker.seal(std::string("\x18\0\0\1\0", 5), ContentType::handshake));
    worker.install(c.rekeys.back());
    client.input(worker.seal("down"));
    EXPECT_EQ(client.read(), "down");
    client.write("up");
    EXPECT_EQ(worker.open(client.output()), "up");

    // The worker could not use them yet: the same once more, and the receive side stays.
    world.key_update(c, dp::wanted_keys::kTransmitAgain);
    EXPECT_EQ(c.rekeys.back().rx.suite, nullptr);
    EXPECT_TRUE(std::ranges::equal(c.rekeys.back().tx.key.view(),
                                   c.rekeys[c.rekeys.size() - 2].tx.key.view()));
  }
  EXPECT_EQ(world.setup->stats().key_updates, 6u);
}

INSTANTIATE_TEST_SUITE_P(
    Suites, HandOver,
    ::testing::Values(Variant{TLS1_3_VERSION, "TLS_AES_256_GCM_SHA384"},
                      Variant{TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256"},
                      Variant{TLS1_2_VERSION, "ECDHE-ECDSA-AES256-GCM-SHA384"},
                      Variant{TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256"},
                      Variant{TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA"},
                      Variant{TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA", true},
                      Variant{TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA256", true},
                      Variant{TLS1_2_VERSION, "ECDHE-ECDSA-AES256-SHA384", true}),
    [](const auto& variant) {
      std::string name = variant.param.suite;
      if (variant.param.encrypt_then_mac) name += "EncryptThenMac";
      std::erase_if(name, [](char ch) { return !std::isalnum(static_cast<unsigned char>(ch)); });
      return name;
    });

}  // namespace
}  // namespace culvert::control::test
