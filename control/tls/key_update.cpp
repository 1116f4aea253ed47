// The secrets behind a tunnel's keys, and the step to the next ones.
#include "control/tls/key_update.hpp"

#include "crypto/kdf.hpp"

namespace culvert::control {

KeySchedule::KeySchedule(const TlsConnection& connection)
    : suite_(connection.suite()),
      client_(connection.client_secret()),
      server_(connection.server_secret()) {}

crypto::record::KeyMaterial KeySchedule::next_receive() {
  client_ = crypto::tls13_next_secret(*suite_, client_.view());
  return crypto::tls13_keys(*suite_, client_.view());
}

crypto::record::KeyMaterial KeySchedule::next_transmit() {
  server_ = crypto::tls13_next_secret(*suite_, server_.view());
  return transmit();
}

crypto::record::KeyMaterial KeySchedule::transmit() const {
  return crypto::tls13_keys(*suite_, server_.view());
}

}  // namespace culvert::control
