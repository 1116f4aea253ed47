// An OpenSSL BIO over two queues of datagrams: a memory BIO forgets where one ends.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include <openssl/bio.h>

namespace culvert::crypto::record {

struct DatagramQueues {
  std::deque<std::vector<uint8_t>> in;
  std::deque<std::vector<uint8_t>> out;
};

// Reads from `queues.in`, writes to `queues.out`; `queues` must outlive it. The caller frees it.
BIO* new_datagram_bio(DatagramQueues& queues);

}  // namespace culvert::crypto::record
