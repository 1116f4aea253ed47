// RFC 2865's own example, and answers that must not be believed.
#include "control/radius/packet.hpp"

#include <gtest/gtest.h>

#include "tests/control/radius/server_side.hpp"
#include "tests/crypto/hex.hpp"

namespace culvert::control::radius {
namespace {

using crypto::from_hex;

constexpr std::string_view kExampleSecret = "xyzzy5461";

// RFC 2865 §7.1.
const std::vector<uint8_t> kRequest = from_hex(
    "01 00 00 38 0f 40 3f 94 73 97 80 57 bd 83 d5 cb 98 f4 22 7a 01 06 6e 65 6d 6f 02 12 0d be 70 "
    "8d 93 d4 "
    "13 ce 31 96 e4 3f 78 2a 0a ee 04 06 c0 a8 01 10 05 06 00 00 00 03");
const std::vector<uint8_t> kAccept = from_hex(
    "02 00 00 26 86 fe 22 0e 76 24 ba 2a 10 05 f6 bf 9b 55 e0 b2 06 06 00 00 00 01 0f 06 00 00 00 "
    "00 0e 06 c0 "
    "a8 01 03");

RequestAuthenticator authenticator_of(std::span<const uint8_t> packet) {
  RequestAuthenticator a;
  std::copy_n(packet.begin() + 4, a.size(), a.begin());
  return a;
}

TEST(RadiusPacket, HidesAPasswordAsTheRfcDoes) {
  const auto packet =
      encode_access(0, authenticator_of(kRequest), kExampleSecret, "arctangent", Attributes());
  ASSERT_EQ(packet.size(), 20u + 18 + 18);
  EXPECT_EQ(packet[20], 80);  // Message-Authenticator comes first
  EXPECT_EQ(packet[38], 2);
  EXPECT_TRUE(std::equal(packet.begin() + 38, packet.end(), kRequest.begin() + 26));
}

TEST(RadiusPacket, BelievesTheRfcsAnswer) {
  Answer answer;
  EXPECT_EQ(decode_answer(kAccept, kRequest, kExampleSecret, false, answer), Fault::none);
  EXPECT_EQ(answer.code, Code::access_accept);
  ASSERT_EQ(answer.attributes.all().size(), 3u);
  EXPECT_EQ(answer.attributes.find(Type::service_type)->integer(), 1u);
  EXPECT_EQ(decode_answer(kAccept, kRequest, kExampleSecret, true, answer),
            Fault::missing_message_authenticator);
}

TEST(RadiusPacket, BelievesNoAnswerWithOneBitChanged) {
  Answer answer;
  for (size_t bit = 0; bit < kAccept.size() * 8; bit++) {
    auto wrong = kAccept;
    wrong[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
    EXPECT_NE(decode_answer(wrong, kRequest, kExampleSecret, false, answer), Fault::none) << bit;
  }
  EXPECT_EQ(decode_answer(kAccept, kRequest, "another", false, answer), Fault::bad_authenticator);
}

TEST(RadiusPacket, NoShorterAnswerIsRead) {
  Answer answer;
  for (size_t size = 0; size < kAccept.size(); size++)
    EXPECT_EQ(decode_answer({kAccept.data(), size}, kRequest, kExampleSecret, false, answer),
              Fault::malformed);
}

TEST(RadiusPacket, BytesBehindThePacketDoNotMatter) {
  auto padded = kAccept;
  padded.insert(padded.end(), 5, 0xff);
  Answer answer;
  EXPECT_EQ(decode_answer(padded, kRequest, kExampleSecret, false, answer), Fault::none);
}

TEST(RadiusPacket, ChecksTheMessageAuthenticator) {
  const auto request = encode_access(9, {1, 2, 3}, kExampleSecret, "p", Attributes());
  Attributes said;
  said.text(Type::reply_message, "hello");
  const auto good = answer_to(request, Code::access_challenge, kExampleSecret, said, true);
  Answer answer;
  EXPECT_EQ(decode_answer(good, request, kExampleSecret, true, answer), Fault::none);
  EXPECT_EQ(answer.code, Code::access_challenge);
  EXPECT_EQ(answer.attributes.find(Type::reply_message)->text(), "hello");

  // What a collision of the Response Authenticator would look like: right but for the HMAC.
  auto forged = good;
  forged[22] ^= 1;
  sign(forged, request, kExampleSecret);
  EXPECT_EQ(decode_answer(forged, request, kExampleSecret, true, answer),
            Fault::bad_message_authenticator);
  EXPECT_EQ(decode_answer(forged, request, kExampleSecret, false, answer),
            Fault::bad_message_authenticator);
}

TEST(RadiusPacket, BrokenAttributesAreMalformed) {
  const auto request = encode_access(9, {}, kExampleSecret, "p", Attributes());
  for (const std::vector<uint8_t>& tail :
       std::vector<std::vector<uint8_t>>{{18},  // no length
                                         {18, 0},
                                         {18, 1},        // shorter than its own header
                                         {18, 3},        // longer than the packet
                                         {0, 3, 1},      // type zero
                                         {80, 3, 1}}) {  // a Message-Authenticator of one byte
    std::vector<uint8_t> packet = {2, 9, 0, static_cast<uint8_t>(20 + tail.size())};
    packet.resize(20);
    packet.insert(packet.end(), tail.begin(), tail.end());
    sign(packet, request, kExampleSecret);
    Answer answer;
    EXPECT_EQ(decode_answer(packet, request, kExampleSecret, false, answer), Fault::malformed);
  }
}

TEST(RadiusPacket, AnswersOfTheOtherServiceAreNone) {
  const auto access = encode_access(9, {}, kExampleSecret, "p", Attributes());
  const auto accounting = encode_accounting(9, kExampleSecret, Attributes());
  Answer answer;
  EXPECT_EQ(decode_answer(answer_to(access, Code::accounting_response, kExampleSecret, {}, false),
                          access, kExampleSecret, false, answer),
            Fault::other_request);
  EXPECT_EQ(decode_answer(answer_to(accounting, Code::access_accept, kExampleSecret, {}, false),
                          accounting, kExampleSecret, false, answer),
            Fault::other_request);
  EXPECT_EQ(
      decode_answer(answer_to(accounting, Code::accounting_response, kExampleSecret, {}, false),
                    accounting, kExampleSecret, true, answer),
      Fault::none);
}

TEST(RadiusPacket, RequestsHaveTheirLimits) {
  EXPECT_FALSE(encode_access(1, {}, kExampleSecret, std::string(128, 'x'), Attributes()).empty());
  EXPECT_TRUE(encode_access(1, {}, kExampleSecret, std::string(129, 'x'), Attributes()).empty());
  EXPECT_EQ(encode_access(1, {}, kExampleSecret, "", Attributes()).size(), 20u + 18 + 18);
  Attributes many;
  for (int i = 0; i < 17; i++)
    many.text(Type::klass, std::string(300, 'c'));
  EXPECT_EQ(many.all()[0].value.size(), kMaxValue);
  EXPECT_TRUE(encode_accounting(1, kExampleSecret, many).empty());
}

}  // namespace
}  // namespace culvert::control::radius
