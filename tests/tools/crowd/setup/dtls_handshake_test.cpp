// Handshakes with the headend's own server, in both forms and all suites, with each datagram lost once.
#include "tools/crowd/setup/dtls_handshake.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <thread>

#include "control/dtls/openssl_handshake.hpp"
#include "tests/control/dtls/record_layer.hpp"
#include "tests/tools/crowd/setup/tls_headend.hpp"

namespace culvert::crowd::test {
namespace {

using control::Datagram;
using control::OpensslHandshake;
using control::test::RecordLayer;
using Step = control::DtlsHandshake::Step;

class DtlsHandshakeTest : public ::testing::TestWithParam<crypto::Suite> {
 protected:
  DtlsHandshakeTest() {
    offer_.pre_shared = GetParam().name.starts_with("PSK");
    if (!offer_.pre_shared) offer_.suite = GetParam().name;
    offer_.id.assign(parameters_.id.size(), 0xa5);
    offer_.secret.assign(Bytes(offer_.pre_shared ? 32 : 48, 0x5c));
    offer_.port = 443;
    parameters_.form = offer_.pre_shared ? control::DtlsForm::psk : control::DtlsForm::resumption;
    parameters_.suite = crypto::find_suite(crypto::Version::dtls12, GetParam().name);
    std::copy(offer_.id.begin(), offer_.id.end(), parameters_.id.begin());
    parameters_.secret = offer_.secret;
  }

  // `lost` is asked of each datagram, in the order in which they are sent. True: both are done.
  static bool run(OpensslHandshake& server, DtlsHandshake& client,
                  const std::function<bool(unsigned)>& lost) {
    unsigned count = 0;
    Step step = Step::more;
    std::vector<Datagram> last_flight;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::chrono::steady_clock::now() < end) {
      std::vector<Datagram> up;
      for (Datagram& datagram : client.take_datagrams()) {
        if (!lost(count++)) up.push_back(std::move(datagram));
      }
      const bool quiet = up.empty();
      std::vector<Datagram> down;
      if (step != Step::done) {
        step = server.advance(std::move(up));
        down = server.take_output();
        if (step == Step::done) last_flight = down;
      } else if (!quiet) {
        down = last_flight;  // the client has not got it, or its own came twice: as DtlsServer does
      }
      for (const Datagram& datagram : down) {
        if (!lost(count++)) client.receive(datagram);
      }
      if (step == Step::failed || client.stage() == DtlsHandshake::Stage::failed) return false;
      if (quiet && down.empty()) {
        if (step == Step::done && client.stage() == DtlsHandshake::Stage::done) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        client.look_at_timer();
      }
    }
    return false;
  }
  static void check_records(const OpensslHandshake& server, const DtlsHandshake& client) {
    const control::DtlsKeys theirs = server.keys();
    const control::DtlsKeys ours = client.keys();
    ASSERT_NE(ours.tx.suite, nullptr);
    EXPECT_EQ(ours.tx.suite->name, GetParam().name);
    EXPECT_EQ(ours.tx.encrypt_then_mac, crypto::is_cbc(GetParam().cipher));
    EXPECT_EQ(ours.tx.sequence >> 48, 1u);
    EXPECT_EQ(ours.rx.sequence >> 48, 1u);
    RecordLayer headend(theirs.rx, theirs.tx);
    RecordLayer member(ours.rx, ours.tx);
    for (const size_t size : {size_t{1}, size_t{16}, size_t{100}, size_t{1300}}) {
      const std::string text(size, 'x');
      EXPECT_EQ(headend.open(member.seal(text)), text);
      EXPECT_EQ(member.open(headend.seal(text)), text);
    }
  }

  const CrowdConfig config_ = Settings().config;
  const ClientContext context_{config_};
  const control::DtlsContext server_context_;
  control::DtlsHandshake::Parameters parameters_;
  DtlsOffer offer_;
};

TEST_P(DtlsHandshakeTest, EndsInKeysThatTheHeadendHasToo) {
  OpensslHandshake server(server_context_, parameters_);
  DtlsHandshake client(context_, offer_);
  ASSERT_TRUE(run(server, client, [](unsigned) { return false; }))
      << server.error() << client.reason();
  check_records(server, client);
  EXPECT_TRUE(client.take_datagrams().empty()) << "each is to be sent once";
}

TEST_P(DtlsHandshakeTest, OfAnotherSecretFails) {
  OpensslHandshake server(server_context_, parameters_);
  offer_.secret.assign(Bytes(offer_.secret.size(), 0x5d));
  DtlsHandshake client(context_, offer_);
  bool done = false;
  for (int round = 0; round < 4; round++) {
    done = server.advance(client.take_datagrams()) == Step::done;
    for (const Datagram& datagram : server.take_output())
      client.receive(datagram);
  }
  EXPECT_FALSE(done && client.stage() == DtlsHandshake::Stage::done);
}

TEST_P(DtlsHandshakeTest, IgnoresGarbageBetweenFlights) {
  OpensslHandshake server(server_context_, parameters_);
  DtlsHandshake client(context_, offer_);
  for (int round = 0; round < 4 && client.stage() == DtlsHandshake::Stage::going; round++) {
    client.receive({});
    client.receive(Bytes(13, 0));
    client.receive(Bytes(200, 0x16));
    (void)server.advance(client.take_datagrams());
    for (const Datagram& datagram : server.take_output())
      client.receive(datagram);
  }
  ASSERT_EQ(client.stage(), DtlsHandshake::Stage::done) << client.reason();
  (void)server.advance(client.take_datagrams());
  check_records(server, client);
}

std::vector<crypto::Suite> all_suites() {
  return {crypto::dtls_suites().begin(), crypto::dtls_suites().end()};
}
std::string name_of(const ::testing::TestParamInfo<crypto::Suite>& info) {
  std::string out(info.param.name);
  std::replace(out.begin(), out.end(), '-', '_');
  return out;
}
INSTANTIATE_TEST_SUITE_P(Suites, DtlsHandshakeTest, ::testing::ValuesIn(all_suites()), name_of);

// Timers run by the clock, a second and more each: one suite of each form.
class LossyDtls : public DtlsHandshakeTest {};

TEST_P(LossyDtls, TimersBringBackWhatIsLost) {
  for (unsigned lost = 0; lost < 4; lost++) {
    OpensslHandshake server(server_context_, parameters_);
    DtlsHandshake client(context_, offer_);
    ASSERT_TRUE(run(server, client, [lost](unsigned n) { return n == lost; }))
        << "datagram " << lost << ": " << server.error() << client.reason();
    check_records(server, client);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Suites, LossyDtls,
    ::testing::Values(*crypto::find_suite(crypto::Version::dtls12, "PSK-AES256-GCM-SHA384"),
                      *crypto::find_suite(crypto::Version::dtls12, "AES128-GCM-SHA256")),
    name_of);

TEST(DtlsOffer, OfACipherThatThereIsNotFailsAtOnce) {
  const CrowdConfig config = Settings().config;
  const ClientContext context(config);
  crowd::DtlsOffer offer;
  offer.suite = "NO-SUCH-CIPHER";
  offer.id = Bytes(32, 1);
  offer.secret.assign(Bytes(48, 2));
  const DtlsHandshake client(context, offer);
  EXPECT_EQ(client.stage(), DtlsHandshake::Stage::failed);
  EXPECT_NE(client.reason().find("NO-SUCH-CIPHER"), std::string::npos);
}

}  // namespace
}  // namespace culvert::crowd::test
