// A headend in memory: OpenSSL's server behind memory BIOs, and answers that the test has written down.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "control/tls/owned.hpp"
#include "tools/crowd/setup/log_in.hpp"

namespace culvert::crowd::test {

inline constexpr const char* kServerName = "vpn.example";

// Self-signed, for kServerName and 127.0.0.1.
class Identity {
 public:
  // RSA keys take long: one for all tests.
  static const Identity& ecdsa() {
    static const Identity identity(EVP_EC_gen("P-256"));
    return identity;
  }
  static const Identity& rsa() {
    static const Identity identity(EVP_RSA_gen(2048));
    return identity;
  }
  void use_in(SSL_CTX* context) const {
    EXPECT_EQ(SSL_CTX_use_certificate(context, certificate_.get()), 1);
    EXPECT_EQ(SSL_CTX_use_PrivateKey(context, key_.get()), 1);
  }
  void write_certificate(const std::string& path) const {
    BIO* out = BIO_new_file(path.c_str(), "w");
    ASSERT_NE(out, nullptr);
    EXPECT_EQ(PEM_write_bio_X509(out, certificate_.get()), 1);
    BIO_free(out);
  }

 private:
  explicit Identity(EVP_PKEY* key) : certificate_(X509_new()), key_(key) {
    X509* c = certificate_.get();
    X509_set_version(c, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(c), 1);
    X509_gmtime_adj(X509_getm_notBefore(c), -7200);
    X509_gmtime_adj(X509_getm_notAfter(c), 7200);
    X509_set_pubkey(c, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(kServerName), -1, -1, 0);
    X509_set_issuer_name(c, X509_get_subject_name(c));
    const std::string names = std::string("DNS:") + kServerName + ",IP:127.0.0.1";
    X509_EXTENSION* extension =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
    X509_add_ext(c, extension, -1);
    X509_EXTENSION_free(extension);
    EXPECT_GT(X509_sign(c, key, EVP_sha256()), 0);
  }

  control::Owned<X509> certificate_;
  control::Owned<EVP_PKEY> key_;
};

using Bytes = std::vector<uint8_t>;

// Whole TLS records, one by one, as a client's TCP stream is cut up.
[[nodiscard]] inline std::vector<Bytes> cut_into_records(std::span<const uint8_t> stream) {
  std::vector<Bytes> out;
  while (stream.size() >= 5) {
    const size_t size = 5 + (size_t{stream[3]} << 8 | stream[4]);
    if (size > stream.size()) break;
    out.emplace_back(stream.begin(), stream.begin() + static_cast<long>(size));
    stream = stream.subspan(size);
  }
  EXPECT_TRUE(stream.empty()) << "half a record";
  return out;
}

class TlsHeadend {
 public:
  struct Settings {
    int version = TLS1_3_VERSION;  // at most
    std::string suites{};          // of TLS 1.2, OpenSSL's names; empty: OpenSSL's own choice
    std::string suites13{};
    uint64_t options = 0;
    size_t tickets = 2;  // NewSessionTickets of TLS 1.3
  };
  explicit TlsHeadend(const Settings& settings) : context_(SSL_CTX_new(TLS_server_method())) {
    SSL_CTX* c = context_.get();
    SSL_CTX_set_max_proto_version(c, settings.version);
    SSL_CTX_set_options(c, settings.options);
    SSL_CTX_set_num_tickets(c, settings.tickets);
    SSL_CTX_set_dh_auto(c, 1);
    if (!settings.suites.empty()) {
      EXPECT_EQ(SSL_CTX_set_cipher_list(c, settings.suites.c_str()), 1) << settings.suites;
    }
    if (!settings.suites13.empty()) {
      EXPECT_EQ(SSL_CTX_set_ciphersuites(c, settings.suites13.c_str()), 1) << settings.suites13;
    }
    Identity::ecdsa().use_in(c);
    Identity::rsa().use_in(c);
    ssl_.reset(SSL_new(c));
    BIO* in = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(in, -1);
    SSL_set_bio(ssl_.get(), in, BIO_new(BIO_s_mem()));
    SSL_set_accept_state(ssl_.get());
  }
  TlsHeadend() : TlsHeadend(Settings{}) {}

