// Handshakes of the older DTLS against the client that OpenSSL has of it, with each flight lost once;
// and against whoever means ill. Time is the test's.
#include <algorithm>

#include "control/dtls/client_hello.hpp"
#include "control/dtls/hello_verify.hpp"
#include "control/dtls/legacy/handshake.hpp"
#include "tests/control/dtls/dtls_client.hpp"
#include "tests/control/dtls/record_layer.hpp"

namespace culvert::control::test {
namespace {

using Step = DtlsHandshake::Step;

class LegacyTest : public ::testing::TestWithParam<const char*> {
 protected:
  LegacyTest() {
    parameters_.form = DtlsForm::resumption;
    parameters_.suite = crypto::find_suite(crypto::Version::dtls09, GetParam());
    for (size_t i = 0; i < parameters_.id.size(); i++)
      parameters_.id[i] = static_cast<uint8_t>(0xa0 + i);
    parameters_.secret.assign(std::vector<uint8_t>(48, 0x5c));
  }
  [[nodiscard]] DtlsClient client() const { return client_with(parameters_.secret.view()); }
  [[nodiscard]] DtlsClient client_with(std::span<const uint8_t> secret) const {
    return DtlsClient(DtlsForm::resumption, GetParam(), secret, parameters_.id, 1400,
                      DTLS1_BAD_VER);
  }
  [[nodiscard]] LegacyHandshake server() {
    return LegacyHandshake(parameters_, [this] { return now_; });
  }
  static void pass(std::vector<Datagram> datagrams, DtlsClient& to) {
    for (Datagram& datagram : datagrams)
      to.input(std::move(datagram));
    (void)to.handshake();
  }
  // Hello and answer; what the client says then.
  static std::vector<Datagram> last_flight(LegacyHandshake& server, DtlsClient& client) {
    (void)client.handshake();
    EXPECT_EQ(server.advance(client.output()), Step::more);
    pass(server.take_output(), client);
    EXPECT_TRUE(client.done());
    return client.output();
  }
  static void check_records(const LegacyHandshake& server, DtlsClient& client) {
    const DtlsKeys keys = server.keys();
    EXPECT_EQ(keys.tx.sequence, uint64_t{1} << 48 | 0x100);
    EXPECT_EQ(keys.rx.sequence >> 48, 1u);
    RecordLayer worker(keys.rx, keys.tx);
    for (const size_t size : std::initializer_list<size_t>{1, 2, 100, 1300}) {
      const std::string text(size, 'x');
      EXPECT_EQ(worker.open(client.seal(text)), text);
      EXPECT_EQ(client.open(worker.seal(text)), text);
    }
  }

