// What a hostile headend may send to a member of a crowd while that sets its tunnels up.
//
// Input: mode (one byte), then
//   mode 0     TLS records in clear: type (1), length (1), content
//   mode 1, 2  what an authentic headend says inside TLS, to a log-in by name (1) or by cookie (2): a zero byte is
//              where a record ends
//   mode 3, 4  datagrams to a DTLS handshake with a pre-shared key (3) or a resumption (4): length (1), content
// Checked: what fails says why; what is granted is in range; nobody gets through a handshake without its secret.
#include <cstdlib>

#include "tests/tools/crowd/setup/tls_headend.hpp"
#include "tools/crowd/setup/dtls_handshake.hpp"
#include "tools/crowd/setup/log_in.hpp"

using namespace culvert::crowd;
using namespace culvert::crowd::test;

namespace {

using Stage = LogIn::Stage;

void require(bool ok) {
  if (!ok) std::abort();
}

const ClientContext& context() {
  static const CrowdConfig config = Settings().config;
  static const ClientContext one(config);
  return one;
}

void check(const LogIn& client) {
  if (client.stage() == Stage::failed) require(client.failure().why != Why::none);
  if (client.stage() != Stage::established) return;
  const Grant& grant = client.grant();
  require(!client.cookie().empty() && !grant.inner.empty());
  require(grant.tls_mtu <= 16384 && grant.dtls_mtu <= 16384);
  require(grant.dpd_s <= 86400 && grant.keepalive_s <= 86400);
  if (!grant.dtls) return;
  require(grant.dtls->port != 0 && !grant.dtls->id.empty() && grant.dtls->id.size() <= 32);
  require(grant.dtls->secret.size() == (grant.dtls->pre_shared ? 32 : 48));
}

void records_in_clear(std::span<const uint8_t> input) {
  LogIn client(context(), Credentials{.user = "a", .password = "b"});
  while (input.size() >= 2 && !over(client)) {
    const size_t size = std::min<size_t>(input[1], input.size() - 2);
    Bytes record{input[0], 3, 3, 0, static_cast<uint8_t>(size)};
    record.insert(record.end(), input.begin() + 2, input.begin() + 2 + static_cast<long>(size));
    client.receive(record);
    input = input.subspan(2 + size);
  }
  require(client.stage() == Stage::handshake || client.stage() == Stage::failed);
  check(client);
}

void dialogue(std::string_view text, bool by_cookie) {
  const auto client =
      by_cookie ? std::make_unique<LogIn>(context(), Cookie("0123"), culvert::dp::InnerAddresses{})
                : std::make_unique<LogIn>(context(), Credentials{.user = "a", .password = "b"});
  Conversation talk(*client);
  talk.run({});
  require(!over(*client));
  while (!text.empty() && !over(*client)) {
    const size_t size = std::min({text.find('\0'), text.size(), size_t{16384}});
    if (size != 0) talk.headend.write(text.substr(0, size));
    talk.to_client();
    talk.to_headend();
    (void)talk.headend.read();
    text.remove_prefix(std::min(size + 1, text.size()));
  }
  check(*client);
  if (client->stage() == Stage::established) require(client->keys().transmit.suite != nullptr);
}

void datagrams(std::span<const uint8_t> input, bool pre_shared) {
  DtlsOffer offer;
  offer.pre_shared = pre_shared;
  offer.id = Bytes(32, 0xa5);
  offer.secret.assign(Bytes(pre_shared ? 32 : 48, 0x5c));
  if (!pre_shared) offer.suite = "AES256-GCM-SHA384";
  DtlsHandshake client(context(), offer);
  while (!input.empty() && client.stage() == DtlsHandshake::Stage::going) {
    const size_t size = std::min<size_t>(input[0], input.size() - 1);
    client.receive(input.subspan(1, size));
    for (const auto& datagram : client.take_datagrams())
      require(!datagram.empty() && datagram.size() <= 1200);
    input = input.subspan(1 + size);
  }
  require(client.stage() != DtlsHandshake::Stage::done);
  if (client.stage() == DtlsHandshake::Stage::failed) require(!client.reason().empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::span<const uint8_t> input(data + 1, size - 1);
  const std::string_view text(reinterpret_cast<const char*>(input.data()), input.size());
  switch (data[0] % 5) {
    case 0: records_in_clear(input); break;
    case 1: dialogue(text, false); break;
    case 2: dialogue(text, true); break;
    default: datagrams(input, data[0] % 5 == 3); break;
  }
  return 0;
}