  void input(std::span<const uint8_t> bytes) {
    BIO_write(SSL_get_rbio(ssl_.get()), bytes.data(), static_cast<int>(bytes.size()));
    if (SSL_in_init(ssl_.get())) (void)SSL_do_handshake(ssl_.get());
  }
  [[nodiscard]] std::string read() {
    std::string out;
    char room[4096];
    for (int n = 1; n > 0;) {
      n = SSL_read(ssl_.get(), room, sizeof room);
      if (n > 0) out.append(room, static_cast<size_t>(n));
    }
    return out;
  }
  // One record, up to 16 KiB.
  void write(std::string_view text) {
    EXPECT_EQ(SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())),
              static_cast<int>(text.size()));
  }
  [[nodiscard]] std::vector<Bytes> records() {
    BIO* out = SSL_get_wbio(ssl_.get());
    Bytes stream(BIO_ctrl_pending(out));
    if (!stream.empty()) BIO_read(out, stream.data(), static_cast<int>(stream.size()));
    return cut_into_records(stream);
  }
  [[nodiscard]] SSL* ssl() { return ssl_.get(); }

 private:
  control::Owned<SSL_CTX> context_;
  control::Owned<SSL> ssl_;
};

[[nodiscard]] inline bool over(const LogIn& client) {
  return client.stage() == LogIn::Stage::established || client.stage() == LogIn::Stage::failed;
}

// A client, a headend, and what went over the connection between them.
class Conversation {
 public:
  explicit Conversation(LogIn& log_in,
                        const TlsHeadend::Settings& settings = TlsHeadend::Settings{})
      : client(log_in), headend(settings) {}

  // Until nothing moves: gives each request the next answer. What the headend sends behind the client's last record is
  // in `behind`.
  void run(const std::vector<std::string>& answers) {
    size_t next = 0;
    for (;;) {
      bool moved = to_headend();
      if (std::string request = headend.read(); !request.empty()) {
        requests.push_back(std::move(request));
        if (next < answers.size()) headend.write(answers[next++]);
        moved = true;
      }
      if (!to_client() && !moved) return;
    }
  }
  bool to_headend() {
    const std::span<const uint8_t> bytes = client.output();
    if (bytes.empty()) return false;
    headend.input(bytes);
    client.sent(bytes.size());
    return true;
  }
  bool to_client() {
    const std::vector<Bytes> records = headend.records();
    for (const Bytes& record : records) {
      if (over(client)) {
        behind.push_back(record);
      } else {
        client.receive(record);
      }
    }
    return !records.empty();
  }

  LogIn& client;
  TlsHeadend headend;
  std::vector<std::string> requests;
  std::vector<Bytes> behind;
};

[[nodiscard]] inline std::string answer(std::string_view status, std::string_view header,
                                        std::string_view body) {
  return "HTTP/1.1 " + std::string(status) + "\r\n" + std::string(header) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}
[[nodiscard]] inline std::string document(std::string_view body) {
  return answer("200 OK", "Content-Type: text/xml\r\n", body);
}

inline constexpr std::string_view kForm =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?><config-auth client=\"vpn\" type=\"auth-request\">"
    "<opaque is-for=\"sg\"><tunnel-group>g</tunnel-group></opaque><auth id=\"main\">"
    "<form method=\"post\" action=\"/+webvpn+/index.html\">"
    "<input type=\"text\" name=\"username\" label=\"Username:\"/>"
    "<input type=\"password\" name=\"password\" label=\"Password:\"/>"
    "<input type=\"submit\" name=\"Login\" value=\"Login\"/></form></auth></config-auth>";
inline constexpr std::string_view kComplete =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?><config-auth client=\"vpn\" type=\"complete\">"
    "<auth id=\"success\"><message id=\"0\"/></auth></config-auth>";
inline constexpr std::string_view kGrant =
    "HTTP/1.1 200 CONNECTED\r\nX-CSTP-Version: 1\r\nX-CSTP-Address: 10.48.66.7\r\n"
    "X-CSTP-Netmask: 255.255.255.0\r\nX-CSTP-MTU: 1406\r\nX-CSTP-DPD: 30\r\n"
    "X-CSTP-Keepalive: 20\r\n\r\n";

[[nodiscard]] inline std::string complete() {
  return answer("200 OK", "Set-Cookie: webvpn=0123ABCD; path=/; secure\r\n", kComplete);
}

// What the clients of a test share.
struct Settings {
  Settings() { config.headend = *dp::IpAddress::parse("127.0.0.1"); }
  CrowdConfig config;
};

}  // namespace culvert::crowd::test
