#include "tests/crypto/record/tls_pair.hpp"

#include <stdexcept>

#include "tests/crypto/hex.hpp"
#include "tests/crypto/record/identity.hpp"

namespace culvert::crypto::record {
namespace {

void configure(SSL_CTX* ctx, const Suite& suite) {
  const int version = suite.version == Version::tls12 ? TLS1_2_VERSION : TLS1_3_VERSION;
  const std::string name(suite.name);
  require(SSL_CTX_set_min_proto_version(ctx, version) == 1, "version");
  require(SSL_CTX_set_max_proto_version(ctx, version) == 1, "version");
  require(suite.version == Version::tls12 ? SSL_CTX_set_cipher_list(ctx, name.c_str()) == 1
                                          : SSL_CTX_set_ciphersuites(ctx, name.c_str()) == 1,
          "suite");
}

Bytes last_handshake_record(std::span<const uint8_t> stream) {
  Bytes last;
  for (auto& r : split_records(stream)) {
    if (r[0] == 22) last = r;
  }
  return last;
}

}  // namespace

std::vector<Bytes> split_records(std::span<const uint8_t> stream) {
  std::vector<Bytes> out;
  while (!stream.empty()) {
    const size_t size =
        stream.size() < kHeaderSize ? kHeaderSize : kHeaderSize + load_be<uint16_t>(&stream[3]);
    if (size > stream.size()) throw std::runtime_error("the stream ends within a record");
    out.push_back(to_vector(stream.first(size)));
    stream = stream.subspan(size);
  }
  return out;
}

TlsPair::TlsPair(const Suite& suite, bool encrypt_then_mac)
    : suite_(suite),
      encrypt_then_mac_(encrypt_then_mac),
      client_ctx_(SSL_CTX_new(TLS_client_method())),
      server_ctx_(SSL_CTX_new(TLS_server_method())) {
  configure(client_ctx_.get(), suite);
  configure(server_ctx_.get(), suite);
  use_identities(server_ctx_.get());
  SSL_CTX_set_dh_auto(server_ctx_.get(), 1);
  // A ticket would take the server's sequence number 0 and more.
  SSL_CTX_set_num_tickets(server_ctx_.get(), 0);
  if (!encrypt_then_mac) SSL_CTX_set_options(server_ctx_.get(), SSL_OP_NO_ENCRYPT_THEN_MAC);
  SSL_CTX_set_keylog_callback(server_ctx_.get(), on_keylog);

  client_.reset(SSL_new(client_ctx_.get()));
  server_.reset(SSL_new(server_ctx_.get()));
  for (SSL* s : {client(), server()})
    SSL_set_bio(s, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  SSL_set_app_data(server(), this);
  SSL_set_connect_state(client());
  SSL_set_accept_state(server());
  handshake();
  require(SSL_get_cipher_name(server()) == suite.name, "another suite was negotiated");
}

void TlsPair::on_keylog(const SSL* ssl, const char* line) {
  const std::string text(line);
  const size_t label_end = text.find(' ');
  const size_t secret_at = text.rfind(' ') + 1;
  static_cast<TlsPair*>(SSL_get_app_data(ssl))->secrets_[text.substr(0, label_end)] =
      from_hex(text.substr(secret_at));
}

void TlsPair::handshake() {
  for (int i = 0; i < 10 && !(SSL_is_init_finished(client()) && SSL_is_init_finished(server()));
       i++) {
    SSL_do_handshake(client());
    const Bytes up = take(client());
    client_stream_.insert(client_stream_.end(), up.begin(), up.end());
    deliver(server(), up);
    SSL_do_handshake(server());
    const Bytes down = take(server());
    server_stream_.insert(server_stream_.end(), down.begin(), down.end());
    deliver(client(), down);
  }
  require(SSL_is_init_finished(client()) && SSL_is_init_finished(server()), "handshake");
}

TrafficKeys TlsPair::keys() const {
  if (suite_.version == Version::tls13)
    return {tls13_keys(suite_, secret(true)), tls13_keys(suite_, secret(false))};

  uint8_t master[kMasterSecretSize];
  uint8_t client_random[kRandomSize];
  uint8_t server_random[kRandomSize];
  SSL_SESSION_get_master_key(SSL_get_session(server()), master, sizeof(master));
  SSL_get_client_random(server(), client_random, sizeof(client_random));
  SSL_get_server_random(server(), server_random, sizeof(server_random));
  TrafficKeys out = tls12_keys(suite_, master, client_random, server_random);
  // Finished was record 0 in each direction; the next explicit nonce follows the one that it
  // carried.
  out.client.sequence = out.server.sequence = 1;
  out.client.encrypt_then_mac = out.server.encrypt_then_mac = encrypt_then_mac_;
  out.client.explicit_nonce =
      load_be<uint64_t>(&last_handshake_record(client_stream_)[kHeaderSize]) + 1;
  out.server.explicit_nonce =
      load_be<uint64_t>(&last_handshake_record(server_stream_)[kHeaderSize]) + 1;
  return out;
}

Bytes TlsPair::take(SSL* end) {
  BIO* bio = SSL_get_wbio(end);
  Bytes out(BIO_ctrl_pending(bio));
  if (!out.empty()) {
    require(BIO_read(bio, out.data(), static_cast<int>(out.size())) == static_cast<int>(out.size()),
            "read");
  }
  return out;
}

void TlsPair::deliver(SSL* end, std::span<const uint8_t> stream) {
  if (stream.empty()) return;
  const int size = static_cast<int>(stream.size());
  require(BIO_write(SSL_get_rbio(end), stream.data(), size) == size, "write");
}

}  // namespace culvert::crypto::record
