// Frames for the tests, made of parts, with a checksum of their own making: nothing of what is tested.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

namespace culvert::replay::test {

using Bytes = std::vector<uint8_t>;

inline Bytes join(std::initializer_list<Bytes> parts) {
  Bytes out;
  for (const Bytes& part : parts)
    out.insert(out.end(), part.begin(), part.end());
  return out;
}
inline Bytes be16(unsigned v) {
  return {static_cast<uint8_t>(v >> 8), static_cast<uint8_t>(v)};
}

// RFC 1071, the slow way.
inline uint16_t sum(std::span<const uint8_t> bytes, uint32_t start = 0) {
  uint64_t s = start;
  for (size_t i = 0; i < bytes.size(); ++i)
    s += uint64_t{bytes[i]} << (i % 2 == 0 ? 8 : 0);
  while (s > 0xffff)
    s = (s & 0xffff) + (s >> 16);
  return static_cast<uint16_t>(s);
}

inline Bytes ethernet(unsigned type, const Bytes& payload) {
  return join({{2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1}, be16(type), payload});
}
inline Bytes tag(unsigned vlan, unsigned inner_type, const Bytes& payload) {
  return join({be16(vlan), be16(inner_type), payload});
}

using Address4 = std::array<uint8_t, 4>;
using Address6 = std::array<uint8_t, 16>;

inline Bytes ipv4(Address4 src, Address4 dst, uint8_t protocol, const Bytes& payload,
                  unsigned fragment = 0) {
  Bytes h = join({{0x45, 0},
                  be16(static_cast<unsigned>(20 + payload.size())),
                  be16(7),
                  be16(fragment),
                  {64, protocol},
                  be16(0)});
  h.insert(h.end(), src.begin(), src.end());
  h.insert(h.end(), dst.begin(), dst.end());
  const auto checksum = static_cast<uint16_t>(~sum(h));
  h[10] = static_cast<uint8_t>(checksum >> 8);
  h[11] = static_cast<uint8_t>(checksum);
  return join({h, payload});
}
inline Bytes ipv6(const Address6& src, const Address6& dst, uint8_t next, const Bytes& payload) {
  Bytes h = join({{0x60, 0, 0, 0}, be16(static_cast<unsigned>(payload.size())), {next, 64}});
  h.insert(h.end(), src.begin(), src.end());
  h.insert(h.end(), dst.begin(), dst.end());
  return join({h, payload});
}

// The sum of a transport and its pseudo header: 0xffff if its checksum is right.
template <typename Address>
uint16_t transport_sum(const Address& src, const Address& dst, uint8_t protocol,
                       std::span<const uint8_t> transport) {
  const uint32_t pseudo =
      uint32_t{sum(src)} + sum(dst) + protocol + static_cast<uint32_t>(transport.size());
  return sum(transport, pseudo);
}
// Puts the checksum at `at`.
template <typename Address>
Bytes checksummed(const Address& src, const Address& dst, uint8_t protocol, Bytes transport,
                  size_t at) {
  const auto checksum = static_cast<uint16_t>(~transport_sum(src, dst, protocol, transport));
  transport[at] = static_cast<uint8_t>(checksum >> 8);
  transport[at + 1] = static_cast<uint8_t>(checksum);
  return transport;
}

inline Bytes udp(const Bytes& payload, unsigned from = 1000, unsigned to = 2000) {
  return join(
      {be16(from), be16(to), be16(static_cast<unsigned>(8 + payload.size())), be16(0), payload});
}
inline Bytes tcp(const Bytes& payload, unsigned from = 1000, unsigned to = 2000) {
  return join(
      {be16(from), be16(to), {0, 0, 0, 1, 0, 0, 0, 2, 0x50, 0x10, 1, 0, 0, 0, 0, 0}, payload});
}

inline constexpr Address4 kA4{10, 1, 2, 3}, kB4{192, 0, 2, 77};
inline constexpr Address6 kA6{0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
inline constexpr Address6 kB6{0x20, 1, 0xd, 0xb8, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2};

}  // namespace culvert::replay::test
