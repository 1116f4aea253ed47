// Memory, pools and buffers that point into the memory.
#include "tools/replay/packet_store.hpp"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>
#include <rte_eal.h>
#include <rte_malloc.h>

#include "tools/replay/failure.hpp"

namespace culvert::replay {

namespace {

constexpr uint64_t kBufferSize =
    256;  // an mbuf with the pool's own header, and its place in the pool
constexpr uint64_t kLargestFrame = 65536;
constexpr uint64_t kPoolOverhead = 1 << 20;
// The largest data room that a pool's 16 bits can state beside the headroom.
constexpr uint16_t kAnyFrame = UINT16_MAX;

// A pool of buffers without data. `room`: what its largest frame needs, for drivers that look there.
dp::PacketPool make_pool(const std::string& name, uint64_t count, uint16_t room, int numa) {
  if (count == 0) return nullptr;
  dp::PacketPool pool(
      rte_pktmbuf_pool_create(name.c_str(), static_cast<unsigned>(count), 0, 0, 0, numa));
  if (pool == nullptr) {
    throw Failure(fmt::format("There is no memory for {} packet buffers.", count));
  }
  static_cast<rte_pktmbuf_pool_private*>(rte_mempool_get_priv(pool.get()))->mbuf_data_room_size =
      room;
  return pool;
}

// The store's own reference is never given up, so this is never called.
void keep(void*, void*) noexcept {}

rte_iova_t io_address(const uint8_t* at) noexcept {
  return rte_eal_iova_mode() == RTE_IOVA_VA ? reinterpret_cast<rte_iova_t>(at)
                                            : rte_mem_virt2iova(at);
}

// What is lost at the ends of pages, at most, where frames may not cross them.
uint64_t with_page_ends(uint64_t bytes) noexcept {
  constexpr uint64_t kHugePage = 2 << 20;
  return bytes + (bytes / (kHugePage - kLargestFrame) + 1) * kLargestFrame;
}

}  // namespace

uint64_t memory_for(const StoreSize& size) noexcept {
  return with_page_ends(size.bytes) + (size.small + size.large) * kBufferSize + 2 * kPoolOverhead;
}

PacketStore::PacketStore(const std::string& name, const StoreSize& size, int numa) {
  if (size.small + size.large > UINT32_MAX / 2) {
    throw Failure(fmt::format("{} packets are more than fit into one port's memory.",
                              size.small + size.large));
  }
  small_ = make_pool(name + "-small", size.small, kSmallFrame + RTE_PKTMBUF_HEADROOM, numa);
  large_ = make_pool(name + "-large", size.large, kAnyFrame, numa);
  size_ = with_page_ends(size.bytes);
  memory_ = static_cast<uint8_t*>(rte_malloc_socket(name.c_str(), size_, 1 << 12, numa));
  if (memory_ == nullptr) {
    throw Failure(fmt::format("There is no memory for {} MB of packets.", size_ >> 20));
  }
  if (rte_eal_has_hugepages() != 0) {
    const rte_memseg* segment = rte_mem_virt2memseg(memory_, nullptr);
    page_ = segment == nullptr ? 0 : segment->hugepage_sz;
  }
  shared_.free_cb = keep;
  rte_mbuf_ext_refcnt_set(&shared_, 1);
}

PacketStore::~PacketStore() {
  rte_free(memory_);
}

// A card is told one address for a frame, so the frame must lie in one piece where the card sees it.
uint8_t* PacketStore::place(uint64_t size) noexcept {
  if (page_ != 0) {
    const auto at = reinterpret_cast<uintptr_t>(memory_) + used_;
    if (at / page_ != (at + size - 1) / page_) used_ += page_ - at % page_;
  }
  if (used_ + size > size_) return nullptr;
  uint8_t* at = memory_ + used_;
  used_ += size;
  return at;
}

rte_mbuf* PacketStore::add(std::span<const uint8_t> frame, uint32_t trailer) noexcept {
  const auto size = static_cast<uint32_t>(frame.size()) + trailer;
  const dp::PacketPool& pool = size <= kSmallFrame ? small_ : large_;
  if (size > UINT16_MAX || size == 0 || pool == nullptr) return nullptr;
  uint8_t* at = place(stored_size(size));
  rte_mbuf* m = at == nullptr ? nullptr : rte_pktmbuf_alloc(pool.get());
  if (m == nullptr) return nullptr;
  std::copy(frame.begin(), frame.end(), at);
  std::memset(at + frame.size(), 0, trailer);
  rte_pktmbuf_attach_extbuf(m, at, io_address(at), static_cast<uint16_t>(size), &shared_);
  m->data_off = 0;
  m->data_len = static_cast<uint16_t>(size);
  m->pkt_len = size;
  return m;
}

}  // namespace culvert::replay
