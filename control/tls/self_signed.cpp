// Makes the self-signed certificate (RFC 5280) and writes it so that a crash leaves no half a file.
#include "control/tls/self_signed.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <stdexcept>

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/tls/openssl_reason.hpp"
#include "control/tls/owned.hpp"

namespace culvert::control {
namespace {

constexpr long kTenYears = 10L * 365 * 24 * 3600;

void require(bool ok) {
  if (!ok) {
    refuse(
        "OpenSSL could not make a self-signed certificate: check that its default provider is "
        "installed, or configure one with 'ssl trust-point FILE'");
  }
}

void add_extension(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const Owned<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  require(extension && X509_add_ext(certificate, extension.get(), -1) == 1);
}

// RFC 5280 §4.1.2.2: positive, at most 20 octets.
void set_random_serial(X509* certificate) {
  uint64_t serial = 0;
  require(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1);
  require(ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), (serial >> 1) | 1) == 1);
}

// A host name goes into the certificate as it is typed into the client; what could change the
// meaning of the extension's text form is left out.
bool fit_for_name(const std::string& hostname) {
  return !hostname.empty() && hostname.size() <= 63 &&
         hostname.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") ==
             std::string::npos;
}

Owned<X509> make_certificate(EVP_PKEY* key, const std::string& hostname) {
  Owned<X509> certificate(X509_new());
  require(certificate != nullptr);
  X509* c = certificate.get();
  require(X509_set_version(c, X509_VERSION_3) == 1);
  set_random_serial(c);
  // A lab's clocks disagree; an hour of grace costs nothing.
  require(X509_gmtime_adj(X509_getm_notBefore(c), -3600) != nullptr);
  require(X509_gmtime_adj(X509_getm_notAfter(c), kTenYears) != nullptr);
  require(X509_set_pubkey(c, key) == 1);
  const std::string name = fit_for_name(hostname) ? hostname : "culvert";
  X509_NAME* subject = X509_get_subject_name(c);
  require(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                                     reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1,
                                     0) == 1);
  require(X509_set_issuer_name(c, subject) == 1);
  add_extension(c, NID_subject_alt_name, "DNS:" + name);
  add_extension(c, NID_basic_constraints, "critical,CA:FALSE");
  add_extension(c, NID_key_usage, "critical,digitalSignature");
  add_extension(c, NID_ext_key_usage, "serverAuth");
  require(X509_sign(c, key, EVP_sha256()) > 0);
  return certificate;
}

void write_all(int fd, const char* data, size_t size, const std::string& path) {
  while (size != 0) {
    const ssize_t n = ::write(fd, data, size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) refuse("cannot write " + path + ": " + std::strerror(errno) + "; free some space");
    data += n;
    size -= static_cast<size_t>(n);
  }
}

void write_atomically(const std::string& path, const char* data, size_t size) {
  const std::string draft = path + ".new";
  ::unlink(draft.c_str());  // of an earlier start that was interrupted
  const int fd = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) {
    refuse("cannot create " + draft + ": " + std::strerror(errno) +
           "; make the directory writable or choose another with 'state-directory PATH'");
  }
  try {
    write_all(fd, data, size, draft);
    if (::fsync(fd) != 0) refuse("cannot write " + draft + ": " + std::strerror(errno));
  } catch (...) {
    ::close(fd);
    ::unlink(draft.c_str());
    throw;
  }
  ::close(fd);
  if (::rename(draft.c_str(), path.c_str()) != 0) {
    const std::string reason = std::strerror(errno);
    ::unlink(draft.c_str());
    refuse("cannot put " + path + " in place: " + reason);
  }
}

}  // namespace

std::string ensure_self_signed(const std::string& state_dir, const std::string& hostname) {
  std::string path = state_dir + "/self-signed.pem";
  if (::access(path.c_str(), F_OK) == 0) return path;

  std::error_code error;
  std::filesystem::create_directories(state_dir, error);
  if (error) {
    refuse("cannot create " + state_dir + " for the self-signed certificate: " + error.message() +
           "; choose another directory with 'state-directory PATH'");
  }
  const Owned<EVP_PKEY> key(EVP_EC_gen("P-256"));
  require(key != nullptr);
  const Owned<X509> certificate = make_certificate(key.get(), hostname);

  // BIO_s_secmem wipes its memory when it is freed: the private key passes through it.
  const Owned<BIO> text(BIO_new(BIO_s_secmem()));
  require(text != nullptr);
  require(PEM_write_bio_PrivateKey(text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) ==
          1);
  require(PEM_write_bio_X509(text.get(), certificate.get()) == 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(text.get(), &data);
  require(size > 0);
  write_atomically(path, data, static_cast<size_t>(size));
  return path;
}

}  // namespace culvert::control
