// Taking huge pages to see whether they can be had.
#include "dataplane/huge_pages.hpp"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <linux/mman.h>
#include <sys/mman.h>

namespace culvert::dp {

namespace {

struct PageSize {
  uint64_t bytes = 0;
  uint64_t free = 0;  // pages
};

// Smallest first.
std::vector<PageSize> page_sizes() {
  namespace fs = std::filesystem;
  std::vector<PageSize> sizes;
  std::error_code ec;
  for (const auto& dir : fs::directory_iterator("/sys/kernel/mm/hugepages", ec)) {
    const std::string name = dir.path().filename().string();  // hugepages-2048kB
    constexpr std::string_view kPrefix = "hugepages-";
    if (!name.starts_with(kPrefix)) continue;
    PageSize size{std::strtoull(name.c_str() + kPrefix.size(), nullptr, 10) * 1024, 0};
    std::ifstream(dir.path() / "free_hugepages") >> size.free;
    if (size.bytes != 0 && size.free != 0) sizes.push_back(size);
  }
  std::sort(sizes.begin(), sizes.end(),
            [](const PageSize& a, const PageSize& b) { return a.bytes < b.bytes; });
  return sizes;
}

// A mapping of whole huge pages, all there; holds nothing if they could not be had.
class Taken {
 public:
  Taken(uint64_t page, uint64_t bytes) noexcept : bytes_(bytes) {
    const int log2 = std::countr_zero(page);
    at_ = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | (log2 << MAP_HUGE_SHIFT), -1, 0);
    if (at_ == MAP_FAILED) return;
    // Says with an error what a touch would say with SIGBUS. EINVAL: a kernel before 5.14, which
    // knows no such advice; then the promise that mmap got must do.
    if (madvise(at_, bytes, MADV_POPULATE_WRITE) != 0 && errno != EINVAL) release();
  }
  ~Taken() { release(); }
  Taken(Taken&& other) noexcept : at_(other.at_), bytes_(other.bytes_) { other.at_ = MAP_FAILED; }
  Taken(const Taken&) = delete;
  Taken& operator=(const Taken&) = delete;
  Taken& operator=(Taken&&) = delete;
  [[nodiscard]] uint64_t bytes() const noexcept { return at_ == MAP_FAILED ? 0 : bytes_; }

 private:
  void release() noexcept {
    if (at_ != MAP_FAILED) munmap(at_, bytes_);
    at_ = MAP_FAILED;
  }
  void* at_;
  uint64_t bytes_;
};

}  // namespace

uint64_t usable_huge_page_bytes(uint64_t wanted) noexcept {
  try {
    std::vector<Taken> taken;  // all at once, as DPDK will have them
    uint64_t got = 0;
    for (const PageSize& size : page_sizes()) {
      if (got >= wanted) break;
      const uint64_t pages = std::min(size.free, (wanted - got + size.bytes - 1) / size.bytes);
      taken.emplace_back(size.bytes, pages * size.bytes);
      got += taken.back().bytes();
    }
    return got;
  } catch (const std::exception&) {  // no memory, no /sys: no huge pages
    return 0;
  }
}

}  // namespace culvert::dp
