// Which of IPsec-MB's code paths this machine can run, and a manager for one of them.
#include "crypto/isa.hpp"

#include <stdexcept>
#include <string>

namespace culvert::crypto {
namespace {

bool has_all(uint64_t flags, uint64_t wanted) noexcept {
  return (flags & wanted) == wanted;
}

// IPsec-MB looks at CPUID alone. Whether the kernel saves the wide registers is a second question
// (XCR0), which the compiler's check answers: a virtual machine may show AVX-512 and not have it
// enabled.
bool cpu_runs(Isa isa) noexcept {
  const uint64_t flags = imb_get_feature_flags();
  switch (isa) {
    case Isa::sse: return has_all(flags, IMB_CPUFLAGS_SSE);
    case Isa::avx2: return has_all(flags, IMB_CPUFLAGS_AVX2) && __builtin_cpu_supports("avx2");
    case Isa::avx512:
      return has_all(flags, IMB_CPUFLAGS_AVX512) && __builtin_cpu_supports("avx512bw");
  }
  return false;
}

}  // namespace

Isa best_isa(unsigned simd_bits) noexcept {
  const unsigned limit = simd_bits == 0 ? 512 : simd_bits;
  if (limit >= 512 && cpu_runs(Isa::avx512)) return Isa::avx512;
  if (limit >= 256 && cpu_runs(Isa::avx2)) return Isa::avx2;
  return Isa::sse;
}

std::string_view to_string(Isa isa) noexcept {
  switch (isa) {
    case Isa::sse: return "SSE";
    case Isa::avx2: return "AVX2";
    case Isa::avx512: return "AVX512";
  }
  return "unknown";
}

MbManager::MbManager(Isa isa)
    : mgr_(alloc_mb_mgr(0)), narrow_(isa == Isa::sse ? nullptr : alloc_mb_mgr(0)), isa_(isa) {
  if (!mgr_ || (isa != Isa::sse && !narrow_))
    throw std::runtime_error("IPsec-MB could not allocate a manager: the machine is out of memory");
  if (!cpu_runs(isa)) {
    throw std::runtime_error(
        "this CPU cannot run IPsec-MB's " + std::string(to_string(isa)) +
        " code: it needs AES-NI and PCLMULQDQ, and `simd` must not ask for more "
        "bits than the CPU has");
  }
  switch (isa) {
    case Isa::sse: init_mb_mgr_sse(mgr_.get()); break;
    case Isa::avx2: init_mb_mgr_avx2(mgr_.get()); break;
    case Isa::avx512: init_mb_mgr_avx512(mgr_.get()); break;
  }
  if (narrow_) init_mb_mgr_sse(narrow_.get());
  if (const int error = imb_get_errno(mgr_.get()); error != 0) {
    throw std::runtime_error("IPsec-MB could not start with " + std::string(to_string(isa)) + ": " +
                             imb_get_strerror(error));
  }
}

std::string_view ipsec_mb_version() noexcept {
  return imb_get_version_str();
}

}  // namespace culvert::crypto
