// What Cisco's client asks for besides the login.
#include "control/anyconnect/client_files.hpp"

#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <gtest/gtest.h>

namespace culvert::control {
namespace {

class ClientFilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/culvert-test-XXXXXX";
    folder_ = ::mkdtemp(pattern);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string write(const std::string& name, const std::string& body) {
    std::ofstream(folder_ + "/" + name) << body;
    return folder_ + "/" + name;
  }
  std::string problem(const std::string& path) {
    try {
      (void)read_profiles({{"p", path}});
      return "";
    } catch (const std::runtime_error& e) {
      return e.what();
    }
  }
  std::string folder_;
};

TEST_F(ClientFilesTest, NothingIsToBeUpdated) {
  for (const char* path :
       {"/VPNManifest.xml", "/CACHE/stc/1/VPNManifest.xml", "/CACHE/stc/VPNManifest.xml",
        "/1/index.html", "/1/Linux_64", "/CACHE/stc/1/Windows", "/1/binaries/vpndownloader.sh",
        "/+CSCOT+/translation-table", "/+CSCOT+/oem-customization"}) {
    const auto reply = client_file(path, {});
    ASSERT_TRUE(reply.has_value()) << path;
    EXPECT_EQ(reply->status, 200u);
    EXPECT_FALSE(reply->body.empty());
  }
  EXPECT_EQ(client_file("/1/binaries/update.txt", {})->body, "0,0,0000\n");
  EXPECT_FALSE(client_file("/1/binaries/other", {}).has_value());
  EXPECT_FALSE(client_file("/", {}).has_value());
  EXPECT_FALSE(client_file("", {}).has_value());
}

TEST_F(ClientFilesTest, NoTwoProfilesHaveTheSameFileName) {
  std::filesystem::create_directory(folder_ + "/other");
  const std::string a = write("lab.xml", "abc"), b = write("other/lab.xml", "def");
  try {
    (void)read_profiles({{"one", a}, {"two", b}});
    FAIL();
  } catch (const std::runtime_error& e) {
    EXPECT_NE(std::string(e.what()).find("profiles one and two have both the file name lab.xml"),
              std::string::npos);
  }
}

TEST_F(ClientFilesTest, ProfilesByTheirHash) {
  // SHA-1 of "abc": FIPS 180-4's example.
  const ClientProfiles profiles = read_profiles({{"lab", write("lab.xml", "abc")}});
  const ClientProfile& lab = profiles.at("lab");
  EXPECT_EQ(lab.sha1, "A9993E364706816ABA3E25717850C26C9CD0D89D");
  for (const char* path : {"/CACHE/stc/profiles/lab.xml", "/profiles/lab.xml",
                           "/CACHE/stc/profiles%2Flab.xml", "/CACHE/stc/profiles%2flab.xml"}) {
    const auto reply = client_file(path, profiles);
    ASSERT_TRUE(reply.has_value()) << path;
    EXPECT_EQ(reply->body, "abc");
  }
  EXPECT_FALSE(client_file("/CACHE/stc/profiles/../lab.xml", profiles).has_value());
  EXPECT_FALSE(client_file("/CACHE/stc/profiles/lab", profiles).has_value());
  EXPECT_EQ(client_cookie("AB", &lab),
            "bu:/CACHE/stc/&p:t&iu:1/&sh:AB&lu:/+CSCOT+/translation-table?textdomain%3DAnyConnect"
            "%26type%3Dmanifest&fu:profiles%2Flab.xml&fh:" +
                lab.sha1);
  EXPECT_EQ(client_cookie("AB", nullptr), "bu:/CACHE/stc/&p:t&iu:1/&sh:AB");
}

TEST_F(ClientFilesTest, RefusalsSayWhatToDo) {
  EXPECT_NE(problem(folder_ + "/missing.xml").find("cannot read the client profile"),
            std::string::npos);
  EXPECT_NE(problem(write("empty.xml", "")).find("it is empty"), std::string::npos);
  EXPECT_NE(problem("/dev/zero").find("there is no such file"), std::string::npos);
  EXPECT_NE(problem(write("a b.xml", "x")).find("give it a name"), std::string::npos);
  EXPECT_NE(problem(write("big.xml", std::string(kMaxProfile + 1, 'x'))).find("larger"),
            std::string::npos);
}

}  // namespace
}  // namespace culvert::control
