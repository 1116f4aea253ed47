// What a reply to CONNECT tells the client about DTLS, kept until the client comes with it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>

#include "control/dtls/form.hpp"
#include "control/dtls/handshake.hpp"
#include "control/mtu/cipher_shape.hpp"
#include "control/session/registry.hpp"
#include "crypto/secret.hpp"

namespace culvert::control {

struct DtlsOffer {
  DtlsId id{};
  DtlsForm form = DtlsForm::psk;
  const crypto::Suite* suite = nullptr;
  crypto::Secret<48> secret;
  uint32_t session = 0;  // index
  uint64_t serial = 0;   // of the CONNECT: a later one goes before an earlier one
  std::shared_ptr<PublishedSession> inner;
  dp::IpAddress tls_remote;   // where the client's TLS connection comes from
  uint16_t mtu = 0;           // largest inner packet
  unsigned datagram_mtu = 0;  // largest UDP payload
  CipherShape shape;          // of `suite`
  uint16_t link = 0;          // bytes of the largest outer packet
  uint32_t dpd_s = 0;         // the gateway's; 0 = none
  uint32_t keepalive_s = 0;
};

// Offers by id. It does not keep them alive: one is good for as long as the connection whose
// CONNECT brought it about.
class DtlsOffers {
 public:
  // Gives it a random id that no other has. Throws std::runtime_error without entropy.
  void add(const std::shared_ptr<DtlsOffer>& offer);
  // nullptr if there is none, or none any more.
  [[nodiscard]] std::shared_ptr<DtlsOffer> find(std::span<const uint8_t> id) const;
  // Forgets those that are gone. Cheap enough for every second or so.
  void sweep();
  [[nodiscard]] size_t size() const noexcept { return offers_.size(); }

 private:
  // By the first bytes of the id. They are random and unknown to anybody who could choose keys.
  std::unordered_multimap<uint64_t, std::weak_ptr<DtlsOffer>> offers_;
};

}  // namespace culvert::control
