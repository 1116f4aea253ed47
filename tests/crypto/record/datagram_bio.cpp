#include "tests/crypto/record/datagram_bio.hpp"

#include <algorithm>

namespace culvert::crypto::record {
namespace {

DatagramQueues& queues_of(BIO* bio) {
  return *static_cast<DatagramQueues*>(BIO_get_data(bio));
}

int read_datagram(BIO* bio, char* to, int room) {
  auto& in = queues_of(bio).in;
  BIO_clear_retry_flags(bio);
  if (in.empty()) {
    BIO_set_retry_read(bio);
    return -1;
  }
  // What does not fit is lost, as with recv().
  const size_t n = std::min(in.front().size(), static_cast<size_t>(room));
  std::copy_n(in.front().begin(), n, to);
  in.pop_front();
  return static_cast<int>(n);
}

int write_datagram(BIO* bio, const char* from, int size) {
  queues_of(bio).out.emplace_back(from, from + size);
  return size;
}

long control(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD* make_method() {
  BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "datagram queues");
  BIO_meth_set_read(method, read_datagram);
  BIO_meth_set_write(method, write_datagram);
  BIO_meth_set_ctrl(method, control);
  return method;
}

}  // namespace

BIO* new_datagram_bio(DatagramQueues& queues) {
  static BIO_METHOD* const method = make_method();
  BIO* bio = BIO_new(method);
  BIO_set_data(bio, &queues);
  BIO_set_init(bio, 1);
  return bio;
}

}  // namespace culvert::crypto::record
