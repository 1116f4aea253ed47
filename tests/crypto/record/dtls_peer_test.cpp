// Our record layer in the place of one end of a real DTLS 1.2 connection, OpenSSL unmodified at the
// other: every suite, every instruction set, both roles; datagrams lost, doubled and out of order.
#include <algorithm>
#include <random>
#include <tuple>

#include <gtest/gtest.h>

#include "crypto/record/protection.hpp"
#include "crypto/record/replay_window.hpp"
#include "tests/crypto/isas.hpp"
#include "tests/crypto/record/dtls_pair.hpp"
#include "tests/crypto/record/peer.hpp"

namespace culvert::crypto::record {
namespace {

// Past whatever OpenSSL may send again of its last flight.
constexpr uint64_t kFirstNumber = 0x100;

class DtlsPeerTest : public testing::TestWithParam<std::tuple<Isa, Role>> {
 protected:
  MbManager mb_{std::get<Isa>(GetParam())};
  Role ours_ = std::get<Role>(GetParam());
  std::mt19937 rng_{6};
  Keys tx_{};
  Keys rx_{};
  ReplayWindow window_;

  SSL* take_over(const DtlsPair& pair) {
    const TrafficKeys keys = pair.keys();
    KeyMaterial tx = ours_ == Role::client ? keys.client : keys.server;
    tx.sequence = dtls_sequence(1, kFirstNumber);
    EXPECT_TRUE(tx_.install(mb_, tx));
    EXPECT_TRUE(rx_.install(mb_, ours_ == Role::client ? keys.server : keys.client));
    window_.reset();
    return ours_ == Role::server ? pair.client() : pair.server();
  }

  Bytes random_bytes(size_t size) {
    Bytes out(size);
    for (auto& b : out)
      b = static_cast<uint8_t>(rng_());
    return out;
  }

  Bytes seal_one(ContentType type, const Bytes& payload) {
    const auto o = overhead(tx_);
    Bytes record(payload.size() + o.total());
    std::copy(payload.begin(), payload.end(), record.begin() + o.prefix);
    SealOp op{&tx_, record.data(), static_cast<uint32_t>(payload.size()), type, 0};
    seal(mb_, {&op, 1});
    record.resize(op.record_size);
    return record;
  }

  // As a worker does: look at the window, open a burst, mark what was authentic. Payloads of those
  // that were new.
  std::vector<Bytes> open_burst(std::vector<Bytes>& datagrams) {
    const auto o = overhead(rx_);
    std::vector<OpenOp> ops;
    for (auto& d : datagrams) {
      if (d.size() < kDtlsHeaderSize) continue;
      if (!window_.accepts(dtls_sequence(d.data()) & kDtlsSequenceMask)) continue;
      ops.push_back(
          {&rx_, d.data(), static_cast<uint32_t>(d.size()), d.data() + o.prefix, 0, {}, {}});
    }
    open(mb_, ops);
    std::vector<Bytes> out;
    for (const OpenOp& op : ops) {
      if (op.status != OpenStatus::ok) continue;
      if (!window_.mark(dtls_sequence(op.record) & kDtlsSequenceMask)) continue;
      last_type_ = op.type;
      out.emplace_back(op.payload, op.payload + op.payload_size);
    }
    return out;
  }

  ContentType last_type_{};
};

// Every record that `end` finds good.
std::vector<Bytes> read_all(SSL* end) {
  std::vector<Bytes> out;
  Bytes room(kMaxPlaintext);
  for (int n = 0; (n = SSL_read(end, room.data(), static_cast<int>(room.size()))) > 0;)
    out.emplace_back(room.begin(), room.begin() + n);
  return out;
}

TEST_P(DtlsPeerTest, DataFlowsBothWaysUntilCloseNotify) {
  for (const Way& way : ways_of(dtls_suites())) {
    SCOPED_TRACE(name_of(way));
    DtlsPair pair(way.suite, way.encrypt_then_mac);
    SSL* const end = take_over(pair);
    for (const size_t size : {1u, 2u, 15u, 16u, 17u, 100u, 576u, 1300u}) {
      const Bytes sent = random_bytes(size);
      write(end, sent);
      auto datagrams = pair.take(end);
      ASSERT_EQ(open_burst(datagrams), std::vector<Bytes>{sent});
      const Bytes back = random_bytes(size);
      pair.deliver(end, seal_one(ContentType::application_data, back));
      ASSERT_EQ(read_all(end), std::vector<Bytes>{back});
    }
    SSL_shutdown(end);
    auto datagrams = pair.take(end);
    ASSERT_EQ(open_burst(datagrams), (std::vector<Bytes>{{1, 0}}));
    EXPECT_EQ(last_type_, ContentType::alert);
    pair.deliver(end, seal_one(ContentType::alert, {1, 0}));
    EXPECT_EQ(SSL_shutdown(end), 1);
  }
}

TEST_P(DtlsPeerTest, LostDoubledShuffledAndChangedDatagrams) {
  for (const Way& way : ways_of(dtls_suites())) {
    SCOPED_TRACE(name_of(way));
    DtlsPair pair(way.suite, way.encrypt_then_mac);
    SSL* const end = take_over(pair);

    std::vector<Bytes> expected;
    std::vector<Bytes> wire;
    for (int i = 0; i < 200; i++) {
      Bytes payload = random_bytes(1 + rng_() % 1200);
      write(end, payload);
      const auto sent = pair.take(end);
      if (rng_() % 5 == 0) continue;
      wire.insert(wire.end(), sent.begin(), sent.end());
      if (rng_() % 3 == 0) wire.insert(wire.end(), sent.begin(), sent.end());
      wire.push_back(sent[0]);
      wire.back()[wire.back().size() - 1 - rng_() % 20] ^= 4;
      expected.push_back(std::move(payload));
    }
    std::shuffle(wire.begin(), wire.end(), rng_);
    auto again = wire;
    auto got = open_burst(wire);
    std::sort(got.begin(), got.end());
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(got, expected);
    EXPECT_TRUE(open_burst(again).empty()) << "the same once more";

    // The other way; OpenSSL's window has 64 places.
    expected.clear();
    wire.clear();
    for (int i = 0; i < 60; i++) {
      expected.push_back(random_bytes(1 + rng_() % 1200));
      wire.push_back(seal_one(ContentType::application_data, expected.back()));
      wire.push_back(wire.back());
    }
    std::shuffle(wire.begin(), wire.end(), rng_);
    for (const Bytes& datagram : wire)
      pair.deliver(end, datagram);
    got = read_all(end);
    std::sort(got.begin(), got.end());
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(got, expected);
  }
}

INSTANTIATE_TEST_SUITE_P(All, DtlsPeerTest,
                         testing::Combine(testing::ValuesIn(usable_isas()),
                                          testing::Values(Role::client, Role::server)),
                         [](const auto& param) {
                           return std::string(to_string(std::get<Isa>(param.param))) +
                                  (std::get<Role>(param.param) == Role::client ? "AsClient"
                                                                               : "AsServer");
                         });

}  // namespace
}  // namespace culvert::crypto::record
