#include "tests/crypto/record/identity.hpp"

#include <stdexcept>

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

namespace culvert::crypto::record {
namespace {

struct Identity {
  EVP_PKEY* key;
  X509* certificate;
};

// Self-signed; made once a process, because RSA keys take a while.
Identity make_identity(EVP_PKEY* key) {
  X509* x = X509_new();
  if (key == nullptr || x == nullptr) throw std::runtime_error("OpenSSL: key");
  ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
  X509_gmtime_adj(X509_getm_notBefore(x), -3600);
  X509_gmtime_adj(X509_getm_notAfter(x), 3600);
  X509_set_pubkey(x, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
  X509_set_issuer_name(x, X509_get_subject_name(x));
  if (X509_sign(x, key, EVP_sha256()) <= 0) throw std::runtime_error("OpenSSL: certificate");
  return {key, x};
}

const Identity& ecdsa_identity() {
  static const Identity identity = make_identity(EVP_EC_gen("P-256"));
  return identity;
}

const Identity& rsa_identity() {
  static const Identity identity = make_identity(EVP_RSA_gen(2048));
  return identity;
}

}  // namespace

void use_identities(SSL_CTX* server) {
  for (const Identity& id : {ecdsa_identity(), rsa_identity()}) {
    if (SSL_CTX_use_certificate(server, id.certificate) != 1 ||
        SSL_CTX_use_PrivateKey(server, id.key) != 1) {
      throw std::runtime_error("OpenSSL: identity");
    }
  }
}

}  // namespace culvert::crypto::record
