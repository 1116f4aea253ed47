// Registers the dynamic mbuf field that PacketMeta lives in.
#include "dataplane/packet/meta.hpp"

#include <stdexcept>
#include <string>

#include <rte_errno.h>

namespace culvert::dp {

namespace detail {
int packet_meta_offset = -1;
}

void register_packet_meta() {
  const rte_mbuf_dynfield field{.name = "culvert_packet_meta",
                                .size = sizeof(PacketMeta),
                                .align = alignof(PacketMeta),
                                .flags = 0};
  // Registering the same field twice gives the same offset, so tests may call this as often as they
  // like.
  const int offset = rte_mbuf_dynfield_register(&field);
  if (offset < 0) {
    throw std::runtime_error(std::string("cannot reserve room in the packet buffers (") +
                             rte_strerror(rte_errno) +
                             "): run without other DPDK libraries that register mbuf fields");
  }
  detail::packet_meta_offset = offset;
}

}  // namespace culvert::dp
