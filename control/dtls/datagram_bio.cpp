#include "control/dtls/datagram_bio.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>

namespace culvert::control {
namespace {

constexpr long kHeaders = 28;  // IPv4 and UDP; OpenSSL only adds and subtracts it

DatagramQueues* queues_of(BIO* bio) noexcept {
  return static_cast<DatagramQueues*>(BIO_get_data(bio));
}

int read(BIO* bio, char* to, int size) {
  BIO_clear_retry_flags(bio);
  auto& in = queues_of(bio)->in;
  if (size <= 0 || in.empty()) {
    BIO_set_retry_read(bio);
    return -1;
  }
  // What does not fit is lost, as with a socket.
  const size_t taken = std::min(in.front().size(), static_cast<size_t>(size));
  std::memcpy(to, in.front().data(), taken);
  in.pop_front();
  return static_cast<int>(taken);
}

int write(BIO* bio, const char* from, int size) {
  BIO_clear_retry_flags(bio);
  if (size <= 0) return 0;
  try {
    queues_of(bio)->out.emplace_back(from, from + size);
  } catch (const std::bad_alloc&) {
    return -1;
  }
  return size;
}

long control(BIO* bio, int command, long, void*) {
  switch (command) {
    case BIO_CTRL_FLUSH: return 1;
    case BIO_CTRL_DGRAM_GET_MTU_OVERHEAD: return kHeaders;
    case BIO_CTRL_DGRAM_QUERY_MTU: return static_cast<long>(queues_of(bio)->mtu);
    default: return 0;
  }
}

BIO_METHOD* make_method() noexcept {
  BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "datagrams");
  if (method == nullptr) return nullptr;
  BIO_meth_set_read(method, read);
  BIO_meth_set_write(method, write);
  BIO_meth_set_ctrl(method, control);
  return method;
}

}  // namespace

BIO* new_datagram_bio(DatagramQueues& queues) noexcept {
  struct Free {
    void operator()(BIO_METHOD* m) const noexcept { BIO_meth_free(m); }
  };
  static const std::unique_ptr<BIO_METHOD, Free> method(make_method());
  BIO* bio = method == nullptr ? nullptr : BIO_new(method.get());
  if (bio == nullptr) return nullptr;
  BIO_set_data(bio, &queues);
  BIO_set_init(bio, 1);
  return bio;
}

}  // namespace culvert::control
