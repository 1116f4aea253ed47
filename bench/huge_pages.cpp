// The number in /proc is everybody's: others may change it meanwhile, so what goes back is as many
// pages as were added, not the number that was found.
#include "bench/huge_pages.hpp"

#include <array>
#include <atomic>
#include <csignal>
#include <fstream>
#include <stdexcept>
#include <string>

#include <fcntl.h>
#include <unistd.h>

namespace culvert::bench {
namespace {

constexpr const char* kCount = "/proc/sys/vm/nr_hugepages";
constexpr const char* kFree = "/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages";
constexpr uint64_t kPage = uint64_t{2} << 20;

std::atomic<uint64_t> added{0};

// Nothing but system calls and arithmetic: a signal handler calls it.
void give_back() noexcept {
  const uint64_t ours = added.exchange(0);
  const int fd = ours == 0 ? -1 : open(kCount, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  std::array<char, 24> text{};
  uint64_t count = 0;
  const ssize_t size = read(fd, text.data(), text.size());
  for (ssize_t i = 0; i < size && text[static_cast<size_t>(i)] >= '0'; ++i)
    count = 10 * count + static_cast<uint64_t>(text[static_cast<size_t>(i)] - '0');
  count = count > ours ? count - ours : 0;
  size_t at = text.size();
  do {
    text[--at] = static_cast<char>('0' + count % 10);
    count /= 10;
  } while (count != 0);
  [[maybe_unused]] const ssize_t written = pwrite(fd, text.data() + at, text.size() - at, 0);
  close(fd);
}

void on_signal(int number) {
  give_back();
  std::signal(number, SIG_DFL);
  std::raise(number);
}

struct GiveBackAtExit {
  GiveBackAtExit() {
    for (const int number : {SIGINT, SIGTERM, SIGHUP})
      std::signal(number, on_signal);
  }
  ~GiveBackAtExit() { give_back(); }
};

uint64_t number_in(const char* file) {
  uint64_t n = 0;
  std::ifstream(file) >> n;
  return n;
}

}  // namespace

void want_huge_pages(uint64_t bytes) {
  static const GiveBackAtExit at_exit;
  const uint64_t wanted = (bytes + kPage - 1) / kPage;
  const uint64_t free = number_in(kFree);
  if (free >= wanted) return;
  const uint64_t before = number_in(kCount);
  std::ofstream(kCount) << before + (wanted - free);
  const uint64_t after = number_in(kCount);
  if (after > before) added += after - before;
  const uint64_t got = number_in(kFree);
  if (got >= wanted) return;
  throw std::runtime_error(std::to_string(wanted) + " free huge pages are needed, and there are " +
                           std::to_string(got) +
                           (after == before ? ": run as root, or reserve them"
                                            : ": the kernel found no more memory in one piece"));
}

}  // namespace culvert::bench
