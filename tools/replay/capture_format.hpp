// Captures as they lie in files, both formats, with times in nanoseconds. libpcap writes only the older.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <rte_mbuf.h>

namespace culvert::replay {

enum class CaptureFormat : uint8_t { pcap, pcapng };

// By the name's end: ".pcapng", else pcap.
[[nodiscard]] CaptureFormat format_of(std::string_view path) noexcept;
// What such a file begins with: of one interface with Ethernet frames.
[[nodiscard]] std::string file_header(CaptureFormat format);
// Appends one packet, whole, however many buffers it is in.
void append_packet(CaptureFormat format, std::string& out, uint64_t time_ns,
                   const rte_mbuf* packet);

}  // namespace culvert::replay
