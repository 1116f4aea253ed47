// Datagrams as anybody may send them to a handshake of the older DTLS.
//
// Input: mode (one byte), then datagrams, each behind its length (one byte).
//   mode 0  as they come                mode 1  the same behind a hello that is answered
//   mode 2  the body of a message by a client that has the keys, in the place of its Finished
// Checked: no access out of bounds; nobody gets through whose Finished is not right; not more flights
// than there may be; nothing but a hello has an answer.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "control/dtls/legacy/handshake.hpp"

using namespace culvert;
using control::DtlsHandshake;
using control::LegacyHandshake;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

constexpr uint8_t kHandshakeType = 22;

DtlsHandshake::Parameters parameters() {
  DtlsHandshake::Parameters out;
  out.form = control::DtlsForm::resumption;
  out.suite = crypto::find_suite(crypto::Version::dtls09, "AES128-SHA");
  out.id.fill(0xa5);
  out.secret.assign(std::vector<uint8_t>(48, 0x5a));
  return out;
}

// A hello that is taken, as one datagram.
std::vector<uint8_t> good_hello() {
  std::vector<uint8_t> body{1, 0};
  body.insert(body.end(), 32, 0x11);  // random
  body.push_back(32);
  body.insert(body.end(), 32, 0xa5);
  for (const int byte : {0, 0, 2, 0, 0x2f, 1, 0})  // no cookie, one suite, no compression
    body.push_back(static_cast<uint8_t>(byte));
  return control::legacy::make_record(
      kHandshakeType, 0,
      control::legacy::make_message(control::legacy::MessageType::client_hello, 0, body));
}

// A client that answers with `message`, protected as it should be.
void from_a_client(LegacyHandshake& server, std::span<const uint8_t> message) {
  require(server.advance({good_hello()}) == DtlsHandshake::Step::more);
  const auto flight = server.take_output();
  require(flight.size() == 1 && flight[0].size() > 59);
  const std::vector<uint8_t> random(32, 0x11);
  auto keys = crypto::tls12_keys(*parameters().suite, parameters().secret.view(), random,
                                 std::span(flight[0]).subspan(27, 32));
  std::swap(keys.client, keys.server);
  keys.client.sequence = keys.server.sequence = crypto::record::dtls_sequence(1, 0);
  control::legacy::Protection mine(keys);
  const auto step = server.advance({mine.seal(message)});
  // An empty message is no record that a peer may send (RFC 5246 §6.2.1).
  require(step == (message.empty() ? DtlsHandshake::Step::more : DtlsHandshake::Step::failed));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2 || size > 4000) return 0;
  std::span<const uint8_t> rest(data + 1, size - 1);
  if (const auto message = control::legacy::parse_message(rest)) {
    require(message->body.size() <= rest.size());
    (void)control::legacy::parse_hello(message->body);
  }
  if (const auto hello = control::legacy::parse_hello(rest)) {
    require(hello->random.size() == 32 && hello->session_id.size() <= 32);
    require(hello->suites.size() % 2 == 0 && !hello->suites.empty());
    (void)control::legacy::offers(*hello, 0x2f);
  }
  LegacyHandshake server(parameters(), [] { return uint64_t{0}; });
  if (data[0] % 3 == 2) {
    from_a_client(server, rest);
    return 0;
  }
  size_t flights = 0;
  if (data[0] % 3 == 1) {
    require(server.advance({good_hello()}) == DtlsHandshake::Step::more);
    flights = server.take_output().size();
    require(flights == 1);
  }
  while (!rest.empty()) {
    const size_t length = std::min<size_t>(rest[0], rest.size() - 1);
    const auto datagram = rest.subspan(1, length);
    rest = rest.subspan(1 + length);
    const auto step = server.advance({control::Datagram(datagram.begin(), datagram.end())});
    require(step != DtlsHandshake::Step::done);
    flights += server.take_output().size();
  }
  require(flights <= 12);
  return 0;
}
