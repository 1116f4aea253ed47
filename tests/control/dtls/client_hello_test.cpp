#include "control/dtls/client_hello.hpp"

#include <algorithm>

#include "tests/control/dtls/dtls_client.hpp"

namespace culvert::control::test {
namespace {

const std::vector<uint8_t> kId(32, 0x42);
const std::vector<uint8_t> kSecret(32, 1);

Datagram hello_of(unsigned mtu = 1400) {
  DtlsClient client(DtlsForm::psk, "PSK-AES256-GCM-SHA384", kSecret, kId, mtu);
  (void)client.handshake();
  return client.output().at(0);
}

TEST(ClientHello, OfARealClient) {
  const Datagram datagram = hello_of();
  const auto hello = parse_client_hello(datagram);
  ASSERT_TRUE(hello.has_value());
  EXPECT_EQ(hello->version, 0xfefd);
  EXPECT_TRUE(std::ranges::equal(hello->session_id, kId));
  EXPECT_EQ(hello->random.size(), 32u);
  EXPECT_TRUE(hello->cookie.empty());
  EXPECT_EQ(hello->record_sequence.size(), 8u);
}

TEST(ClientHello, FirstFragmentIsEnough) {
  Datagram datagram = hello_of();
  const uint32_t whole = uint32_t{datagram[14]} << 16 | uint32_t{datagram[15]} << 8 | datagram[16];
  // The message goes on for 100 bytes in another datagram.
  datagram[15] = static_cast<uint8_t>((whole + 100) >> 8);
  datagram[16] = static_cast<uint8_t>(whole + 100);
  EXPECT_TRUE(parse_client_hello(datagram).has_value());
  datagram[21] = 1;  // fragment_offset
  EXPECT_FALSE(parse_client_hello(datagram).has_value());
}

TEST(ClientHello, RefusesWhatIsCutOff) {
  const Datagram datagram = hello_of();
  for (size_t size = 0; size < datagram.size(); size++) {
    const Datagram part(datagram.begin(), datagram.begin() + static_cast<long>(size));
    EXPECT_FALSE(parse_client_hello(part).has_value()) << size;
  }
}

TEST(ClientHello, RefusesOtherRecords) {
  const auto changed = [](size_t at, uint8_t value) {
    Datagram datagram = hello_of();
    datagram[at] = value;
    return parse_client_hello(datagram).has_value();
  };
  EXPECT_FALSE(changed(0, 23));             // application data
  EXPECT_FALSE(changed(1, 3));              // TLS
  EXPECT_FALSE(changed(4, 1));              // epoch 1
  EXPECT_FALSE(changed(11, 0xff));          // longer than the datagram
  EXPECT_FALSE(changed(13, 2));             // ServerHello
  EXPECT_FALSE(changed(13 + 12 + 34, 33));  // session id too long
}

}  // namespace
}  // namespace culvert::control::test
