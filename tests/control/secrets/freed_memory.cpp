#include "tests/control/secrets/freed_memory.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>

namespace culvert::control::test {
namespace {

constexpr size_t kKept = 4 << 20;
// In front of a block, with its size in it. As large as blocks are aligned.
constexpr size_t kFront = alignof(std::max_align_t);

char kept[kKept];
size_t kept_size = 0;
bool keeping = false;

void keep(const char* block, size_t size) noexcept {
  const size_t fits = std::min(size, kKept - kept_size);
  std::memcpy(kept + kept_size, block, fits);
  kept_size += fits;
}

void* allocate(size_t size) {
  auto* front = static_cast<char*>(std::malloc(size + kFront));
  if (front == nullptr) throw std::bad_alloc();
  std::memcpy(front, &size, sizeof size);
  return front + kFront;
}

void give_back(void* block) noexcept {
  if (block == nullptr) return;
  char* front = static_cast<char*>(block) - kFront;
  size_t size = 0;
  std::memcpy(&size, front, sizeof size);
  if (keeping) keep(front + kFront, size);
  std::free(front);
}

}  // namespace

FreedMemory::FreedMemory() {
  kept_size = 0;
  keeping = true;
}

FreedMemory::~FreedMemory() {
  keeping = false;
}

bool FreedMemory::holds(std::string_view secret) const {
  return std::string_view(kept, kept_size).find(secret) != std::string_view::npos;
}

}  // namespace culvert::control::test

void* operator new(size_t size) {
  return culvert::control::test::allocate(size);
}
void* operator new[](size_t size) {
  return culvert::control::test::allocate(size);
}
void operator delete(void* block) noexcept {
  culvert::control::test::give_back(block);
}
void operator delete[](void* block) noexcept {
  culvert::control::test::give_back(block);
}
void operator delete(void* block, size_t /*size*/) noexcept {
  culvert::control::test::give_back(block);
}
void operator delete[](void* block, size_t /*size*/) noexcept {
  culvert::control::test::give_back(block);
}
