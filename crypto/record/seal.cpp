// Sealing: payloads become TLS records, in place, with header (and explicit nonce) before and tag
// behind. Drops nothing; an op that cannot be sealed gets record_size 0. TLS 1.2: RFC 5246
// §6.2.3.3, RFC 5288 §3. TLS 1.3: RFC 8446 §5.2 and §5.3. DTLS 1.2: RFC 6347 §4.1.
#include "crypto/record/gcm_burst.hpp"

namespace culvert::crypto::record {
namespace {

void write_header(uint8_t* record, ContentType type, uint32_t length) noexcept {
  const Header header{static_cast<uint8_t>(type), kWireVersion, static_cast<uint16_t>(length)};
  std::memcpy(record, &header, sizeof(header));
}

template <Cipher C>
void seal12(const MbManager& mb, Keys& keys, SealOp& op) noexcept {
  uint8_t* const payload = op.record + overhead(Version::tls12, C).prefix;
  write_header(op.record, op.type, kExplicitNonceSize + op.payload_size + kTagSize);
  store_be<uint64_t>(op.record + kHeaderSize, keys.explicit_nonce);

  const AdditionalData12 additional{keys.sequence, static_cast<uint8_t>(op.type), kWireVersion,
                                    static_cast<uint16_t>(op.payload_size)};
  gcm_encrypt<C>(mb, keys, payload, payload, op.payload_size,
                 nonce12(keys, op.record + kHeaderSize),
                 {reinterpret_cast<const uint8_t*>(&additional), sizeof(additional)},
                 payload + op.payload_size);
  // It starts where OpenSSL stopped, anywhere. It may wrap: nonces repeat only after 2^64 records.
  keys.explicit_nonce++;
}

// The explicit nonce is epoch and sequence number (RFC 5288 §3 suggests it), so it cannot repeat.
template <Cipher C>
void seal_dtls12(const MbManager& mb, Keys& keys, SealOp& op) noexcept {
  uint8_t* const payload = op.record + overhead(Version::dtls12, C).prefix;
  const auto length = static_cast<uint16_t>(kExplicitNonceSize + op.payload_size + kTagSize);
  const DtlsHeader header{static_cast<uint8_t>(op.type), kDtls12WireVersion, keys.sequence, length};
  std::memcpy(op.record, &header, sizeof(header));
  store_be<uint64_t>(op.record + kDtlsHeaderSize, keys.sequence);

  const AdditionalData12 additional{keys.sequence, static_cast<uint8_t>(op.type),
                                    kDtls12WireVersion, static_cast<uint16_t>(op.payload_size)};
  gcm_encrypt<C>(mb, keys, payload, payload, op.payload_size,
                 nonce12(keys, op.record + kDtlsHeaderSize),
                 {reinterpret_cast<const uint8_t*>(&additional), sizeof(additional)},
                 payload + op.payload_size);
}

template <Cipher C>
void seal13(const MbManager& mb, Keys& keys, SealOp& op) noexcept {
  uint8_t* const payload = op.record + overhead(Version::tls13, C).prefix;
  const uint32_t inner_size = op.payload_size + 1;
  // On the outside every record is application data; the true type is encrypted behind the payload.
  write_header(op.record, ContentType::application_data, inner_size + kTagSize);
  payload[op.payload_size] = static_cast<uint8_t>(op.type);
  gcm_encrypt<C>(mb, keys, payload, payload, inner_size, nonce13(keys), {op.record, kHeaderSize},
                 payload + inner_size);
}

}  // namespace

void seal(const MbManager& mb, std::span<SealOp> ops) noexcept {
  for_each_op(ops, [&mb]<Version V, Cipher C>(SealOp& op) noexcept {
    Keys& keys = *op.keys;
    op.record_size = 0;
    if (op.payload_size > kMaxPlaintext || exhausted<V>(keys.sequence)) [[unlikely]] {
      return;
    }
    if constexpr (V == Version::tls12) {
      seal12<C>(mb, keys, op);
    } else if constexpr (V == Version::dtls12) {
      seal_dtls12<C>(mb, keys, op);
    } else {
      seal13<C>(mb, keys, op);
    }
    keys.sequence++;
    op.record_size = op.payload_size + overhead(V, C).total();
  });
}

}  // namespace culvert::crypto::record
