// Handshake records to control, where OpenSSL is.
#pragma once

#include "dataplane/dtls/context.hpp"
#include "dataplane/dtls/datagram.hpp"
#include "dataplane/dtls/record_walk.hpp"

namespace culvert::dtls {

// The records of one datagram that control gets: those of a handshake that follow each other.
struct PuntRange {
  uint32_t begin = 0, end = 0;  // in the datagram
  [[nodiscard]] bool empty() const noexcept { return begin == end; }
  // False if the record does not follow the ones before.
  [[nodiscard]] bool add(const Record& record) noexcept {
    if (empty()) begin = end = record.offset;
    if (record.offset != end) return false;
    end += record.size;
    return true;
  }
};

// Copies that part of the datagram into a `datagram` message, within the limits. The packet stays
// the caller's. Drops (counted): ip_protocol, dtls_malformed (UDP checksum), dtls_punt_limit.
void punt(Context& c, const Datagram& datagram, const PuntRange& range, Time now) noexcept;

}  // namespace culvert::dtls
