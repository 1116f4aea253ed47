// The client's TLS is OpenSSL's: what it has agreed on with an OpenSSL server, a worker carries on.
#include <gtest/gtest.h>

#include "tests/crypto/record/tls_pair.hpp"
#include "tests/dataplane/cstp/dialogue.hpp"

namespace culvert::cstp::test {
namespace {

using crypto::record::TlsPair;

// A suite and, with CBC, the order of MAC and encryption (RFC 7366).
struct Way {
  const crypto::Suite* suite;
  bool encrypt_then_mac;
};

class OpensslPeer : public testing::TestWithParam<Way> {};

std::vector<Way> all_ways() {
  std::vector<Way> out;
  for (const auto& s : crypto::tls_suites()) {
    out.push_back({&s, false});
    if (crypto::is_cbc(s.cipher)) out.push_back({&s, true});
  }
  return out;
}
INSTANTIATE_TEST_SUITE_P(Suites, OpensslPeer, testing::ValuesIn(all_ways()), [](const auto& i) {
  std::string name(i.param.suite->name);
  std::erase_if(name, [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); });
  return name + (i.param.encrypt_then_mac ? "EncryptThenMac" : "");
});

TEST_P(OpensslPeer, TalksToTheWorkerBothWays) {
  TlsPair pair(*GetParam().suite, GetParam().encrypt_then_mac);
  const auto keys = pair.keys();
  Dialogue d(*GetParam().suite);
  d.client_material = keys.client;
  d.server_material = keys.server;
  d.promote();

  const auto write = [&](const std::string& packet) {
    ASSERT_EQ(SSL_write(pair.client(), packet.data(), static_cast<int>(packet.size())),
              static_cast<int>(packet.size()));
  };
  const auto read = [&] {
    const std::string stream = d.hear();
    TlsPair::deliver(pair.client(),
                     {reinterpret_cast<const uint8_t*>(stream.data()), stream.size()});
    std::vector<std::string> out;
    std::string buffer(20'000, '\0');
    for (int n; (n = SSL_read(pair.client(), buffer.data(), static_cast<int>(buffer.size()))) > 0;)
      out.push_back(buffer.substr(0, static_cast<size_t>(n)));
    return out;
  };

  std::vector<std::string> sent;
  for (size_t i = 0; i < 200; ++i) {
    sent.push_back(one_flow(1 + i * 7, i));
    write(framed(PacketType::data, sent.back()));
    d.say(text(TlsPair::take(pair.client())), 1 + i * 3);
  }
  EXPECT_EQ(d.up, sent);

  std::vector<std::string> framed_down;
  framed_down.reserve(sent.size());
  for (const auto& p : sent)
    framed_down.push_back(framed(PacketType::data, p));
  d.down(sent);
  EXPECT_EQ(read(), framed_down);

  write(framed(PacketType::dpd_request, "probe"));
  d.say(text(TlsPair::take(pair.client())));
  EXPECT_EQ(read(), std::vector<std::string>{framed(PacketType::dpd_response, "probe")});

  // Not one byte of the tunnel went through the OpenSSL that made it.
  EXPECT_EQ(BIO_number_read(SSL_get_rbio(pair.server())),
            BIO_number_written(SSL_get_rbio(pair.server())));

  ASSERT_EQ(SSL_shutdown(pair.client()), 0);  // sent, not yet answered
  d.say(text(TlsPair::take(pair.client())));
  const Told ended = d.expect(MessageKind::ended);
  EXPECT_EQ(ended.reason, EndReason::tls_alert);
  EXPECT_EQ(ended.totals.rx_packets, 200u);
  EXPECT_EQ(ended.totals.rx_records, 202u);
  EXPECT_EQ(ended.totals.tx_records, 202u);
  read();
  EXPECT_EQ(SSL_get_shutdown(pair.client()), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

TEST_P(OpensslPeer, UnderstandsTheWorkersEnd) {
  TlsPair pair(*GetParam().suite, GetParam().encrypt_then_mac);
  const auto keys = pair.keys();
  Dialogue d(*GetParam().suite);
  d.client_material = keys.client;
  d.server_material = keys.server;
  d.promote();
  d.tell(MessageKind::close, "\xb0", static_cast<uint8_t>(PacketType::disconnect));
  const std::string stream = d.hear();
  TlsPair::deliver(pair.client(), {reinterpret_cast<const uint8_t*>(stream.data()), stream.size()});
  char buffer[100];
  ASSERT_EQ(SSL_read(pair.client(), buffer, sizeof buffer), 9);
  EXPECT_EQ(SSL_read(pair.client(), buffer, sizeof buffer), 0);
  EXPECT_EQ(SSL_get_error(pair.client(), 0), SSL_ERROR_ZERO_RETURN);
}

}  // namespace
}  // namespace culvert::cstp::test
