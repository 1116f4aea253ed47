// Sealing, by AEADs: payloads become records, in place, with header (and explicit nonce) before and tag
// behind. Drops nothing; an op that cannot be sealed gets record_size 0. TLS 1.2: RFC 5246
// §6.2.3.3, RFC 5288 §3, RFC 7905. TLS 1.3: RFC 8446 §5.2 and §5.3. DTLS 1.2: RFC 6347 §4.1.
#include "crypto/record/aead.hpp"
#include "crypto/record/burst.hpp"
#include "crypto/record/cbc.hpp"
#include "crypto/record/header.hpp"

namespace culvert::crypto::record {
namespace {

// TLS 1.2 and DTLS 1.2.
template <Version V, Cipher C>
void seal12(const MbManager& mb, Keys& keys, SealOp& op) noexcept {
  constexpr Overhead kOverhead = kAeadOverhead<V, C>;
  constexpr uint32_t kHeader = header_size(V);
  const uint32_t length = kOverhead.total() - kHeader + op.payload_size;
  write_header<V>(op.record, op.type, keys.sequence, length);
  if constexpr (has_explicit_nonce(V, C)) {
    // With DTLS it is epoch and sequence number, which RFC 5288 §3 suggests: it cannot repeat. A TLS
    // connection starts where OpenSSL stopped, anywhere. That may wrap: nonces repeat only after
    // 2^64 records.
    store_be<uint64_t>(op.record + kHeader,
                       V == Version::dtls12 ? keys.sequence : keys.explicit_nonce++);
  }
  uint8_t* const payload = op.record + kOverhead.prefix;
  const AdditionalData12 additional{keys.sequence, static_cast<uint8_t>(op.type),
                                    V == Version::dtls12 ? kDtls12WireVersion : kWireVersion,
                                    static_cast<uint16_t>(op.payload_size)};
  aead_encrypt<C>(mb, keys, payload, payload, op.payload_size,
                  make_nonce<V, C>(keys, keys.sequence, op.record + kHeader), additional.bytes(),
                  payload + op.payload_size);
}

template <Cipher C>
void seal13(const MbManager& mb, Keys& keys, SealOp& op) noexcept {
  uint8_t* const payload = op.record + kAeadOverhead<Version::tls13, C>.prefix;
  const uint32_t inner_size = op.payload_size + 1;
  // On the outside every record is application data; the true type is encrypted behind the payload.
  write_header<Version::tls13>(op.record, ContentType::application_data, keys.sequence,
                               inner_size + kTagSize);
  payload[op.payload_size] = static_cast<uint8_t>(op.type);
  aead_encrypt<C>(mb, keys, payload, payload, inner_size,
                  make_nonce<Version::tls13, C>(keys, keys.sequence, nullptr),
                  {op.record, kHeaderSize}, payload + inner_size);
}

template <Version V, Cipher C>
void seal_record(const MbManager& mb, SealOp& op) noexcept {
  Keys& keys = *op.keys;
  op.record_size = 0;
  if (op.payload_size > kMaxPlaintext || exhausted<V>(keys.sequence)) [[unlikely]] {
    return;
  }
  if constexpr (V == Version::tls13) {
    seal13<C>(mb, keys, op);
  } else {
    seal12<V, C>(mb, keys, op);
  }
  keys.sequence++;
  op.record_size = op.payload_size + kAeadOverhead<V, C>.total();
}

}  // namespace

void seal(const MbManager& mb, std::span<SealOp> ops) noexcept {
  for_each_run(ops, [&mb]<Version V, Cipher C>(std::span<SealOp> run) noexcept {
    if constexpr (V == Version::dtls09 && !is_cbc(C)) {
      return;  // no suite is like that
    } else if constexpr (!is_cbc(C)) {
      for_each_op<C>(run, [&mb](SealOp& op) noexcept { seal_record<V, C>(mb, op); });
    } else if constexpr (V != Version::tls13) {
      if constexpr (has_encrypt_then_mac(V)) {
        if (run.front().keys->encrypt_then_mac) return seal_cbc_etm<V>(mb, run);
      }
      seal_cbc<V>(mb, run);
    }
  });
}

}  // namespace culvert::crypto::record
