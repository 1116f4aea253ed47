// OpenSSL checks the chain (RFC 5280 §6); a failure is remembered instead of ending the handshake.
#include "control/tls/client_certificate.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <stdexcept>

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "control/tls/files.hpp"
#include "control/tls/openssl_reason.hpp"
#include "control/tls/owned.hpp"

namespace culvert::control {
namespace {

struct Field {
  int nid;
  std::string_view name;
};
constexpr std::array kFields = {
    Field{NID_countryName, "C"},
    Field{NID_commonName, "CN"},
    Field{NID_dnQualifier, "DNQ"},
    Field{NID_pkcs9_emailAddress, "EA"},
    Field{NID_generationQualifier, "GENQ"},
    Field{NID_givenName, "GN"},
    Field{NID_initials, "I"},
    Field{NID_localityName, "L"},
    Field{NID_name, "N"},
    Field{NID_organizationName, "O"},
    Field{NID_organizationalUnitName, "OU"},
    Field{NID_serialNumber, "SER"},
    Field{NID_surname, "SN"},
    Field{NID_stateOrProvinceName, "SP"},
    Field{NID_title, "T"},
    Field{NID_userId, "UID"},
};

// OpenSSL keeps the result; what it put on its error queue meanwhile would be taken for a failure of
// the handshake.
int verify_and_go_on(X509_STORE_CTX* store, void*) {
  (void)X509_verify_cert(store);
  ERR_clear_error();
  return 1;
}

std::optional<std::string> utf8(const ASN1_STRING* text) {
  unsigned char* raw = nullptr;
  const int size = ASN1_STRING_to_UTF8(&raw, text);
  if (size < 0) {
    ERR_clear_error();
    return std::nullopt;
  }
  const Owned<unsigned char> owner(raw);
  std::string out(reinterpret_cast<const char*>(raw), static_cast<size_t>(size));
  if (out.empty() || out.find('\0') != out.npos) return std::nullopt;
  return out;
}

// Whoever connects can have it written: no more than a log can bear.
constexpr size_t kMaxLoggedName = 256;

std::string one_line(X509_NAME* name) {
  const Owned<BIO> out(BIO_new(BIO_s_mem()));
  if (!out) return {};
  // Escapes control characters and whatever is not ASCII.
  X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253);
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return size <= 0 ? std::string()
                   : std::string(text, std::min(static_cast<size_t>(size), kMaxLoggedName));
}

std::string hexadecimal(const ASN1_INTEGER* serial) {
  const Owned<BIGNUM> number(ASN1_INTEGER_to_BN(serial, nullptr));
  if (!number) return {};
  const Owned<char> text(BN_bn2hex(number.get()));
  return text ? text.get() : "";
}

void add_subject(X509* certificate, ClientCertificate& out) {
  X509_NAME* subject = X509_get_subject_name(certificate);
  for (int i = 0; i < X509_NAME_entry_count(subject); i++) {
    const X509_NAME_ENTRY* entry = X509_NAME_get_entry(subject, i);
    const int nid = OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry));
    for (const Field& field : kFields) {
      if (field.nid != nid) continue;
      if (auto value = utf8(X509_NAME_ENTRY_get_data(entry)))
        out.attributes.emplace_back(field.name, std::move(*value));
    }
  }
}

void add_principal_names(X509* certificate, ClientCertificate& out) {
  const Owned<GENERAL_NAMES> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); i++) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_OTHERNAME || OBJ_obj2nid(name->d.otherName->type_id) != NID_ms_upn ||
        name->d.otherName->value->type != V_ASN1_UTF8STRING) {
      continue;
    }
    if (auto value = utf8(name->d.otherName->value->value.utf8string))
      out.attributes.emplace_back("UPN", std::move(*value));
  }
}

// SSL_CTX_load_verify_locations() takes a file without any CRL in it, too.
unsigned load_crls(X509_STORE* store, const std::string& file) {
  X509_LOOKUP* lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
  const int count =
      lookup == nullptr ? 0 : X509_load_crl_file(lookup, file.c_str(), X509_FILETYPE_PEM);
  return count > 0 ? static_cast<unsigned>(count) : 0;
}

}  // namespace

std::optional<std::string> user_of(const ClientCertificate& certificate,
                                   const CertificateUserConfig& from) {
  for (const std::string& wanted : {from.primary, from.secondary}) {
    std::optional<std::string> found;
    for (const auto& [name, value] : certificate.attributes) {
      if (name == wanted) found = value;
    }
    if (found) return found;
  }
  return std::nullopt;
}

void request_client_certificates(SSL_CTX* context, const std::string& ca_file,
                                 const std::string& crl_file) {
  require_readable(ca_file, "file of authorities", "ssl client-ca");
  STACK_OF(X509_NAME)* names = SSL_load_client_CA_file(ca_file.c_str());
  if (names == nullptr || SSL_CTX_load_verify_locations(context, ca_file.c_str(), nullptr) != 1) {
    sk_X509_NAME_pop_free(names, X509_NAME_free);
    refuse("there is no certificate of an authority in " + ca_file +
           "; 'ssl client-ca' needs a PEM file with at least one");
  }
  SSL_CTX_set_client_CA_list(context, names);
  if (!crl_file.empty()) {
    require_readable(crl_file, "revocation list", "ssl client-crl");
    X509_STORE* store = SSL_CTX_get_cert_store(context);
    if (load_crls(store, crl_file) == 0) {
      refuse("there is no revocation list in " + crl_file +
             "; 'ssl client-crl' needs a PEM file with one of each authority");
    }
    X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
  }
  // OpenSSL insists on it where certificates are asked for, though no session is ever resumed.
  constexpr unsigned char kContext[] = "culvert";
  SSL_CTX_set_session_id_context(context, kContext, sizeof kContext - 1);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(context, verify_and_go_on, nullptr);
  ERR_clear_error();
}

ClientCertificate client_certificate(SSL* ssl) {
  ClientCertificate out;
  const Owned<X509> certificate(SSL_get1_peer_certificate(ssl));
  if (!certificate) return out;
  const long failure = SSL_get_verify_result(ssl);
  out.status =
      failure == X509_V_OK ? ClientCertificate::Status::valid : ClientCertificate::Status::refused;
  if (failure != X509_V_OK) out.refusal = X509_verify_cert_error_string(failure);
  out.subject = one_line(X509_get_subject_name(certificate.get()));
  out.issuer = one_line(X509_get_issuer_name(certificate.get()));
  out.serial = hexadecimal(X509_get0_serialNumber(certificate.get()));
  if (out.status == ClientCertificate::Status::valid) {
    add_subject(certificate.get(), out);
    add_principal_names(certificate.get(), out);
  }
  ERR_clear_error();
  return out;
}

}  // namespace culvert::control
