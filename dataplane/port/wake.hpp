// Sockets on which a software port's packets arrive: an idle worker sleeps on them until one comes.
//
// DPDK's word for that is receive interrupts; the drivers af_xdp and af_packet (DPDK 22.11) have
// none. But each queue of theirs is a socket, which polls as readable while a packet waits in its
// ring (Linux Documentation/networking/af_xdp.rst, packet_mmap.rst).
#pragma once

#include <vector>

namespace culvert::dp {

// The descriptors of this process that are sockets of `domain` (AF_XDP, AF_PACKET), ascending.
// Empty if /proc cannot be read.
[[nodiscard]] std::vector<int> sockets_of(int domain);

// Of those of AF_PACKET the ones that are bound to the network interface.
[[nodiscard]] std::vector<int> packet_sockets_on(unsigned interface_index);

}  // namespace culvert::dp
