// Where records are opened that are not opened in their own buffers.
#pragma once

#include <cstdint>
#include <memory>

#include "crypto/record/format.hpp"

namespace culvert::cstp {

class RecordRoom {
 public:
  RecordRoom() : bytes_(std::make_unique<uint8_t[]>(kBefore + crypto::record::kMaxRecord)) {}
  // For one record of any size: Context::large_record.
  [[nodiscard]] uint8_t* record() const noexcept { return bytes_.get() + kBefore; }

 private:
  // Opening CBC writes a block before the payload, which lies at the very beginning where records are opened out of
  // place.
  static constexpr size_t kBefore = 64;
  static_assert(kBefore >= crypto::record::kBlockSize);

  std::unique_ptr<uint8_t[]> bytes_;
};

}  // namespace culvert::cstp
