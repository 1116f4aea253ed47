// Our record layer in the place of one end of a real TLS connection, OpenSSL unmodified at the
// other: every suite, every instruction set, both roles.
#include <random>
#include <tuple>

#include <gtest/gtest.h>

#include "crypto/record/protection.hpp"
#include "tests/crypto/hex.hpp"
#include "tests/crypto/isas.hpp"
#include "tests/crypto/record/peer.hpp"
#include "tests/crypto/record/tls_pair.hpp"

namespace culvert::crypto::record {
namespace {

// Opens and seals as one end would; the other is an SSL object.
class OurEnd {
 public:
  OurEnd(const MbManager& mb, const TrafficKeys& keys, Role ours) : mb_(mb) {
    EXPECT_TRUE(tx_.install(mb, ours == Role::client ? keys.client : keys.server));
    EXPECT_TRUE(rx_.install(mb, ours == Role::client ? keys.server : keys.client));
  }

  Bytes seal(ContentType type, const Bytes& payload) {
    const auto o = overhead(tx_);
    Bytes record(payload.size() + o.total());
    std::copy(payload.begin(), payload.end(), record.begin() + o.prefix);
    SealOp op{&tx_, record.data(), static_cast<uint32_t>(payload.size()), type, 0};
    record::seal(mb_, {&op, 1});
    EXPECT_LE(op.record_size, record.size());
    record.resize(op.record_size);
    return record;
  }

  // All records in one burst, in place.
  std::vector<OpenOp> open(std::vector<Bytes>& records) {
    std::vector<OpenOp> ops;
    ops.reserve(records.size());
    for (auto& r : records) {
      ops.push_back({&rx_,
                     r.data(),
                     static_cast<uint32_t>(r.size()),
                     r.data() + overhead(rx_).prefix,
                     0,
                     {},
                     {}});
    }
    record::open(mb_, ops);
    return ops;
  }

  Keys& tx() { return tx_; }
  Keys& rx() { return rx_; }

 private:
  const MbManager& mb_;
  Keys tx_;
  Keys rx_;
};

Bytes payload_of(const OpenOp& op) {
  return {op.payload, op.payload + op.payload_size};
}

Bytes random_bytes(std::mt19937& rng, size_t size) {
  Bytes out(size);
  for (auto& b : out)
    b = static_cast<uint8_t>(rng());
  return out;
}

Bytes read(SSL* end, size_t size) {
  Bytes out(size);
  size_t got = 0;
  while (got < size) {
    const int n = SSL_read(end, &out[got], static_cast<int>(size - got));
    if (n <= 0) break;
    got += static_cast<size_t>(n);
  }
  out.resize(got);
  return out;
}

class OpenSslPeerTest : public testing::TestWithParam<std::tuple<Isa, Role>> {
 protected:
  MbManager mb_{std::get<Isa>(GetParam())};
  Role ours_ = std::get<Role>(GetParam());
  std::mt19937 rng_{4};

