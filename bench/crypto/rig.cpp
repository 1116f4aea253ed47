#include "bench/crypto/rig.hpp"

#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <random>
#include <stdexcept>

#include <sys/mman.h>

namespace culvert::crypto::record::bench {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;

}  // namespace

KeyMaterial bench_material(const Suite& suite) {
  const std::vector<uint8_t> bytes(48, 0x5a);
  KeyMaterial out;
  out.suite = &suite;
  out.key.assign(std::span(bytes).first(suite.key_size));
  out.mac_key.assign(std::span(bytes).first(mac_size(suite.mac)));
  out.iv.assign(std::span(bytes).first(suite.fixed_iv_size));
  if (suite.version == Version::dtls12) out.sequence = dtls_sequence(1, 0);
  return out;
}

KeyBlocks::KeyBlocks(size_t count) {
  const size_t bytes = (count * sizeof(Keys) + kHugePage - 1) / kHugePage * kHugePage;
  first_ = static_cast<Keys*>(std::aligned_alloc(kHugePage, bytes));
  if (first_ == nullptr) throw std::bad_alloc();
  madvise(first_, bytes, MADV_HUGEPAGE);
}

KeyBlocks::~KeyBlocks() {
  std::free(first_);
}

Rig::Rig(const Suite& s, uint32_t payload, size_t sessions, Isa isa)
    : suite(s),
      mb(isa),
      size(payload),
      room(overhead(s)),
      record_size(record::record_size(s, payload)),
      per_pass_(std::max(kBuffers / sessions * sessions, sessions)),
      stride_((size_t{payload} + room.total() + 127) / 64 * 64),
      blocks_(sessions),
      order_(sessions),
      records_(kBuffers * stride_),
      opened_(kBuffers * stride_) {
  if (!sealer_.install(mb, bench_material(s))) throw std::runtime_error("key material");
  for (size_t i = 0; i < sessions; i++) {
    if (!blocks_[i].install(mb, bench_material(s))) throw std::runtime_error("key material");
  }
  std::iota(order_.begin(), order_.end(), size_t{0});
  std::shuffle(order_.begin(), order_.end(), std::mt19937(1));
}

void Rig::seal_for_next_pass() {
  const uint64_t epoch = suite.version == Version::dtls12 ? dtls_sequence(1, 0) : 0;
  for (size_t i = 0; i < kBuffers; i++) {
    // With more sessions than buffers each record is there for several of them.
    sealer_.sequence = epoch + next_ + (per_session() == 1 ? 0 : i / sessions());
    SealOp op{&sealer_, record(i), size, ContentType::application_data, 0};
    seal(mb, {&op, 1});
  }
  next_ += per_session();
}

}  // namespace culvert::crypto::record::bench
