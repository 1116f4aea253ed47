// How much memory this process can really have in huge pages.
#pragma once

#include <cstdint>

namespace culvert::dp {

// At most `wanted` bytes, rounded up to whole pages. What the kernel counts as free is not enough
// to know: pages may be promised to others, or a cgroup may not get them, and DPDK cannot start a
// second time when it finds out. So the pages are taken, touched and given back.
[[nodiscard]] uint64_t usable_huge_page_bytes(uint64_t wanted) noexcept;

}  // namespace culvert::dp