  [[nodiscard]] SSL* peer(const TlsPair& pair) const {
    return ours_ == Role::server ? pair.client() : pair.server();
  }
};

TEST_P(OpenSslPeerTest, DataFlowsBothWaysUntilCloseNotify) {
  for (const Way& way : ways_of(tls_suites())) {
    SCOPED_TRACE(name_of(way));
    TlsPair pair(way.suite, way.encrypt_then_mac);
    SSL* const end = peer(pair);
    OurEnd our(mb_, pair.keys(), ours_);

    for (const size_t size : {1u, 2u, 15u, 16u, 17u, 100u, 1400u, 4095u, 16383u, 16384u, 50000u}) {
      const Bytes sent = random_bytes(rng_, size);
      write(end, sent);
      auto records = split_records(TlsPair::take(end));
      Bytes got;
      for (const OpenOp& op : our.open(records)) {
        ASSERT_EQ(op.status, OpenStatus::ok);
        ASSERT_EQ(op.type, ContentType::application_data);
        got.insert(got.end(), op.payload, op.payload + op.payload_size);
      }
      ASSERT_EQ(got, sent);

      const size_t back_size = std::min<size_t>(size, kMaxPlaintext);
      const Bytes back = random_bytes(rng_, back_size);
      TlsPair::deliver(end, our.seal(ContentType::application_data, back));
      ASSERT_EQ(read(end, back_size), back);
    }

    // RFC 8446 §6.1: close_notify, theirs and ours.
    SSL_shutdown(end);
    auto records = split_records(TlsPair::take(end));
    const auto ops = our.open(records);
    ASSERT_EQ(ops.size(), 1u);
    ASSERT_EQ(ops[0].status, OpenStatus::ok);
    EXPECT_EQ(ops[0].type, ContentType::alert);
    EXPECT_EQ(payload_of(ops[0]), (Bytes{1, 0}));
    TlsPair::deliver(end, our.seal(ContentType::alert, {1, 0}));
    EXPECT_EQ(SSL_shutdown(end), 1);
  }
}

TEST_P(OpenSslPeerTest, BothRefuseAChangedRecord) {
  for (const Way& way : ways_of(tls_suites())) {
    SCOPED_TRACE(name_of(way));
    TlsPair pair(way.suite, way.encrypt_then_mac);
    SSL* const end = peer(pair);
    OurEnd our(mb_, pair.keys(), ours_);
    write(end, random_bytes(rng_, 100));
    auto records = split_records(TlsPair::take(end));
    records[0].back() ^= 1;
    EXPECT_EQ(our.open(records)[0].status, OpenStatus::bad_tag);

    Bytes record = our.seal(ContentType::application_data, random_bytes(rng_, 100));
    record.back() ^= 1;
    TlsPair::deliver(end, record);
    uint8_t byte = 0;
    const int n = SSL_read(end, &byte, 1);
    EXPECT_EQ(SSL_get_error(end, n), SSL_ERROR_SSL);
  }
}

TEST_P(OpenSslPeerTest, KeyUpdateBothWays) {
  // RFC 8446 §4.6.3. The peer asks us to update as well.
  for (const Suite& suite : tls_suites()) {
    if (suite.version != Version::tls13) continue;
    SCOPED_TRACE(std::string(suite.name));
    TlsPair pair(suite);
    SSL* const end = peer(pair);
    OurEnd our(mb_, pair.keys(), ours_);
    const bool peer_is_client = ours_ == Role::server;
    Bytes rx_secret = pair.secret(peer_is_client);
    Bytes tx_secret = pair.secret(!peer_is_client);

    for (int generation = 0; generation < 3; generation++) {
      ASSERT_EQ(SSL_key_update(end, SSL_KEY_UPDATE_REQUESTED), 1);
      const Bytes sent = random_bytes(rng_, 200);
      write(end, sent);
      auto records = split_records(TlsPair::take(end));
      ASSERT_EQ(records.size(), 2u);
      auto ops = our.open(records);
      ASSERT_EQ(ops[0].status, OpenStatus::ok);
      EXPECT_EQ(ops[0].type, ContentType::handshake);
      EXPECT_EQ(payload_of(ops[0]), (Bytes{24, 0, 0, 1, 1}));
      // The record behind it is under the new keys and has not been touched: it opens once they are
      // here.
      EXPECT_EQ(ops[1].status, OpenStatus::held);

      rx_secret = to_vector(tls13_next_secret(suite, rx_secret).view());
      ASSERT_TRUE(our.rx().install(mb_, tls13_keys(suite, rx_secret)));
      std::vector<Bytes> rest{records[1]};
      ops = our.open(rest);
      ASSERT_EQ(ops[0].status, OpenStatus::ok);
      EXPECT_EQ(payload_of(ops[0]), sent);

      TlsPair::deliver(end, our.seal(ContentType::handshake, {24, 0, 0, 1, 0}));
      tx_secret = to_vector(tls13_next_secret(suite, tx_secret).view());
      ASSERT_TRUE(our.tx().install(mb_, tls13_keys(suite, tx_secret)));
      const Bytes back = random_bytes(rng_, 300);
      TlsPair::deliver(end, our.seal(ContentType::application_data, back));
      ASSERT_EQ(read(end, back.size()), back);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, OpenSslPeerTest,
                         testing::Combine(testing::ValuesIn(usable_isas()),
                                          testing::Values(Role::client, Role::server)),
                         [](const auto& param) {
                           return std::string(to_string(std::get<Isa>(param.param))) +
                                  (std::get<Role>(param.param) == Role::client ? "AsClient"
                                                                               : "AsServer");
                         });

}  // namespace
}  // namespace culvert::crypto::record
