// The Intel IPsec-MB managers of one thread, and which instruction set it uses.
#pragma once

#include <memory>
#include <string_view>

#include <intel-ipsec-mb.h>

namespace culvert::crypto {

enum class Isa : uint8_t { sse, avx2, avx512 };

// The widest instruction set that the CPU has and that `simd_bits` (128, 256, 512; 0 = no limit)
// permits.
[[nodiscard]] Isa best_isa(unsigned simd_bits) noexcept;
[[nodiscard]] std::string_view to_string(Isa isa) noexcept;  // "SSE", "AVX2", "AVX512"

// Not shared between threads. Throws std::runtime_error where the library refuses (no AES-NI).
class MbManager {
 public:
  explicit MbManager(Isa isa);
  [[nodiscard]] IMB_MGR* get() const noexcept { return mgr_.get(); }
  // That of SSE: its hashes use the CPU's SHA instructions on a stream or two, where a wider one
  // fills lanes.
  [[nodiscard]] IMB_MGR* narrow() const noexcept { return narrow_ ? narrow_.get() : mgr_.get(); }
  [[nodiscard]] Isa isa() const noexcept { return isa_; }

  // Blocks hashed to open records whose plaintext tells where their MAC is. Tests see by it that
  // records of one length are alike.
  [[nodiscard]] uint64_t hash_blocks() const noexcept { return hash_blocks_; }
  void count_hash_blocks(uint32_t blocks) const noexcept { hash_blocks_ += blocks; }

 private:
  struct Free {
    void operator()(IMB_MGR* m) const noexcept { free_mb_mgr(m); }
  };
  std::unique_ptr<IMB_MGR, Free> mgr_;
  std::unique_ptr<IMB_MGR, Free> narrow_;
  mutable uint64_t hash_blocks_ = 0;
  Isa isa_;
};

[[nodiscard]] std::string_view ipsec_mb_version() noexcept;

}  // namespace culvert::crypto
