// Packets for tests: written out byte by byte, or made from parts.
#pragma once

#include <algorithm>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "dataplane/packet/checksum.hpp"
#include "dataplane/packet/headers.hpp"
#include "dataplane/packet/meta.hpp"

namespace culvert::dp::test {

using Bytes = std::vector<uint8_t>;

// A pool that must be full again at its end. It has a cache, as a worker's has: the buffer that was freed last is the
// next one, so that whoever still reads it finds something else there.
class Pool {
 public:
  explicit Pool(uint32_t count = 1023) : count_(count) {
    static unsigned serial = 0;
    pool_ = rte_pktmbuf_pool_create(("test" + std::to_string(serial++)).c_str(), count,
                                    std::min(32u, count / 2), 0, RTE_MBUF_DEFAULT_BUF_SIZE,
                                    SOCKET_ID_ANY);
    if (pool_ == nullptr) throw std::runtime_error("no memory for the test's buffers");
  }
  ~Pool() {
    EXPECT_EQ(rte_mempool_avail_count(pool_), count_) << "packet buffers leaked";
    rte_mempool_free(pool_);
  }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  [[nodiscard]] rte_mempool* get() const { return pool_; }
  [[nodiscard]] uint32_t used() const { return count_ - rte_mempool_avail_count(pool_); }

  // In segments of at most `segment` bytes.
  [[nodiscard]] rte_mbuf* packet(std::span<const uint8_t> bytes, size_t segment = 2048) const {
    rte_mbuf* head = nullptr;
    size_t at = 0;
    do {
      const size_t n = std::min(segment, bytes.size() - at);
      rte_mbuf* m = rte_pktmbuf_alloc(pool_);
      EXPECT_NE(m, nullptr);
      // std::memcpy with a null source is undefined even for no bytes.
      if (n != 0) std::memcpy(rte_pktmbuf_append(m, static_cast<uint16_t>(n)), &bytes[at], n);
      if (head == nullptr) {
        head = m;
        meta(m) = {};
      } else {
        EXPECT_EQ(rte_pktmbuf_chain(head, m), 0);
      }
      at += n;
    } while (at < bytes.size());
    return head;
  }

