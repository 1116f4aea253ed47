// Memory of containers that hold cookies and passwords: wiped whenever it is given back, so also what
// a string leaves behind as it grows.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "crypto/secret.hpp"

namespace culvert::control::http {

template <typename T>
struct WipingAllocator {
  using value_type = T;

  WipingAllocator() = default;
  template <typename U>
  WipingAllocator(const WipingAllocator<U>&) noexcept {}  // NOLINT: implicit, as allocators are

  [[nodiscard]] T* allocate(size_t n) { return std::allocator<T>{}.allocate(n); }
  void deallocate(T* p, size_t n) noexcept {
    crypto::wipe({reinterpret_cast<uint8_t*>(p), n * sizeof(T)});
    std::allocator<T>{}.deallocate(p, n);
  }
  friend bool operator==(const WipingAllocator&, const WipingAllocator&) noexcept { return true; }
};

// What is short enough to lie in the object itself is not: call Request::wipe() on it.
using WipingString = std::basic_string<char, std::char_traits<char>, WipingAllocator<char>>;

}  // namespace culvert::control::http
