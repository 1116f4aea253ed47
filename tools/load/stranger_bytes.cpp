// Bytes that a headend must take from anybody.
#include "tools/load/stranger_bytes.hpp"

#include <array>
#include <cstring>
#include <stdexcept>
#include <string_view>

#include <openssl/ssl.h>
#include <rte_ip.h>

#include "control/tls/owned.hpp"
#include "dataplane/packet/headers.hpp"
#include "tools/load/ip_header.hpp"

namespace culvert::load {

namespace {

std::vector<uint8_t> random_bytes(delay::SplitMix64& chance, size_t size) {
  std::vector<uint8_t> bytes(size);
  for (uint8_t& byte : bytes)
    byte = static_cast<uint8_t>(chance.next());
  return bytes;
}

std::vector<uint8_t> behind(std::string_view start, std::vector<uint8_t> rest) {
  rest.insert(rest.begin(), start.begin(), start.end());
  return rest;
}

// Writes header and data behind the IP header, with the checksum at `checksum_at` of the header.
template <typename Header>
size_t write_packet(std::span<uint8_t> room, const dp::Flow& flow, dp::IpProtocol protocol,
                    const Header& header, size_t checksum_at, std::span<const uint8_t> data) {
  const size_t size = sizeof(header) + data.size();
  const size_t ip_size = ip_header_size(flow.local);
  if (room.size() < ip_size + size || size > 65000) return 0;
  write_ip_header(room, {.from = flow.local, .to = flow.remote, .protocol = protocol}, size);
  uint8_t* const at = room.data() + ip_size;
  std::memcpy(at, &header, sizeof(header));
  if (!data.empty()) std::memcpy(at + sizeof(header), data.data(), data.size());
  const uint16_t sum =
      flow.local.is_v4()
          ? rte_ipv4_udptcp_cksum(reinterpret_cast<const rte_ipv4_hdr*>(room.data()), at)
          : rte_ipv6_udptcp_cksum(reinterpret_cast<const rte_ipv6_hdr*>(room.data()), at);
  std::memcpy(at + checksum_at, &sum, sizeof(sum));
  return ip_size + size;
}

}  // namespace

std::vector<uint8_t> client_hello(const std::string& server_name) {
  const control::Owned<SSL_CTX> context(SSL_CTX_new(TLS_client_method()));
  const control::Owned<SSL> tls(context ? SSL_new(context.get()) : nullptr);
  if (!tls) throw std::runtime_error("OpenSSL gives no ClientHello");
  BIO* const in = BIO_new(BIO_s_mem());
  BIO* const out = BIO_new(BIO_s_mem());
  SSL_set_bio(tls.get(), in, out);  // tls owns them
  if (!server_name.empty()) SSL_set_tlsext_host_name(tls.get(), server_name.c_str());
  SSL_set_connect_state(tls.get());
  SSL_do_handshake(tls.get());
  std::vector<uint8_t> hello(static_cast<size_t>(BIO_ctrl_pending(out)));
  if (hello.empty() || BIO_read(out, hello.data(), static_cast<int>(hello.size())) <= 0)
    throw std::runtime_error("OpenSSL gives no ClientHello");
  return hello;
}

std::vector<uint8_t> garbage(delay::SplitMix64& chance) {
  constexpr std::array<std::string_view, 3> kStarts{"", "GET / HTTP/1.0\r\n\r\n",
                                                    std::string_view("\x16\x03\x01\x02\x00", 5)};
  const std::string_view start = kStarts[chance.next() % kStarts.size()];
  return behind(start, random_bytes(chance, 1 + chance.next() % 1980));
}

std::vector<uint8_t> garbage_datagram(delay::SplitMix64& chance) {
  // Nothing; application data and a handshake of DTLS 1.2 in epochs that do not exist (RFC 6347 §4.1).
  constexpr std::array<std::string_view, 3> kStarts{"", std::string_view("\x17\xfe\xfd\x00\x01", 5),
                                                    std::string_view("\x16\xfe\xff\x00\x00", 5)};
  const std::string_view start = kStarts[chance.next() % kStarts.size()];
  return behind(start, random_bytes(chance, 1 + chance.next() % 195));
}

dp::IpAddress address_of_nobody(const dp::IpAddress& like, delay::SplitMix64& chance) {
  const auto number = static_cast<uint32_t>(chance.next());
  if (like.is_v4()) return dp::IpAddress::v4(0xc6120000 | (number & 0x1ffff));
  return dp::plus6(dp::IpAddress::v6({0x20, 0x01, 0, 2}), number);
}

size_t write_syn(std::span<uint8_t> room, const dp::Flow& flow, uint32_t sequence) {
  // The maximum segment size as the only option (RFC 9293 §3.7.1).
  constexpr std::array<uint8_t, 4> kMss{2, 4, 1380 >> 8, 1380 & 0xff};
  dp::TcpHeader tcp{};
  tcp.src_port = flow.local_port;
  tcp.dst_port = flow.remote_port;
  tcp.seq = sequence;
  tcp.offset_reserved = (sizeof(tcp) + kMss.size()) / 4 << 4;
  tcp.flags = dp::TcpHeader::kSyn;
  tcp.window = 64240;
  return write_packet(room, flow, dp::IpProtocol::tcp, tcp, offsetof(dp::TcpHeader, checksum),
                      kMss);
}

size_t write_datagram(std::span<uint8_t> room, const dp::Flow& flow,
                      std::span<const uint8_t> data) {
  dp::UdpHeader udp{};
  udp.src_port = flow.local_port;
  udp.dst_port = flow.remote_port;
  udp.length = static_cast<uint16_t>(sizeof(udp) + data.size());
  return write_packet(room, flow, dp::IpProtocol::udp, udp, offsetof(dp::UdpHeader, checksum),
                      data);
}

}  // namespace culvert::load
