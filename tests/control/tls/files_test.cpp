// Whether a change of the files behind TLS is noticed, and what is refused in those about clients.
#include "control/tls/files.hpp"

#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <gtest/gtest.h>

#include "control/tls/server_context.hpp"
#include "tests/control/tls/authority.hpp"

namespace culvert::control {
namespace {

class TlsFilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/culvert-test-XXXXXX";
    folder_ = ::mkdtemp(pattern);
    ssl_.client_ca = folder_ + "/ca.pem";
    ssl_.client_crl = folder_ + "/crl.pem";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string problem() {
    try {
      const ServerContext context(ssl_, folder_, "host");
      return "";
    } catch (const std::runtime_error& e) {
      return e.what();
    }
  }
  std::string folder_;
  SslConfig ssl_;
};

TEST_F(TlsFilesTest, ChangesAreNoticedOnce) {
  std::ofstream(ssl_.client_ca) << "a";
  TlsFiles files(ssl_);
  EXPECT_FALSE(files.changed());
  std::ofstream(ssl_.client_ca) << "longer";
  EXPECT_TRUE(files.changed());
  EXPECT_FALSE(files.changed());
  std::ofstream(folder_ + "/new") << "longer";
  std::filesystem::rename(folder_ + "/new", ssl_.client_ca);
  EXPECT_TRUE(files.changed());
  std::filesystem::remove(ssl_.client_ca);
  EXPECT_FALSE(files.changed());
  std::ofstream(ssl_.client_crl) << "now it is there";
  EXPECT_TRUE(files.changed());
}

TEST_F(TlsFilesTest, RefusalsOfClientFilesSayWhatToDo) {
  EXPECT_NE(problem().find("check the path given to 'ssl client-ca'"), std::string::npos);
  std::ofstream(ssl_.client_ca) << "nothing";
  EXPECT_NE(problem().find("there is no certificate of an authority in"), std::string::npos);
  const test::Authority authority("Clients");
  authority.write_certificate(ssl_.client_ca);
  EXPECT_NE(problem().find("check the path given to 'ssl client-crl'"), std::string::npos);
  std::ofstream(ssl_.client_crl) << "nothing";
  EXPECT_NE(problem().find("there is no revocation list in"), std::string::npos);
  authority.write_crl(ssl_.client_crl, {});
  EXPECT_EQ(problem(), "");
}

}  // namespace
}  // namespace culvert::control
