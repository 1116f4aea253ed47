// Writing the header of a record, of either kind.
#pragma once

#include <cstdint>
#include <cstring>

#include "crypto/record/format.hpp"

namespace culvert::crypto::record {

// `sequence` goes into a DTLS header; a TLS header has none. `length` of what follows the header.
template <Version V>
void write_header(uint8_t* record, ContentType type, uint64_t sequence, uint32_t length) noexcept {
  if constexpr (is_dtls(V)) {
    const DtlsHeader header{static_cast<uint8_t>(type), wire_version(V), sequence,
                            static_cast<uint16_t>(length)};
    std::memcpy(record, &header, sizeof(header));
  } else {
    const Header header{static_cast<uint8_t>(type), kWireVersion, static_cast<uint16_t>(length)};
    std::memcpy(record, &header, sizeof(header));
  }
}

}  // namespace culvert::crypto::record
