#include "control/dtls/legacy/protection.hpp"

#include <algorithm>
#include <stdexcept>

namespace culvert::control::legacy {
namespace {

using crypto::record::ContentType;
using crypto::record::kBlockSize;

// A manager serves one thread, and handshakes run on those of the pool. For two records any
// instruction set will do.
const crypto::MbManager& manager() {
  thread_local const crypto::MbManager mine(crypto::Isa::sse);
  return mine;
}

}  // namespace

Protection::Protection(const crypto::TrafficKeys& keys) : keys_(std::make_unique<Both>()) {
  if (!keys_->rx.install(manager(), keys.client) || !keys_->tx.install(manager(), keys.server)) {
    throw std::runtime_error("the keys of a DTLS handshake do not fit its suite");
  }
}

Protection::~Protection() {
  keys_->rx.clear();
  keys_->tx.clear();
}

std::vector<uint8_t> Protection::seal(std::span<const uint8_t> message) {
  const auto overhead = crypto::record::overhead(keys_->tx);
  std::vector<uint8_t> record(overhead.total() + message.size());
  std::copy(message.begin(), message.end(), record.begin() + overhead.prefix);
  crypto::record::SealOp op{&keys_->tx, record.data(), static_cast<uint32_t>(message.size()),
                            ContentType::handshake, 0};
  crypto::record::seal(manager(), {&op, 1});
  record.resize(op.record_size);
  return record;
}

std::optional<std::vector<uint8_t>> Protection::open(std::span<const uint8_t> record) {
  // CBC writes a block before the payload.
  std::vector<uint8_t> room(kBlockSize + record.size());
  crypto::record::OpenOp op{&keys_->rx,
                            record.data(),
                            static_cast<uint32_t>(record.size()),
                            room.data() + kBlockSize,
                            0,
                            {},
                            {}};
  crypto::record::open(manager(), {&op, 1});
  if (op.status != crypto::record::OpenStatus::ok || op.type != ContentType::handshake) {
    return std::nullopt;
  }
  return std::vector<uint8_t>(op.payload, op.payload + op.payload_size);
}

}  // namespace culvert::control::legacy