  uint64_t now_ = 1'000'000'000;
  DtlsHandshake::Parameters parameters_;
};

TEST_P(LegacyTest, EndsInKeysThatTheClientHasToo) {
  LegacyHandshake s = server();
  DtlsClient c = client();
  EXPECT_EQ(s.advance(last_flight(s, c)), Step::done) << s.error();
  EXPECT_TRUE(s.take_output().empty());
  EXPECT_FALSE(s.timer_us());
  EXPECT_EQ(SSL_session_reused(c.ssl()), 1);
  check_records(s, c);
}

TEST_P(LegacyTest, OurFlightComesAgainByTimerLaterEachTime) {
  LegacyHandshake s = server();
  DtlsClient c = client();
  (void)c.handshake();
  ASSERT_EQ(s.advance(c.output()), Step::more);
  EXPECT_EQ(s.take_output().size(), 1u);  // lost
  ASSERT_EQ(s.timer_us(), 1'000'000u);
  now_ += 999'999;
  ASSERT_EQ(s.advance({}), Step::more);
  EXPECT_TRUE(s.take_output().empty());
  now_ += 1;
  ASSERT_EQ(s.advance({}), Step::more);
  EXPECT_EQ(s.timer_us(), 2'000'000u);
  pass(s.take_output(), c);
  EXPECT_TRUE(c.done());
  (void)c.output();  // lost as well
  now_ += 2'000'000;
  ASSERT_EQ(s.advance({}), Step::more);
  pass(s.take_output(), c);  // which makes the client say it again
  EXPECT_EQ(s.advance(c.output()), Step::done) << s.error();
  check_records(s, c);
}

TEST_P(LegacyTest, OurFlightComesAgainWhenTheHelloDoes) {
  LegacyHandshake s = server();
  DtlsClient c = client();
  (void)c.handshake();
  const auto hello = c.output();
  ASSERT_EQ(s.advance(hello), Step::more);
  const auto first = s.take_output();
  ASSERT_EQ(s.advance(hello), Step::more);
  const auto second = s.take_output();
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(first[0].size(), second[0].size());
  EXPECT_NE(first[0], second[0]) << "record numbers are not used twice";
  pass(second, c);
  const auto last = c.output();
  EXPECT_EQ(s.advance(last), Step::done) << s.error();
  // Whatever is said again after that has no answer.
  EXPECT_EQ(s.advance(hello), Step::done);
  EXPECT_EQ(s.advance(last), Step::done);
  EXPECT_TRUE(s.take_output().empty());
  check_records(s, c);
}

TEST_P(LegacyTest, GivesUpAfterTwelveFlights) {
  LegacyHandshake s = server();
  DtlsClient c = client();
  (void)c.handshake();
  const auto hello = c.output();
  size_t flights = 0;
  for (int i = 0; i < 100; i++) {
    (void)s.advance(hello);
    flights += s.take_output().size();
  }
  EXPECT_EQ(flights, 12u);
  now_ += 3600ull * 1'000'000;
  EXPECT_EQ(s.advance({}), Step::failed);
  EXPECT_EQ(s.error(), "the client does not answer");
}

TEST_P(LegacyTest, OfAnotherSecretComesToNothing) {
  LegacyHandshake s = server();
  std::vector<uint8_t> other(parameters_.secret.view().begin(), parameters_.secret.view().end());
  other.back() ^= 1;
  DtlsClient c = client_with(other);
  (void)c.handshake();
  ASSERT_EQ(s.advance(c.output()), Step::more);
  pass(s.take_output(), c);
  EXPECT_FALSE(c.done());
  EXPECT_EQ(s.advance(c.output()), Step::more);
  EXPECT_THROW((void)s.keys(), std::runtime_error);
}

// Anybody may send such things: they change nothing.
TEST_P(LegacyTest, ForgedLastFlightsAreIgnored) {
  LegacyHandshake s = server();
  DtlsClient c = client();
  const auto last = last_flight(s, c);
  for (const Datagram& datagram : last) {
    for (size_t at = 0; at < datagram.size(); at++) {
      Datagram bad = datagram;
      bad[at] ^= 0x40;
      // The client's ChangeCipherSpec is not heeded, so that Finished behind a changed one may do.
      if (at < 16 && last.size() == 1) continue;
      ASSERT_EQ(s.advance({bad}), Step::more) << at;
      ASSERT_EQ(s.advance({Datagram(datagram.begin(), datagram.begin() + static_cast<long>(at))}),
                Step::more)
          << at;
    }
  }
  EXPECT_TRUE(s.take_output().empty());
  EXPECT_EQ(s.advance(last), Step::done) << s.error();
  check_records(s, c);
}

// Only the client itself can send that: it has the keys, and another idea of what was said.
TEST_P(LegacyTest, AWrongFinishedEndsIt) {
  LegacyHandshake s = server();
  DtlsClient c = client();
  (void)c.handshake();
  auto hello = c.output();
  hello[0].back() ^= 1;  // in the extensions: nobody notices before Finished
  ASSERT_EQ(s.advance(hello), Step::more);
  const auto flight = s.take_output();
  // A client that does not look at our Finished, which is wrong for it.
  const auto server_random = std::span(flight.at(0)).subspan(13 + 12 + 2, 32);
  const auto client_random = std::span(hello[0]).subspan(13 + 12 + 2, 32);
  auto keys = crypto::tls12_keys(*parameters_.suite, parameters_.secret.view(), client_random,
                                 server_random);
  keys.client.sequence = keys.server.sequence = crypto::record::dtls_sequence(1, 0);
  std::swap(keys.client, keys.server);
  legacy::Protection mine(keys);
  const std::vector<uint8_t> guess(12, 0x11);
  EXPECT_EQ(s.advance({mine.seal(legacy::make_message(legacy::MessageType::finished, 2, guess))}),
            Step::failed);
  EXPECT_EQ(s.error(), "the client's Finished is wrong");
  EXPECT_EQ(s.advance(hello), Step::failed);
}

TEST_P(LegacyTest, HellosOfOthersAreIgnored) {
  LegacyHandshake s = server();
  DtlsClient c = client();
  (void)c.handshake();
  const Datagram hello = c.output().at(0);
  for (size_t size = 0; size < hello.size(); size++)
    EXPECT_EQ(s.advance({Datagram(hello.begin(), hello.begin() + static_cast<long>(size))}),
              Step::more);
  const auto with = [&](size_t at, uint8_t value) {
    Datagram bad = hello;
    bad[at] = value;
    return s.advance({bad});
  };
  EXPECT_EQ(with(1, 0xfe), Step::more);          // version of the record
  EXPECT_EQ(with(4, 1), Step::more);             // epoch
  EXPECT_EQ(with(13, 2), Step::more);            // a ServerHello
  EXPECT_EQ(with(13 + 12, 0xfe), Step::more);    // version of the hello
  EXPECT_EQ(with(13 + 12 + 35, 0), Step::more);  // session id
  EXPECT_EQ(with(13 + 5, 1), Step::more);        // a second message without a first
  EXPECT_TRUE(s.take_output().empty());
  EXPECT_FALSE(s.timer_us());
  ASSERT_EQ(s.advance({hello}), Step::more);
  pass(s.take_output(), c);
  EXPECT_EQ(s.advance(c.output()), Step::done) << s.error();
}

TEST_P(LegacyTest, OfAnotherSuiteFails) {
  LegacyHandshake s = server();
  const char* other = std::string_view(GetParam()) == "AES128-SHA" ? "AES256-SHA" : "AES128-SHA";
  DtlsClient c(DtlsForm::resumption, other, parameters_.secret.view(), parameters_.id, 1400,
               DTLS1_BAD_VER);
  (void)c.handshake();
  EXPECT_EQ(s.advance(c.output()), Step::failed);
  EXPECT_FALSE(s.error().empty());
}

TEST_P(LegacyTest, GoesOnBehindACookie) {
  const HelloVerifier verifier;
  const dp::Flow flow;
  DtlsClient c = client();
  (void)c.handshake();
  const Datagram first = c.output().at(0);
  const auto hello = parse_client_hello(first);
  ASSERT_TRUE(hello.has_value());
  EXPECT_EQ(hello->version, 0x0100);
  pass({verifier.request(*hello, flow, 60'000'000)}, c);
  const auto second = c.output();
  ASSERT_EQ(second.size(), 1u);
  const auto again = parse_client_hello(second[0]);
  ASSERT_TRUE(again && verifier.verify(*again, flow, 60'000'000));
  parameters_.after_cookie = true;
  LegacyHandshake s = server();
  EXPECT_EQ(s.advance({first}), Step::more);
  EXPECT_TRUE(s.take_output().empty()) << "that one had no cookie";
  ASSERT_EQ(s.advance(second), Step::more);
  pass(s.take_output(), c);
  EXPECT_EQ(s.advance(c.output()), Step::done) << s.error();
  check_records(s, c);
}

INSTANTIATE_TEST_SUITE_P(Suites, LegacyTest,
                         ::testing::Values("AES128-SHA", "AES256-SHA", "DHE-RSA-AES128-SHA",
                                           "DHE-RSA-AES256-SHA"),
                         [](const auto& suite) {
                           std::string name = suite.param;
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace culvert::control::test
