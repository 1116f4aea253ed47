// Keys that change while a tunnel lives. The client is OpenSSL; control is played by the test, with
// the real key derivation.
#include "dataplane/cstp/key_update.hpp"

#include <gtest/gtest.h>
#include <openssl/err.h>

#include "tests/crypto/record/tls_pair.hpp"
#include "tests/dataplane/cstp/dialogue.hpp"

namespace culvert::cstp::test {
namespace {

using crypto::record::TlsPair;
using tcp::test::pattern;

const crypto::Suite& suite_of(crypto::Version version, size_t index = 0) {
  for (const auto& s : crypto::tls_suites()) {
    if (s.version == version && index-- == 0) return s;
  }
  throw std::logic_error("no such suite");
}

// An OpenSSL client whose server is a worker and a control that follows the secrets.
class Tunnel13 {
 public:
  explicit Tunnel13(size_t suite = 0)
      : suite_(suite_of(crypto::Version::tls13, suite)), pair(suite_), d(suite_, 64) {
    d.client_material = pair.keys().client;
    d.server_material = pair.keys().server;
    client_secret_.assign(pair.secret(true));
    server_secret_.assign(pair.secret(false));
    counters = d.promote().counters;
  }

  void write(const std::string& payload) {
    const std::string packet = framed(PacketType::data, payload);
    ASSERT_EQ(SSL_write(pair.client(), packet.data(), static_cast<int>(packet.size())),
              static_cast<int>(packet.size()));
    written.push_back(payload);
  }
  void key_update(int type = SSL_KEY_UPDATE_REQUESTED) {
    ASSERT_EQ(SSL_key_update(pair.client(), type), 1);
    ASSERT_EQ(SSL_do_handshake(pair.client()), 1);
  }
  std::vector<crypto::Bytes> records() {
    return crypto::record::split_records(TlsPair::take(pair.client()));
  }
  // The payloads of the data packets that OpenSSL can read.
  std::vector<std::string> read() {
    const std::string stream = d.hear();
    TlsPair::deliver(pair.client(),
                     {reinterpret_cast<const uint8_t*>(stream.data()), stream.size()});
    std::vector<std::string> out;
    std::string buffer(20'000, '\0');
    int n;
    while ((n = SSL_read(pair.client(), buffer.data(), static_cast<int>(buffer.size()))) > 0)
      out.push_back(buffer.substr(kHeaderSize, static_cast<size_t>(n) - kHeaderSize));
    EXPECT_EQ(SSL_get_error(pair.client(), n), SSL_ERROR_WANT_READ);
    return out;
  }
  // Answers one wish for keys; false if there is none.
  bool renew() {
    const auto told = d.told();
    if (!told) return false;
    EXPECT_EQ(told->kind, MessageKind::key_update);
    dp::Message* m = d.mailbox.allocate_for_worker();
    EXPECT_NE(m, nullptr);
    m->kind = MessageKind::rekey;
    m->conn = d.conn;
    if ((told->code & dp::wanted_keys::kReceive) != 0) {
      client_secret_ = tls13_next_secret(suite_, client_secret_.view());
      m->promotion.rx = tls13_keys(suite_, client_secret_.view());
    }
    if ((told->code & dp::wanted_keys::kTransmit) != 0) {
      server_secret_ = tls13_next_secret(suite_, server_secret_.view());
      m->promotion.tx = tls13_keys(suite_, server_secret_.view());
      ++transmit_updates;
    }
    if ((told->code & dp::wanted_keys::kTransmitAgain) != 0) {
      m->promotion.tx = tls13_keys(suite_, server_secret_.view());
      ++repeated;
    }
    d.mailbox.to_worker(m);
    d.pump();
    return true;
  }

 private:
  const crypto::Suite& suite_;

 public:
  TlsPair pair;
  Dialogue d;
  std::vector<std::string> written;
  const dp::TunnelCounters* counters = nullptr;
  unsigned transmit_updates = 0, repeated = 0;

 private:
  crypto::Secret<48> client_secret_, server_secret_;
};

TEST(KeyUpdate, InMidStreamLosesNothingHoweverTheStreamIsCut) {
  for (const size_t suite : {size_t{0}, size_t{1}}) {
    for (const size_t segment : {size_t{1}, size_t{13}, size_t{536}, size_t{1900}}) {
      Tunnel13 t(suite);
      for (size_t i = 0; i < 60; ++i) {
        t.write(pattern(1 + i * 20, i));
        if (i % 10 == 4)
          t.key_update(i % 20 == 4 ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED);
      }
      t.d.say(text(TlsPair::take(t.pair.client())), segment);
      EXPECT_EQ(t.d.up.size(), 5u) << "what follows is sealed with keys that the worker has not";
      EXPECT_TRUE(t.d.tunnel().awaits_receive_keys);
      std::vector<std::string> down, heard;
      while (t.renew()) {
        down.push_back(pattern(700, down.size()));
        t.d.down({down.back()});
        for (auto& packet : t.read())
          heard.push_back(std::move(packet));
      }
      EXPECT_EQ(t.d.up, t.written);
      EXPECT_EQ(heard, down);
      EXPECT_EQ(t.transmit_updates, 3u);
      EXPECT_EQ(t.counters->key_updates.load(), 6u);
      EXPECT_EQ(t.counters->rx_records.load(), 66u);
    }
  }
}

TEST(KeyUpdate, HeldBuffersGoBackIntoTheStreamInOrder) {
  Tunnel13 t;
  t.write("before");
  t.key_update();
  for (size_t i = 0; i < 200; ++i)
    t.write(pattern(100 + i, i));
  // One record a segment: each is taken out of the stream to be opened where it lies.
  for (const auto& record : t.records())
    t.d.queue(text(record));
  t.d.pump();
  EXPECT_EQ(t.d.up, std::vector<std::string>{"before"});
  while (t.renew())
    t.d.pump();
  EXPECT_EQ(t.d.up, t.written);
}

TEST(KeyUpdate, AClientThatClosesBehindItIsStillRead) {
  Tunnel13 t;
  t.key_update();
  t.write("last words");
  t.d.queue(text(TlsPair::take(t.pair.client())));
  t.d.fin();
  EXPECT_TRUE(t.d.up.empty());
  ASSERT_TRUE(t.renew());
  EXPECT_EQ(t.d.up, t.written);
  EXPECT_EQ(t.d.expect(MessageKind::ended).reason, EndReason::peer_closed);
}

TEST(KeyUpdate, AFullSendQueueKeepsRoomForOurs) {
  Tunnel13 t;
  std::vector<std::string> packets(600, one_flow(1300, 1));
  t.d.down(packets);
  ASSERT_GT(t.d.tunnels.backlog.waiting(), 0u);
  t.key_update();
  t.d.say(text(TlsPair::take(t.pair.client())));
  ASSERT_TRUE(t.renew());
  EXPECT_FALSE(t.d.tunnel().awaits_transmit_keys);
  EXPECT_EQ(t.repeated, 0u);
  size_t heard = t.read().size();
  EXPECT_EQ(heard + t.d.dropped(DropReason::svc_flow_control), packets.size());
  t.d.down({"under the new key"});
  EXPECT_EQ(t.read(), std::vector<std::string>{"under the new key"});
}

TEST(KeyUpdate, WithoutABufferTheOldKeyGoesOnAndTheNewOneIsAskedForAgain) {
  Tunnel13 t;
  t.key_update();
  t.d.say(text(TlsPair::take(t.pair.client())));
  {
    EmptyPool none;
    ASSERT_TRUE(t.renew());
    EXPECT_TRUE(t.d.tunnel().awaits_transmit_keys);
    EXPECT_FALSE(t.d.tunnel().awaits_receive_keys);
  }
  t.d.down({"under the old key"});
  EXPECT_EQ(t.read(), std::vector<std::string>{"under the old key"});
  while (t.renew())
    continue;
  EXPECT_GE(t.repeated, 1u);
  EXPECT_EQ(t.transmit_updates, 1u);
  t.d.down({"under the new key"});
  EXPECT_EQ(t.read(), std::vector<std::string>{"under the new key"});
}

TEST(KeyUpdate, AWornKeyIsReplacedByTheWorkerItself) {
  Tunnel13 t;
  t.d.context.sealing_limit = 1000;
  size_t heard = 0;
  for (size_t i = 0; i < 100; ++i) {
    t.d.down({pattern(1000, i), pattern(1000, i)});
    t.d.pump();
    if (i % 3 == 0) (void)t.renew();
    heard += t.read().size();
  }
  EXPECT_EQ(heard, 200u);
  EXPECT_GT(t.transmit_updates, 8u);
  EXPECT_LE(t.transmit_updates, 13u);
  EXPECT_EQ(t.counters->key_updates.load(), 0u);  // none of the client's
}

TEST(KeyUpdate, AFloodEndsTheTunnelByName) {
  Tunnel13 t;
  for (int i = 0; i < 40; ++i)
    t.key_update(SSL_KEY_UPDATE_NOT_REQUESTED);
  t.d.say(text(TlsPair::take(t.pair.client())));
  std::optional<Told> ended;
  for (int i = 0; i < 40 && t.d.tunnel().phase == Phase::tunnel; ++i)
    ASSERT_TRUE(t.renew());
  EXPECT_EQ(t.d.expect(MessageKind::ended).reason, EndReason::key_update_flood);
  EXPECT_EQ(t.d.dropped(DropReason::tls_key_updates), 1u);
  EXPECT_EQ(t.counters->key_updates.load(), 32u);
}

TEST(KeyUpdate, NothingElseMayComeInATunnel) {
  struct Bad {
    std::string message;
    uint8_t alert;
  };
  const std::string update("\x18\0\0\1\0", 5);
  for (const Bad& bad : {Bad{std::string("\x18\0\0\1\2", 5), kAlertIllegalParameter},
                         Bad{update + update, kAlertUnexpectedMessage},
                         Bad{update.substr(0, 4), kAlertUnexpectedMessage},
                         Bad{std::string("\x18\0\0\2\0\0", 6), kAlertUnexpectedMessage},
                         Bad{std::string("\x01\0\0\0", 4), kAlertUnexpectedMessage},
                         Bad{std::string("\x04\0\0\0", 4), kAlertUnexpectedMessage}}) {
    Dialogue d(suite_of(crypto::Version::tls13));
    d.promote();
    d.say(d.seal(ContentType::handshake, bad.message));
    EXPECT_EQ(d.expect(MessageKind::ended).reason, EndReason::bad_record);
    EXPECT_EQ(d.dropped(DropReason::tls_handshake), 1u);
    const auto heard = d.hear_records();
    ASSERT_EQ(heard.size(), 1u);
    EXPECT_TRUE(heard[0].is_alert(bad.alert));
  }
}

TEST(KeyUpdate, KeysThatNobodyAskedForChangeNothing) {
  Tunnel13 t;
  dp::Message* m = t.d.mailbox.allocate_for_worker();
  m->kind = MessageKind::rekey;
  m->conn = t.d.conn;
  m->promotion.rx = m->promotion.tx = t.d.client_material;
  t.d.mailbox.to_worker(m);
  t.write("as before");
  t.d.say(text(TlsPair::take(t.pair.client())));
  EXPECT_EQ(t.d.up, t.written);
  t.d.down({"as before"});
  EXPECT_EQ(t.read(), std::vector<std::string>{"as before"});
}

TEST(Renegotiation, IsRefusedAndTheTunnelLives) {
  Dialogue d(suite_of(crypto::Version::tls12));
  d.promote();
  const std::string hello = std::string("\x01\0\0\x40", 4) + std::string(64, 'h');
  std::string stream;
  std::vector<std::string> sent;
  for (size_t i = 0; i < 30; ++i) {
    sent.push_back(pattern(200, i));
    stream += d.sealed_packet(PacketType::data, sent.back());
    if (i % 10 == 5) stream += d.seal(ContentType::handshake, hello);
  }
  d.say(stream);
  for (int i = 0; i < 5; ++i)
    d.pump();
  EXPECT_EQ(d.up, sent);
  EXPECT_EQ(d.dropped(DropReason::tls_renegotiation), 3u);
  const auto heard = d.hear_records();
  ASSERT_EQ(heard.size(), 3u);
  for (const Heard& alert : heard) {
    EXPECT_TRUE(alert.is_alert(kAlertNoRenegotiation));
    EXPECT_EQ(alert.plaintext[0], 1);  // a warning
  }
  EXPECT_EQ(d.tunnel().phase, Phase::tunnel);
  for (int i = 0; i < 40 && d.tunnel().phase == Phase::tunnel; ++i)
    d.say(d.seal(ContentType::handshake, hello));
  EXPECT_EQ(d.expect(MessageKind::ended).reason, EndReason::key_update_flood);
}

TEST(Renegotiation, WhatItHoldsComesBeforeALargeRecord) {
  for (const size_t segment : {size_t{1400}, size_t{13}}) {
    Dialogue d(suite_of(crypto::Version::tls12));
    d.promote();
    const std::string hello = std::string("\x01\0\0\x40", 4) + std::string(64, 'h');
    d.say(join({d.seal(ContentType::handshake, hello), d.sealed_packet(PacketType::data, "small"),
                d.sealed_packet(PacketType::data, pattern(5000)),
                d.sealed_packet(PacketType::data, "behind")}),
          segment);
    for (int i = 0; i < 5; ++i)
      d.pump();
    EXPECT_EQ(d.tunnel().phase, Phase::tunnel);
    EXPECT_EQ(d.up, (std::vector<std::string>{"small", "behind"}));
    EXPECT_EQ(d.dropped(DropReason::svc_bad_length), 1u);
    EXPECT_EQ(d.dropped(DropReason::tls_decrypt), 0u);
  }
}

TEST(Renegotiation, OpensslHearsTheRefusal) {
  const crypto::Suite& suite = suite_of(crypto::Version::tls12);
  TlsPair pair(suite);
  Dialogue d(suite);
  d.client_material = pair.keys().client;
  d.server_material = pair.keys().server;
  d.promote();
  ASSERT_EQ(SSL_renegotiate(pair.client()), 1);
  (void)SSL_do_handshake(pair.client());
  d.say(text(TlsPair::take(pair.client())));
  const std::string stream = d.hear();
  ASSERT_FALSE(stream.empty());
  TlsPair::deliver(pair.client(), {reinterpret_cast<const uint8_t*>(stream.data()), stream.size()});
  EXPECT_EQ(SSL_do_handshake(pair.client()), -1);
  EXPECT_EQ(ERR_GET_REASON(ERR_get_error()), SSL_R_NO_RENEGOTIATION);
  EXPECT_EQ(d.tunnel().phase, Phase::tunnel);
}

TEST(WornKey, EndsATls12TunnelSoThatTheClientComesBack) {
  Dialogue d(suite_of(crypto::Version::tls12));
  d.promote();
  d.context.sealing_limit = 500;
  std::vector<std::string> packets(12, pattern(1000, 3));  // less than the first window
  d.down(packets);  // in one burst: what is sealed goes out before the goodbye
  d.pump();
  EXPECT_EQ(d.expect(MessageKind::ended).reason, EndReason::key_worn_out);
  const auto heard = d.hear_records();
  ASSERT_EQ(heard.size(), 13u);
  EXPECT_TRUE(heard.back().is_alert(0));
  EXPECT_TRUE(d.heard_fin);
}

// 48 bytes with the CSTP header, and 29 of header, nonce and tag: five blocks each, and not three.
TEST(WornKey, WholeRecordsCount) {
  Dialogue d(suite_of(crypto::Version::tls12));
  d.promote();
  d.context.sealing_limit = 500;
  d.down(std::vector<std::string>(99, pattern(40, 3)));
  d.pump();
  EXPECT_FALSE(d.told());
  d.down({pattern(40, 3)});
  d.pump();
  EXPECT_EQ(d.expect(MessageKind::ended).reason, EndReason::key_worn_out);
}

}  // namespace
}  // namespace culvert::cstp::test
