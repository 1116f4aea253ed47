// OpenSSL's objects, freed by who has them.
#pragma once

#include <memory>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace culvert::control {

struct OpensslFree {
  void operator()(BIGNUM* p) const noexcept { BN_free(p); }
  void operator()(BIO* p) const noexcept { BIO_free(p); }
  void operator()(EVP_PKEY* p) const noexcept { EVP_PKEY_free(p); }
  void operator()(GENERAL_NAMES* p) const noexcept { GENERAL_NAMES_free(p); }
  void operator()(SSL* p) const noexcept { SSL_free(p); }
  void operator()(SSL_CTX* p) const noexcept { SSL_CTX_free(p); }
  void operator()(SSL_SESSION* p) const noexcept { SSL_SESSION_free(p); }
  void operator()(X509* p) const noexcept { X509_free(p); }
  void operator()(X509_CRL* p) const noexcept { X509_CRL_free(p); }
  void operator()(X509_EXTENSION* p) const noexcept { X509_EXTENSION_free(p); }
  void operator()(char* p) const noexcept { OPENSSL_free(p); }
  void operator()(unsigned char* p) const noexcept { OPENSSL_free(p); }
};
template <typename T>
using Owned = std::unique_ptr<T, OpensslFree>;

}  // namespace culvert::control
