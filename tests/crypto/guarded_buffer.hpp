// Memory that faults on a read or write past its end: sanitizers do not see into IPsec-MB's
// assembly, the MMU does.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>

#include <sys/mman.h>

namespace culvert::crypto {

class GuardedBuffer {
 public:
  explicit GuardedBuffer(size_t capacity) : mapped_((capacity + 2 * kPage - 1) / kPage * kPage) {
    void* p =
        mmap(nullptr, mapped_ + kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) throw std::runtime_error("mmap failed");
    start_ = static_cast<uint8_t*>(p);
    if (mprotect(start_ + mapped_, kPage, PROT_NONE) != 0)
      throw std::runtime_error("mprotect failed");
  }
  ~GuardedBuffer() { munmap(start_, mapped_ + kPage); }
  GuardedBuffer(const GuardedBuffer&) = delete;
  GuardedBuffer& operator=(const GuardedBuffer&) = delete;

  // The last `size` bytes before the guard.
  [[nodiscard]] std::span<uint8_t> last(size_t size) noexcept {
    return {start_ + mapped_ - size, size};
  }
  // The last bytes before the guard, filled from `bytes`.
  std::span<uint8_t> hold(std::span<const uint8_t> bytes) noexcept {
    const auto out = last(bytes.size());
    if (!bytes.empty()) std::memcpy(out.data(), bytes.data(), bytes.size());
    return out;
  }

 private:
  static constexpr size_t kPage = 4096;
  size_t mapped_;
  uint8_t* start_;
};

}  // namespace culvert::crypto
