// An authority that issues client certificates, made with OpenSSL in the test.
#pragma once

#include <ctime>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "control/tls/owned.hpp"

namespace culvert::control::test {

struct Issued {
  Owned<X509> certificate;
  Owned<EVP_PKEY> key;

  void use_in(SSL* ssl) const {
    EXPECT_EQ(SSL_use_certificate(ssl, certificate.get()), 1);
    EXPECT_EQ(SSL_use_PrivateKey(ssl, key.get()), 1);
  }
};

class Authority {
 public:
  // Subject attributes by OpenSSL's short names: {"CN", "alice"}.
  using Subject = std::vector<std::pair<std::string, std::string>>;

  explicit Authority(const std::string& name) { own_ = make({{"CN", name}}, 3600, true, ""); }

  // `lives_s` below 0: it has expired. `upn`: a Microsoft principal name besides.
  [[nodiscard]] Issued issue(const Subject& subject, long lives_s = 3600,
                             const std::string& upn = "") {
    return make(subject, lives_s, false, upn);
  }
  void write_certificate(const std::string& path) const {
    write(path, [&](BIO* out) { PEM_write_bio_X509(out, own_.certificate.get()); });
  }
  // A list with these certificates in it; `lives_s` below 0: it is out of date.
  void write_crl(const std::string& path, const std::vector<const Issued*>& revoked,
                 long lives_s = 3600) const {
    const Owned<X509_CRL> crl(X509_CRL_new());
    X509_CRL_set_version(crl.get(), X509_CRL_VERSION_2);
    X509_CRL_set_issuer_name(crl.get(), X509_get_subject_name(own_.certificate.get()));
    ASN1_TIME* now = X509_gmtime_adj(nullptr, -7200);
    ASN1_TIME* next = X509_gmtime_adj(nullptr, lives_s);
    X509_CRL_set1_lastUpdate(crl.get(), now);
    X509_CRL_set1_nextUpdate(crl.get(), next);
    for (const Issued* one : revoked) {
      X509_REVOKED* entry = X509_REVOKED_new();
      X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(one->certificate.get()));
      X509_REVOKED_set_revocationDate(entry, now);
      X509_CRL_add0_revoked(crl.get(), entry);
    }
    ASN1_TIME_free(now);
    ASN1_TIME_free(next);
    X509_CRL_sort(crl.get());
    EXPECT_GT(X509_CRL_sign(crl.get(), own_.key.get(), EVP_sha256()), 0);
    write(path, [&](BIO* out) { PEM_write_bio_X509_CRL(out, crl.get()); });
  }

 private:
  template <typename F>
  static void write(const std::string& path, F put) {
    BIO* out = BIO_new_file(path.c_str(), "w");
    ASSERT_NE(out, nullptr);
    put(out);
    BIO_free(out);
  }

  static void extend(X509* certificate, int nid, const std::string& value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
    ASSERT_NE(extension, nullptr) << value;
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }

  Issued make(const Subject& subject, long lives_s, bool authority, const std::string& upn) {
    Issued out;
    out.key.reset(EVP_EC_gen("P-256"));
    out.certificate.reset(X509_new());
    X509* c = out.certificate.get();
    X509_set_version(c, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(c), ++serial_);
    X509_gmtime_adj(X509_getm_notBefore(c), -7200);
    X509_gmtime_adj(X509_getm_notAfter(c), lives_s);
    X509_set_pubkey(c, out.key.get());
    for (const auto& [name, value] : subject) {
      EXPECT_EQ(X509_NAME_add_entry_by_txt(X509_get_subject_name(c), name.c_str(), MBSTRING_UTF8,
                                           reinterpret_cast<const unsigned char*>(value.data()),
                                           static_cast<int>(value.size()), -1, 0),
                1);
    }
    const Issued& issuer = authority ? out : own_;
    X509_set_issuer_name(c, X509_get_subject_name(issuer.certificate.get()));
    extend(c, NID_basic_constraints, authority ? "critical,CA:TRUE" : "CA:FALSE");
    if (authority) extend(c, NID_key_usage, "critical,keyCertSign,cRLSign");
    if (!authority) extend(c, NID_ext_key_usage, "clientAuth");
    if (!upn.empty()) extend(c, NID_subject_alt_name, "otherName:msUPN;UTF8:" + upn);
    EXPECT_GT(X509_sign(c, issuer.key.get(), EVP_sha256()), 0);
    return out;
  }

  long serial_ = 0x1000;
  Issued own_;
};

}  // namespace culvert::control::test
