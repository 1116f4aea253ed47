// Opening, by AEADs: records, each whole and with its header, become payloads, in place or elsewhere.
// Refuses by OpenStatus; counting is the caller's. TLS 1.2: RFC 5246 §6.2.3.3, RFC 5288 §3, RFC 7905.
// TLS 1.3: RFC 8446 §5.2 to §5.4. Every length is checked before the first byte is decrypted,
// because with an AEAD the plaintext's length is known from the record's. DTLS 1.2: RFC 6347 §4.1.
#include "crypto/record/aead.hpp"
#include "crypto/record/burst.hpp"
#include "crypto/record/cbc.hpp"
#include "crypto/record/check.hpp"

namespace culvert::crypto::record {
namespace {

template <Version V>
constexpr uint32_t kMaxInner = V == Version::tls13 ? kMaxPlaintext + 1 : kMaxPlaintext;

// What can be refused without the key.
template <Version V, Cipher C>
OpenStatus check_header(const Header& header, const OpenOp& op) noexcept {
  if (header.length != op.record_size - kHeaderSize) return OpenStatus::bad_length;
  // RFC 8446 §5.4: the inner plaintext is at most 2^14 + 1 bytes, which is stricter than §5.2's
  // limit for the ciphertext. RFC 5246 §6.2.1: 2^14.
  if (op.record_size - kAeadOverhead<V, C>.prefix - kTagSize > kMaxInner<V>)
    return OpenStatus::bad_length;
  if constexpr (V == Version::tls13) {
    // RFC 8446 §5.2: the opaque type is always application data.
    if (header.type != static_cast<uint8_t>(ContentType::application_data))
      return OpenStatus::bad_type;
  } else {
    if (!exists(header.type)) return OpenStatus::bad_type;
  }
  return OpenStatus::ok;
}

// Decrypts the `inner_size` bytes behind the prefix to op.payload. False, and zeros in the payload,
// for a wrong tag.
template <Version V, Cipher C>
bool decrypt(const MbManager& mb, const Keys& keys, uint64_t sequence, uint8_t type,
             uint16_t version, const OpenOp& op, uint32_t inner_size) noexcept {
  const uint8_t* const ciphertext = op.record + kAeadOverhead<V, C>.prefix;
  const Nonce nonce = make_nonce<V, C>(keys, sequence, op.record + header_size(V));
  uint8_t tag[kTagSize];
  if constexpr (V == Version::tls13) {
    aead_decrypt<C>(mb, keys, op.payload, ciphertext, inner_size, nonce, {op.record, kHeaderSize},
                    tag);
  } else {
    // The version as received: were it a constant, a changed one would go unnoticed.
    const AdditionalData12 additional{sequence, type, version, static_cast<uint16_t>(inner_size)};
    aead_decrypt<C>(mb, keys, op.payload, ciphertext, inner_size, nonce, additional.bytes(), tag);
  }
  // In constant time: where a forged tag first differs must not show.
  if (CRYPTO_memcmp(tag, ciphertext + inner_size, kTagSize) == 0) [[likely]] {
    return true;
  }
  wipe({op.payload, inner_size});
  return false;
}

// RFC 8446 §5.4: the last byte that is not zero is the type; zeros behind it are padding. Sets type
// and size.
bool strip_padding(OpenOp& op, uint32_t inner_size) noexcept {
  uint32_t size = inner_size;
  while (size > 0 && op.payload[size - 1] == 0)
    size--;
  if (size == 0) return false;
  const uint8_t type = op.payload[size - 1];
  // RFC 8446 §5: a protected change_cipher_spec is an error too.
  if (!exists(type) || type == static_cast<uint8_t>(ContentType::change_cipher_spec)) return false;
  op.type = static_cast<ContentType>(type);
  op.payload_size = size - 1;
  return true;
}

template <Version V, Cipher C>
OpenStatus open_record(const MbManager& mb, Keys& keys, OpenOp& op) noexcept {
  if (op.record_size < kAeadOverhead<V, C>.total()) [[unlikely]] {
    return OpenStatus::bad_length;
  }
  Header header;
  std::memcpy(&header, op.record, sizeof(header));
  if (const OpenStatus s = check_header<V, C>(header, op); s != OpenStatus::ok) [[unlikely]] {
    return s;
  }
  if (exhausted<V>(keys.sequence)) [[unlikely]] {
    return OpenStatus::exhausted;
  }
  const uint32_t inner_size = op.record_size - kAeadOverhead<V, C>.prefix - kTagSize;
  if (!decrypt<V, C>(mb, keys, keys.sequence, header.type, header.version, op, inner_size))
      [[unlikely]] {
    return OpenStatus::bad_tag;
  }
  keys.sequence++;
  if constexpr (V == Version::tls12) {
    op.type = static_cast<ContentType>(header.type);
    op.payload_size = inner_size;
  } else {
    if (!strip_padding(op, inner_size)) [[unlikely]] {
      return OpenStatus::bad_type;
    }
  }
  // RFC 8446 §5.4, RFC 5246 §6.2.1: only application data may be empty.
  if (op.payload_size == 0 && op.type != ContentType::application_data) return OpenStatus::bad_type;
  return OpenStatus::ok;
}

// The next record of a stream, unless one before it was the last for now.
template <Version V, Cipher C>
void open_next(const MbManager& mb, Keys& keys, OpenOp& op) noexcept {
  if (keys.held) [[unlikely]] {
    op.status = OpenStatus::held;
    return;
  }
  op.status = open_record<V, C>(mb, keys, op);
  if (op.status != OpenStatus::ok || op.type == ContentType::handshake) [[unlikely]] {
    keys.held = true;
  }
}

// What can be refused without the key; a record of any bytes and size, as datagrams bring them.
template <Cipher C>
OpenStatus check_datagram(const DtlsHeader& header, const Keys& keys, const OpenOp& op) noexcept {
  constexpr Overhead kOverhead = kAeadOverhead<Version::dtls12, C>;
  const OpenStatus outside = check_outside<Version::dtls12>(op);
  if (outside != OpenStatus::ok) return outside;
  if (!same_epoch(op, keys)) return OpenStatus::bad_epoch;
  if (op.record_size < kOverhead.total() || op.record_size - kOverhead.total() > kMaxPlaintext)
    return OpenStatus::bad_length;
  return exists(header.type) ? OpenStatus::ok : OpenStatus::bad_type;
}

template <Cipher C>
OpenStatus open_datagram(const MbManager& mb, const Keys& keys, OpenOp& op) noexcept {
  if (op.record_size < kDtlsHeaderSize) [[unlikely]] {
    return OpenStatus::bad_length;
  }
  DtlsHeader header;
  std::memcpy(&header, op.record, sizeof(header));
  if (const OpenStatus s = check_datagram<C>(header, keys, op); s != OpenStatus::ok) [[unlikely]] {
    return s;
  }
  constexpr Overhead kOverhead = kAeadOverhead<Version::dtls12, C>;
  const uint32_t size = op.record_size - kOverhead.total();
  if (!decrypt<Version::dtls12, C>(mb, keys, header.epoch_sequence, header.type, header.version, op,
                                   size)) [[unlikely]] {
    return OpenStatus::bad_tag;
  }
  op.type = static_cast<ContentType>(header.type);
  op.payload_size = size;
  // RFC 5246 §6.2.1.
  return size == 0 && op.type != ContentType::application_data ? OpenStatus::bad_type
                                                               : OpenStatus::ok;
}

}  // namespace

void open(const MbManager& mb, std::span<OpenOp> ops) noexcept {
  for_each_run(ops, [&mb]<Version V, Cipher C>(std::span<OpenOp> run) noexcept {
    if constexpr (V == Version::dtls09 && !is_cbc(C)) {
      return;  // no suite is like that
    } else if constexpr (!is_cbc(C)) {
      for_each_op<C>(run, [&mb](OpenOp& op) noexcept {
        op.payload_size = 0;
        if constexpr (V == Version::dtls12) {
          op.status = open_datagram<C>(mb, *op.keys, op);
        } else {
          open_next<V, C>(mb, *op.keys, op);
        }
      });
    } else if constexpr (V != Version::tls13) {
      if constexpr (has_encrypt_then_mac(V)) {
        if (run.front().keys->encrypt_then_mac) return open_cbc_etm<V>(mb, run);
      }
      open_cbc<V>(mb, run);
    }
  });
}

}  // namespace culvert::crypto::record
