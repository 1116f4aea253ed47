// What a program gives back to the allocator, kept so that it can be searched for secrets.
#pragma once

#include <string>
#include <string_view>

namespace culvert::control::test {

// While one lives, the content of every block that `operator delete` gets is kept, up to 4 MB of all.
// For one thread, and one at a time.
class FreedMemory {
 public:
  FreedMemory();
  ~FreedMemory();
  FreedMemory(const FreedMemory&) = delete;
  FreedMemory& operator=(const FreedMemory&) = delete;

  [[nodiscard]] bool holds(std::string_view secret) const;
};

}  // namespace culvert::control::test
