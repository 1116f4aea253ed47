#include <algorithm>

#include <gtest/gtest.h>

#include "control/dtls/legacy/messages.hpp"
#include "crypto/bytes.hpp"
#include "tests/crypto/hex.hpp"

namespace culvert::control::legacy {
namespace {

using crypto::from_hex;
using Bytes = std::vector<uint8_t>;

// openconnect 9.01's (GnuTLS 3.7.9), without the record's header.
const Bytes kHelloMessage = from_hex(
    "0100005b000000000000005b0100197fe2b856dc558158fa1b73611e6282f8ec564e7fb6b8b4c0cdba4e18e8be06"
    "20df860d2c18fa6badbe6ba64cc9c44f34cede2985f62cab978cb16783395901ec00000200350100000f00230000"
    "ff01000100001c00024000");

TEST(LegacyMessages, HelloOfARealClient) {
  const auto message = parse_message(kHelloMessage);
  ASSERT_TRUE(message.has_value());
  EXPECT_EQ(message->type, 1);
  EXPECT_EQ(message->number, 0);
  EXPECT_EQ(message->body.size(), 0x5bu);
  const auto hello = parse_hello(message->body);
  ASSERT_TRUE(hello.has_value());
  EXPECT_EQ(hello->random[0], 0x19);
  EXPECT_EQ(hello->session_id.size(), 32u);
  EXPECT_TRUE(hello->cookie.empty());
  EXPECT_TRUE(offers(*hello, 0x0035));
  EXPECT_FALSE(offers(*hello, 0x002f));
  EXPECT_FALSE(offers(*hello, 0x3500));
  ASSERT_EQ(hello->compression.size(), 1u);
  EXPECT_EQ(hello->compression[0], 0);
}

TEST(LegacyMessages, RefusesWhatIsCutOff) {
  for (size_t size = 0; size < kHelloMessage.size(); size++)
    EXPECT_FALSE(parse_message(std::span(kHelloMessage).first(size))) << size;
  const auto body = parse_message(kHelloMessage)->body;
  const size_t needed = 2 + 32 + 1 + 32 + 1 + 2 + 2 + 1 + 1;  // up to the extensions
  for (size_t size = 0; size < body.size(); size++)
    EXPECT_EQ(parse_hello(body.first(size)).has_value(), size >= needed) << size;
}

TEST(LegacyMessages, RefusesPartsAndCompany) {
  const auto changed = [](size_t at, uint8_t value) {
    Bytes message = kHelloMessage;
    message[at] = value;
    return parse_message(message).has_value();
  };
  EXPECT_FALSE(changed(3, 0x5c));   // longer than there is
  EXPECT_FALSE(changed(8, 1));      // fragment_offset
  EXPECT_FALSE(changed(11, 0x5a));  // fragment_length
  Bytes two = kHelloMessage;
  two.push_back(0);
  EXPECT_FALSE(parse_message(two));
  const auto with = [](size_t at, uint8_t value) {
    Bytes body(kHelloMessage.begin() + 12, kHelloMessage.end());
    body[at] = value;
    return parse_hello(body).has_value();
  };
  EXPECT_FALSE(with(0, 0xfe));                 // another version
  EXPECT_FALSE(with(34, 33));                  // session id too long
  EXPECT_FALSE(with(34 + 33 + 1 + 1, 0));      // no suite
  EXPECT_FALSE(with(34 + 33 + 1 + 1, 3));      // half a suite
  EXPECT_FALSE(with(34 + 33 + 1 + 2 + 2, 0));  // no compression
  EXPECT_FALSE(with(34 + 33 + 1, 0xff));       // as many suites as there are no bytes
}

TEST(LegacyMessages, WhatIsWrittenIsAsItWasRecorded) {
  const Bytes id = from_hex("df860d2c18fa6badbe6ba64cc9c44f34cede2985f62cab978cb16783395901ec");
  const Bytes random = from_hex("22b1a39c6f636d114905af82417795068f3ace38770e391bb0a41b449cc9757b");
  // That server added an extension; its length is in the message's header.
  const Bytes hello = make_server_hello(std::span(random).first<32>(), id, 0x0035);
  EXPECT_EQ(hello,
            from_hex("010022b1a39c6f636d114905af82417795068f3ace38770e391bb0a41b449cc9757b20"
                     "df860d2c18fa6badbe6ba64cc9c44f34cede2985f62cab978cb16783395901ec003500"));
  const auto ccs = make_change_cipher_spec(1);
  EXPECT_EQ(make_record(20, 1, ccs), from_hex("14010000000000000000010003010001"));
  const Bytes message =
      make_message(MessageType::client_hello, 0, std::span(kHelloMessage).subspan(12));
  EXPECT_EQ(message, kHelloMessage);
}

}  // namespace
}  // namespace culvert::control::legacy
