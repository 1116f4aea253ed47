// ServerHellos as they are on the wire, cut short everywhere, and with lengths that lie.
#include "control/tls/server_hello.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace culvert::control {
namespace {

using Bytes = std::vector<uint8_t>;

// A ServerHello with a session id of `id` bytes and these extensions.
Bytes hello(size_t header, size_t id, const Bytes& extensions) {
  Bytes out(header);
  out[0] = 2;
  out.insert(out.end(), {3, 3});
  out.insert(out.end(), 32, 0xaa);
  out.push_back(static_cast<uint8_t>(id));
  out.insert(out.end(), id, 22);
  out.insert(out.end(), {0x00, 0x3c, 0});
  out.push_back(static_cast<uint8_t>(extensions.size() >> 8));
  out.push_back(static_cast<uint8_t>(extensions.size()));
  out.insert(out.end(), extensions.begin(), extensions.end());
  return out;
}

const Bytes kRenegotiation{0xff, 0x01, 0, 1, 0};
const Bytes kEncryptThenMac{0, 22, 0, 0};
const Bytes kMasterSecret{0, 23, 0, 0};

Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

TEST(ServerHello, TheExtensionWhereverItIs) {
  for (const size_t header : {kHandshakeHeaderSize, kDtlsHandshakeHeaderSize}) {
    for (const size_t id : {size_t{0}, size_t{32}}) {
      for (const Bytes& all :
           {kEncryptThenMac, kRenegotiation + kEncryptThenMac, kEncryptThenMac + kMasterSecret,
            kRenegotiation + kEncryptThenMac + kMasterSecret}) {
        EXPECT_TRUE(agrees_to_encrypt_then_mac(hello(header, id, all), header));
      }
      EXPECT_FALSE(agrees_to_encrypt_then_mac(hello(header, id, {}), header));
      EXPECT_FALSE(
          agrees_to_encrypt_then_mac(hello(header, id, kRenegotiation + kMasterSecret), header));
    }
  }
}

TEST(ServerHello, NothingElseIsTakenForIt) {
  const Bytes good = hello(4, 32, kRenegotiation + kEncryptThenMac);
  for (size_t size = 0; size < good.size(); size++)
    EXPECT_FALSE(agrees_to_encrypt_then_mac(std::span(good).first(size), 4)) << size;
  Bytes other = good;
  other[0] = 1;
  EXPECT_FALSE(agrees_to_encrypt_then_mac(other, 4));
  other = good;
  other.push_back(0);
  EXPECT_FALSE(agrees_to_encrypt_then_mac(other, 4)) << "the lengths do not add up";
  // With content, which RFC 7366 does not know; inside another extension; longer than there is.
  EXPECT_FALSE(agrees_to_encrypt_then_mac(hello(4, 0, {0, 22, 0, 1, 0}), 4));
  EXPECT_FALSE(agrees_to_encrypt_then_mac(hello(4, 0, {0, 35, 0, 4, 0, 22, 0, 0}), 4));
  EXPECT_FALSE(agrees_to_encrypt_then_mac(hello(4, 0, {0, 35, 0, 9, 0, 22, 0, 0}), 4));
  // RFC 5246 §7.4.1.3: a hello may end behind the compression method.
  const Bytes bare = hello(4, 32, {});
  EXPECT_FALSE(agrees_to_encrypt_then_mac(std::span(bare).first(bare.size() - 2), 4));
}

}  // namespace
}  // namespace culvert::control
