// Cookies, passwords and keys are nowhere in memory that was given back: not in what a text or a packet
// left behind as it grew, and not in what it was made of.
#include "tests/control/secrets/freed_memory.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "control/anyconnect/xml_reply.hpp"
#include "control/config/aaa_config.hpp"
#include "control/http/message.hpp"
#include "control/radius/packet.hpp"
#include "crypto/password.hpp"

namespace culvert::control::test {
namespace {

const std::string kSecretText = "0123456789abcdef-no-one-may-know-0123456789abcdef-no-one-may-know";

TEST(FreedMemory, IsSeenHere) {
  FreedMemory freed;
  { const std::string careless = "x" + kSecretText; }
  EXPECT_TRUE(freed.holds(kSecretText));
}

TEST(Secrets, OfAReplyAreOnlyInItsText) {
  http::Reply reply;
  reply.headers.emplace_back("Set-Cookie", kSecretText);
  reply.headers.emplace_back("X-Long", std::string(3000, 'x'));
  reply.body = kSecretText + std::string(5000, 'y');
  FreedMemory freed;
  const std::string text = to_text(reply);
  EXPECT_FALSE(freed.holds(kSecretText));
  EXPECT_NE(text.find("\r\nSet-Cookie: " + kSecretText + "\r\n"), text.npos);
  EXPECT_TRUE(text.ends_with("\r\n\r\n" + reply.body));
}

TEST(Secrets, OfALoginsEndAreOnlyInItsText) {
  LoginComplete complete;
  complete.session_token = kSecretText;
  complete.banner = {std::string(3000, 'x')};
  complete.profile_uri = "/profile.xml";
  FreedMemory freed;
  const std::string text = login_complete(complete);
  EXPECT_FALSE(freed.holds(kSecretText));
  EXPECT_NE(text.find("<session-token>" + kSecretText + "</session-token>"), text.npos);
}

TEST(Secrets, OfATokenAreOnlyInItsLetters) {
  FreedMemory freed;
  const std::string token = crypto::random_token(32);
  std::string raw;
  for (size_t i = 0; i < token.size(); i += 2)
    raw.push_back(static_cast<char>(std::stoi(token.substr(i, 2), nullptr, 16)));
  EXPECT_FALSE(freed.holds(raw));
  EXPECT_FALSE(freed.holds(token));
}

TEST(Secrets, OfARadiusRequestAreOnlyInIt) {
  radius::Attributes attributes;
  for (int i = 0; i < 10; i++)
    attributes.text(radius::Type::klass, std::string(200, 'c'));
  const radius::RequestAuthenticator random{1, 2, 3};
  const std::string password = "a password of more than sixteen letters";
  FreedMemory freed;
  const auto packet = radius::encode_access(7, random, "the shared secret", password, attributes);
  ASSERT_GT(packet.size(), 2000U);
  // Behind the header and Message-Authenticator.
  const auto hidden = packet.begin() + 20 + 18;
  ASSERT_EQ(*hidden, static_cast<uint8_t>(radius::Type::user_password));
  EXPECT_FALSE(freed.holds({reinterpret_cast<const char*>(&hidden[2]), hidden[1] - 2U}));
  EXPECT_FALSE(freed.holds(password));
}

// Nor of one that becomes too long, for which there is no caller to wipe it.
TEST(Secrets, OfARadiusRequestThatIsTooLongAreNowhere) {
  const radius::RequestAuthenticator random{1, 2, 3};
  const std::string password = "a password of more than sixteen letters";
  const auto short_one = radius::encode_access(7, random, "secret", password, {});
  radius::Attributes attributes;
  for (int i = 0; i < 30; i++)
    attributes.text(radius::Type::klass, std::string(200, 'c'));
  FreedMemory freed;
  EXPECT_TRUE(radius::encode_access(7, random, "secret", password, attributes).empty());
  EXPECT_FALSE(freed.holds({reinterpret_cast<const char*>(&short_one[20 + 18 + 2]), 48}));
}

TEST(Secrets, OfARadiusServerGoWithEachCopyOfIt) {
  FreedMemory freed;
  {
    AaaServerConfig group{.name = "R", .hosts = {AaaHostConfig{.key = kSecretText}}};
    const AaaServerConfig copy = group;
    group.hosts.push_back(copy.hosts.front());
  }
  EXPECT_FALSE(freed.holds(kSecretText));
}

}  // namespace
}  // namespace culvert::control::test
