// pcap as libpcap's pcap-savefile(5) has it, pcapng as draft-ietf-opsawg-pcapng.
#include "tools/replay/capture_format.hpp"

#include "control/capture/pcapng.hpp"

namespace culvert::replay {

namespace {

constexpr uint32_t kSnapLength = 262144;  // tcpdump's: more than any frame has
constexpr uint32_t kNanosecondMagic = 0xa1b23c4d;
constexpr uint32_t kLinkTypeEthernet = 1;
constexpr uint32_t kEnhancedPacket = 6;
constexpr uint64_t kBillion = 1'000'000'000;

template <typename Number>
void number(std::string& out, Number n) {
  out.append(reinterpret_cast<const char*>(&n), sizeof n);
}

void bytes(std::string& out, const rte_mbuf* packet) {
  for (; packet != nullptr; packet = packet->next)
    out.append(rte_pktmbuf_mtod(packet, const char*), packet->data_len);
}

void append_pcap(std::string& out, uint64_t time_ns, const rte_mbuf* packet) {
  number(out, static_cast<uint32_t>(time_ns / kBillion));
  number(out, static_cast<uint32_t>(time_ns % kBillion));
  number(out, packet->pkt_len);
  number(out, packet->pkt_len);
  bytes(out, packet);
}

void append_pcapng(std::string& out, uint64_t time_ns, const rte_mbuf* packet) {
  const uint32_t padding = (4 - packet->pkt_len % 4) % 4;
  const uint32_t block = 32 + packet->pkt_len + padding;
  number(out, kEnhancedPacket);
  number(out, block);
  number(out, uint32_t{0});  // the interface
  number(out, static_cast<uint32_t>(time_ns >> 32));
  number(out, static_cast<uint32_t>(time_ns));
  number(out, packet->pkt_len);
  number(out, packet->pkt_len);
  bytes(out, packet);
  out.append(padding, '\0');
  number(out, block);
}

}  // namespace

CaptureFormat format_of(std::string_view path) noexcept {
  return path.ends_with(".pcapng") ? CaptureFormat::pcapng : CaptureFormat::pcap;
}

std::string file_header(CaptureFormat format) {
  if (format == CaptureFormat::pcapng) {
    namespace ng = control::pcapng;
    return ng::section_header("culvert-replay") +
           ng::interface(ng::LinkType::ethernet, "received", "what culvert-replay received",
                         kSnapLength, ng::Resolution::nanoseconds);
  }
  std::string out;
  number(out, kNanosecondMagic);
  number(out, uint16_t{2});  // version 2.4
  number(out, uint16_t{4});
  number(out, uint64_t{0});  // time zone and accuracy, which nobody uses
  number(out, kSnapLength);
  number(out, kLinkTypeEthernet);
  return out;
}

void append_packet(CaptureFormat format, std::string& out, uint64_t time_ns,
                   const rte_mbuf* packet) {
  if (format == CaptureFormat::pcapng) {
    append_pcapng(out, time_ns, packet);
  } else {
    append_pcap(out, time_ns, packet);
  }
}

}  // namespace culvert::replay
