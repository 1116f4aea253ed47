#include "tests/crypto/record/dtls_pair.hpp"

#include <cstring>
#include <stdexcept>
#include <string>

#include "tests/crypto/record/identity.hpp"

namespace culvert::crypto::record {
namespace {

constexpr unsigned kMtu = 1400;
constexpr unsigned char kPreSharedKey[32] = {1, 2, 3};

unsigned client_psk(SSL* /*ssl*/, const char* /*hint*/, char* identity, unsigned identity_room,
                    unsigned char* key, unsigned key_room) {
  if (identity_room < 4 || key_room < sizeof(kPreSharedKey)) return 0;
  std::memcpy(identity, "psk", 4);
  std::memcpy(key, kPreSharedKey, sizeof(kPreSharedKey));
  return sizeof(kPreSharedKey);
}

unsigned server_psk(SSL* /*ssl*/, const char* /*identity*/, unsigned char* key, unsigned key_room) {
  if (key_room < sizeof(kPreSharedKey)) return 0;
  std::memcpy(key, kPreSharedKey, sizeof(kPreSharedKey));
  return sizeof(kPreSharedKey);
}

void pass(std::deque<Bytes>& from, std::deque<Bytes>& to) {
  for (auto& datagram : from)
    to.push_back(std::move(datagram));
  from.clear();
}

}  // namespace

void DtlsPair::begin(End& end, const SSL_METHOD* method) const {
  end.ctx.reset(SSL_CTX_new(method));
  SSL_CTX* const ctx = end.ctx.get();
  const std::string name(suite_.name);
  require(SSL_CTX_set_min_proto_version(ctx, DTLS1_2_VERSION) == 1, "version");
  require(SSL_CTX_set_cipher_list(ctx, name.c_str()) == 1, "suite");
  SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_QUERY_MTU);
  if (!encrypt_then_mac_) SSL_CTX_set_options(ctx, SSL_OP_NO_ENCRYPT_THEN_MAC);
  SSL_CTX_set_psk_client_callback(ctx, client_psk);
  SSL_CTX_set_psk_server_callback(ctx, server_psk);
  if (method == DTLS_server_method()) {
    SSL_CTX_set_dh_auto(ctx, 1);
    use_identities(ctx);
  }
  end.ssl.reset(SSL_new(ctx));
  SSL* const ssl = end.ssl.get();
  BIO* const bio = new_datagram_bio(end.queues);
  SSL_set_bio(ssl, bio, bio);
  SSL_set_mtu(ssl, kMtu);
}

DtlsPair::DtlsPair(const Suite& suite, bool encrypt_then_mac)
    : suite_(suite), encrypt_then_mac_(encrypt_then_mac) {
  begin(client_, DTLS_client_method());
  begin(server_, DTLS_server_method());
  SSL_set_connect_state(client());
  SSL_set_accept_state(server());
  for (int i = 0; i < 20 && !(SSL_is_init_finished(client()) && SSL_is_init_finished(server()));
       i++) {
    SSL_do_handshake(client());
    pass(client_.queues.out, server_.queues.in);
    SSL_do_handshake(server());
    pass(server_.queues.out, client_.queues.in);
  }
  require(SSL_is_init_finished(client()) && SSL_is_init_finished(server()), "handshake");
  require(SSL_get_cipher_name(server()) == suite.name, "another suite was negotiated");
}

TrafficKeys DtlsPair::keys() const {
  uint8_t master[kMasterSecretSize];
  uint8_t client_random[kRandomSize];
  uint8_t server_random[kRandomSize];
  SSL_SESSION_get_master_key(SSL_get_session(server()), master, sizeof(master));
  SSL_get_client_random(server(), client_random, sizeof(client_random));
  SSL_get_server_random(server(), server_random, sizeof(server_random));
  TrafficKeys out = tls12_keys(suite_, master, client_random, server_random);
  out.client.sequence = out.server.sequence = dtls_sequence(1, 1);
  out.client.encrypt_then_mac = out.server.encrypt_then_mac = encrypt_then_mac_;
  return out;
}

std::vector<Bytes> DtlsPair::take(SSL* end) {
  auto& out = end == client() ? client_.queues.out : server_.queues.out;
  std::vector<Bytes> datagrams(out.begin(), out.end());
  out.clear();
  return datagrams;
}

void DtlsPair::deliver(SSL* end, std::span<const uint8_t> datagram) {
  auto& in = end == client() ? client_.queues.in : server_.queues.in;
  in.emplace_back(datagram.begin(), datagram.end());
}

}  // namespace culvert::crypto::record
