// A BIO over two queues of datagrams. OpenSSL's memory BIOs are streams, and DTLS needs to know
// where a datagram ends.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include <openssl/bio.h>

namespace culvert::control {

using Datagram = std::vector<uint8_t>;

struct DatagramQueues {
  std::deque<Datagram> in;
  std::vector<Datagram> out;
  unsigned mtu = 1200;  // bytes of UDP payload, for OpenSSL's question
};

// `queues` outlives it. nullptr without memory.
[[nodiscard]] BIO* new_datagram_bio(DatagramQueues& queues) noexcept;

}  // namespace culvert::control
