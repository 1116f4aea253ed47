#include "control/mtu/accounting.hpp"

#include <array>

#include <gtest/gtest.h>

namespace culvert::control {
namespace {

MtuInputs inputs(Accounting accounting, std::string_view suite,
                 TlsVersion version = TlsVersion::tls12) {
  MtuInputs in;
  in.accounting = accounting;
  in.version = version;
  in.tls_suite = in.dtls_suite = find_cipher_shape(suite).value();
  return in;
}

void expect(const MtuInputs& in, unsigned tls, unsigned dtls) {
  const Mtus mtus = announced_mtus(in);
  EXPECT_EQ(mtus.tls, tls) << mtus.tls_derivation.text();
  EXPECT_EQ(mtus.dtls, dtls) << mtus.dtls_derivation.text();
}

TEST(Documented, NumbersOfTheNote) {
  MtuInputs in = inputs(Accounting::documented, "AES256-SHA");
  expect(in, 1347, 1418);
  const Mtus mtus = announced_mtus(in);
  EXPECT_EQ(mtus.tls_derivation.text(),
            "1380 - 5 (TLS header) - 8 (CSTP) - 0 (padding) - 20 (hash) = 1347");
  EXPECT_EQ(mtus.dtls_derivation.text(),
            "1500 - 20 (IP) - 8 (UDP) - 13 (DTLS header) - 16 (IV) = 1443; 1443 & ~15 (whole "
            "blocks) = 1440; 1440 - 1 (CDTP) - 20 (hash) - 1 (padding) = 1418");
  in.tcpmss = 1460;
  expect(in, 1427, 1418);
  in.tcpmss = 0;
  expect(in, 1427, 1418);
  in.tcpmss = 1380;
  in.configured_mtu = 1300;
  expect(in, 1300, 1300);
}

TEST(Documented, DoesNotAskWhatWasNegotiated) {
  for (const char* suite : {"RC4-SHA", "AES256-GCM-SHA384", "ECDHE-RSA-CHACHA20-POLY1305"})
    expect(inputs(Accounting::documented, suite), 1347, 1418);
  expect(inputs(Accounting::documented, "TLS_AES_256_GCM_SHA384", TlsVersion::tls13), 1347, 1418);
}

TEST(Documented, IsLoweredToWhatFitsADatagram) {
  const MtuInputs in = inputs(Accounting::documented, "AES256-SHA256");
  expect(in, 1347, 1406);
  EXPECT_TRUE(announced_mtus(in).dtls_lowered);
  EXPECT_FALSE(announced_mtus(inputs(Accounting::documented, "AES256-SHA")).dtls_lowered);
}

TEST(Documented, TheClientsPathCaps) {
  MtuInputs in = inputs(Accounting::documented, "AES128-GCM-SHA256");
  in.base_mtu = 1500;
  in.client_mtu = 1000;  // does not count next to a base MTU
  expect(in, 1347, 1418);
  in.base_mtu = 1280;
  EXPECT_EQ(announced_mtus(in).tls, 1280 - 40 - 33);
  EXPECT_LT(announced_mtus(in).dtls, 1280 - 28);
  in.base_mtu.reset();
  expect(in, 1000, 1000);
}

TEST(Documented, NeverMoreThanARecordNorNothing) {
  MtuInputs in = inputs(Accounting::documented, "AES128-GCM-SHA256");
  in.tcpmss = in.interface_mtu = 65535;
  expect(in, 16376, 16383);
  in.max_plaintext = 512;
  expect(in, 504, 511);
  in = inputs(Accounting::documented, "AES128-GCM-SHA256");
  in.tcpmss = in.interface_mtu = 10;
  expect(in, 256, 256);
}

TEST(Asa, CountsTheNegotiatedCipher) {
  MtuInputs in = inputs(Accounting::asa, "AES256-SHA256");
  in.tcpmss = 0;
  // 1460 - 5 - 16 = 1439, whole blocks 1424, less 8, 32 and 1.
  expect(in, 1383, 1406);
  in.tcpmss = 1380;
  // The figure that asa-style accounting gives for the note's cipher list.
  expect(in, 1303, 1406);
  expect(inputs(Accounting::asa, "RC4-SHA"), 1347, 1438);
  in = inputs(Accounting::asa, "AES128-SHA", TlsVersion::tls10);
  // TLS 1.0 has no IV in the record.
  expect(in, 1360 - 8 - 20 - 1, 1418);
}

TEST(Asa, TakesTheSmallestOfThreePaths) {
  MtuInputs in = inputs(Accounting::asa, "RC4-SHA");
  in.client_mss = 1300;
  EXPECT_EQ(announced_mtus(in).tls, 1300 - 33);
  in.client_mss = 1460;
  in.interface_mtu = 1400;
  in.outer_v6 = true;
  EXPECT_EQ(announced_mtus(in).tls, 1340 - 33);
  in.timestamps = true;
  EXPECT_EQ(announced_mtus(in).tls, 1340 - 12 - 33);
}

// --- exact: the wire's side of the same sums, counted forwards ---

unsigned record_size(const CipherShape& suite, TlsVersion version, bool etm, unsigned header,
                     unsigned payload) {
  const unsigned iv = version == TlsVersion::tls10 ? 0 : suite.block;
  const auto padded = [&](unsigned n) {
    return (n + 1 + suite.block - 1) / suite.block * suite.block;
  };
  switch (suite.protection) {
    case Protection::stream: return header + payload + suite.hash;
    case Protection::cbc:
      return etm ? header + iv + padded(payload) + suite.hash
                 : header + iv + padded(payload + suite.hash);
    case Protection::gcm:
      return header + payload + suite.tag + (version == TlsVersion::tls13 ? 1 : 8);
    case Protection::chacha:
      return header + payload + suite.tag + (version == TlsVersion::tls13 ? 1 : 0);
  }
  return 0;
}

struct Negotiated {
  const char* suite;
  TlsVersion version;
  bool etm;
};
constexpr auto kNegotiated = std::to_array<Negotiated>({
    {"RC4-SHA", TlsVersion::tls10, false},
    {"RC4-MD5", TlsVersion::tls12, false},
    {"DES-CBC3-SHA", TlsVersion::tls10, false},
    {"DES-CBC3-SHA", TlsVersion::tls12, false},
    {"AES128-SHA", TlsVersion::tls10, false},
    {"AES128-SHA", TlsVersion::tls12, false},
    {"AES256-SHA", TlsVersion::tls12, true},
    {"AES256-SHA256", TlsVersion::tls12, false},
    {"DHE-RSA-AES256-SHA256", TlsVersion::tls12, true},
    {"ECDHE-RSA-AES256-SHA384", TlsVersion::tls12, false},
    {"ECDHE-RSA-AES256-SHA384", TlsVersion::tls12, true},
    {"AES128-GCM-SHA256", TlsVersion::tls12, false},
    {"ECDHE-RSA-AES256-GCM-SHA384", TlsVersion::tls12, false},
    {"AES128-CCM8", TlsVersion::tls12, false},
    {"ECDHE-RSA-CHACHA20-POLY1305", TlsVersion::tls12, false},
    {"TLS_AES_128_GCM_SHA256", TlsVersion::tls13, false},
    {"TLS_AES_256_GCM_SHA384", TlsVersion::tls13, false},
    {"TLS_CHACHA20_POLY1305_SHA256", TlsVersion::tls13, false},
});

// What `exact` announces fits, and one byte more does not.
TEST(Exact, FitsAndNotOneByteMore) {
  unsigned cases = 0;
  for (const Negotiated& n : kNegotiated) {
    for (const bool v6 : {false, true}) {
      for (const bool timestamps : {false, true}) {
        for (unsigned mtu = 576; mtu <= 1600; ++mtu) {
          MtuInputs in = inputs(Accounting::exact, n.suite, n.version);
          in.tls_suite.encrypt_then_mac = in.dtls_suite.encrypt_then_mac = n.etm;
          in.interface_mtu = mtu;
          in.outer_v6 = v6;
          in.timestamps = timestamps;
          in.tcpmss = 0;
          const Mtus mtus = announced_mtus(in);
          const unsigned segment = mtu - (v6 ? 60 : 40) - (timestamps ? 12 : 0);
          const auto tls = [&](unsigned inner) {
            return record_size(in.tls_suite, n.version, n.etm, 5, inner + 8);
          };
          const unsigned datagram = mtu - (v6 ? 48 : 28);
          const auto dtls = [&](unsigned inner) {
            return record_size(in.dtls_suite, TlsVersion::tls12, n.etm, 13, inner + 1);
          };
          ASSERT_LE(tls(mtus.tls), segment) << n.suite << " " << mtus.tls_derivation.text();
          ASSERT_GT(tls(mtus.tls + 1u), segment) << n.suite << " " << mtus.tls_derivation.text();
          ASSERT_LE(dtls(mtus.dtls), datagram) << n.suite << " " << mtus.dtls_derivation.text();
          ASSERT_GT(dtls(mtus.dtls + 1u), datagram) << n.suite << mtus.dtls_derivation.text();
          ++cases;
        }
      }
    }
  }
  EXPECT_EQ(cases, kNegotiated.size() * 2 * 2 * 1025);
}

// Whatever the accounting, no datagram is too large for the interface.
TEST(Exact, BoundsDtlsOfEveryAccounting) {
  for (const Accounting accounting : {Accounting::documented, Accounting::asa}) {
    for (const Negotiated& n : kNegotiated) {
      for (unsigned mtu = 576; mtu <= 1600; ++mtu) {
        MtuInputs in = inputs(accounting, n.suite, n.version);
        in.interface_mtu = mtu;
        const Mtus mtus = announced_mtus(in);
        ASSERT_LE(record_size(in.dtls_suite, TlsVersion::tls12, false, 13, mtus.dtls + 1u),
                  mtu - 28)
            << n.suite << " " << mtus.dtls_derivation.text();
      }
    }
  }
}

TEST(Names, ReadWhatTheyWrite) {
  for (const Accounting a : {Accounting::documented, Accounting::asa, Accounting::exact})
    EXPECT_EQ(find_accounting(to_string(a)), a);
  EXPECT_FALSE(find_accounting("cisco"));
  EXPECT_EQ(find_tls_version("tls1.2"), TlsVersion::tls12);
  EXPECT_EQ(find_tls_version("TLSv1.3"), TlsVersion::tls13);
  EXPECT_FALSE(find_tls_version("ssl3"));
  EXPECT_FALSE(find_tls_version("tls1.4"));
}

}  // namespace
}  // namespace culvert::control
