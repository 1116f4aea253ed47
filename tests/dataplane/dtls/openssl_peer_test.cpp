// The client's DTLS is OpenSSL's: what it has agreed on with an OpenSSL server, the workers carry on.
#include <gtest/gtest.h>

#include "tests/crypto/record/dtls_pair.hpp"
#include "tests/dataplane/dtls/rig.hpp"

namespace culvert::dtls::test {
namespace {

using crypto::record::DtlsPair;

class DtlsOpensslPeer : public testing::TestWithParam<const crypto::Suite*> {
 protected:
  DtlsOpensslPeer() : pair(*GetParam()), rig(2), client(rig.client(0, 0, 1)) {
    const auto keys = pair.keys();
    client->up = keys.client;
    client->down = keys.server;
    client->down.sequence = kFirst;
    rig.install(*client);
  }
  // What the client writes is one datagram, and lands.
  void write(std::string_view packet) {
    ASSERT_EQ(SSL_write(pair.client(), packet.data(), static_cast<int>(packet.size())),
              static_cast<int>(packet.size()));
    land();
  }
  void land() {
    for (const auto& d : pair.take(pair.client()))
      rig.land(*client, {reinterpret_cast<const char*>(d.data()), d.size()});
  }
  // What the workers have sent, read by the client.
  std::vector<std::string> read() {
    std::vector<std::string> out;
    for (auto& worker : rig.w) {
      for (rte_mbuf* m : worker->sent) {
        const auto bytes = dp::test::bytes_of(m);
        pair.deliver(pair.client(), std::span(bytes).subspan(28));
        std::string buffer(20'000, '\0');
        for (int n;
             (n = SSL_read(pair.client(), buffer.data(), static_cast<int>(buffer.size()))) > 0;)
          out.push_back(buffer.substr(0, static_cast<size_t>(n)));
        rte_pktmbuf_free(m);
      }
      worker->sent.clear();
    }
    return out;
  }
  DtlsPair pair;
  Rig rig;
  std::unique_ptr<Client> client;
};

INSTANTIATE_TEST_SUITE_P(Suites, DtlsOpensslPeer,
                         testing::Values(crypto::find_suite(crypto::Version::dtls12, 0x00a8),
                                         crypto::find_suite(crypto::Version::dtls12, 0x00a9),
                                         crypto::find_suite(crypto::Version::dtls12, 0xc02f),
                                         crypto::find_suite(crypto::Version::dtls12, 0xc030),
                                         crypto::find_suite(crypto::Version::dtls12, 0xccab),
                                         crypto::find_suite(crypto::Version::dtls12, 0x008c),
                                         crypto::find_suite(crypto::Version::dtls12, 0x008d),
                                         crypto::find_suite(crypto::Version::dtls12, 0x00ae),
                                         crypto::find_suite(crypto::Version::dtls12, 0x00af),
                                         crypto::find_suite(crypto::Version::dtls12, 0x0039),
                                         crypto::find_suite(crypto::Version::dtls12, 0x003c)),
                         [](const auto& suite) {
                           std::string name(suite.param->name);
                           std::erase(name, '-');
                           return name;
                         });

TEST_P(DtlsOpensslPeer, TalksToTheWorkersBothWays) {
  std::vector<std::string> sent;
  for (size_t i = 0; i < 200; ++i) {
    sent.push_back(std::string(1 + i * 7, static_cast<char>('a' + i % 26)));
    write(std::string(1, '\0') + sent.back());
  }
  EXPECT_EQ(rig.up, sent);
  (void)rig.expect(MessageKind::dtls_up);

  for (size_t i = 0; i < sent.size(); i += 50)
    rig.down(*client, {sent.begin() + static_cast<ptrdiff_t>(i),
                       sent.begin() + static_cast<ptrdiff_t>(i + 50)});
  const auto heard = read();
  ASSERT_EQ(heard.size(), sent.size());
  for (size_t i = 0; i < sent.size(); ++i)
    EXPECT_EQ(heard[i], std::string(1, '\0') + sent[i]);

  const std::string probe(1300, 'p');
  write("\x03" + probe);
  EXPECT_EQ(read(), std::vector<std::string>{"\x04" + probe});
}

TEST_P(DtlsOpensslPeer, MovesAndGoesOn) {
  write(std::string("\0one", 4));
  client->flow.remote_port = 55'555;
  write(std::string("\0two", 4));
  EXPECT_EQ(rig.up, (std::vector<std::string>{"one", "two"}));
  rig.down(*client, {"three"});
  EXPECT_EQ(read(), std::vector<std::string>{std::string("\0three", 6)});
}

TEST_P(DtlsOpensslPeer, EachEndHearsTheOthersGoodbye) {
  rig.tell(1, MessageKind::remove_dtls, [&](dp::Message& m) {
    m.side = DtlsSide::transmit;
    m.conn = client->tx;
  });
  EXPECT_TRUE(read().empty());
  EXPECT_EQ(SSL_get_shutdown(pair.client()) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN);
  (void)rig.expect(MessageKind::dtls_removed, 1);
  (void)SSL_shutdown(pair.client());
  land();
  EXPECT_EQ(rig.expect(MessageKind::dtls_ended).reason, EndReason::tls_alert);
}

}  // namespace
}  // namespace culvert::dtls::test
