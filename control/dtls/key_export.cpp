// RFC 5246 §6.3, RFC 6347 §4.1.
#include "control/dtls/key_export.hpp"

#include <array>
#include <stdexcept>

#include "control/dtls/wire_format.hpp"
#include "crypto/kdf.hpp"

namespace culvert::control {
DtlsKeys export_dtls_keys(SSL* ssl, TlsRole role, const crypto::Suite& suite,
                          bool encrypt_then_mac) {
  crypto::Secret<crypto::kMasterSecretSize> master;
  const auto room = master.reserve(crypto::kMasterSecretSize);
  if (SSL_SESSION_get_master_key(SSL_get_session(ssl), room.data(), room.size()) != room.size()) {
    throw std::runtime_error("OpenSSL does not give out the master secret");
  }
  std::array<uint8_t, crypto::kRandomSize> client{};
  std::array<uint8_t, crypto::kRandomSize> server{};
  SSL_get_client_random(ssl, client.data(), client.size());
  SSL_get_server_random(ssl, server.data(), server.size());
  const crypto::TrafficKeys keys = crypto::tls12_keys(suite, master.view(), client, server);
  DtlsKeys out = role == TlsRole::server ? DtlsKeys{keys.client, keys.server}
                                         : DtlsKeys{keys.server, keys.client};
  out.rx.sequence = crypto::record::dtls_sequence(kEpochOfData, 0);
  out.tx.sequence = crypto::record::dtls_sequence(kEpochOfData, kFirstRecord);
  out.rx.encrypt_then_mac = out.tx.encrypt_then_mac =
      encrypt_then_mac && crypto::is_cbc(suite.cipher);
  return out;
}

}  // namespace culvert::control
