#include "control/dtls/form.hpp"

#include <gtest/gtest.h>

namespace culvert::control::test {
namespace {

using crypto::find_suite;
using crypto::Version;

const crypto::Suite& aes256 = *find_suite(Version::tls13, "TLS_AES_256_GCM_SHA384");
const crypto::Suite& aes128 = *find_suite(Version::tls12, "ECDHE-RSA-AES128-GCM-SHA256");

// What openconnect 9.01 sends.
constexpr std::string_view kSuites =
    "PSK-NEGOTIATE:OC-DTLS1_2-AES256-GCM:OC2-DTLS1_2-CHACHA20-POLY1305:OC-DTLS1_2-AES128-GCM:"
    "DHE-RSA-AES256-SHA:DHE-RSA-AES128-SHA:AES256-SHA:AES128-SHA";
constexpr std::string_view kSuites12 =
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256:AES256-GCM-SHA384:AES128-GCM-SHA256:"
    "DHE-RSA-AES256-SHA:DHE-RSA-AES128-SHA:AES256-SHA:AES128-SHA";

TEST(DtlsForm, PskFirstWithTheCipherOfTls) {
  const auto strong = choose_dtls({kSuites, kSuites12, true}, aes256);
  ASSERT_TRUE(strong.has_value());
  EXPECT_EQ(strong->form, DtlsForm::psk);
  EXPECT_EQ(strong->suite->name, "PSK-AES256-GCM-SHA384");
  EXPECT_EQ(strong->header, "X-DTLS-CipherSuite");
  EXPECT_EQ(strong->value, "PSK-NEGOTIATE");
  EXPECT_EQ(choose_dtls({kSuites, kSuites12, true}, aes128)->suite->name, "PSK-AES128-GCM-SHA256");
  // It needs no master secret.
  EXPECT_EQ(choose_dtls({kSuites, "", false}, aes256)->form, DtlsForm::psk);
}

TEST(DtlsForm, ResumptionOfDtls12) {
  const auto choice = choose_dtls({"AES256-SHA", kSuites12, true}, aes128);
  ASSERT_TRUE(choice.has_value());
  EXPECT_EQ(choice->form, DtlsForm::resumption);
  EXPECT_EQ(choice->header, "X-DTLS12-CipherSuite");
  EXPECT_EQ(choice->value, "ECDHE-RSA-AES128-GCM-SHA256");
  EXPECT_EQ(choice->suite->name, "ECDHE-RSA-AES128-GCM-SHA256");
  EXPECT_EQ(choose_dtls({"", "AES128-GCM-SHA256", true}, aes256)->value, "AES128-GCM-SHA256");
}

// The key exchange goes, cipher and MAC stay.
TEST(DtlsForm, PskHasTheMacOfTlsToo) {
  const auto beside = [](std::string_view tls) {
    return choose_dtls({kSuites, kSuites12, true}, *find_suite(Version::tls12, tls))->suite->name;
  };
  EXPECT_EQ(beside("ECDHE-RSA-AES128-SHA"), "PSK-AES128-CBC-SHA");
  EXPECT_EQ(beside("AES256-SHA"), "PSK-AES256-CBC-SHA");
  EXPECT_EQ(beside("DHE-RSA-AES128-SHA256"), "PSK-AES128-CBC-SHA256");
  EXPECT_EQ(beside("ECDHE-RSA-AES256-SHA384"), "PSK-AES256-CBC-SHA384");
  // Of AES-256-CBC with SHA-256 there is none.
  EXPECT_EQ(beside("AES256-SHA256"), "PSK-AES256-CBC-SHA");
}

TEST(DtlsForm, ResumptionIsTheMoreLikeTlsTheBetter) {
  const crypto::Suite& cbc = *find_suite(Version::tls12, "ECDHE-RSA-AES128-SHA");
  const auto chosen = [&cbc](std::string_view list) {
    return choose_dtls({"", list, true}, cbc)->value;
  };
  EXPECT_EQ(chosen(kSuites12), "DHE-RSA-AES128-SHA");
  EXPECT_EQ(chosen("AES256-SHA:AES128-SHA256:AES128-SHA"), "AES128-SHA");
  EXPECT_EQ(chosen("AES256-SHA:AES128-SHA256"), "AES128-SHA256");
  EXPECT_EQ(chosen("AES256-SHA:AES256-GCM-SHA384"), "AES256-SHA");
}

// A client that knows nothing else beside an AEAD on TLS.
TEST(DtlsForm, CbcWhereTheClientHasNothingElse) {
  const auto choice = choose_dtls({"", "DES-CBC3-SHA:AES256-SHA:AES128-SHA", true}, aes128);
  ASSERT_TRUE(choice.has_value());
  EXPECT_EQ(choice->suite->id, 0x0035);
  EXPECT_EQ(choice->suite->version, Version::dtls12);
  EXPECT_EQ(choice->value, "AES256-SHA");
  EXPECT_EQ(choice->header, "X-DTLS12-CipherSuite");
}

TEST(DtlsForm, ResumptionOfOpenConnect) {
  const auto choice =
      choose_dtls({"OC-DTLS1_2-AES256-GCM:OC-DTLS1_2-AES128-GCM", "", true}, aes128);
  ASSERT_TRUE(choice.has_value());
  EXPECT_EQ(choice->form, DtlsForm::resumption);
  EXPECT_EQ(choice->header, "X-DTLS-CipherSuite");
  EXPECT_EQ(choice->value, "OC-DTLS1_2-AES128-GCM");
  EXPECT_EQ(choice->suite->name, "AES128-GCM-SHA256");
}

TEST(DtlsForm, TheOlderDtlsComesLast) {
  const auto choice = choose_dtls({"DES-CBC3-SHA:AES256-SHA:AES128-SHA", "", true}, aes128);
  ASSERT_TRUE(choice.has_value());
  EXPECT_EQ(choice->form, DtlsForm::resumption);
  EXPECT_EQ(choice->suite->version, Version::dtls09);
  EXPECT_EQ(choice->header, "X-DTLS-CipherSuite");
  EXPECT_EQ(choice->value, "AES256-SHA");
  const crypto::Suite& cbc = *find_suite(Version::tls12, "ECDHE-RSA-AES128-SHA");
  EXPECT_EQ(choose_dtls({"AES256-SHA:DHE-RSA-AES128-SHA", "", true}, cbc)->value,
            "DHE-RSA-AES128-SHA");
  // Anything of DTLS 1.2 goes before it, by either header.
  EXPECT_EQ(choose_dtls({"AES128-SHA", "AES256-SHA", true}, cbc)->suite->version, Version::dtls12);
  EXPECT_EQ(choose_dtls({"AES128-SHA:OC-DTLS1_2-AES256-GCM", "", true}, cbc)->suite->version,
            Version::dtls12);
  EXPECT_FALSE(choose_dtls({"AES256-SHA", "", false}, aes128));
}

TEST(DtlsForm, NothingThatWorkersDoNotCarry) {
  EXPECT_FALSE(choose_dtls({"", "", true}, aes256));
  EXPECT_FALSE(choose_dtls({"RC4-SHA:DES-CBC3-SHA", "DES-CBC3-SHA:RC4-SHA", true}, aes256));
  EXPECT_FALSE(choose_dtls({":::", ":", true}, aes256));
  EXPECT_FALSE(choose_dtls({"psk-negotiate", "", true}, aes256));
  // A resumption without a master secret is none.
  EXPECT_FALSE(choose_dtls({"OC-DTLS1_2-AES256-GCM", kSuites12, false}, aes256));
  // Suites of pre-shared keys are no names of resumption.
  EXPECT_FALSE(choose_dtls({"", "PSK-AES256-GCM-SHA384", true}, aes256));
}

}  // namespace
}  // namespace culvert::control::test
