// Seals and opens the messages of a handshake that are protected: Finished, each way. By the record
// layer of the workers, so that what is said there of CBC and time holds here too.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "crypto/kdf.hpp"
#include "crypto/record/protection.hpp"

namespace culvert::control::legacy {

class Protection {
 public:
  // For a server. Throws std::runtime_error for keys that are of no use.
  explicit Protection(const crypto::TrafficKeys& keys);
  ~Protection();
  Protection(const Protection&) = delete;
  Protection& operator=(const Protection&) = delete;

  // A handshake record with the next number.
  [[nodiscard]] std::vector<uint8_t> seal(std::span<const uint8_t> message);
  // What a handshake record of the client holds, if it is authentic.
  [[nodiscard]] std::optional<std::vector<uint8_t>> open(std::span<const uint8_t> record);

 private:
  struct Both {
    crypto::record::Keys rx, tx;
  };
  std::unique_ptr<Both> keys_;
};

}  // namespace culvert::control::legacy
