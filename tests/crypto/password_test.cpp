// Stored passwords: PBKDF2-HMAC-SHA-512, its textual form, everything malformed.
#include "crypto/password.hpp"

#include <set>
#include <stdexcept>

#include <gtest/gtest.h>
#include <openssl/hmac.h>

namespace culvert::crypto {
namespace {

// Few iterations, so that the tests do not spend their time here.
constexpr uint32_t kFew = 50;

TEST(Password, VerifiesItselfAndNothingElse) {
  for (const std::string password : {"secret", "", "pässwörd mit Leerzeichen", "x"}) {
    const PasswordHash stored = hash_password(password, kFew);
    EXPECT_TRUE(verify_password(stored, password));
    EXPECT_FALSE(verify_password(stored, password + "x"));
    EXPECT_FALSE(verify_password(stored, "Secret"));
  }
}

TEST(Password, SurvivesItsTextualForm) {
  const PasswordHash stored = hash_password("secret", kFew);
  const std::string text = to_string(stored);
  EXPECT_TRUE(looks_hashed(text));
  const PasswordHash read = parse_password_hash(text);
  EXPECT_EQ(read.iterations, kFew);
  EXPECT_EQ(read.salt, stored.salt);
  EXPECT_EQ(read.hash, stored.hash);
  EXPECT_EQ(to_string(read), text);
  EXPECT_TRUE(verify_password(read, "secret"));
  // The sizes that the ASA writes.
  EXPECT_EQ(stored.salt.size(), 16u);
  EXPECT_EQ(stored.hash.size(), 16u);
}

TEST(Password, SaltsDiffer) {
  EXPECT_NE(to_string(hash_password("secret", 1)), to_string(hash_password("secret", 1)));
}

TEST(Password, OneIterationIsOneHmac) {
  // RFC 8018 §5.2 with c = 1: T_1 = HMAC(password, salt | INT(1)).
  PasswordHash stored;
  stored.iterations = 1;
  stored.salt = {'s', 'a', 'l', 't', 's', 'a', 'l', 't'};
  auto input = stored.salt;
  input.insert(input.end(), {0, 0, 0, 1});
  stored.hash.resize(64);
  HMAC(EVP_sha512(), "password", 8, input.data(), input.size(), stored.hash.data(), nullptr);
  EXPECT_TRUE(verify_password(stored, "password"));
  stored.hash.resize(16);
  EXPECT_TRUE(verify_password(stored, "password"));
  stored.hash[15] ^= 1;
  EXPECT_FALSE(verify_password(stored, "password"));
}

TEST(Password, MalformedTextIsAClearError) {
  const std::string salt = "AAAAAAAAAAAAAAAAAAAAAA==";
  const std::string hash = "/////////////////////w==";
  const auto refused = [](const std::string& text, const std::string& why) {
    try {
      (void)parse_password_hash(text);
      ADD_FAILURE() << text << " was accepted";
    } catch (const std::runtime_error& e) {
      EXPECT_NE(std::string(e.what()).find(why), std::string::npos) << text << ": " << e.what();
    }
  };
  refused("", "$sha512$");
  refused("secret", "$sha512$");
  refused("$sha256$1$" + salt + "$" + hash, "$sha512$");
  refused("$sha512$", "part is missing");
  refused("$sha512$5000$" + salt, "part is missing");
  for (const char* count :
       {"", "0", "-1", "+1", "5000 ", "0x10", "10000001", "99999999999999999999"}) {
    refused(std::string("$sha512$").append(count).append("$").append(salt).append("$").append(hash),
            "iterations");
  }
  for (const char* bad : {"", "AAAA", "AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAB==",
                          "AAAAAAAAAAAAAAAAAAAAA===", "AAAAAAAAAAAAAAAA=AAAAA==",
                          "AAAAAAAAAAAAAAAAAAAAA\n==", "AAAAAAAAAAAAAAAAAAAAA!=="}) {
    refused(std::string("$sha512$5000$").append(bad).append("$").append(hash), "salt");
    refused(std::string("$sha512$5000$").append(salt).append("$").append(bad), "hash");
  }
  refused("$sha512$5000$" + salt + "$" + hash + "$", "hash");
  refused("$sha512$5000$" + std::string(4000, 'A') + "$" + hash, "salt");
  EXPECT_NO_THROW((void)parse_password_hash("$sha512$5000$" + salt + "$" + hash));
  EXPECT_THROW((void)hash_password("x", 0), std::runtime_error);
  EXPECT_THROW((void)hash_password("x", kMaxIterations + 1), std::runtime_error);
}

TEST(Password, TokensAreLongAndNeverTheSame) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; i++) {
    const std::string token = random_token(32);
    EXPECT_EQ(token.size(), 64u);
    EXPECT_EQ(token.find_first_not_of("0123456789abcdef"), token.npos);
    EXPECT_TRUE(seen.insert(token).second);
  }
  EXPECT_EQ(random_token(0), "");
}

}  // namespace
}  // namespace culvert::crypto