 private:
  rte_mempool* pool_;
  uint32_t count_;
};

[[nodiscard]] inline Bytes bytes_of(const rte_mbuf* m) {
  Bytes out;
  for (; m != nullptr; m = m->next) {
    const auto* p = rte_pktmbuf_mtod(m, const uint8_t*);
    out.insert(out.end(), p, p + m->data_len);
  }
  return out;
}

inline constexpr MacAddress kOwnMac{2, 0, 0, 0, 0, 1};
inline constexpr MacAddress kPeerMac{2, 0, 0, 0, 0, 2};
inline constexpr uint32_t kOwnIp = 0xc0000201;   // 192.0.2.1
inline constexpr uint32_t kPeerIp = 0xc0000202;  // 192.0.2.2
inline constexpr uint32_t kFarIp = 0xcb007105;   // 203.0.113.5
inline constexpr uint32_t kClient = 0x0a0a0a05;  // 10.10.10.5, inside a tunnel

struct Ipv4Fields {
  uint32_t src = kPeerIp;
  uint32_t dst = kOwnIp;
  uint8_t protocol = 17;
  uint16_t fragment = 0;
  uint16_t id = 0x1234;
  uint8_t ttl = 64;
  Bytes options{};
};

[[nodiscard]] inline Bytes ipv4(const Ipv4Fields& f, const Bytes& payload) {
  Bytes b(sizeof(Ipv4Header) + f.options.size());
  auto* ip = reinterpret_cast<Ipv4Header*>(b.data());
  ip->version_ihl = static_cast<uint8_t>(0x40 | (b.size() / 4));
  ip->total_length = static_cast<uint16_t>(b.size() + payload.size());
  ip->id = f.id;
  ip->fragment = f.fragment;
  ip->ttl = f.ttl;
  ip->protocol = f.protocol;
  ip->src = f.src;
  ip->dst = f.dst;
  std::copy(f.options.begin(), f.options.end(), b.begin() + sizeof(Ipv4Header));
  fill_ipv4_checksum(*ip);
  b.insert(b.end(), payload.begin(), payload.end());
  return b;
}

// Throws for what is no IPv6 address.
[[nodiscard]] inline IpAddress six(std::string_view text) {
  return IpAddress::parse(text).value();
}

inline const IpAddress kOwn6 = six("2001:db8:1::1");
inline const IpAddress kPeer6 = six("2001:db8:1::2");
inline const IpAddress kFar6 = six("2001:db8:ffff::5");
inline const IpAddress kClient6 = six("fd00:10::5");

struct Ipv6Fields {
  IpAddress src = kPeer6;
  IpAddress dst = kOwn6;
  uint8_t next_header = 17;
  uint8_t hop_limit = 64;
};

[[nodiscard]] inline Bytes ipv6(const Ipv6Fields& f, const Bytes& payload) {
  Bytes b(sizeof(Ipv6Header));
  *reinterpret_cast<Ipv6Header*>(b.data()) = {
      .version_class_flow = 6u << 28,
      .payload_length = static_cast<uint16_t>(payload.size()),
      .next_header = f.next_header,
      .hop_limit = f.hop_limit,
      .src = f.src.bytes(),
      .dst = f.dst.bytes()};
  b.insert(b.end(), payload.begin(), payload.end());
  return b;
}

// An IPv6 packet with an ICMPv6 message behind `extensions`, checksum filled word by word.
[[nodiscard]] Bytes icmp6(Ipv6Fields f, Bytes message, const Bytes& extensions = {});

[[nodiscard]] inline Bytes ethernet(const Bytes& payload, uint16_t type = 0x0800,
                                    const MacAddress& dst = kOwnMac,
                                    const MacAddress& src = kPeerMac) {
  const EthernetHeader header{dst, src, type};
  Bytes b(sizeof header + payload.size());
  std::memcpy(b.data(), &header, sizeof header);
  std::copy(payload.begin(), payload.end(), b.begin() + sizeof header);
  return b;
}

// RFC 1071's definition, word by word: slow, and independent of what it checks.
[[nodiscard]] inline uint16_t reference_checksum(std::span<const uint8_t> bytes) {
  uint32_t sum = 0;
  for (size_t i = 0; i < bytes.size(); i += 2) {
    sum += uint32_t{bytes[i]} << 8;
    if (i + 1 < bytes.size()) sum += bytes[i + 1];
    while (sum > 0xffff)
      sum = (sum & 0xffff) + (sum >> 16);
  }
  return static_cast<uint16_t>(~sum);
}

inline Bytes icmp6(Ipv6Fields f, Bytes message, const Bytes& extensions) {
  Bytes pseudo(f.src.bytes().begin(), f.src.bytes().end());
  pseudo.insert(pseudo.end(), f.dst.bytes().begin(), f.dst.bytes().end());
  const auto size = static_cast<uint16_t>(message.size());
  pseudo.insert(pseudo.end(),
                {0, 0, static_cast<uint8_t>(size >> 8), static_cast<uint8_t>(size), 0, 0, 0, 58});
  message[2] = message[3] = 0;
  pseudo.insert(pseudo.end(), message.begin(), message.end());
  const uint16_t sum = reference_checksum(pseudo);
  message[2] = static_cast<uint8_t>(sum >> 8);
  message[3] = static_cast<uint8_t>(sum);
  if (extensions.empty()) f.next_header = 58;
  Bytes payload = extensions;
  payload.insert(payload.end(), message.begin(), message.end());
  return ipv6(f, payload);
}

[[nodiscard]] inline Bytes echo_request(size_t data, uint8_t type = 8, uint8_t code = 0) {
  Bytes b(8 + data);
  b[0] = type;
  b[1] = code;
  b[4] = 0xbe;
  b[5] = 0xef;
  b[7] = 7;
  for (size_t i = 0; i < data; ++i)
    b[8 + i] = static_cast<uint8_t>(i * 7);
  const uint16_t sum = reference_checksum(b);
  b[2] = static_cast<uint8_t>(sum >> 8);
  b[3] = static_cast<uint8_t>(sum);
  return b;
}

}  // namespace culvert::dp::test
