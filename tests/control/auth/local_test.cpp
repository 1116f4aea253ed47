// Local users.
#include "control/auth/local.hpp"

#include <gtest/gtest.h>

#include "control/auth/secret_text.hpp"

namespace culvert::control {
namespace {

TEST(LocalUsers, RightWrongUnknownBroken) {
  Config config;
  config.users["u"] = {"u", to_string(crypto::hash_password("secret", 1000)), std::nullopt};
  config.users["broken"] = {"broken", "$sha512$x", std::nullopt};
  EXPECT_TRUE(prepare_local_check(config, "u").verify("secret"));
  EXPECT_FALSE(prepare_local_check(config, "u").verify("Secret"));
  EXPECT_FALSE(prepare_local_check(config, "u").verify(""));
  EXPECT_FALSE(prepare_local_check(config, "broken").verify(""));
  const LocalCheck unknown = prepare_local_check(config, "nobody");
  EXPECT_FALSE(unknown.verify("secret"));
  EXPECT_EQ(rejection_reason(unknown), "User was not found");
  EXPECT_EQ(rejection_reason(prepare_local_check(config, "u")), "Invalid password");
}

TEST(SecretText, BoundedAndMovable) {
  SecretText a("abc");
  EXPECT_FALSE(a.append(std::string(SecretText::kMaxSize, 'x')));
  EXPECT_EQ(a.view(), "abc");
  SecretText b(std::move(a));
  EXPECT_EQ(b.view(), "abc");
  a = std::move(b);
  EXPECT_EQ(a.view(), "abc");
  a.clear();
  EXPECT_TRUE(a.empty());
}

}  // namespace
}  // namespace culvert::control
