// Certificates and ciphers: what works, and the sentence where it does not.
#include "control/tls/server_context.hpp"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "crypto/suite.hpp"

namespace culvert::control {
namespace {

class ServerContextTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/culvert-test-XXXXXX";
    directory_ = ::mkdtemp(pattern);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  std::string problem(const SslConfig& ssl, const std::string& state) {
    try {
      const ServerContext context(ssl, state, "host");
      return "";
    } catch (const std::runtime_error& e) {
      return e.what();
    }
  }
  std::string directory_;
};

TEST_F(ServerContextTest, SelfSignedIsMadeOnceWithItsPin) {
  const std::string state = directory_ + "/state";
  const ServerContext first({}, state, "vpn.example");
  EXPECT_TRUE(first.self_signed());
  EXPECT_TRUE(first.pin().starts_with("pin-sha256:"));
  EXPECT_EQ(first.pin().size(), 11u + 44u);
  struct stat info {};
  ASSERT_EQ(::stat(first.certificate_file().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  const ServerContext second({}, state, "other");
  EXPECT_EQ(second.pin(), first.pin());
  SslConfig ssl;
  ssl.trust_point = first.certificate_file();
  const ServerContext third(ssl, "/nowhere", "x");
  EXPECT_EQ(third.pin(), first.pin());
  EXPECT_FALSE(third.self_signed());
}

TEST_F(ServerContextTest, RefusalsSayWhatToDo) {
  SslConfig ssl;
  ssl.trust_point = directory_ + "/missing.pem";
  EXPECT_NE(problem(ssl, directory_).find("cannot read the certificate file"), std::string::npos);
  ssl.trust_point = directory_ + "/empty.pem";
  std::ofstream(ssl.trust_point) << "nothing";
  EXPECT_NE(problem(ssl, directory_).find("no certificate in"), std::string::npos);
  const ServerContext a({}, directory_ + "/a", "a");
  const ServerContext b({}, directory_ + "/b", "b");
  ssl.trust_point = a.certificate_file();
  ssl.trust_point_key = b.certificate_file();
  EXPECT_NE(problem(ssl, directory_).find("does not belong to"), std::string::npos);
  ssl.trust_point_key = directory_ + "/empty.pem";
  EXPECT_NE(problem(ssl, directory_).find("no usable private key"), std::string::npos);
  EXPECT_NE(problem({}, directory_ + "/empty.pem/x").find("state-directory"), std::string::npos);
}

TEST_F(ServerContextTest, AllButTheCertificateCanBeChecked) {
  const auto checked = [](const SslConfig& ssl) -> std::string {
    try {
      ServerContext::check_without_certificate(ssl);
      return "";
    } catch (const std::runtime_error& e) {
      return e.what();
    }
  };
  EXPECT_EQ(checked({}), "");
  SslConfig ssl;
  ssl.client_ca = directory_ + "/missing.pem";
  EXPECT_NE(checked(ssl).find("ssl client-ca"), std::string::npos) << checked(ssl);
  ssl = {};
  ssl.tls13.custom = "NONSENSE";
  EXPECT_NE(checked(ssl).find("none of the TLSv1.3 ciphers"), std::string::npos);
  EXPECT_TRUE(std::filesystem::is_empty(directory_));
}

TEST_F(ServerContextTest, OnlyCiphersThatWorkersCarry) {
  SslConfig ssl;
  ssl.tls12.custom = "AES256-CCM:ECDHE-ECDSA-AES128-GCM-SHA256:RC4-SHA";
  const ServerContext context(ssl, directory_, "x");
  EXPECT_EQ(context.ignored_ciphers(), (std::vector<std::string>{"AES256-CCM", "RC4-SHA"}));
  ssl.tls12.custom = "AES256-CCM";
  EXPECT_NE(problem(ssl, directory_).find("none of the TLSv1.2 ciphers"), std::string::npos);
  ssl.allow_tls12 = false;
  EXPECT_EQ(problem(ssl, directory_), "");
  ssl.tls13.custom = "TLS_AES_128_CCM_SHA256";
  EXPECT_NE(problem(ssl, directory_).find("none of the TLSv1.3 ciphers"), std::string::npos);
}

// Names of one version's suites that OpenSSL offers, of those that workers carry in it.
std::vector<std::string> offered(const ServerContext& context, crypto::Version version) {
  std::vector<std::string> names;
  const STACK_OF(SSL_CIPHER)* ciphers = SSL_CTX_get_ciphers(context.get());
  for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); i++) {
    const std::string name = SSL_CIPHER_get_name(sk_SSL_CIPHER_value(ciphers, i));
    if (crypto::find_suite(version, name) != nullptr) names.push_back(name);
  }
  return names;
}

TEST_F(ServerContextTest, LevelsAreAnAsas) {
  using crypto::Version;
  const auto at = [this](CipherLevel level) {
    SslConfig ssl;
    ssl.tls12.level = ssl.tls13.level = level;
    return ServerContext(ssl, directory_, "x");
  };
  for (const CipherLevel level : {CipherLevel::all, CipherLevel::low, CipherLevel::medium}) {
    const ServerContext context = at(level);
    size_t carried = 0;
    for (const crypto::Suite& suite : crypto::tls_suites())
      carried += suite.version == Version::tls12;
    EXPECT_EQ(offered(context, Version::tls12).size(), carried);
    EXPECT_EQ(offered(context, Version::tls13).size(), 3u);
  }
  const ServerContext fips = at(CipherLevel::fips);
  EXPECT_EQ(offered(fips, Version::tls13),
            (std::vector<std::string>{"TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256"}));
  for (const std::string& name : offered(fips, Version::tls12))
    EXPECT_EQ(name.find("CHACHA"), std::string::npos);
  const ServerContext high = at(CipherLevel::high);
  EXPECT_EQ(offered(high, Version::tls13), std::vector<std::string>{"TLS_AES_256_GCM_SHA384"});
  EXPECT_EQ(offered(high, Version::tls12),
            (std::vector<std::string>{
                "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384",
                "DHE-RSA-AES256-GCM-SHA384", "AES256-GCM-SHA384", "ECDHE-ECDSA-AES256-SHA384",
                "ECDHE-RSA-AES256-SHA384", "DHE-RSA-AES256-SHA256", "AES256-SHA256"}));
}

}  // namespace
}  // namespace culvert::control
