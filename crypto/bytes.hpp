// Byte order and bounds-checked cursors: the only way this project reads or writes wire formats.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

namespace culvert {

template <typename T>
[[nodiscard]] constexpr T byte_swap(T v) noexcept {
  if constexpr (sizeof(T) == 2) {
    return static_cast<T>(__builtin_bswap16(v));
  } else if constexpr (sizeof(T) == 4) {
    return static_cast<T>(__builtin_bswap32(v));
  } else {
    static_assert(sizeof(T) == 8);
    return static_cast<T>(__builtin_bswap64(v));
  }
}

// An unsigned integer stored in network byte order, without alignment: wire structs are made of
// these, so that a missing ntohl() is a type error rather than a bug.
template <typename T>
class BigEndian {
 public:
  BigEndian() = default;
  constexpr BigEndian(T host) noexcept { set(host); }  // NOLINT: implicit by intent
  constexpr operator T() const noexcept { return get(); }

  // A value that is in network order already, such as a checksum over memory.
  [[nodiscard]] static constexpr BigEndian from_raw(T wire) noexcept {
    BigEndian v;
    v.bytes_ = std::bit_cast<Raw>(wire);
    return v;
  }

  [[nodiscard]] constexpr T get() const noexcept { return byte_swap(std::bit_cast<T>(bytes_)); }
  constexpr void set(T host) noexcept { bytes_ = std::bit_cast<Raw>(byte_swap(host)); }
  // The value as it lies in memory, for comparing and hashing without a swap.
  [[nodiscard]] constexpr T raw() const noexcept { return std::bit_cast<T>(bytes_); }

 private:
  struct Raw {
    uint8_t b[sizeof(T)];
  };
  Raw bytes_;
};
static_assert(std::endian::native == std::endian::little, "Culvert runs on x86-64");

using be16 = BigEndian<uint16_t>;
using be32 = BigEndian<uint32_t>;
using be64 = BigEndian<uint64_t>;
static_assert(sizeof(be16) == 2 && alignof(be16) == 1);
static_assert(sizeof(be32) == 4 && alignof(be32) == 1);
static_assert(sizeof(be64) == 8 && alignof(be64) == 1);

template <typename T>
[[nodiscard]] inline T load_be(const void* p) noexcept {
  T v;
  std::memcpy(&v, p, sizeof(T));
  return byte_swap(v);
}

template <typename T>
inline void store_be(void* p, T v) noexcept {
  v = byte_swap(v);
  std::memcpy(p, &v, sizeof(T));
}

// Reads forward through a span. A read past the end yields nullopt and leaves the cursor where it
// was.
class Reader {
 public:
  explicit Reader(std::span<const uint8_t> data) noexcept : data_(data) {}

  [[nodiscard]] size_t left() const noexcept { return data_.size(); }
  [[nodiscard]] bool empty() const noexcept { return data_.empty(); }
  [[nodiscard]] std::span<const uint8_t> rest() const noexcept { return data_; }

  template <typename T>
  [[nodiscard]] std::optional<T> integer() noexcept {
    if (data_.size() < sizeof(T)) return std::nullopt;
    T v;
    if constexpr (sizeof(T) == 1) {
      v = static_cast<T>(data_[0]);
    } else {
      v = load_be<T>(data_.data());
    }
    data_ = data_.subspan(sizeof(T));
    return v;
  }
  [[nodiscard]] std::optional<uint8_t> u8() noexcept { return integer<uint8_t>(); }
  [[nodiscard]] std::optional<uint16_t> u16() noexcept { return integer<uint16_t>(); }
  [[nodiscard]] std::optional<uint32_t> u32() noexcept { return integer<uint32_t>(); }

  [[nodiscard]] std::optional<std::span<const uint8_t>> bytes(size_t n) noexcept {
    if (data_.size() < n) return std::nullopt;
    auto out = data_.first(n);
    data_ = data_.subspan(n);
    return out;
  }

 private:
  std::span<const uint8_t> data_;
};

}  // namespace culvert
